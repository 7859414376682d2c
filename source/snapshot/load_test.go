package snapshot_test

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/snapshot"
)

const (
	app  = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	mrk  = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
	ofS3 = "arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"

	appFolder    = "111122223333/us-east-1/kms/1234abcd-12ab-34cd-56ef-1234567890ab/"
	organization = "organizations/o-exampleorgid/"
)

// archive returns the files of a text in the txtar format.
func archive(src string) []snapshot.File {
	var files []snapshot.File
	for _, f := range txtar.Parse([]byte(src)).Files {
		files = append(files, snapshot.File{Name: f.Name, Src: f.Data})
	}
	return files
}

// account is the snapshot of testdata.
func account(t *testing.T) []snapshot.File {
	t.Helper()
	src, err := os.ReadFile("testdata/account.txtar")
	require.NoError(t, err)
	return archive(string(src))
}

// load reads files into a world of their own.
func load(t *testing.T, files []snapshot.File) *source.World {
	t.Helper()
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	require.NoError(t, snapshot.Load(w, files))
	return w
}

// decide asks whether the principal may do something with a key.
func decide(t *testing.T, w *source.World, principal, action, key string) evaluator.Decision {
	t.Helper()
	p, err := w.Principal(principal)
	require.NoError(t, err)
	k, _, err := w.Key(key)
	require.NoError(t, err)
	d, err := evaluator.New(w).Explain(t.Context(), evaluator.Request{Principal: p, Action: "kms:" + action, Key: k})
	require.NoError(t, err)
	return d
}

