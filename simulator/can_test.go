package simulator_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

const world = `
accounts:
  "111122223333":
    users:
      alice:
        policies:
          aliases: {Version: 2012-10-17, Statement: [{Sid: Name, Effect: Allow, Action: kms:CreateAlias, Resource: "arn:aws:kms:*:*:alias/*"}]}
      bob:
        policies:
          lists: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: kms:ListKeys, Resource: "*"}]}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab:
        aliases: [alias/app]
        policy:
          Version: 2012-10-17
          Statement:
            - {Sid: Bob, Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/bob"}, Action: [kms:Decrypt, kms:CreateAlias], Resource: "*"}
            - Sid: Storage
              Effect: Allow
              Principal: {AWS: "arn:aws:iam::111122223333:user/alice"}
              Action: kms:Decrypt
              Resource: "*"
              Condition: {StringEquals: {kms:ViaService: s3.us-east-1.amazonaws.com}}
`

// ask answers a question of the world above.
func ask(t *testing.T, principal, action, key string) (*simulator.Answer, error) {
	t.Helper()
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	require.NoError(t, files.Load(w, "world.yaml", []byte(world), w.Defaults))
	p, err := w.Principal(principal)
	require.NoError(t, err)
	q := simulator.Question{Principal: p, Action: action}
	if key != "" {
		k, resolution, err := w.Key(key)
		require.NoError(t, err)
		q.Key = k
		if resolution.Alias != "" {
			q.Alias = "arn:aws:kms:us-east-1:111122223333:" + resolution.Alias
		}
	}
	return simulator.Can(t.Context(), evaluator.New(w), q)
}

func TestCan(t *testing.T) {
	for _, c := range []struct {
		name, principal, action, key string
		decision                     evaluator.Verdict
		reason                       string
		parts                        int
	}{
		{"named by the key policy", "user/bob", "kms:Decrypt", "alias/app", evaluator.Allow, "direct-key-policy", 0},
		{"a condition is not met", "user/alice", "decrypt", "alias/app", evaluator.Deny, "no-key-policy", 0},
		{"an action without a key", "user/bob", "kms:ListKeys", "", evaluator.Allow, "iam-policy", 0},
		{"a new alias needs the alias", "user/bob", "kms:CreateAlias", "alias/app", evaluator.Deny, "no-identity-policy", 2},
		{"a new alias needs the key", "user/alice", "kms:CreateAlias", "alias/app", evaluator.Deny, "no-key-policy", 2},
		{"the key alone", "user/bob", "kms:CreateAlias", "1234abcd-12ab-34cd-56ef-1234567890ab", evaluator.Allow, "direct-key-policy", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := ask(t, c.principal, c.action, c.key)
			require.NoError(t, err)
			assert.Equal(t, c.decision, a.Decision.Decision)
			assert.Equal(t, c.reason, a.Reason)
			assert.Len(t, a.Parts, c.parts)
			assert.Equal(t, c.decision == evaluator.Deny, len(a.Suggestions) > 0, "suggestions")
		})
	}
}

func TestCanRefuses(t *testing.T) {
	for _, c := range []struct{ name, action, key, want string }{
		{"an unknown action", "kms:Descrypt", "alias/app", "did you mean kms:Decrypt?"},
		{"no key", "kms:Decrypt", "", "kms:Decrypt acts on a key"},
		{"an action that does not exist", "kms:ReEncrypt", "alias/app", "did you mean kms:ReEncrypt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ask(t, "user/bob", c.action, c.key)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := simulator.Can(t.Context(), evaluator.New(&source.World{}), simulator.Question{Action: "kms:ListKeys"})
	require.ErrorContains(t, err, "no principal")
}

func TestWriteText(t *testing.T) {
	for _, c := range []struct{ name, principal, action, key, want string }{
		{"denied", "user/alice", "kms:Decrypt", "alias/app", `
DENY  arn:aws:iam::111122223333:user/alice  kms:Decrypt  arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
  because the key policy neither allows the caller nor lets IAM policies decide, and no grant helps
  nearest misses
    statement "Storage" of key/1234abcd-12ab-34cd-56ef-1234567890ab  world.yaml:18:15
      Condition StringEquals kms:ViaService wanted s3.us-east-1.amazonaws.com, the request has no such key
    statement "Bob" of key/1234abcd-12ab-34cd-56ef-1234567890ab  world.yaml:17:15
      Principal wanted arn:aws:iam::111122223333:user/bob, the request has arn:aws:iam::111122223333:user/alice
    statement "Name" of user/alice/aliases  world.yaml:7:54
      Action    wanted kms:CreateAlias, the request has kms:Decrypt
      Resource  wanted arn:aws:kms:*:*:alias/*, the request has arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
  would be allowed with any one of
    make the request with kms:ViaService = "s3.us-east-1.amazonaws.com"
    add a statement to key/1234abcd-12ab-34cd-56ef-1234567890ab (world.yaml:15:11) that allows arn:aws:iam::111122223333:user/alice to do kms:Decrypt
    add "arn:aws:iam::111122223333:user/alice" to Principal in statement "Bob" of key/1234abcd-12ab-34cd-56ef-1234567890ab (world.yaml:17:15)
  AWS would answer
    User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab because no resource-based policy allows the kms:Decrypt action
`},
		{"in parts", "user/bob", "kms:CreateAlias", "alias/app", `
DENY  arn:aws:iam::111122223333:user/bob  kms:CreateAlias  arn:aws:kms:us-east-1:111122223333:alias/app
  because none of the caller's IAM policies allows it; no key policy has a say
  nearest misses
    statement 1 of user/bob/lists  world.yaml:10:52
      Action    wanted kms:ListKeys, the request has kms:CreateAlias
  would be allowed with any one of
    add "kms:CreateAlias" to Action in statement 1 of user/bob/lists (world.yaml:10:52)
    give arn:aws:iam::111122223333:user/bob an identity policy that allows kms:CreateAlias on arn:aws:kms:us-east-1:111122223333:alias/app
  AWS would answer
    User: arn:aws:iam::111122223333:user/bob is not authorized to perform: kms:CreateAlias on resource: arn:aws:kms:us-east-1:111122223333:alias/app because no identity-based policy allows the kms:CreateAlias action

ALLOW  arn:aws:iam::111122223333:user/bob  kms:CreateAlias  arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
  because the key policy allows the caller itself
    allowed by               statement "Bob" of key/1234abcd-12ab-34cd-56ef-1234567890ab  world.yaml:17:15
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := ask(t, c.principal, c.action, c.key)
			require.NoError(t, err)
			var out strings.Builder
			require.NoError(t, simulator.WriteText(&out, a))
			require.Equal(t, strings.TrimPrefix(c.want, "\n"), out.String())
		})
	}
}

func TestAnswerJSON(t *testing.T) {
	a, err := ask(t, "user/bob", "kms:Decrypt", "alias/app")
	require.NoError(t, err)
	text, err := json.Marshal(a)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, "allow", got["decision"])
	require.Equal(t, "direct-key-policy", got["reason"])
	require.Equal(t, "kms:Decrypt", got["action"])
	require.NotContains(t, got, "parts")
	require.Len(t, got["layers"], 8)
}
