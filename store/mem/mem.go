// Package mem is the store in memory: for tests, and for servers that forget everything when they end.
package mem

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/strictkms/strictkms/store"
)

// What a watch can look back on.
const (
	historyBatches = 10_000
	historyBytes   = 32 << 20
)

var _ store.Store = (*Store)(nil)

// Store is a [store.Store] in memory.
type Store struct {
	history *store.History

	mu       sync.RWMutex
	entries  *btree.Map[string, store.Entry]
	revision int64
	closed   bool
}

// New returns an empty store.
func New() *Store {
	return &Store{
		history: store.NewHistory(0, historyBatches, historyBytes),
		entries: new(btree.Map[string, store.Entry]),
	}
}

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return store.Entry{}, fmt.Errorf("reading %q: %w", key, err)
	}
	entry, ok := s.entries.Get(key)
	if !ok {
		return store.Entry{}, fmt.Errorf("reading %q: %w", key, store.ErrNotFound)
	}
	return owned(entry), nil
}

// Range implements [store.Store].
func (s *Store) Range(ctx context.Context, prefix, after string, limit int) ([]store.Entry, int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, 0, fmt.Errorf("reading below %q: %w", prefix, err)
	}
	var entries []store.Entry
	s.entries.Ascend(max(prefix, after), func(key string, entry store.Entry) bool {
		if key <= after {
			return true
		}
		if !strings.HasPrefix(key, prefix) || (limit > 0 && len(entries) == limit) {
			return false
		}
		entries = append(entries, owned(entry))
		return true
	})
	return entries, s.revision, nil
}

// Commit implements [store.Store].
func (s *Store) Commit(ctx context.Context, tx store.Tx) (int64, error) {
	if err := tx.Validate(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, fmt.Errorf("committing: %w", err)
	}
	for _, c := range tx.Compare {
		if entry, _ := s.entries.Get(c.Key); entry.Revision != c.Revision {
			return 0, fmt.Errorf("committing: %q was changed: %w", c.Key, store.ErrConflict)
		}
	}
	batch := store.Batch{Revision: s.revision + 1}
	for _, change := range tx.Changes {
		if change.Delete {
			if _, exists := s.entries.Delete(change.Key); !exists {
				continue
			}
			change.Value = nil
		} else {
			change.Value = bytes.Clone(change.Value)
			s.entries.Set(change.Key, store.Entry{Key: change.Key, Value: change.Value, Revision: batch.Revision})
		}
		batch.Changes = append(batch.Changes, change)
	}
	if len(batch.Changes) > 0 {
		s.revision = batch.Revision
		s.history.Append(batch)
	}
	return s.revision, nil
}

// Watch implements [store.Store].
func (s *Store) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[store.Batch, error] {
	return s.history.Watch(ctx, prefix, after)
}

// Close implements [store.Store]. What was stored is gone.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.entries = nil
	s.history.Close(store.ErrClosed)
	return nil
}

// usable says why nothing can be done; the caller holds the lock.
func (s *Store) usable(ctx context.Context) error {
	if s.closed {
		return store.ErrClosed
	}
	return ctx.Err()
}

func owned(entry store.Entry) store.Entry {
	entry.Value = bytes.Clone(entry.Value)
	return entry
}
