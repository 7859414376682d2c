package corpus

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/rego"
)

// TestEveryReadingHasACase asks of each reading of each assumption for a case that it decides: the decision names it,
// and with another reading of the same assumption the answer is another.
func TestEveryReadingHasACase(t *testing.T) {
	cases, err := Load("../../testdata/decisions")
	require.NoError(t, err)
	base := evaluator.New(cases[0].World)
	decided := map[string]bool{}
	for _, c := range cases {
		for _, a := range rego.Assumptions() {
			label := c.Readings.Label(a)
			if decided[label] || !slices.Contains(c.Expect.Assumptions, label) {
				continue
			}
			decided[label] = turns(t, base, c, a)
		}
	}
	for _, a := range rego.Assumptions() {
		for _, reading := range a.Readings() {
			readings, err := evaluator.Readings{}.With(a, reading)
			require.NoError(t, err)
			require.True(t, decided[readings.Label(a)], "no case is decided by %s=%s", a, reading)
		}
	}
}

// turns reports whether another reading of the assumption gives another answer.
func turns(t *testing.T, base *evaluator.Evaluator, c Case, a rego.Assumption) bool {
	t.Helper()
	for _, reading := range a.Readings() {
		readings, err := c.Readings.With(a, reading)
		require.NoError(t, err)
		d, err := base.In(c.World).Assuming(readings).Authorize(t.Context(), c.Request)
		require.NoError(t, err)
		if d.Decision != c.Expect.Decision {
			return true
		}
	}
	return false
}
