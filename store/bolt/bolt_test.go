package bolt_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
	"github.com/strictkms/strictkms/store/storetest"
)

func TestStore(t *testing.T) {
	paths := map[store.Store]string{}
	open := func(t *testing.T, path string) store.Store {
		t.Helper()
		st, err := bolt.Open(path)
		require.NoError(t, err)
		paths[st] = path
		return st
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "store"))
	}, storetest.WithReopen(func(t *testing.T, st store.Store) store.Store {
		t.Helper()
		require.NoError(t, st.Close())
		return open(t, paths[st])
	}))
}
