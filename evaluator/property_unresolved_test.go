package evaluator_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// bounded returns the scene's world and a request with every policy replaced by one of its bounds.
func bounded(world mapWorld, req evaluator.Request, permissive bool) (mapWorld, evaluator.Request) {
	return mapDocuments(world, req, func(doc *policy.Document) *policy.Document { return doc.Bound(permissive) })
}

// TestUnresolvedValues leaves some values of the policies unresolved: the answer is conditional when the reference
// allows in the more permissive reading only, else it is what that reading or, for an allow, the stricter one says.
func TestUnresolvedValues(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	check(t, 1, func(t *rapid.T) {
		s := (&gen{t: t, holes: 8}).scene(12)
		e := shared.In(s.world)
		for _, req := range s.requests {
			want := refDecide(bounded(s.world, req, false))
			if want.verdict == evaluator.Deny {
				want = refDecide(bounded(s.world, req, true)) // its reason holds whatever the values are
				if want.verdict == evaluator.Allow {
					want = refDecision{verdict: evaluator.Conditional, reason: "unresolved-value"}
				}
			}
			seen.add(string(want.verdict))
			for name, decide := range map[string]func() (evaluator.Decision, error){
				"authorize": func() (evaluator.Decision, error) { return e.Authorize(t.Context(), req) },
				"explain":   func() (evaluator.Decision, error) { return e.Explain(t.Context(), req) },
			} {
				got, err := decide()
				if err != nil || got.Decision != want.verdict || got.Reason != want.reason {
					t.Fatalf("%s: %s %v\nreference: %s\n%s", name, summary(got), err, want, describe(s.world, req))
				}
				if (got.Decision == evaluator.Conditional) != (len(got.Conditions) > 0) {
					t.Fatalf("%s: %s with conditions %q\n%s", name, summary(got), got.Conditions, describe(s.world, req))
				}
			}
		}
	})
	require.Len(t, seen.counts, 3, "%v", seen.counts)
	t.Log(seen.counts)
}
