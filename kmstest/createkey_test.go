package kmstest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// The check that a policy does not lock its author out is of the policies that callers bring, not of the default one
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html, Policy).
func TestCreateKeyChecksTheLockoutOfGivenPoliciesOnly(t *testing.T) {
	t.Parallel()
	s := kmstest.Start(t, kmstest.WithWorld(`
accounts:
  "111122223333":
    users:
      maker:
        policies:
          make: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "kms:CreateKey", Resource: "*"}]}
`))
	client := kms.NewFromConfig(s.Config("user/maker"))
	_, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	_, err = client.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: aws.String(`{"Version": "2012-10-17", "Statement": ` +
		`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}}`)})
	require.ErrorContains(t, err, "MalformedPolicyDocumentException")
}
