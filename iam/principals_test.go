package iam_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

func TestPrincipalPolicies(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	alice, err := s.Principal(t.Context(), "arn:aws:iam::"+home+":user/team/alice")
	require.NoError(t, err)
	require.Equal(t, []string{"user/alice/own", "Use", "group/Devs/read"}, names(alice.Identity))
	require.Equal(t, policy.PermissionsBoundary, alice.Boundary.Kind)
	require.Equal(t, managedARN("Limit"), alice.Boundary.ARN)
	require.Empty(t, alice.Unknown)
}

// TestPrincipalVersions says which changes make a new principal.
func TestPrincipalVersions(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(e *iam.Edit) error
		new    bool
		want   []string // names of alice's policies afterwards
	}{
		{"another user", func(e *iam.Edit) error {
			u := e.User(home, "bob")
			u.Tags = map[string]string{"a": "b"}
			return e.PutUser(u)
		}, false, []string{"user/alice/own", "Use", "group/Devs/read"}},
		{"her access key", func(e *iam.Edit) error {
			_, err := e.CreateAccessKey(iam.UserOwner(home, "alice"), "")
			return err
		}, false, []string{"user/alice/own", "Use", "group/Devs/read"}},
		{
			"another policy", func(e *iam.Edit) error { return e.PutManagedPolicy(managed("Other", allowAll)) },
			false,
			[]string{"user/alice/own", "Use", "group/Devs/read"},
		},
		{"herself", func(e *iam.Edit) error {
			u := e.User(home, "alice")
			u.Inline = nil
			return e.PutUser(u)
		}, true, []string{"Use", "group/Devs/read"}},
		{"her group", func(e *iam.Edit) error {
			g := e.Group(home, "Devs")
			g.Inline[0].Name = "write"
			return e.PutGroup(g)
		}, true, []string{"user/alice/own", "Use", "group/Devs/write"}},
		{
			"her group is gone", func(e *iam.Edit) error { return e.DeleteGroup(home, "Devs") },
			true,
			[]string{"user/alice/own", "Use", "group Devs"},
		},
		{"her policy", func(e *iam.Edit) error {
			p := e.ManagedPolicy(managedARN("Use"))
			p.Versions = append(p.Versions, &iam.PolicyVersion{ID: "v2", Policy: &iam.Policy{Text: allowRead}})
			p.Default = "v2"
			return e.PutManagedPolicy(p)
		}, true, []string{"user/alice/own", "Use", "group/Devs/read"}},
		{
			"her policy is gone", func(e *iam.Edit) error { return e.DeleteManagedPolicy(managedARN("Use")) },
			true,
			[]string{"user/alice/own", "attached policy " + managedARN("Use"), "group/Devs/read"},
		},
		{
			"her boundary is gone", func(e *iam.Edit) error { return e.DeleteManagedPolicy(managedARN("Limit")) },
			true,
			[]string{"user/alice/own", "Use", "group/Devs/read"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, newStore(t), newClock())
			people(t, s)
			find := func() *iam.Principal {
				p, err := s.Principal(t.Context(), "arn:aws:iam::"+home+":user/team/alice")
				require.NoError(t, err)
				return p
			}
			before := find()
			require.Same(t, before, find())
			edit(t, s, test.change)
			require.Equal(t, test.new, before != find())
			require.Equal(t, test.want, names(find().Identity))
		})
	}
}

