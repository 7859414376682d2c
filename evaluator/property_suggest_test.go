package evaluator_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
)

// TestSuggestionsAllow makes the changes of every suggestion: the reference must then allow what it denied before.
// Nothing is suggested for what is allowed.
func TestSuggestionsAllow(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var suggested atomic.Int64
	check(t, 1, func(t *rapid.T) {
		s := newScene(t, 6)
		readings := (&gen{t: t}).readings()
		for _, req := range s.requests {
			e := shared.In(s.world).Assuming(readings)
			before := refDecideAs(readings, s.world, req)
			ends, err := e.Suggestions(t.Context(), req)
			if err != nil {
				t.Fatalf("suggest: %v\n%s", err, describe(s.world, req))
			}
			decided.Add(1)
			if len(ends) > 0 && before.verdict == evaluator.Allow {
				t.Fatalf("%q is suggested for an allowed request\n%s", ends[0].Text, describe(s.world, req))
			}
			for _, end := range ends {
				if after := refDecideAs(readings, end.World, end.Request); after.verdict != evaluator.Allow {
					t.Fatalf("%q leads to %s\n%s", end.Text, after, describe(s.world, req))
				}
				suggested.Add(1)
			}
		}
	})
	require.Positive(t, suggested.Load())
	t.Logf("%d suggestions", suggested.Load())
}
