package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

// Benchmark measures writing and reading. Each call of open gives a new, empty store, which Benchmark closes.
func Benchmark(b *testing.B, open func(b *testing.B) store.Store) {
	b.Helper()
	value := make([]byte, 1000)
	b.Run("Commit", func(b *testing.B) {
		st := benchmarkStore(b, open, 0)
		for i := 0; b.Loop(); i++ {
			benchmarkCommit(b, st, i, value)
		}
	})
	b.Run("Commit/parallel", func(b *testing.B) {
		st := benchmarkStore(b, open, 0)
		var next atomic.Int64
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				benchmarkCommit(b, st, int(next.Add(1)), value)
			}
		})
	})
	for _, count := range []int{1_000, 50_000} {
		b.Run(fmt.Sprintf("Get/of %d", count), func(b *testing.B) {
			st := benchmarkStore(b, open, count)
			for i := 0; b.Loop(); i++ {
				if _, err := st.Get(b.Context(), benchmarkKey(i*7919%count)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("Range/100 of %d", count), func(b *testing.B) {
			st := benchmarkStore(b, open, count)
			for b.Loop() {
				entries, _, err := st.Range(b.Context(), "key/", benchmarkKey(count/2), 100)
				if err != nil || len(entries) != 100 {
					b.Fatal(err, len(entries))
				}
			}
		})
	}
}

func benchmarkKey(i int) string { return fmt.Sprintf("key/%08d", i) }

func benchmarkCommit(b *testing.B, st store.Store, i int, value []byte) {
	b.Helper()
	_, err := st.Commit(b.Context(), store.Tx{Changes: []store.Change{{Key: benchmarkKey(i), Value: value}}})
	if err != nil {
		b.Error(err)
	}
}

// benchmarkStore opens a store and fills it.
func benchmarkStore(b *testing.B, open func(b *testing.B) store.Store, count int) store.Store {
	b.Helper()
	st := open(b)
	b.Cleanup(func() { require.NoError(b, st.Close()) })
	for i := 0; i < count; i += 100 {
		changes := make([]store.Change, 100)
		for j := range changes {
			changes[j] = store.Change{Key: benchmarkKey(i + j), Value: make([]byte, 1000)}
		}
		_, err := st.Commit(b.Context(), store.Tx{Changes: changes})
		require.NoError(b, err)
	}
	return st
}
