// Package bolt is the embedded store: one file of go.etcd.io/bbolt, for one process. A transaction is acknowledged
// once it is on disk; transactions that arrive together share one write. Damage of the file is found when it is
// opened, and is refused.
package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"strings"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/strictkms/strictkms/store"
)

// What a watch can look back on, from the time the store was opened.
const (
	historyBatches = 10_000
	historyBytes   = 32 << 20
)

// queueSize is how many transactions are written together at most.
const queueSize = 256

var _ store.Store = (*Store)(nil)

// Store is a [store.Store] in a file.
type Store struct {
	path    string
	db      *bbolt.DB
	history *store.History
	queue   chan *pending
	quit    chan struct{} // closed by Close
	stopped chan struct{} // closed when the writer ended

	state state // of the writer alone

	closing sync.Once
	mu      sync.Mutex
	err     error // why nothing can be done any more
	// stuck is true when bbolt panicked while it wrote: it may hold its locks, and is not closed.
	stuck bool
}

// newStore returns the store in an open database.
func newStore(path string, db *bbolt.DB) (*Store, error) {
	s := &Store{
		path: path, db: db,
		queue: make(chan *pending, queueSize), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	err := s.view(func(tx *bbolt.Tx) (err error) {
		s.state, err = readState(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.history = store.NewHistory(s.state.revision, historyBatches, historyBytes)
	go s.write()
	return s, nil
}

func readState(tx *bbolt.Tx) (state, error) {
	return decodeState(tx.Bucket(metaBucket).Get(stateKey))
}

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, key string) (store.Entry, error) {
	entry := store.Entry{Key: key}
	err := s.read(ctx, func(tx *bbolt.Tx) error {
		record := tx.Bucket(entriesBucket).Get([]byte(key))
		if record == nil {
			return store.ErrNotFound
		}
		value, revision, _, err := decodeRecord([]byte(key), record)
		entry.Value, entry.Revision = bytes.Clone(value), revision
		return err
	})
	if err != nil {
		return store.Entry{}, fmt.Errorf("reading %q: %w", key, err)
	}
	return entry, nil
}

// Range implements [store.Store].
func (s *Store) Range(ctx context.Context, prefix, after string, limit int) ([]store.Entry, int64, error) {
	var entries []store.Entry
	var current state
	err := s.read(ctx, func(tx *bbolt.Tx) (err error) {
		if current, err = readState(tx); err != nil {
			return err
		}
		cursor := tx.Bucket(entriesBucket).Cursor()
		for key, record := cursor.Seek([]byte(max(prefix, after))); key != nil; key, record = cursor.Next() {
			name := string(key)
			if name <= after {
				continue
			}
			if !strings.HasPrefix(name, prefix) || (limit > 0 && len(entries) == limit) {
				break
			}
			value, revision, _, err := decodeRecord(key, record)
			if err != nil {
				return err
			}
			entries = append(entries, store.Entry{Key: name, Value: bytes.Clone(value), Revision: revision})
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading below %q: %w", prefix, err)
	}
	return entries, current.revision, nil
}

// Watch implements [store.Store]. The history begins when the store is opened.
func (s *Store) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[store.Batch, error] {
	return s.history.Watch(ctx, prefix, after)
}

// Close implements [store.Store]. Transactions that wait to be written fail.
func (s *Store) Close() error {
	s.fail(store.ErrClosed)
	var err error
	s.closing.Do(func() {
		close(s.quit)
		<-s.stopped
		if s.stuck {
			err = fmt.Errorf("closing %s: %w", s.path, s.usable())
			return
		}
		if err = s.db.Close(); err != nil {
			err = fmt.Errorf("closing %s: %w", s.path, err)
		}
	})
	return err
}

// fail ends the store; the first reason stays.
func (s *Store) fail(err error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = err
	}
	err = s.err
	s.mu.Unlock()
	s.history.Close(err)
}

// usable says why nothing can be done any more.
func (s *Store) usable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// read runs a read of a caller.
func (s *Store) read(ctx context.Context, f func(*bbolt.Tx) error) error {
	if err := errors.Join(s.usable(), ctx.Err()); err != nil {
		return err
	}
	return s.view(f)
}

// view runs a read. A database that was closed meanwhile is a closed store.
func (s *Store) view(f func(*bbolt.Tx) error) error {
	err := guard(func() error { return s.db.View(f) })
	if closed := s.usable(); err != nil && closed != nil {
		return closed
	}
	return err
}

// errPanicked says that bbolt panicked.
var errPanicked = errors.New("reading or writing it failed")

// guard runs f; what bbolt panics about, and a fault in the file it has mapped into memory, becomes an error.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%w: %w: %v", store.ErrCorrupt, errPanicked, cause)
		}
	}()
	return f()
}
