package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

func TestUnknownMayDoEverything(t *testing.T) {
	pos := policy.Position{File: "world.yaml", Line: 3, Column: 5}
	for _, kind := range []policy.Kind{policy.KeyPolicy, policy.IdentityPolicy, policy.PermissionsBoundary, policy.SessionPolicy} {
		doc := policy.Unknown(kind, "p", "arn", "nobody knows", pos)
		require.True(t, doc.HasUnresolved())
		require.Equal(t, pos, doc.Pos)
		require.Equal(t, kind == policy.KeyPolicy, doc.Statements[0].Principals != nil)
		require.False(t, doc.Bound(false).HasUnresolved())
	}
	require.NotEqual(t, policy.Unknown(policy.KeyPolicy, "p", "", "why", pos).Digest,
		policy.Unknown(policy.IdentityPolicy, "p", "", "why", pos).Digest)
}

func TestAsAnotherKind(t *testing.T) {
	doc, diags := policy.Parse(policy.IdentityPolicy, "p",
		[]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`))
	require.Empty(t, diags)
	boundary, session := doc.As(policy.PermissionsBoundary), doc.As(policy.SessionPolicy)
	require.Equal(t, policy.PermissionsBoundary, boundary.Kind)
	require.Equal(t, policy.SessionPolicy, session.Kind)
	require.Equal(t, policy.IdentityPolicy, doc.Kind)
	require.Len(t, map[[32]byte]bool{doc.Digest: true, boundary.Digest: true, session.Digest: true}, 3)
	require.Equal(t, doc.Statements, boundary.Statements)
}

func TestOnlyAllows(t *testing.T) {
	for arn, want := range map[string]bool{
		"arn:aws:iam::aws:policy/ReadOnlyAccess":                true,
		"arn:aws-cn:iam::aws:policy/job-function/Billing":       true,
		"arn:aws:iam::aws:policy/AWSDenyAll":                    false,
		"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2": false,
		"arn:aws:iam::111122223333:policy/ReadOnlyAccess":       false,
		"ReadOnlyAccess": false,
	} {
		require.Equal(t, want, policy.OnlyAllows(arn), arn)
	}
}
