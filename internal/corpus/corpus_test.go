package corpus

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
)

// TestCorpus puts every case to the evaluator: once for the explanation, once for the answer
// alone, which must be the same.
func TestCorpus(t *testing.T) {
	cases, err := Load("../../testdata/decisions")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(cases), 2500, "cases were lost")
	different := 0
	deciders := map[*source.World]*evaluator.Evaluator{}
	for _, c := range cases {
		same := t.Run(c.Note, func(t *testing.T) {
			decider := deciders[c.World]
			if decider == nil {
				decider = evaluator.New(c.World)
				deciders[c.World] = decider
			}
			assert.Empty(t, differences(t.Context(), decider, c))
			if t.Failed() {
				t.Logf("%s:%d, see %s", c.File, c.Line, c.Source)
			}
		})
		if !same {
			different++
		}
	}
	t.Logf("%d cases, %d differences", len(cases), different)
}

// differences lists how the explanation differs from what a case expects, and the answer alone from the explanation.
func differences(ctx context.Context, decider *evaluator.Evaluator, c Case) []string {
	decider = decider.Assuming(c.Readings)
	explained, err := decider.Explain(ctx, c.Request)
	if err != nil {
		return []string{err.Error()}
	}
	brief, err := decider.Authorize(ctx, c.Request)
	if err != nil {
		return []string{err.Error()}
	}
	out := c.Problems(explained)
	same := func(what string, explained, brief any) {
		if !assert.ObjectsAreEqual(explained, brief) {
			out = append(out, fmt.Sprintf("%s: Explain says %v, Authorize %v", what, explained, brief))
		}
	}
	same("decision", explained.Decision, brief.Decision)
	same("reason", explained.Reason, brief.Reason)
	same("message", explained.Message, brief.Message)
	same("deciding statements", slices.Sorted(slices.Values(deciding(explained))), slices.Sorted(slices.Values(deciding(brief))))
	for i, l := range brief.Layers {
		twice := slices.ContainsFunc(brief.Layers[:i], func(known evaluator.Layer) bool { return known.Layer == l.Layer })
		same("whether a layer is there twice", false, twice)
		same("outcome of "+l.Layer, outcomeOf(explained, l.Layer), l.Outcome)
		for _, st := range l.Statements {
			same("a deciding statement", true, st.Matched && st.Deciding)
		}
	}
	return out
}

// outcomeOf is what a layer says, empty when the decision does not have it.
func outcomeOf(d evaluator.Decision, layer string) string {
	for _, l := range d.Layers {
		if l.Layer == layer {
			return l.Outcome
		}
	}
	return ""
}
