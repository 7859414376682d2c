package files_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

// inAccount puts YAML, indented by four, into an account.
func inAccount(body string) string {
	return "accounts:\n  \"111122223333\":\n" + body
}

func TestLoadErrors(t *testing.T) {
	for _, test := range []struct {
		name, src string
		want      []string // each diagnostic, in order
	}{
		{"empty", "", []string{"world.yaml:1:1: the file is empty, expected a strictkms world file"}},
		{"not a mapping", "- a\n", []string{"world.yaml:1:1: expected a world as a mapping, found a list"}},
		{"binary", "a: \x00", []string{"world.yaml:1:4: expected a strictkms world file as UTF-8 text, found the control character 0x00"}},
		{"not UTF-8", "a:\n b: \xff", []string{"world.yaml:2:5: expected a strictkms world file as UTF-8 text, found the byte 0xff"}},
		{"unknown field", "acounts: {}\n", []string{`world.yaml:1:1: unknown field "acounts" of a world: expected one of accounts, endpoints, organization`}},
		{"repeated key", "endpoints: {}\nendpoints: {}\n", []string{`world.yaml:2:1: the key "endpoints" is already in this mapping (see world.yaml:1:1)`}},
		{"repeated key and more", "endpoints: {}\nendpoints: {}\nusers: {}\n", []string{
			`world.yaml:2:1: the key "endpoints" is already in this mapping (see world.yaml:1:1)`,
			`world.yaml:3:1: unknown field "users" of a world: expected one of accounts, endpoints, organization`,
		}},
		{"cyclic alias", "accounts: &a {b: *a}\n", []string{"world.yaml:1:18: the alias *a stands inside what it points at"}},
		{"merge key", "accounts: &a {}\n<<: *a\n", []string{"world.yaml:2:1: YAML merge keys (<<) are not supported: write the keys out"}},
		{"account id", "accounts: {123: {}, root: {}}\n", []string{"world.yaml:1:12: expected an account id of 12 digits", "world.yaml:1:21: expected an account id of 12 digits"}},
		{"user name", inAccount("    users: {\"a b\": {}}\n"), []string{"world.yaml:3:13: expected a name of letters, digits and +=,.@_-"}},
		{"path", inAccount("    users: {a: {path: team}}\n"), []string{"world.yaml:3:23: expected a path that begins and ends with a slash"}},
		{"tags", inAccount("    users: {a: {tags: [x]}}\n"), []string{"world.yaml:3:23: expected tags as a mapping, found a list"}},
		{"tag without value", inAccount("    users: {a: {tags: {x: }}}\n"), []string{`world.yaml:3:27: expected the value of "x" as a text, found nothing`}},
		{"unknown group", inAccount("    users: {a: {groups: [G]}}\n"), []string{"world.yaml:3:25: there is no group G in account 111122223333"}},
		{"unknown policy", inAccount("    roles: {a: {attached: P, boundary: B}}\n"), []string{
			"world.yaml:3:27: there is no policy arn:aws:iam::111122223333:policy/P: expected the name of a policy of the account or a full ARN",
			"world.yaml:3:40: there is no policy arn:aws:iam::111122223333:policy/B: expected the name of a policy of the account or a full ARN",
		}},
		{"policy is a list", inAccount("    policies: {P: []}\n"), []string{"world.yaml:3:19: expected a policy document as a mapping or as a text of JSON, found a list"}},
		{"key id", inAccount("    keys: {a/b: {}, \"arn:aws:kms:us-east-1:444455556666:key/x\": {}}\n"), []string{
			"world.yaml:3:12: expected a key id or a key ARN",
			"world.yaml:3:21: expected a key ARN of account 111122223333: arn:PARTITION:kms:REGION:111122223333:key/ID",
		}},
		{"usage", inAccount("    keys: {k: {spec: RSA_2048}}\n"), []string{"world.yaml:3:12: expected a usage: only keys of spec SYMMETRIC_DEFAULT have one by themselves"}},
		{"alias", inAccount("    keys: {k: {aliases: app}}\n"), []string{"world.yaml:3:25: expected an alias name that begins with alias/"}},
		{"manager", inAccount("    keys: {k: {manager: ME}}\n"), []string{"world.yaml:3:25: expected CUSTOMER or AWS"}},
		{"multi-region", inAccount("    keys: {k: {multi-region: maybe}}\n"), []string{"world.yaml:3:30: expected multi-region as true or false, found a text"}},
		{"same alias", inAccount("    keys: {k: {aliases: alias/a}, l: {aliases: alias/a}}\n"), []string{"world.yaml:3:35: alias arn:aws:kms:us-east-1:111122223333:alias/a is defined twice (see world.yaml:3:12)"}},
		{"grant", inAccount("    keys: {k: {grants: [{}]}}\n"), []string{
			"world.yaml:3:25: expected a GrantId", "world.yaml:3:25: expected either GranteePrincipal or GranteeServicePrincipal",
			"world.yaml:3:25: expected at least one of Operations",
		}},
		{"grant operation", inAccount("    keys: {k: {grants: [{GrantId: g, GranteePrincipal: p, Operations: [PutKeyPolicy, decrypt]}]}}\n"), []string{
			"world.yaml:3:71: a grant cannot have the operation PutKeyPolicy: expected the name of a grant operation, for example Decrypt",
			"world.yaml:3:71: a grant cannot have the operation decrypt: expected the name of a grant operation, for example Decrypt",
		}},
		{"organization", "organization: {id: o-1}\n", []string{"world.yaml:1:15: expected an organization with id and root"}},
		{"root without id", "organization: {id: o-1, root: {}}\n", []string{"world.yaml:1:31: expected an id: r-… for the root, ou-… for a unit"}},
		{"account twice", "organization: {id: o-1, root: {id: r-1, accounts: [\"111122223333\", \"111122223333\"]}}\n", []string{"world.yaml:1:68: account 111122223333 is in the organization twice"}},
		{"tag of a template", inAccount("    policies: {P: {Version: !Ref x}}\n"), []string{"world.yaml:3:29: the tag !Ref has no meaning here: expected a plain value"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := &source.World{}
			err := files.Load(w, "world.yaml", []byte(test.src), defaults)
			require.Error(t, err)
			require.Equal(t, test.want, strings.Split(err.Error(), "\n"))
			require.Empty(t, w.Users, "a world that fails to load adds nothing")
			require.Equal(t, source.Defaults{}, w.Defaults)
		})
	}
}

