package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/rapidtest"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/diff"
)

// outsiders are callers of whom no world says anything, whose IAM policies allow everything, with the names of the
// candidates that may stand for them.
func outsiders(t require.TestingT) map[*evaluator.Principal][]string {
	all, diags := policy.Parse(policy.IdentityPolicy, "everything", []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`))
	require.False(t, diags.HasErrors())
	out := map[*evaluator.Principal][]string{}
	for _, account := range []string{"111122223333", "444455556666", "111100009999", "999900001111"} {
		names := []string{"others in account " + account}
		if account[0] == '1' && account != "111122223333" {
			names = append(names, "anyone in any other account like 1111*")
		}
		if account != "111122223333" {
			names = append(names, "anyone in any other account")
		}
		user := &evaluator.Principal{
			Type: evaluator.User, Account: account, Name: "outsider", ARN: "arn:aws:iam::" + account + ":user/outsider", UniqueID: "AIDAOUTSIDER",
			Identity: []*policy.Document{all},
		}
		role := &evaluator.Principal{
			Type: evaluator.RoleSession, Account: account, Name: "s", Issuer: "arn:aws:iam::" + account + ":role/Partner", UniqueID: "AROAOUTSIDER",
			ARN: "arn:aws:sts::" + account + ":assumed-role/Partner/s", Identity: []*policy.Document{all},
		}
		out[user] = names
		out[role] = append(slices.Clone(names), role.Issuer)
	}
	return out
}

// TestOutsidersAreCovered draws two worlds and asks for callers that neither declares. When an answer changes, a line is
// about somebody who stands for the caller.
func TestOutsidersAreCovered(t *testing.T) {
	counts := map[bool]int{}
	property := func(rt *rapid.T) {
		d := drawer{rt}
		before := d.world()
		after := d.mutated(before)
		sides := [2]diff.Side{load(t, "old.yaml", write(before)), load(t, "new.yaml", write(after))}
		r, err := diff.Compare(t.Context(), sides[0], sides[1])
		require.NoError(t, err)
		all := contextsFor(before, after)
		for p, names := range outsiders(rt) {
			for i := range min(len(all), 12) {
				c := all[i*7919%len(all)]
				var verdicts [2]evaluator.Verdict
				for side, s := range sides {
					k, _, err := s.World.Key("k")
					require.NoError(rt, err)
					answer, err := s.Evaluator.Authorize(t.Context(), evaluator.Request{Principal: p, Action: "kms:Decrypt", Key: k, Context: c})
					require.NoError(rt, err)
					verdicts[side] = answer.Decision
				}
				if verdicts[0] == verdicts[1] {
					continue
				}
				wider := verdicts[1] == evaluator.Allow
				counts[wider]++
				if !slices.ContainsFunc(r.Changes, func(l diff.Change) bool {
					return (l.Change.IsWider() || !wider) && slices.Contains(l.Actions, "kms:Decrypt") &&
						slices.ContainsFunc(l.Resources, func(arn string) bool { return strings.HasSuffix(arn, "key/k") }) &&
						slices.ContainsFunc(l.Principals, func(name string) bool { return slices.Contains(names, name) })
				}) {
					rt.Fatalf("%s: %v with %v, and no line about %v: %s\n%s\n%s", p.ARN, verdicts, c, names, strings.Join(summary(r), "\n"), write(before), write(after))
				}
			}
		}
	}
	rapidtest.Until(t, func() bool { return len(counts) == 2 }, property)
	require.Len(t, counts, 2)
}
