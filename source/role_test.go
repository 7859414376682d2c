package source_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

func TestRole(t *testing.T) {
	trust := policy.Unknown(policy.TrustPolicy, "trust", "", "why", policy.Position{})
	w := &source.World{
		Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1"},
		Roles: []*source.Role{
			{Account: "111122223333", Path: "/team/", Name: "App", LogicalID: "AppRole", Trust: trust, Tags: map[string]string{"a": "b"}},
			{Account: "444455556666", Path: "/", Name: "App"},
			{Account: "444455556666", Path: "/", Name: "Other", Unknown: []string{"x"}},
		},
	}
	const arn = "arn:aws:iam::111122223333:role/team/App"
	first, err := w.Role("role/App")
	require.NoError(t, err)
	require.Equal(t, arn, first.ARN)
	require.Same(t, trust, first.Trust)
	require.Equal(t, map[string]string{"a": "b"}, first.Tags)
	require.Empty(t, first.Unknown)
	for _, name := range []string{"role/team/App", "AppRole", arn} {
		again, err := w.Role(name)
		require.NoError(t, err, name)
		require.Same(t, first, again, name)
	}
	other, err := w.Role("role/Other")
	require.NoError(t, err)
	require.Equal(t, []string{"x", "no trust policy of role/Other is loaded: nobody may assume it"}, other.Unknown)

	for _, name := range []string{"", "role/", "role/Ap", "App", "arn:aws:iam::111122223333:role/App"} {
		_, err := w.Role(name)
		var unknown *source.NameError
		require.ErrorAs(t, err, &unknown, name)
	}
	_, err = w.Role("role/Ap")
	require.ErrorContains(t, err, "role/App")
}

func TestWebIdentity(t *testing.T) {
	p := source.WebIdentity("accounts.google.com", "alice")
	require.Equal(t, evaluator.WebIdentity, p.Type)
	require.Equal(t, "accounts.google.com", p.Provider)
	require.Empty(t, p.Account)
	require.Equal(t, "anybody of accounts.google.com", source.WebIdentity("accounts.google.com", "").ARN)
}
