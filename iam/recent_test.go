package iam

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecentForgets(t *testing.T) {
	r := newRecent[int, int](100)
	for i := range 10_000 {
		r.put(i, i)
		_, ok := r.get(0) // used all the time
		require.True(t, ok)
	}
	kept := 0
	for i := range 10_000 {
		if v, ok := r.get(i); ok {
			require.Equal(t, i, v)
			kept++
		}
	}
	require.LessOrEqual(t, kept, 400)
	require.GreaterOrEqual(t, kept, 100)
}

func TestRecentConcurrently(t *testing.T) {
	r := newRecent[int, int](10)
	var wait sync.WaitGroup
	for n := range 4 {
		wait.Go(func() {
			for i := range 1000 {
				r.put(i*n, i*n)
				if v, ok := r.get(i); ok && v != i {
					t.Error(v, i)
				}
			}
		})
	}
	wait.Wait()
}
