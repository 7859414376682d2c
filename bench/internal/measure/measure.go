// Package measure times things that are to be compared, so that what else happens on the machine
// meets all of them alike.
package measure

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// Side is one of the things compared.
type Side struct {
	Name string
	Run  func() error
}

// Interleaved runs the sides in turn (A, B, C, A, B, C, …), a batch of about the given time each, for as many
// rounds as asked, and returns for each side the median time of one run.
//
// Garbage is collected before each batch, so that no side pays for what another left behind. A batch should be long
// enough for several collections of its own: they are part of what a side costs.
func Interleaved(sides []Side, rounds int, batch time.Duration) ([]time.Duration, error) {
	counts := make([]int, len(sides))
	for i, side := range sides {
		var err error
		if counts[i], err = calibrate(side, batch); err != nil {
			return nil, err
		}
	}
	samples := make([][]time.Duration, len(sides))
	for range rounds {
		for i, side := range sides {
			runtime.GC()
			took, err := run(side, counts[i])
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], took/time.Duration(counts[i]))
		}
	}
	medians := make([]time.Duration, len(sides))
	for i := range sides {
		medians[i] = Median(samples[i])
	}
	return medians, nil
}

// Median returns the middle one of the samples, which it sorts; 0 for none.
func Median(samples []time.Duration) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	slices.Sort(samples)
	return samples[len(samples)/2]
}

// calibrate finds how many runs fill a batch, and warms the side up.
func calibrate(side Side, batch time.Duration) (int, error) {
	for n := 1; ; n *= 2 {
		took, err := run(side, n)
		if err != nil {
			return 0, err
		}
		if took >= batch/2 {
			return max(1, int(math.Round(float64(n)*float64(batch)/float64(took)))), nil
		}
	}
}

func run(side Side, n int) (time.Duration, error) {
	start := time.Now()
	for range n {
		if err := side.Run(); err != nil {
			return 0, fmt.Errorf("%s: %w", side.Name, err)
		}
	}
	return time.Since(start), nil
}
