package rego

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

// The test of the action is true for the actions of the set and no others, and short for whole services.
func TestActionBody(t *testing.T) {
	for _, c := range []struct {
		values  []string
		negated bool
		kind    policy.Kind
		want    []string
	}{
		{[]string{"*"}, false, policy.IdentityPolicy, nil},
		{[]string{"kms:*"}, false, policy.KeyPolicy, nil},
		{[]string{"kms:*"}, false, policy.IdentityPolicy, []string{`startswith(input.action, "kms:")`}},
		{[]string{"sts:*", "iam:*"}, false, policy.IdentityPolicy, []string{`strings.any_prefix_match(input.action, {"iam:", "sts:"})`}},
		{[]string{"iam:*"}, true, policy.IdentityPolicy, []string{`not startswith(input.action, "iam:")`}},
		{[]string{"iam:*", "kms:Decrypt"}, true, policy.IdentityPolicy, []string{`not startswith(input.action, "iam:")`, `input.action != "kms:Decrypt"`}},
		{[]string{"kms:Decrypt"}, true, policy.KeyPolicy, []string{`input.action != "kms:Decrypt"`}},
		{[]string{"iam:*", "kms:Decrypt"}, false, policy.IdentityPolicy, []string{`regex.match("^(iam:.*|kms:Decrypt)$", input.action)`}},
		{[]string{"sts:AssumeRole"}, false, policy.TrustPolicy, []string{`input.action == "sts:AssumeRole"`}},
		{[]string{"*"}, false, policy.TrustPolicy, nil},
		{[]string{"s3:*"}, false, policy.IdentityPolicy, []string{"false"}},
	} {
		s := &policy.Strings{Negated: c.negated}
		for _, v := range c.values {
			s.Values = append(s.Values, policy.Value{Text: v})
		}
		asked := askedAbout(c.kind)
		var got []string
		for _, e := range actionBody(s.ActionSet().Intersect(asked), asked) {
			got = append(got, e.text)
		}
		require.Equal(t, c.want, got, c.values)
	}
}
