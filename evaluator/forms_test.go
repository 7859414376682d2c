package evaluator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// TestContextForms has condition keys in unusual forms.
func TestContextForms(t *testing.T) {
	t.Parallel()
	const keyARN = "arn:aws:kms:us-east-1:111122223333:key/k"
	for name, test := range map[string]struct {
		condition string
		context   evaluator.Context
		want      evaluator.Verdict
		err       string
	}{
		"a date as seconds":     {`"DateEquals": {"aws:EpochTime": "1704067200"}`, evaluator.Context{"aws:EpochTime": {"2024-01-01T00:00:00Z"}}, evaluator.Allow, ""},
		"another date":          {`"DateEquals": {"aws:EpochTime": "1704067200"}`, evaluator.Context{"aws:EpochTime": {"2024-01-02"}}, evaluator.Deny, ""},
		"no date":               {`"DateEquals": {"aws:EpochTime": "1704067200"}`, evaluator.Context{"aws:EpochTime": {"to-morrow"}}, evaluator.Deny, ""},
		"letters beyond ASCII":  {`"StringEquals": {"kms:EncryptionContext:Stra\u00dfe\u00dc": "x"}`, evaluator.Context{"kms:EncryptionContext:stra\u00dfe\u00fc": {"x"}}, evaluator.Allow, ""},
		"other letters":         {`"StringEquals": {"kms:EncryptionContext:\u00dc": "x"}`, evaluator.Context{"kms:EncryptionContext:\u00e4": {"x"}}, evaluator.Deny, ""},
		"a missing key":         {`"Bool": {"aws:ViaAWSService": "false"}`, evaluator.Context{"aws:CalledVia": {}}, evaluator.Allow, ""},
		"two values of one key": {`"Bool": {"aws:SecureTransport": "true"}`, evaluator.Context{"kms:ViaService": {"a", "b"}}, evaluator.Deny, "the condition key kms:ViaService has one value, the request gives it 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := &evaluator.Key{ARN: keyARN, Policy: document(t, policy.KeyPolicy, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
				"Principal": "*", "Action": "kms:Encrypt", "Resource": "*", "Condition": {`+test.condition+`}}}`)}
			d, err := evaluator.New(noWorld{}).Authorize(t.Context(), evaluator.Request{
				Principal: userWith(), Action: "kms:Encrypt", Key: key, Context: test.context,
			})
			require.Equal(t, test.want, d.Decision)
			if test.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.err)
		})
	}
}

// TestTagsOfRole refuses tags of a role that a condition could not tell apart, and gives conditions those it can.
func TestTagsOfRole(t *testing.T) {
	t.Parallel()
	role := &evaluator.Role{ARN: roleARN, Tags: map[string]string{"team": "a"}, Trust: document(t, policy.TrustPolicy, `{"Version": "2012-10-17",
		"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"}, "Action": "sts:AssumeRole",
		"Condition": {"StringEquals": {"aws:ResourceTag/Team": "a"}}}}`)}
	req := evaluator.Request{Principal: userWith(), Action: "sts:AssumeRole", Role: role}
	d, err := evaluator.New(noWorld{}).Authorize(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, evaluator.Allow, d.Decision)
	req.Role = &evaluator.Role{ARN: roleARN, Trust: role.Trust, Tags: map[string]string{"team": "a", "Team": "b"}}
	d, err = evaluator.New(noWorld{}).Authorize(t.Context(), req)
	require.ErrorContains(t, err, "differ only by case")
	require.Equal(t, evaluator.Deny, d.Decision)
}
