package iam_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
)

// TestShownTrust: who is gone stands in a trust policy by the id, everywhere, and nothing else of the text changes.
func TestShownTrust(t *testing.T) {
	t.Parallel()
	s := open(t, newStore(t), newClock())
	edit(t, s, func(e *iam.Edit) error { return e.PutUser(&iam.UserDetail{Account: home, Name: "alice"}) })
	edit(t, s, func(e *iam.Edit) error { return e.PutUser(&iam.UserDetail{Account: home, Name: "bob"}) })
	const alice, bob = "arn:aws:iam::" + home + ":user/alice", "arn:aws:iam::" + home + ":user/bob"
	aliceID, _ := s.Lookup(alice)
	bobID, _ := s.Lookup(bob)
	text := `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"AWS": ["` + alice + `", "` + bob + `"]}, "Action": "sts:AssumeRole"},
		{"Effect": "Deny", "Principal": {"AWS": "` + strings.Replace(alice, "arn", `\u0061rn`, 1) + `"}, "Action": "sts:TagSession",
		 "Condition": {"StringEquals": {"aws:PrincipalArn": "` + alice + `"}}}]}`
	r := &iam.RoleDetail{Account: home, Name: "App", Trust: text, TrustIDs: map[string]string{alice: aliceID, bob: bobID}}
	require.Equal(t, text, s.ShownTrust(r))

	edit(t, s, func(e *iam.Edit) error { return e.DeleteUser(home, "alice") })
	shown := s.ShownTrust(r)
	require.Equal(t, 2, strings.Count(shown, `"`+aliceID+`"`), shown)
	require.Contains(t, shown, bob)
	require.Contains(t, shown, `"aws:PrincipalArn": "`+alice+`"`, "conditions are texts")
	edit(t, s, func(e *iam.Edit) error { return e.PutUser(&iam.UserDetail{Account: home, Name: "alice"}) })
	require.Equal(t, shown, s.ShownTrust(r), "she is another one")

	r.Trust = "not a policy"
	require.Equal(t, "not a policy", s.ShownTrust(r))
}

// TestBuiltInPolicies: they are there without being in the store, what is stored comes first, and the principals that
// have them follow.
func TestBuiltInPolicies(t *testing.T) {
	t.Parallel()
	st := newStore(t)
	s := open(t, st, newClock())
	const name, arn = "ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"
	edit(t, s, func(e *iam.Edit) error {
		return e.PutUser(&iam.UserDetail{Account: home, Name: "alice", Attached: []string{arn}})
	})
	statements := func(s *iam.Service) int {
		p, err := s.Principal(t.Context(), "arn:aws:iam::"+home+":user/alice")
		require.NoError(t, err)
		require.Empty(t, p.Unknown)
		require.Len(t, p.Identity, 1)
		return len(p.Identity[0].Statements)
	}
	builtIn := statements(s)
	require.Greater(t, builtIn, 1)
	view, err := s.View()
	require.NoError(t, err)
	id := view.ManagedPolicy(arn).ID
	require.True(t, view.ManagedPolicy(arn).BuiltIn)

	loaded := managed(name, allowRead)
	loaded.Account = iam.AWS
	edit(t, s, func(e *iam.Edit) error { return e.PutManagedPolicy(loaded) })
	require.Equal(t, id, loaded.ID, "it is the same policy")
	require.Equal(t, 1, statements(s))
	require.Equal(t, 1, statements(open(t, st, newClock())), "it is in the store")
	edit(t, s, func(e *iam.Edit) error { return e.DeleteManagedPolicy(arn) })
	require.Equal(t, builtIn, statements(s))
	require.Equal(t, builtIn, statements(open(t, st, newClock())))
}

func TestMember(t *testing.T) {
	t.Parallel()
	s := open(t, newStore(t), newClock())
	people(t, s)
	p := s.Member(home, "Devs")
	require.Equal(t, iam.User, p.Type)
	require.Regexp(t, `^arn:aws:iam::`+home+`:user/AGPA`, p.ARN)
	require.Len(t, p.Identity, 1)
	require.Equal(t, "group/Devs/read", p.Identity[0].Name)
	require.Nil(t, s.Member(home, "None"))
}
