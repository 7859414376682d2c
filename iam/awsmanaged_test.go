package iam

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

// TestAWSManagedPolicies reads every policy that is brought along, as strictly as those of users.
func TestAWSManagedPolicies(t *testing.T) {
	t.Parallel()
	names := map[string]*policy.Document{}
	for _, p := range awsManaged() {
		require.NoError(t, p.Current().Policy.check(policy.IdentityPolicy), p.Name)
		require.NoError(t, checkName("policyName", p.Name, maxPolicyName))
		require.NoError(t, checkPath(p.Path))
		require.Regexp(t, `^ANPA[A-Z0-9]+$`, p.ID)
		require.False(t, p.Created.IsZero() || p.Updated.Before(p.Created), p.Name)
		require.Nil(t, names[p.Name], p.Name)
		require.True(t, strings.HasPrefix(p.ARN(), "arn:aws:iam::aws:policy/"))
		names[p.Name] = p.Current().Policy.parse(policy.IdentityPolicy, p.Name, p.ARN())
		require.Same(t, p, builtIn(keyOf(p)))
	}
	for name, allowed := range map[string]map[string]bool{
		"AdministratorAccess":              {"kms:Decrypt": true, "iam:CreateUser": true},
		"PowerUserAccess":                  {"kms:Decrypt": true, "iam:ListRoles": true},
		"AWSKeyManagementServicePowerUser": {"kms:CreateKey": true, "kms:DescribeKey": true, "kms:Decrypt": false, "iam:ListUsers": true},
		"ReadOnlyAccess":                   {"kms:DescribeKey": true, "kms:GetPublicKey": true, "kms:Decrypt": false, "iam:GetUser": true},
		"IAMReadOnlyAccess":                {"iam:GetUser": true, "iam:CreateUser": false, "kms:ListKeys": false},
	} {
		require.NotNil(t, names[name], name)
		for action, want := range allowed {
			known, ok := policy.LookupAction(action)
			require.True(t, ok, action)
			require.Equal(t, want, allows(names[name], known), "%s %s", name, action)
		}
	}
}

// allows reports whether some statement of a policy allows an action on something.
func allows(doc *policy.Document, action *policy.Action) bool {
	for _, s := range doc.Statements {
		if s.Effect == policy.Allow && s.Actions.ActionSet().Has(action) {
			return true
		}
	}
	return false
}
