package corpus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const goodCase = `worlds:
  w: {accounts: {"111122223333": {users: {alice: {}}, keys: {k: {}}}}}
cases:
  - note: one
    source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    world: w
    request: {principal: user/alice, action: "kms:Decrypt", key: k}
    expect: {decision: deny, reason: no-identity-policy}
`

// write makes a directory of case files.
func write(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, src := range files {
		name := filepath.Join(dir, string(rune('a'+i))+".yaml")
		require.NoError(t, os.WriteFile(name, []byte(src), 0o600))
	}
	return dir
}

func TestLoad(t *testing.T) {
	cases, err := Load(write(t, goodCase))
	require.NoError(t, err)
	require.Len(t, cases, 1)
	require.Equal(t, "one", cases[0].Note)
	require.Equal(t, 4, cases[0].Line)
	require.Equal(t, "arn:aws:iam::111122223333:user/alice", cases[0].Request.Principal.ARN)
}

// TestLoadErrors changes one thing of a good case at a time.
func TestLoadErrors(t *testing.T) {
	for _, test := range []struct{ name, old, replacement, want string }{
		{"no note", "note: one", "note: ''", "expected a note"},
		{"foreign source", "docs.aws.amazon.com", "example.com", "expected a source that begins with"},
		{"unknown field of a file", "cases:", "extra: 1\ncases:", "extra"},
		{"unknown field of a case", "note: one", "note: one\n    extra: 1", "extra"},
		{"unknown field of a request", "key: k}", "key: k, extra: 1}", "extra"},
		{"unknown field of an expectation", "expect: {", "expect: {extra: 1, ", "extra"},
		{"unknown field of a world", "users:", "people:", `unknown field "people"`},
		{"unknown world", "world: w", "world: v", `there is no world "v"`},
		{"unknown principal", "user/alice", "user/alicia", "nearest: user/alice"},
		{"unknown action", "kms:Decrypt", "kms:Decript", `unknown action "kms:Decript"`},
		{"unknown key", "key: k}", "key: l}", "there is no key l"},
		{"no key", ", key: k}", "}", "expected one of key, role and resource"},
		{"key and resource", "key: k}", "key: k, resource: '*'}", "expected one of key, role and resource"},
		{"unknown endpoint", "key: k}", "key: k, endpoint: vpce-1}", `there is no endpoint "vpce-1"`},
		{"bad session policy", "key: k}", "key: k, session: {policy: {Statement: 1}}}", "a.yaml:7:99"},
		{"unknown reason", "no-identity-policy", "because", `unknown reason "because"`},
		{"reason of the other decision", "decision: deny", "decision: allow", "belongs to the decision deny"},
		{"explicit deny without layer", "no-identity-policy", "explicit-deny", "expected the layer"},
		{"layer without explicit deny", "no-identity-policy", "no-identity-policy, layer: key-policy", "only an explicit deny has a layer"},
		{"statements of an implicit deny", "no-identity-policy", "no-identity-policy, statements: [a]", "expected deciding statements"},
		{"unknown assumption", "world: w", "assume: {grant-and-spc: cut}\n    world: w", `there is no assumption "grant-and-spc"; nearest: grant-and-scp`},
		{"unknown reading", "world: w", "assume: {grant-and-scp: maybe}\n    world: w", `no reading "maybe": expected one of cut, survives`},
		{"not YAML", "cases:", "cases: [", "a.yaml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Contains(t, goodCase, test.old)
			_, err := Load(write(t, strings.Replace(goodCase, test.old, test.replacement, 1)))
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "a.yaml")
		})
	}
}

func TestLoadReportsEverything(t *testing.T) {
	_, err := Load(write(t, goodCase, goodCase, strings.Replace(goodCase, "key: k}", "key: l}", 1)))
	require.ErrorContains(t, err, `b.yaml:4: the note "one" is used before, at`)
	require.ErrorContains(t, err, "c.yaml:4: case \"one\": there is no key l")

	_, err = Load(t.TempDir())
	require.ErrorContains(t, err, "no case files")
}
