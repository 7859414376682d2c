package bolt_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
	"github.com/strictkms/strictkms/store/storetest"
)

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(b *testing.B) store.Store {
		b.Helper()
		st, err := bolt.Open(filepath.Join(b.TempDir(), "store"))
		require.NoError(b, err)
		return st
	})
}

// BenchmarkOpen opens a store of 20,000 entries of 1,000 bytes, which is checked as a whole.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store")
	st, err := bolt.Open(path)
	require.NoError(b, err)
	for i := range 200 {
		var changes []store.Change
		for j := range 100 {
			changes = append(changes, store.Change{Key: string(rune(i)) + string(rune(j)), Value: make([]byte, 1000)})
		}
		_, err := st.Commit(b.Context(), store.Tx{Changes: changes})
		require.NoError(b, err)
	}
	require.NoError(b, st.Close())
	for b.Loop() {
		st, err := bolt.Open(path)
		require.NoError(b, err)
		require.NoError(b, st.Close())
	}
}
