package access

import (
	"path"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/rapidtest"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
)

// outsiders are callers of whom nothing is loaded, in accounts that worlds name, name by a pattern, and do not name. Their
// IAM policies allow everything.
func outsiders() []*evaluator.Principal {
	all, diags := policy.Parse(policy.IdentityPolicy, "everything", []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`))
	if diags.HasErrors() {
		panic(diags)
	}
	var out []*evaluator.Principal
	for _, account := range []string{home, partner, "555566667777", "888877776666", "444400001111", "999900001111"} {
		out = append(out, &evaluator.Principal{
			Type: evaluator.User, Account: account, Name: "outsider", ARN: "arn:aws:iam::" + account + ":user/outsider", UniqueID: "AIDAOUTSIDER",
			Identity: []*policy.Document{all}, Tags: map[string]string{"team": "red"},
		})
		for _, name := range []string{"Visitor", "Guest", "Gone"} {
			out = append(out, &evaluator.Principal{
				Type: evaluator.RoleSession, Account: account, Name: "nightly", Issuer: "arn:aws:iam::" + account + ":role/" + name, UniqueID: "AROAOUTSIDER",
				ARN: "arn:aws:sts::" + account + ":assumed-role/" + name + "/nightly", Identity: []*policy.Document{all},
			})
		}
		out = append(out, &evaluator.Principal{Type: evaluator.Root, Account: account, ARN: "arn:aws:iam::" + account + ":root"})
	}
	return out
}

// matches reports whether a pattern of accounts matches one.
func matches(pattern, account string) bool {
	ok, err := path.Match(pattern, account)
	return err == nil && ok
}

// standsFor reports whether a candidate stands for a caller, among others.
func standsFor(c *source.Candidate, p *evaluator.Principal) bool {
	switch c.Kind {
	case source.CandidateAccount:
		return c.Account == p.Account && p.Type != evaluator.Root
	case source.CandidateAnyone:
		return !slices.Contains(c.Without, p.Account) && matches(c.Within, p.Account)
	case source.CandidateRole:
		return c.Name == p.Issuer
	default:
		return c.Name == p.ARN
	}
}

// isAllowed is can without the explanation.
func isAllowed(t *rapid.T, ev *evaluator.Evaluator, q *simulator.Question) bool {
	requests, err := q.Requests()
	require.NoError(t, err)
	return !slices.ContainsFunc(requests, func(r evaluator.Request) bool {
		d, err := ev.Authorize(t.Context(), r)
		require.NoError(t, err)
		return d.Decision != evaluator.Allow
	})
}

// TestNobodyIsMissing asks can for callers that no file declares, and finds each whom it allows among those whom the answer
// lists, by name or by what stands for them. Whom it denies no answer says can always.
func TestNobodyIsMissing(t *testing.T) {
	allowed := map[source.CandidateKind]int{}
	missing := func(kind source.CandidateKind) bool { return allowed[kind] == 0 }
	kinds := []source.CandidateKind{source.CandidateAccount, source.CandidateAnyone, source.CandidateRole}
	property := func(t *rapid.T, d drawer) {
		w := d.world()
		ev := evaluator.New(w)
		action := rapid.SampledFrom(someActions(t)).Draw(t, "asked")
		key := &rapid.SampledFrom(w.Keys).Draw(t, "key").Key
		answer, err := New(w, ev, Settings{}).WhoCan(t.Context(), action, key, "", Options{All: true, Direct: true})
		require.NoError(t, err)
		verdicts := map[string]Verdict{}
		for _, e := range answer.Principals {
			verdicts[e.Principal] = e.Verdict
		}
		candidates := w.Candidates()
		for range 3 {
			given := d.context()
			for _, p := range outsiders() {
				a := w.Accounts[p.Account]
				if given["aws:PrincipalOrgID"] != nil && a != nil { // a question may say another organization than the account's
					continue
				}
				q := simulator.Question{Action: action.Name, Key: key, Context: given, Principal: p}
				if !isAllowed(t, ev, &q) {
					continue
				}
				listed := slices.IndexFunc(candidates, func(c source.Candidate) bool {
					return standsFor(&c, p) && verdicts[c.Name] != Never && verdicts[c.Name] != ""
				})
				if listed < 0 {
					t.Fatalf("%s can %s %s with %v, and nobody who is listed stands for it: %v", p.ARN, action.Name, key.ARN, given, verdicts)
				}
				allowed[candidates[listed].Kind]++
			}
		}
	}
	rapidtest.Until(t, func() bool { return !slices.ContainsFunc(kinds, missing) }, drawing(property))
	t.Log(allowed)
	require.False(t, slices.ContainsFunc(kinds, missing))
}
