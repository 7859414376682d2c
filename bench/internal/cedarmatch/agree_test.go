package cedarmatch

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/bench/internal/gomatch"
	"github.com/strictkms/strictkms/bench/internal/scenario"
)

// TestAgreesWithTheMatcher compares the two yardsticks, which are written apart from each other.
func TestAgreesWithTheMatcher(t *testing.T) {
	for _, s := range []*scenario.Scenario{
		scenario.Statements(3), scenario.Statements(10), scenario.Statements(30),
		scenario.Medium(), scenario.Grants(20), scenario.Wildcards(20),
	} {
		t.Run(s.Name, func(t *testing.T) {
			plain, err := gomatch.New(s)
			require.NoError(t, err)
			cedar, err := New(s)
			require.NoError(t, err)
			for _, c := range s.Cases {
				a, err := plain.Decide(&c.Request)
				require.NoError(t, err)
				b, err := cedar.Decide(&c.Request)
				require.NoError(t, err)
				require.Equal(t, c.Allowed, a, "the matcher on %s", c.Name)
				require.Equal(t, c.Allowed, b, "cedar on %s", c.Name)
			}
			random, allowed := rand.New(rand.NewPCG(1, 2)), 0
			for range 2000 {
				r := s.Random(random)
				a, err := plain.Decide(&r)
				require.NoError(t, err)
				b, err := cedar.Decide(&r)
				require.NoError(t, err)
				require.Equal(t, a, b, "%+v", r)
				if a {
					allowed++
				}
			}
			// Both answers must be common enough for the comparison to say something.
			require.Greater(t, allowed, 100)
			require.Less(t, allowed, 1900)
			t.Logf("%d of 2000 allowed", allowed)
		})
	}
}
