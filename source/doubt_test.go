package source_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// loadedWorld has a user alice whom the policy of the one key allows everything, and a user bob for whom
// the key policy leaves everything to IAM.
func loadedWorld(t *testing.T, change func(alice, bob *source.User, w *source.World)) *source.World {
	t.Helper()
	doc, diags := policy.Parse(policy.KeyPolicy, "key policy", []byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+home+`:user/alice"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"`+home+`"},"Action":"kms:*","Resource":"*"}]}`))
	require.Empty(t, diags)
	key := &source.Key{}
	key.ARN, key.Policy = "arn:aws:kms:us-east-1:"+home+":key/one", doc
	w := &source.World{Defaults: source.Defaults{Account: home, Region: "us-east-1"}, Keys: []*source.Key{key}}
	alice, bob := &source.User{Account: home, Name: "alice"}, &source.User{Account: home, Name: "bob"}
	w.Users = []*source.User{alice, bob}
	change(alice, bob, w)
	return w
}

// decide asks whether a user may decrypt.
func decide(t *testing.T, w *source.World, name string) evaluator.Decision {
	t.Helper()
	p, err := w.Principal(name)
	require.NoError(t, err)
	key, _, err := w.Key("one")
	require.NoError(t, err)
	d, err := evaluator.New(w).Explain(t.Context(), evaluator.Request{Principal: p, Action: "kms:Decrypt", Key: key})
	require.NoError(t, err)
	return d
}

// TestUnknownDecides holds what is not loaded to make the decisions conditional that may depend on it, and no others.
func TestUnknownDecides(t *testing.T) {
	pos := policy.Position{File: "world.yaml", Line: 3, Column: 5}
	for _, test := range []struct {
		name       string
		change     func(alice, bob *source.User, w *source.World)
		alice, bob evaluator.Verdict
		says       string // of alice's conditions or warnings
	}{
		{
			name:   "everything is loaded",
			change: func(_, _ *source.User, _ *source.World) {},
			alice:  evaluator.Allow, bob: evaluator.Deny,
		},
		{
			name: "an attached policy",
			change: func(alice, bob *source.User, _ *source.World) {
				alice.Attached = []string{"arn:aws:iam::" + home + ":policy/p"}
				alice.Pos, bob.Attached = pos, alice.Attached
			},
			alice: evaluator.Conditional, bob: evaluator.Conditional,
			says: "attached policy arn:aws:iam::" + home + ":policy/p is not loaded in statement \"what it may deny\" of attached policy arn:aws:iam::" + home + ":policy/p (world.yaml:3:5)",
		},
		{
			name: "a policy of AWS that gives permissions",
			change: func(alice, bob *source.User, _ *source.World) {
				alice.Attached = []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
				bob.Attached = alice.Attached
			},
			alice: evaluator.Allow, bob: evaluator.Deny,
			says: "attached policy arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess is not loaded, what it allows is not counted",
		},
		{
			name: "a policy of AWS that this program brings along",
			change: func(_, bob *source.User, _ *source.World) {
				bob.Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
			},
			alice: evaluator.Allow, bob: evaluator.Allow,
		},
		{
			name: "a policy of AWS that denies",
			change: func(alice, _ *source.User, _ *source.World) {
				alice.Attached = []string{"arn:aws:iam::aws:policy/AWSDenyAll"}
			},
			alice: evaluator.Conditional, bob: evaluator.Deny,
			says: "attached policy arn:aws:iam::aws:policy/AWSDenyAll is not loaded, what it allows or denies is unknown",
		},
		{
			name: "a group",
			change: func(alice, bob *source.User, _ *source.World) {
				alice.Groups, bob.Groups = []string{"g"}, []string{"g"}
			},
			alice: evaluator.Conditional, bob: evaluator.Conditional,
			says: "group g is not loaded, what it allows or denies is unknown",
		},
		{
			name: "a boundary",
			change: func(alice, bob *source.User, _ *source.World) {
				alice.Boundary, bob.Boundary = "arn:nowhere", "arn:nowhere"
			},
			alice: evaluator.Conditional, bob: evaluator.Deny,
			says: "permissions boundary arn:nowhere is not loaded, what it allows or denies is unknown",
		},
		{
			name: "what a source says about user and group, once",
			change: func(alice, _ *source.User, w *source.World) {
				w.Groups = []*source.Group{{Account: home, Name: "g", Unknown: []string{"the same", "a group's"}}}
				alice.Groups = []string{"g"}
				alice.Unknown = []string{"the same", "a user's"}
			},
			alice: evaluator.Allow, bob: evaluator.Deny,
			says: "a group's",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := loadedWorld(t, test.change)
			alice, bob := decide(t, w, "user/alice"), decide(t, w, "user/bob")
			require.Equal(t, test.alice, alice.Decision)
			require.Equal(t, test.bob, bob.Decision)
			if test.says != "" {
				require.Contains(t, append(alice.Conditions, alice.Warnings...), test.says)
			}
		})
	}
}