// TestPolicyErrorsArePlaced looks for the position of an error inside policies of every form.
func TestPolicyErrorsArePlaced(t *testing.T) {
	for name, test := range map[string]struct{ src, at string }{
		"mapping":        {"    policies:\n      P:\n        Version: 2012-10-17\n        Statement: {Efect: Allow, Action: \"*\", Resource: \"*\"}\n", "6:21"},
		"block text":     {"    policies:\n      P: |\n        {\"Version\": \"2012-10-17\",\n         \"Statement\": {\"Efect\": \"Allow\"}}\n", "6:24"},
		"quoted text":    {"    policies:\n      P: \"{\\\"Version\\\": \\\"2012-10-17\\\", \\\"Statement\\\": {\\\"Efect\\\": \\\"Allow\\\"}}\"\n", "4:57"},
		"single quotes":  {"    policies:\n      P: '{\"Version\": \"2012-10-17\", \"Statement\": {\"Efect\": \"Allow\"}}'\n", "4:51"},
		"after a umlaut": {"    policies: {ü: 1, P: {Version: 2012-10-17, Statement: {Efect: Allow, Action: \"*\", Resource: \"*\"}}}\n", "3:60"},
	} {
		t.Run(name, func(t *testing.T) {
			err := files.Load(&source.World{}, "world.yaml", []byte(inAccount(test.src)), defaults)
			require.ErrorContains(t, err, "world.yaml:"+test.at+": unknown element \"Efect\"")
		})
	}
}

func TestLoadTwice(t *testing.T) {
	w := &source.World{}
	require.NoError(t, files.Load(w, "a.yaml", []byte(small), defaults))
	err := files.Load(w, "b.yaml", []byte(small), defaults)
	for _, want := range []string{
		"user alice of account 111122223333 is defined twice (see a.yaml:9:7)",
		"group Devs of account 111122223333 is defined twice",
		"role App of account 111122223333 is defined twice",
		"policy arn:aws:iam::111122223333:policy/UseKeys is defined twice",
		"key arn:aws:kms:us-east-1:111122223333:key/main is defined twice",
		"alias arn:aws:kms:us-east-1:111122223333:alias/app is defined twice",
		"the organization of account 111122223333 is defined twice",
		"endpoint vpce-1 is defined twice",
	} {
		require.ErrorContains(t, err, want)
	}
	require.Len(t, w.Users, 1)

	// A second file may use what the first defines.
	require.NoError(t, files.Load(w, "b.yaml", []byte(inAccount("    users: {bob: {groups: [Devs], attached: UseKeys}}\n")), defaults))
	bob, err := w.Principal("user/bob")
	require.NoError(t, err)
	require.Len(t, bob.Identity, 1, "attached to the user and to its group, counted once")
}

func TestDepthAndSize(t *testing.T) {
	for name, src := range map[string]string{
		"deep":          strings.Repeat("[", 100_000),
		"deep policy":   inAccount("    policies: {P: " + strings.Repeat("{a: ", 2000) + "1" + strings.Repeat("}", 2000) + "}\n"),
		"alias bomb":    "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
		"large policy":  inAccount("    keys: {k: {policy: {Version: 2012-10-17, Id: " + strings.Repeat("x", 40_000) + ", Statement: []}}}\n"),
		"two documents": "accounts: {}\n---\naccounts: {}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, src)
			require.ErrorContains(t, err, "world.yaml:")
			require.Less(t, len(err.Error()), 2000)
		})
	}
}

func TestDocument(t *testing.T) {
	_, err := files.Document("f.yaml", []byte("a: ["), nil, policy.SessionPolicy, "s")
	require.ErrorContains(t, err, "f.yaml:1:5")
	require.ErrorContains(t, files.LoadPart(&source.World{}, "f.yaml", []byte("a: ["), nil, defaults), "f.yaml:1:5")
}

func FuzzLoad(f *testing.F) {
	page, err := os.ReadFile("../../docs/world.md")
	require.NoError(f, err)
	f.Add([]byte(small))
	f.Add(page)
	f.Add([]byte(`{"accounts": {"111122223333": {"keys": {"k": {"policy": "{}"}}}}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		w := &source.World{}
		if err := files.Load(w, "world.yaml", src, defaults); err != nil {
			require.NotEmpty(t, err.Error())
			require.Empty(t, w.Keys)
			return
		}
		for _, k := range w.Keys {
			require.NotNil(t, k.Policy)
		}
	})
}
