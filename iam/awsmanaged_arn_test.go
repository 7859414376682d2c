package iam_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
)

func TestAWSManagedPolicy(t *testing.T) {
	t.Parallel()
	for _, partition := range []string{"aws", "aws-cn"} {
		arn, ok := iam.AWSManagedPolicyARN(partition, "ReadOnlyAccess")
		require.True(t, ok)
		require.Equal(t, "arn:"+partition+":iam::aws:policy/ReadOnlyAccess", arn)
		text, ok := iam.AWSManagedPolicy(arn)
		require.True(t, ok)
		require.True(t, json.Valid([]byte(text)))
	}
	for _, arn := range []string{
		"arn:aws:iam::aws:policy/service-role/ReadOnlyAccess", "arn:aws:iam::111122223333:policy/ReadOnlyAccess",
		"arn:aws:iam::aws:policy/", "ReadOnlyAccess", "x:iam::aws:policy/ReadOnlyAccess",
	} {
		_, ok := iam.AWSManagedPolicy(arn)
		require.False(t, ok, arn)
	}
	_, ok := iam.AWSManagedPolicyARN("aws", "NoSuchPolicy")
	require.False(t, ok)
}
