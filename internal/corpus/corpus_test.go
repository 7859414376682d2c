package corpus

import (
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
	differences := 0
	deciders := map[*source.World]*evaluator.Evaluator{}
	for _, c := range cases {
		same := t.Run(c.Note, func(t *testing.T) {
			decider := deciders[c.World]
			if decider == nil {
				decider = evaluator.New(c.World)
				deciders[c.World] = decider
			}
			decider = decider.Assuming(c.Readings)
			explained, err := decider.Explain(t.Context(), c.Request)
			require.NoError(t, err)
			assert.Empty(t, c.Problems(explained))

			brief, err := decider.Authorize(t.Context(), c.Request)
			require.NoError(t, err)
			assert.Equal(t, explained.Decision, brief.Decision, "Authorize and Explain differ")
			assert.Equal(t, explained.Reason, brief.Reason, "Authorize and Explain differ")
			assert.Equal(t, explained.Message, brief.Message, "Authorize and Explain differ")
			assert.ElementsMatch(t, deciding(explained), deciding(brief), "Authorize and Explain differ")
			if t.Failed() {
				t.Logf("%s:%d, see %s", c.File, c.Line, c.Source)
			}
		})
		if !same {
			differences++
		}
	}
	t.Logf("%d cases, %d differences", len(cases), differences)
}