func TestPrincipalOfSessionsAndServices(t *testing.T) {
	c := newClock()
	s := open(t, newStore(t), c)
	people(t, s)
	find := func(arn string) *iam.Principal {
		t.Helper()
		p, err := s.Principal(t.Context(), arn)
		require.NoError(t, err)
		again, err := s.Principal(t.Context(), arn)
		require.NoError(t, err)
		require.Same(t, p, again)
		return p
	}
	session := find("arn:aws:sts::" + home + ":assumed-role/App/me")
	require.Equal(t, appARN, session.Issuer)
	require.Equal(t, "me", session.Name)
	require.True(t, session.Temporary)
	require.Equal(t, c.Now(), session.IssuedAt)
	require.False(t, session.HasSession)
	require.NotSame(t, session, find("arn:aws:sts::"+home+":assumed-role/App/you"))
	require.Equal(t, iam.ServicePrincipal, find("logs.us-east-1.amazonaws.com").Type)
	require.Equal(t, iam.Root, find(home).Type)
	edit(t, s, func(e *iam.Edit) error {
		r := e.Role(home, "App")
		r.Inline = inline("own", allowRead)
		return e.PutRole(r)
	})
	require.Equal(t, []string{"role/App/own", "Use"}, names(find("arn:aws:sts::"+home+":assumed-role/App/me").Identity))
}

func TestLookup(t *testing.T) {
	s := open(t, newStore(t), newClock())
	people(t, s)
	app, err := s.Principal(t.Context(), appARN)
	require.NoError(t, err)
	alice, err := s.Principal(t.Context(), "arn:aws:iam::"+home+":user/team/alice")
	require.NoError(t, err)
	for _, test := range []struct {
		text, id string
		exists   bool
	}{
		{"*", "", true},
		{home, "", true},
		{"arn:aws:iam::" + home + ":root", "", true},
		{"arn:aws:iam::999988887777:root", "", true},
		{"arn:aws:iam::" + home + ":user/team/alice", alice.UniqueID, true},
		{"arn:aws:iam::" + home + ":user/alice", "", false},
		{"arn:aws:iam::" + home + ":user/team/ALICE", "", false},
		{"arn:aws-cn:iam::" + home + ":user/team/alice", "", false},
		{"arn:aws:iam::" + home + ":user/nobody", "", false},
		{"arn:aws:iam::999988887777:user/nobody", "", true},
		{appARN, app.UniqueID, true},
		{"arn:aws:iam::" + home + ":role/App", "", false},
		{"arn:aws:sts::" + home + ":assumed-role/App/any", "", true},
		{"arn:aws:sts::" + home + ":assumed-role/Nobody/any", "", false},
		{"arn:aws:sts::" + home + ":federated-user/any", "", true},
		{"s3.amazonaws.com", "", true},
		{"arn:aws:iam::" + home + ":saml-provider/idp", "", true},
		{"arn:aws:iam::" + home + ":group/Devs", "", false},
		{alice.UniqueID, "", true},
		{app.UniqueID, "", true},
		{"AIDAGONEGONEGONEGONE1", "", false},
		{"", "", false},
		{"nonsense", "", false},
	} {
		t.Run(test.text, func(t *testing.T) {
			id, exists := s.Lookup(test.text)
			require.Equal(t, test.exists, exists)
			require.Equal(t, test.id, id)
		})
	}
	edit(t, s, func(e *iam.Edit) error { return e.DeleteUser(home, "alice") })
	_, exists := s.Lookup(alice.UniqueID)
	require.False(t, exists)
}

// TestOrigin points at where a policy was written down.
func TestOrigin(t *testing.T) {
	locate := func(offset int) policy.Position {
		return policy.Position{File: "t.yaml", Offset: offset, Line: 7, Column: offset + 1}
	}
	doc, diags := policy.Parse(policy.IdentityPolicy, "p", []byte(allowAll), policy.WithLocator(locate))
	require.Empty(t, diags)
	s := open(t, newStore(t), newClock())
	edit(t, s, func(e *iam.Edit) error {
		own := inline("own", allowAll)
		own[0].Origin = iam.OriginOf(doc)
		own[0].Label = "policy own of alice"
		return e.PutUser(&iam.UserDetail{Account: home, Name: "alice", Inline: own})
	})
	p, err := s.Principal(t.Context(), "arn:aws:iam::"+home+":user/alice")
	require.NoError(t, err)
	require.Equal(t, "policy own of alice", p.Identity[0].Name)
	require.Equal(t, doc.Pos, p.Identity[0].Pos)
	require.Equal(t, doc.Statements[0].Pos, p.Identity[0].Statements[0].Pos)
}
