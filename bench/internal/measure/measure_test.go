package measure

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestInterleavedFindsTheSlowerSide(t *testing.T) {
	work := func(n int) func() error {
		sum := 0
		return func() error {
			for i := range n {
				sum += i * sum
			}
			return nil
		}
	}
	medians, err := Interleaved([]Side{{"short", work(1000)}, {"long", work(10000)}}, 5, time.Millisecond)
	require.NoError(t, err)
	require.Greater(t, medians[1], 3*medians[0])
}

func TestInterleavedReportsWhichSideFailed(t *testing.T) {
	broken := errors.New("broken")
	_, err := Interleaved([]Side{{"bad", func() error { return broken }}}, 1, time.Millisecond)
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "bad: broken")
}

func TestMedian(t *testing.T) {
	require.Equal(t, time.Duration(0), Median(nil))
	require.Equal(t, time.Duration(2), Median([]time.Duration{3, 1, 2}))
	require.Equal(t, time.Duration(3), Median([]time.Duration{4, 3, 1, 2}))
}