// TestUnknownIsHandedOn holds what sources do not know about users, groups and roles to be said of the principals they concern.
func TestUnknownIsHandedOn(t *testing.T) {
	w := &source.World{
		Defaults: source.Defaults{Account: home},
		Users:    []*source.User{{Account: home, Name: "alice", Groups: []string{"g"}, Unknown: []string{"both", "user"}}},
		Groups:   []*source.Group{{Account: home, Name: "g", Unknown: []string{"both", "group"}}},
		Roles:    []*source.Role{{Account: home, Name: "App", Unknown: []string{"role"}}},
	}
	for name, want := range map[string][]string{"user/alice": {"both", "user", "group"}, "role/App": {"role"}} {
		p, err := w.Principal(name)
		require.NoError(t, err)
		require.Equal(t, want, p.Unknown)
	}
	p, err := w.Session("federated-user/x", source.Session{Issuer: "user/alice"})
	require.NoError(t, err)
	require.Equal(t, []string{"both", "user", "group"}, p.Unknown)
}

// TestBoundsOfDoubt holds the two ways of doubt to their promise: at least what may be allowed on one side, at most
// what must be on the other.
func TestBoundsOfDoubt(t *testing.T) {
	pos := policy.Position{File: "t.yaml", Line: 1, Column: 2}
	for kind, principals := range map[policy.Kind]bool{policy.KeyPolicy: true, policy.IdentityPolicy: false, policy.PermissionsBoundary: false} {
		doc := source.UnknownPolicy(kind, "p", "arn", "why", pos)
		require.Equal(t, kind, doc.Kind)
		generous, strict := doc.Bound(true), doc.Bound(false)
		require.Len(t, generous.Statements, 1)
		require.Len(t, strict.Statements, 1)
		require.Equal(t, policy.Allow, generous.Statements[0].Effect)
		require.Equal(t, policy.Deny, strict.Statements[0].Effect)
		for _, s := range []*policy.Statement{generous.Statements[0], strict.Statements[0]} {
			require.Empty(t, s.Conditions)
			require.Equal(t, principals, s.Principals != nil)
			require.Equal(t, "*", s.Actions.Values[0].Text)
			require.Equal(t, "*", s.Resources.Values[0].Text)
		}
	}

	sure := document(t, "p", "arn")
	doubtful := source.InDoubt(sure, "why", pos)
	require.NotEqual(t, sure.Digest, doubtful.Digest)
	require.Empty(t, sure.Statements[0].Conditions, "the original is not changed")
	require.Equal(t, []policy.Value{{Text: "why", Pos: pos, Unresolved: true}}, doubtful.Statements[0].Unresolved())
	require.Len(t, doubtful.Bound(true).Statements, 1)
	require.Empty(t, doubtful.Bound(false).Statements)
}
