package corpus

import (
	"slices"
	"strconv"
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
	require.GreaterOrEqual(t, len(cases), 870, "cases were lost")
	deciders := map[*source.World]*evaluator.Evaluator{}
	for _, c := range cases {
		t.Run(c.Note, func(t *testing.T) {
			decider := deciders[c.World]
			if decider == nil {
				decider = evaluator.New(c.World)
				deciders[c.World] = decider
			}
			explained, err := decider.Explain(t.Context(), c.Request)
			require.NoError(t, err)
			compare(t, c, explained)

			brief, err := decider.Authorize(t.Context(), c.Request)
			require.NoError(t, err)
			assert.Equal(t, explained.Decision, brief.Decision, "Authorize and Explain differ")
			assert.Equal(t, explained.Reason, brief.Reason, "Authorize and Explain differ")
			if t.Failed() {
				t.Logf("%s:%d, see %s", c.File, c.Line, c.Source)
			}
		})
	}
}

// compare holds a decision to what the case expects.
func compare(t *testing.T, c Case, d evaluator.Decision) {
	t.Helper()
	assert.Equal(t, c.Expect.Decision, d.Decision)
	assert.Equal(t, c.Expect.Reason, d.Reason)
	assert.ElementsMatch(t, c.Expect.Statements, deciding(d), "deciding statements")
	assert.Subset(t, d.Assumptions, c.Expect.Assumptions, "assumptions")
	if c.Expect.Layer != "" {
		assert.Contains(t, denying(d), c.Expect.Layer, "layers that deny")
	}
	if c.Expect.Message != "" {
		assert.Equal(t, c.Expect.Message, d.Message)
	}
	assert.Equal(t, d.Decision == evaluator.Deny, d.Message != "", "only a denial has a message")
}

// deciding names the statements that the verdict rests on.
func deciding(d evaluator.Decision) []string {
	var names []string
	for _, l := range d.Layers {
		for _, s := range l.Statements {
			switch {
			case !s.Deciding:
			case l.Layer == "grant":
				names = append(names, s.Policy)
			case s.Sid != "":
				names = append(names, s.Policy+"/"+s.Sid)
			default:
				names = append(names, s.Policy+"/"+strconv.Itoa(s.Index))
			}
		}
	}
	return names
}

func denying(d evaluator.Decision) []string {
	var layers []string
	for _, l := range d.Layers {
		if l.Outcome == "deny" {
			layers = append(layers, l.Layer)
		}
	}
	return slices.Compact(layers)
}
