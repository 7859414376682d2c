package storetest_test

import (
	"bytes"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
	"github.com/strictkms/strictkms/store/mem"
)

// TestProperties holds every backend to a model: a map, and the list of what was written.
func TestProperties(t *testing.T) {
	t.Run("mem", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			newModel(mem.New(), nil).run(rt)
		})
	})
	t.Run("bolt", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			path := filepath.Join(t.TempDir(), "store")
			open := func() (store.Store, error) { return bolt.Open(path) }
			st, err := open()
			require.NoError(rt, err)
			newModel(st, open).run(rt)
		})
	})
}

// model is what a store should be.
type model struct {
	store  store.Store
	reopen func() (store.Store, error) // nil for a store that keeps nothing

	entries  map[string]store.Entry
	revision int64
	batches  []store.Batch // since the store was opened
}

func newModel(st store.Store, reopen func() (store.Store, error)) *model {
	return &model{store: st, reopen: reopen, entries: map[string]store.Entry{}}
}

// Few keys, so that transactions meet: also prefixes of each other.
var (
	keys     = []string{"a", "a/", "a/1", "a/2", "a/2/x", "a0", "b", "b/1", "\x00", "\xff\xff"}
	prefixes = append([]string{"", "a/2", "none"}, keys...)
)

func (m *model) run(t *rapid.T) {
	actions := map[string]func(*rapid.T){
		"commit": m.commit, "get": m.get, "range": m.rangeOver, "watch": m.watch,
	}
	if m.reopen != nil {
		actions["reopen"] = m.close
	}
	t.Repeat(actions)
	require.NoError(t, m.store.Close())
}

func (m *model) commit(t *rapid.T) {
	var tx store.Tx
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 5, rapid.ID).Draw(t, "changes") {
		change := store.Change{Key: key, Delete: rapid.Bool().Draw(t, "delete")}
		if !change.Delete {
			change.Value = rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "value")
		}
		tx.Changes = append(tx.Changes, change)
	}
	holds := true
	for _, key := range rapid.SliceOfN(rapid.SampledFrom(keys), 0, 2).Draw(t, "compare") {
		revision := m.entries[key].Revision
		if rapid.IntRange(0, 3).Draw(t, "other") == 0 {
			revision = rapid.Int64Range(0, m.revision+1).Draw(t, "revision")
		}
		holds = holds && revision == m.entries[key].Revision
		tx.Compare = append(tx.Compare, store.Comparison{Key: key, Revision: revision})
	}
	revision, err := m.store.Commit(t.Context(), tx)
	if !holds {
		require.ErrorIs(t, err, store.ErrConflict)
		return
	}
	require.NoError(t, err)
	m.apply(tx.Changes)
	require.Equal(t, m.revision, revision)
}

func (m *model) apply(changes []store.Change) {
	batch := store.Batch{Revision: m.revision + 1}
	for _, c := range changes {
		_, exists := m.entries[c.Key]
		switch {
		case !c.Delete:
			m.entries[c.Key] = store.Entry{Key: c.Key, Value: c.Value, Revision: batch.Revision}
		case exists:
			delete(m.entries, c.Key)
		default:
			continue
		}
		batch.Changes = append(batch.Changes, c)
	}
	if len(batch.Changes) > 0 {
		m.revision = batch.Revision
		m.batches = append(m.batches, batch)
	}
}

func (m *model) get(t *rapid.T) {
	key := rapid.SampledFrom(keys).Draw(t, "key")
	want, exists := m.entries[key]
	entry, err := m.store.Get(t.Context(), key)
	if !exists {
		require.ErrorIs(t, err, store.ErrNotFound)
		return
	}
	require.NoError(t, err)
	requireEntries(t, []store.Entry{want}, []store.Entry{entry})
}

func (m *model) rangeOver(t *rapid.T) {
	prefix := rapid.SampledFrom(prefixes).Draw(t, "prefix")
	after := rapid.SampledFrom(prefixes).Draw(t, "after")
	limit := rapid.IntRange(0, 4).Draw(t, "limit")
	var want []store.Entry
	for _, key := range slices.Sorted(maps.Keys(m.entries)) {
		if strings.HasPrefix(key, prefix) && key > after && (limit == 0 || len(want) < limit) {
			want = append(want, m.entries[key])
		}
	}
	entries, revision, err := m.store.Range(t.Context(), prefix, after, limit)
	require.NoError(t, err)
	require.Equal(t, m.revision, revision)
	requireEntries(t, want, entries)
}

func requireEntries(t *rapid.T, want, found []store.Entry) {
	require.Len(t, found, len(want))
	for i := range want {
		require.Equal(t, want[i].Key, found[i].Key)
		require.Equal(t, want[i].Revision, found[i].Revision)
		require.True(t, bytes.Equal(want[i].Value, found[i].Value))
	}
}

// watch looks at everything since some revision.
func (m *model) watch(t *rapid.T) {
	if len(m.batches) == 0 {
		return
	}
	prefix := rapid.SampledFrom(prefixes).Draw(t, "prefix")
	after := rapid.Int64Range(m.batches[0].Revision-1, m.revision).Draw(t, "after")
	if after == m.revision {
		return // it would wait
	}
	var want, found []store.Change
	for _, batch := range m.batches {
		for _, c := range batch.Changes {
			if batch.Revision > after && strings.HasPrefix(c.Key, prefix) {
				want = append(want, c)
			}
		}
	}
	for batch, err := range m.store.Watch(t.Context(), prefix, after) {
		require.NoError(t, err)
		found = append(found, batch.Changes...)
		if batch.Revision == m.revision {
			break
		}
	}
	require.Len(t, found, len(want))
	for i := range want {
		require.Equal(t, want[i].Key, found[i].Key)
		require.Equal(t, want[i].Delete, found[i].Delete)
		require.True(t, bytes.Equal(want[i].Value, found[i].Value))
	}
}

func (m *model) close(t *rapid.T) {
	require.NoError(t, m.store.Close())
	_, err := m.store.Get(t.Context(), "a")
	require.True(t, errors.Is(err, store.ErrClosed))
	m.store, err = m.reopen()
	require.NoError(t, err)
	m.batches = nil
}
