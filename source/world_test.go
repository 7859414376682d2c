package source_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

const (
	home  = "111122223333"
	other = "444455556666"
)

// document parses a policy that allows one action.
func document(t *testing.T, name, arn string) *policy.Document {
	t.Helper()
	doc, diags := policy.Parse(policy.IdentityPolicy, name,
		[]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}]}`), policy.WithARN(arn))
	require.Empty(t, diags)
	return doc
}

// testWorld has two accounts, with some names in both.
func testWorld(t *testing.T) *source.World {
	t.Helper()
	key := func(arn, logical string, aliases ...string) *source.Key {
		k := &source.Key{LogicalID: logical}
		k.ARN, k.Aliases = arn, aliases
		return k
	}
	withAlias := key("arn:aws:kms:us-east-1:"+home+":key/one", "MainKey", "alias/app", "alias/main")
	withAlias.AliasLogicalIDs = map[string]string{"MainAlias": "alias/main"}
	return &source.World{
		Defaults: source.Defaults{Account: home, Region: "us-east-1", Partition: "aws"},
		Accounts: map[string]*evaluator.Account{home: {ID: home, OrganizationID: "o-1"}},
		Users: []*source.User{
			{
				Account: home, Path: "/", Name: "alice", UniqueID: "AIDA1", LogicalID: "AliceUser", Tags: map[string]string{"team": "red"},
				Policies: []*policy.Document{document(t, "inline", "")}, Attached: []string{"arn:managed", "arn:missing"},
				Groups: []string{"Devs", "Ghosts"}, Boundary: "arn:managed",
			},
			{Account: home, Path: "/team/", Name: "bob"},
			{Account: other, Name: "alice"},
			{Account: other, Name: "carol"},
			{Account: "777788889999", Name: "carol"},
		},
		Groups: []*source.Group{{Account: home, Name: "Devs", Policies: []*policy.Document{document(t, "group", "")}, Attached: []string{"arn:managed", "arn:missing"}}},
		Roles: []*source.Role{
			{Account: home, Path: "/", Name: "App", UniqueID: "AROA1", LogicalID: "AppRole", Boundary: "arn:nowhere"},
			{Account: home, Path: "/ci/", Name: "Deploy"},
			{Account: home, Path: "/aws-service-role/backup.amazonaws.com/", Name: "AWSServiceRoleForBackup"},
			{Account: other, Path: "/", Name: "Reader", ServiceLinked: true},
		},
		ManagedPolicies: []*policy.Document{document(t, "managed", "arn:managed")},
		Keys: []*source.Key{
			withAlias,
			key("arn:aws:kms:eu-west-1:"+home+":key/one", "", "alias/app"),
			key("arn:aws:kms:us-east-1:"+other+":key/two", "", "alias/app", "alias/theirs"),
			key("arn:aws:kms:eu-west-1:"+other+":key/three", "", "alias/theirs"),
		},
	}
}

func TestPrincipalNames(t *testing.T) {
	w := testWorld(t)
	for _, test := range []struct {
		name   string
		kind   evaluator.PrincipalType
		arn    string
		issuer string
	}{
		{"user/alice", evaluator.User, "arn:aws:iam::" + home + ":user/alice", ""},
		{"AliceUser", evaluator.User, "arn:aws:iam::" + home + ":user/alice", ""},
		{"arn:aws:iam::" + home + ":user/alice", evaluator.User, "arn:aws:iam::" + home + ":user/alice", ""},
		{"user/bob", evaluator.User, "arn:aws:iam::" + home + ":user/team/bob", ""},
		{"user/team/bob", evaluator.User, "arn:aws:iam::" + home + ":user/team/bob", ""},
		{"arn:aws:iam::" + other + ":user/alice", evaluator.User, "arn:aws:iam::" + other + ":user/alice", ""},
		{"role/App", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/App/strictkms", "arn:aws:iam::" + home + ":role/App"},
		{"role/App/me", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/App/me", "arn:aws:iam::" + home + ":role/App"},
		{"AppRole", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/App/strictkms", "arn:aws:iam::" + home + ":role/App"},
		{"AppRole/me", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/App/me", "arn:aws:iam::" + home + ":role/App"},
		{"role/Deploy/me", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/Deploy/me", "arn:aws:iam::" + home + ":role/ci/Deploy"},
		{"role/ci/Deploy", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/Deploy/strictkms", "arn:aws:iam::" + home + ":role/ci/Deploy"},
		{"role/ci/Deploy/me", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/Deploy/me", "arn:aws:iam::" + home + ":role/ci/Deploy"},
		{"arn:aws:iam::" + home + ":role/ci/Deploy", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/Deploy/strictkms", "arn:aws:iam::" + home + ":role/ci/Deploy"},
		{"arn:aws:sts::" + home + ":assumed-role/Deploy/me", evaluator.RoleSession, "arn:aws:sts::" + home + ":assumed-role/Deploy/me", "arn:aws:iam::" + home + ":role/ci/Deploy"},
		{"role/Reader", evaluator.RoleSession, "arn:aws:sts::" + other + ":assumed-role/Reader/strictkms", "arn:aws:iam::" + other + ":role/Reader"},
		{"root", evaluator.Root, "arn:aws:iam::" + home + ":root", ""},
		{"arn:aws:iam::" + other + ":root", evaluator.Root, "arn:aws:iam::" + other + ":root", ""},
		{"federated-user/fed", evaluator.FederatedUser, "arn:aws:sts::" + home + ":federated-user/fed", ""},
		{"arn:aws:sts::" + home + ":federated-user/fed", evaluator.FederatedUser, "arn:aws:sts::" + home + ":federated-user/fed", ""},
		{"service/s3.amazonaws.com", evaluator.Service, "s3.amazonaws.com", ""},
		{"s3.amazonaws.com", evaluator.Service, "s3.amazonaws.com", ""},
		{"dynamodb.amazonaws.com.cn", evaluator.Service, "dynamodb.amazonaws.com.cn", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := w.Principal(test.name)
			require.NoError(t, err)
			require.Equal(t, test.kind, p.Type)
			require.Equal(t, test.arn, p.ARN)
			require.Equal(t, test.issuer, p.Issuer)
			again, err := w.Principal(test.name)
			require.NoError(t, err)
			require.Same(t, p, again)
		})
	}
	short, err := w.Principal("role/ci/Deploy/me")
	require.NoError(t, err)
	full, err := w.Principal("arn:aws:sts::" + home + ":assumed-role/Deploy/me")
	require.NoError(t, err)
	require.Same(t, short, full, "two names of one caller")
}

func TestPrincipalNameErrors(t *testing.T) {
	w := testWorld(t)
	for name, want := range map[string]string{
		"user/alicia":                          "there is no principal user/alicia in what was loaded; nearest: user/alice",
		"user/ALICE":                           "there is no principal user/ALICE in what was loaded; nearest: user/alice",
		"role/Ap":                              "there is no principal role/Ap in what was loaded; nearest: role/App",
		"role/Ap/me":                           "there is no principal role/Ap/me in what was loaded; nearest: role/App",
		"role/App/":                            "there is no principal role/App/ in what was loaded; nearest: role/App",
		"AliceUsr":                             "there is no principal AliceUsr in what was loaded; nearest: AliceUser",
		"user/":                                "there is no principal user/ in what was loaded; nearest: user/bob, user/alice, user/carol",
		"":                                     "there is no principal \"\" in what was loaded; nearest: AppRole, role/App, user/bob",
		"xyz":                                  "there is no principal xyz in what was loaded; nearest: AppRole, role/App, user/bob",
		"AliceUser/me":                         "there is no principal AliceUser/me in what was loaded; nearest: AliceUser",
		"arn:aws:iam::" + home + ":user/":      "there is no principal arn:aws:iam::" + home + ":user/ in what was loaded",
		"arn:aws:iam::" + home + ":group/Devs": "there is no principal arn:aws:iam::" + home + ":group/Devs in what was loaded",
		"arn:aws:iam::aws:user/x":              "there is no principal arn:aws:iam::aws:user/x in what was loaded",
		"arn:aws:sts::" + home + ":assumed-role/App": "there is no principal arn:aws:sts::" + home + ":assumed-role/App in what was loaded",
		"arn:aws:kms:us-east-1:" + home + ":key/one": "there is no principal arn:aws:kms:us-east-1:" + home + ":key/one in what was loaded",
		"user/carol": "principal user/carol is ambiguous: it may be arn:aws:iam::444455556666:user/carol or arn:aws:iam::777788889999:user/carol",
	} {
		t.Run(name, func(t *testing.T) {
			p, err := w.Principal(name)
			require.EqualError(t, err, want)
			require.Nil(t, p)
			_, err = w.Session(name, source.Session{})
			require.EqualError(t, err, want)
		})
	}
}

func TestPrincipalPolicies(t *testing.T) {
	w := testWorld(t)
	alice, err := w.Principal("user/alice")
	require.NoError(t, err)
	var names []string
	for _, doc := range alice.Identity {
		names = append(names, doc.Name)
	}
	require.Equal(t, []string{"inline", "managed", "attached policy arn:missing", "group", "group Ghosts"}, names)
	require.Equal(t, []string{
		"attached policy arn:missing is not loaded, what it allows or denies is unknown",
		"group Ghosts is not loaded, what it allows or denies is unknown",
	}, alice.Unknown)
	require.Equal(t, "AIDA1", alice.UniqueID)
	require.Equal(t, map[string]string{"team": "red"}, alice.Tags)
	require.Equal(t, policy.PermissionsBoundary, alice.Boundary.Kind)
	require.NotEqual(t, w.ManagedPolicies[0].Digest, alice.Boundary.Digest)
	require.Equal(t, policy.IdentityPolicy, w.ManagedPolicies[0].Kind)

	app, err := w.Principal("role/App")
	require.NoError(t, err)
	require.Equal(t, "AROA1", app.UniqueID)
	require.Equal(t, "strictkms", app.Name)
	require.True(t, app.Boundary.HasUnresolved())
	require.Equal(t, policy.PermissionsBoundary, app.Boundary.Kind)
	require.Equal(t, []string{"permissions boundary arn:nowhere is not loaded, what it allows or denies is unknown"}, app.Unknown)

	for name, linked := range map[string]bool{
		"role/App": false, "role/AWSServiceRoleForBackup": true, "role/Reader": true,
		"arn:aws:sts::" + home + ":assumed-role/AWSServiceRoleForTrustedAdvisor/s": true,
		"arn:aws:iam::" + home + ":role/aws-service-role/x.amazonaws.com/Own":      true,
	} {
		p, err := w.Principal(name)
		require.NoError(t, err)
		require.Equal(t, linked, p.ServiceLinked, name)
	}
}

func TestPrincipalNotLoaded(t *testing.T) {
	w := testWorld(t)
	for name, issuer := range map[string]string{
		"arn:aws:iam::" + home + ":user/nobody":              "",
		"arn:aws:iam::" + home + ":user/bob":                 "", // bob has a path
		"arn:aws:iam::" + home + ":role/service/Nobody":      "arn:aws:iam::" + home + ":role/service/Nobody",
		"arn:aws:sts::" + home + ":assumed-role/Nobody/s":    "arn:aws:iam::" + home + ":role/Nobody",
		"arn:aws-cn:sts::" + home + ":assumed-role/Absent/s": "arn:aws-cn:iam::" + home + ":role/Absent",
	} {
		p, err := w.Principal(name)
		require.NoError(t, err)
		require.Equal(t, issuer, p.Issuer)
		require.Empty(t, p.Identity)
		require.Equal(t, []string{name + " is not defined in the loaded files: judged as a principal without identity policies"}, p.Unknown)
	}
	fed, err := w.Principal("federated-user/fed")
	require.NoError(t, err)
	require.True(t, fed.HasSession)
	require.Len(t, fed.Unknown, 1)
}

func TestSession(t *testing.T) {
	w := testWorld(t)
	doc := document(t, "session", "")
	p, err := w.Session("federated-user/fed", source.Session{
		Issuer: "user/alice", Policies: []*policy.Document{doc}, Tags: map[string]string{"Team": "blue", "x": "y"}, Provider: "idp",
	})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:iam::"+home+":user/alice", p.Issuer)
	require.True(t, p.HasSession)
	require.Equal(t, []*policy.Document{doc}, p.Session)
	require.Equal(t, "idp", p.Provider)
	require.Empty(t, p.UniqueID, "the session has an id of its own")
	require.Equal(t, map[string]string{"Team": "blue", "x": "y"}, p.Tags)
	require.Equal(t, map[string]string{"team": "red"}, w.Users[0].Tags)

	again, err := w.Session("user/alice", source.Session{Tags: map[string]string{"x": "y"}})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"team": "red", "x": "y"}, again.Tags)
	require.False(t, again.HasSession)

	for _, issuer := range []string{"user/nobody", "role/App"} {
		_, err = w.Session("federated-user/fed", source.Session{Issuer: issuer})
		require.Error(t, err)
	}
	_, err = w.Session("role/App", source.Session{Issuer: "user/alice"})
	require.Error(t, err, "a role session has no user behind it")
}

func TestKey(t *testing.T) {
	w := testWorld(t)
	for _, test := range []struct{ name, arn, alias string }{
		{"one", "arn:aws:kms:us-east-1:" + home + ":key/one", ""},
		{"key/one", "arn:aws:kms:us-east-1:" + home + ":key/one", ""},
		{"arn:aws:kms:eu-west-1:" + home + ":key/one", "arn:aws:kms:eu-west-1:" + home + ":key/one", ""},
		{"MainKey", "arn:aws:kms:us-east-1:" + home + ":key/one", ""},
		{"MainAlias", "arn:aws:kms:us-east-1:" + home + ":key/one", "alias/main"},
		{"alias/app", "arn:aws:kms:us-east-1:" + home + ":key/one", "alias/app"},
		{"arn:aws:kms:eu-west-1:" + home + ":alias/app", "arn:aws:kms:eu-west-1:" + home + ":key/one", "alias/app"},
		{"arn:aws:kms:us-east-1:" + other + ":alias/app", "arn:aws:kms:us-east-1:" + other + ":key/two", "alias/app"},
		{"two", "arn:aws:kms:us-east-1:" + other + ":key/two", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, named, err := w.Key(test.name)
			require.NoError(t, err)
			require.Equal(t, test.arn, k.ARN)
			require.Equal(t, test.alias, named.Alias)
			again, _, err := w.Key(test.name)
			require.NoError(t, err)
			require.Same(t, k, again)
		})
	}
}

func TestKeyErrors(t *testing.T) {
	w := testWorld(t)
	for name, want := range map[string]string{
		"":             "there is no key \"\" in what was loaded; nearest: one, two, three",
		"on":           "there is no key on in what was loaded; nearest: one",
		"alias/ap":     "there is no key alias/ap in what was loaded; nearest: alias/app, alias/main",
		"MainKeys":     "there is no key MainKeys in what was loaded; nearest: MainKey",
		"MainAlia":     "there is no key MainAlia in what was loaded; nearest: MainAlias",
		"alias/theirs": "key alias/theirs is ambiguous: it may be arn:aws:kms:eu-west-1:" + other + ":key/three or arn:aws:kms:us-east-1:" + other + ":key/two",
		"arn:aws:kms:us-east-1:" + other + ":key/too": "there is no key arn:aws:kms:us-east-1:" + other + ":key/too in what was loaded; nearest: arn:aws:kms:us-east-1:" + other +
			":key/two, arn:aws:kms:eu-west-1:" + other + ":key/three, arn:aws:kms:us-east-1:" + other + ":alias/app",
	} {
		t.Run(name, func(t *testing.T) {
			k, _, err := w.Key(name)
			require.EqualError(t, err, want)
			require.Nil(t, k)
		})
	}
}

func TestAccount(t *testing.T) {
	w := testWorld(t)
	require.Equal(t, "o-1", w.Account(home).OrganizationID)
	require.Nil(t, w.Account(other))
	require.Nil(t, (&source.World{}).Account(home))
}

// TestConcurrentLookups is for the race detector, and for one pointer per principal.
func TestConcurrentLookups(t *testing.T) {
	w := testWorld(t)
	found := make([]*evaluator.Principal, 16)
	var wait sync.WaitGroup
	for i := range found {
		wait.Go(func() {
			p, err := w.Principal("user/alice")
			if err == nil {
				found[i] = p
			}
			_, _, _ = w.Key("alias/app")
		})
	}
	wait.Wait()
	for _, p := range found {
		require.NotNil(t, p)
		require.Same(t, found[0], p)
	}
}

func TestDefaultPartition(t *testing.T) {
	require.Equal(t, "arn:aws:iam::1:user/x", source.Defaults{}.IAMARN("1", "user", "", "x"))
	require.Equal(t, "arn:aws-cn:iam::1:role/p/x", source.Defaults{Partition: "aws-cn"}.IAMARN("1", "role", "/p/", "x"))
	_, err := (&source.World{}).Principal("root")
	require.Error(t, err, "there is no default account")
}
