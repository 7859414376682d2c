package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

// namedPrincipals is a policy that names principals of every kind.
const namedPrincipals = `{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": "kms:*", "Resource": "*",
		"Principal": {"AWS": ["arn:aws:iam::111122223333:user/alice", "111122223333"], "Service": "s3.amazonaws.com"}},
	{"Effect": "Deny", "Action": "kms:*", "Resource": "*",
		"Principal": {"AWS": ["arn:aws:iam::111122223333:role/Gone", "arn:aws:iam::111122223333:user\u002falice"]}}
]}`

// known answers for alice only.
func known(arn string) (string, bool) {
	if arn == "arn:aws:iam::111122223333:user/alice" {
		return "AIDACKCEVSQ6C2EXAMPLE", true
	}
	return "", false
}

func TestPrincipalIDs(t *testing.T) {
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(namedPrincipals))
	require.NotNil(t, doc, "%v", diags)
	ids, missing := doc.PrincipalIDs(known)
	require.Equal(t, map[string]string{"arn:aws:iam::111122223333:user/alice": "AIDACKCEVSQ6C2EXAMPLE"}, ids)
	require.Equal(t, "arn:aws:iam::111122223333:role/Gone", missing.Text)

	everybody := func(string) (string, bool) { return "", true }
	ids, missing = doc.PrincipalIDs(everybody)
	require.Nil(t, ids, "nobody has an id")
	require.Nil(t, missing, "everybody exists")

	doc, diags = policy.Parse(policy.KeyPolicy, "key policy", []byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": "AIDACKCEVSQ6C2EXAMPLE"}}]}`))
	require.NotNil(t, doc, "%v", diags)
	_, missing = doc.PrincipalIDs(everybody)
	require.Equal(t, "AIDACKCEVSQ6C2EXAMPLE", missing.Text, "a unique id stands for who was deleted")

	doc, diags = policy.Parse(policy.IdentityPolicy, "identity policy", []byte(
		`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}`))
	require.NotNil(t, doc, "%v", diags)
	ids, missing = doc.PrincipalIDs(known)
	require.Nil(t, ids)
	require.Nil(t, missing)
	require.Equal(t, "text", doc.RenamePrincipals("text", map[string]string{"a": "b"}), "a policy without principals has nothing to rename")
}

// TestRenamePrincipals renames a principal wherever it stands, however it is written, and leaves every other byte alone.
func TestRenamePrincipals(t *testing.T) {
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(namedPrincipals))
	require.NotNil(t, doc, "%v", diags)
	const alice, id = "arn:aws:iam::111122223333:user/alice", "AIDACKCEVSQ6C2EXAMPLE"
	renamed := doc.RenamePrincipals(namedPrincipals, map[string]string{alice: id})
	require.Equal(t, `{"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": "kms:*", "Resource": "*",
		"Principal": {"AWS": ["AIDACKCEVSQ6C2EXAMPLE", "111122223333"], "Service": "s3.amazonaws.com"}},
	{"Effect": "Deny", "Action": "kms:*", "Resource": "*",
		"Principal": {"AWS": ["arn:aws:iam::111122223333:role/Gone", "AIDACKCEVSQ6C2EXAMPLE"]}}
]}`, renamed)
	require.Equal(t, namedPrincipals, doc.RenamePrincipals(namedPrincipals, nil))

	// A document that is not the text's has its principals elsewhere.
	other := "  " + namedPrincipals
	require.Equal(t, other, doc.RenamePrincipals(other, map[string]string{alice: id}))
	require.Equal(t, "{}", doc.RenamePrincipals("{}", map[string]string{alice: id}))
}