func TestLoad(t *testing.T) {
	w := load(t, account(t))
	require.Empty(t, w.Warnings)

	require.Len(t, w.Users, 1)
	u := w.Users[0]
	require.Equal(t, []any{"111122223333", "/people/", "alice", "AIDACKCEVSQ6C2EXAMPLE"}, []any{u.Account, u.Path, u.Name, u.UniqueID})
	require.Equal(t, map[string]string{"team": "red"}, u.Tags)
	require.Equal(t, []string{"Developers"}, u.Groups)
	require.Len(t, u.Policies, 1)
	require.Equal(t, "111122223333/iam.json:3:9", u.Pos.String())

	require.Len(t, w.Groups, 1)
	require.Equal(t, []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, w.Groups[0].Attached)

	require.Len(t, w.Roles, 2)
	r := w.Roles[0]
	require.Equal(t, []any{"/service/", "App", "AROADBQP57FF2AEXAMPLE", false}, []any{r.Path, r.Name, r.UniqueID, r.ServiceLinked})
	require.Equal(t, "arn:aws:iam::aws:policy/PowerUserAccess", r.Boundary)
	require.NotNil(t, r.Trust)
	require.True(t, w.Roles[1].ServiceLinked)
	require.True(t, w.WholeAccounts["111122223333"])

	names := map[string]*policy.Document{}
	for _, doc := range w.ManagedPolicies {
		names[doc.ARN] = doc
	}
	require.Len(t, names, 1, "the account's own")
	require.Equal(t, "Encrypt", names["arn:aws:iam::111122223333:policy/team/UseKeys"].Statements[0].Sid, "the default version")

	require.Len(t, w.Keys, 3)
	k := w.Keys[0]
	require.Equal(t, []any{app, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS", "false", false, false, "for the app"},
		[]any{k.ARN, k.Spec, k.Usage, k.Origin, k.MultiRegion, k.AWSManaged, k.Disabled, k.Description})
	require.Equal(t, []string{"alias/app"}, k.Aliases)
	require.Equal(t, map[string]string{"env": "prod"}, k.Tags)
	require.Equal(t, &evaluator.Grant{
		ID: "0c237476b39f8bc44e45212e08498fbe3151305030726c0590dd8d3e9f3d6a60", Name: "batch", KeyARN: app,
		GranteePrincipal:        "arn:aws:iam::111122223333:role/service/App",
		RetiringPrincipal:       "arn:aws:iam::111122223333:user/people/alice",
		IssuingAccount:          "arn:aws:iam::111122223333:root",
		Operations:              []string{"Decrypt", "RetireGrant"},
		EncryptionContextSubset: map[string]string{"tenant": "a"},
		Pos:                     policy.Position{File: appFolder + "grants.json", Offset: 26, Line: 3, Column: 9},
	}, k.Grants[0])
	multi := w.Keys[1]
	require.Equal(t, []any{mrk, "ECC_NIST_P256", "SIGN_VERIFY", "EXTERNAL", "true", "REPLICA", true},
		[]any{multi.ARN, multi.Spec, multi.Usage, multi.Origin, multi.MultiRegion, multi.MultiRegionKeyType, multi.Disabled})
	require.Equal(t, []any{ofS3, true, []string{"alias/aws/s3"}}, []any{w.Keys[2].ARN, w.Keys[2].AWSManaged, w.Keys[2].Aliases})
	for _, k := range w.Keys {
		require.Empty(t, k.Unknown)
	}

	member := w.Accounts["111122223333"]
	require.Equal(t, "o-exampleorgid/r-ab12/ou-ab12-11111111/", member.OrganizationPath)
	require.Equal(t, [][]string{{"FullAWSAccess"}, {"FullAWSAccess", "NoEncrypt"}, {"FullAWSAccess"}}, namesOf(member.SCPs))
	require.Equal(t, [][]string{{"Perimeter"}, nil, nil}, namesOf(member.RCPs))
	require.False(t, member.Management)
	require.True(t, w.Accounts["999988887777"].Management)
}

func namesOf(levels [][]*policy.Document) [][]string {
	var names [][]string
	for _, level := range levels {
		var texts []string
		for _, doc := range level {
			texts = append(texts, doc.Name)
		}
		names = append(names, texts)
	}
	return names
}

func TestDecisions(t *testing.T) {
	w := load(t, account(t))
	for _, test := range []struct {
		principal, action, key string
		verdict                evaluator.Verdict
		reason                 string
	}{
		{"user/alice", "Decrypt", "alias/app", evaluator.Allow, "key-policy-and-iam"},
		{"user/alice", "DescribeKey", "alias/app", evaluator.Allow, "key-policy-and-iam"},
		{"user/alice", "Encrypt", "alias/app", evaluator.Deny, "explicit-deny"},
		{"role/App", "Sign", mrk, evaluator.Allow, "direct-key-policy"},
		{"role/App", "Encrypt", "alias/app", evaluator.Deny, "explicit-deny"},
		{"role/App", "Decrypt", "alias/app", evaluator.Deny, "no-identity-policy"},
		{"user/alice", "Decrypt", "alias/aws/s3", evaluator.Deny, "no-key-policy"},
	} {
		d := decide(t, w, test.principal, test.action, test.key)
		require.Equal(t, []any{test.verdict, test.reason}, []any{d.Decision, d.Reason}, "%s %s %s", test.principal, test.action, test.key)
	}
}

// TestPositions finds statements where they are written: in an object, in a string, and in a URL-encoded string.
func TestPositions(t *testing.T) {
	files := account(t)
	w := load(t, files)
	at := func(pos policy.Position) string {
		for _, f := range files {
			if f.Name == pos.File {
				return string(f.Src[pos.Offset:])
			}
		}
		return ""
	}
	for _, test := range []struct {
		pos  policy.Position
		want string
	}{
		{w.Users[0].Policies[0].Statements[0].Pos, "%7B%22Sid%22%3A%22Use"},
		{w.Users[0].Policies[0].Statements[0].Actions.Pos, "%22Action"},
		{w.Keys[0].Policy.Statements[0].Pos, `{\n    \"Sid\" : \"Enable`},
		{w.Keys[0].Policy.Statements[0].Actions.Values[0].Pos, `\"kms:*`},
		{w.Keys[1].Policy.Statements[0].Pos, `{"Sid": "App"`},
		{w.ManagedPolicies[0].Statements[0].Pos, "{\n                            \"Sid\": \"Encrypt\""},
		{w.Accounts["111122223333"].SCPs[1][1].Statements[0].Pos, `{\"Sid\":\"NoEncrypt`},
	} {
		require.True(t, strings.HasPrefix(at(test.pos), test.want), "%s: %.40q", test.pos, at(test.pos))
	}
}

// TestFlat reads single files of hand-run commands, which say whose they are.
func TestFlat(t *testing.T) {
	var flat []snapshot.File
	for _, f := range account(t) {
		if !strings.HasPrefix(f.Name, organization) && path.Base(f.Name) != "organization.json" {
			name := strings.ReplaceAll(strings.TrimPrefix(f.Name, "111122223333/us-east-1/kms/"), "/", ".")
			flat = append(flat, snapshot.File{Name: name, Src: f.Src})
		}
	}
	w, whole := load(t, flat), load(t, account(t))
	require.Empty(t, w.Warnings)
	require.Len(t, w.Keys, 3)
	for i, k := range w.Keys {
		want := whole.Keys[i]
		require.Equal(t, []any{want.ARN, want.Policy.Digest, want.Aliases, want.Tags, len(want.Grants)},
			[]any{k.ARN, k.Policy.Digest, k.Aliases, k.Tags, len(k.Grants)})
	}
}
