// Package store is the revisioned key-value interface that the server's state lives in: get, range, transactions
// with comparisons, and watch, after etcd's API (https://etcd.io/docs/v3.5/learning/api/), so that an etcd backend
// fits without change. Backends are its subpackages; [github.com/strictkms/strictkms/store/storetest] is the suite
// that each of them passes.
package store

import (
	"context"
	"errors"
	"iter"
)

// The errors of a store. Backends wrap them with what was being done.
var (
	// ErrNotFound says that a key has no entry.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that a comparison of a transaction did not hold; nothing was written.
	ErrConflict = errors.New("conflict")
	// ErrCompacted says that the changes after a revision are no longer kept: read the state anew.
	ErrCompacted = errors.New("compacted")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store is closed")
	// ErrCorrupt says that what is on disk is not a store, or not a whole one.
	ErrCorrupt = errors.New("store is corrupt")
	// ErrLocked says that another process has the store open.
	ErrLocked = errors.New("store is in use by another process")
	// ErrNewerVersion says that a newer version of strictkms wrote what is on disk.
	ErrNewerVersion = errors.New("store is of a newer format version")
)

// Entry is one key with its value.
type Entry struct {
	Key   string
	Value []byte
	// Revision is the revision of the transaction that wrote the entry last.
	Revision int64
}

// Store is a revisioned key-value store. Each transaction that writes has a revision of its own, one more than the
// one before; a new store is at revision 0. Implementations are safe for concurrent use. Keys are ordered by their
// bytes. Callers own the values they get.
type Store interface {
	// Get returns the entry of a key, or an error wrapping [ErrNotFound].
	Get(ctx context.Context, key string) (Entry, error)
	// Range returns the entries whose keys begin with prefix and come after the key after (empty: from the first),
	// in order, at most limit of them (0: all), and the revision of the store that they were read at.
	Range(ctx context.Context, prefix, after string, limit int) ([]Entry, int64, error)
	// Commit applies a transaction, all of it or nothing, and returns its revision once it is durable; a transaction
	// that has nothing to write, as when the keys it deletes have no entry, returns the revision the store is at.
	// The error wraps [ErrConflict] when a comparison does not hold, [ErrInvalidTx] when the transaction is outside
	// the limits ([Tx.Validate]).
	Commit(ctx context.Context, tx Tx) (int64, error)
	// Watch yields the changes below a prefix whose revision is greater than after, one batch per transaction, in
	// order, and goes on with those to come until ctx ends. Transactions that changed nothing below the prefix are
	// passed over, but when the newest is one of them, a batch without changes tells its revision: whoever waits for
	// a revision gets there. An error ends the watch: one that wraps [ErrCompacted] when changes between after and
	// now are no longer known, [ErrClosed] when the store closes.
	Watch(ctx context.Context, prefix string, after int64) iter.Seq2[Batch, error]
	// Close ends the store; transactions that were acknowledged stay.
	Close() error
}

// Tx is a transaction: what must hold, and then what is written.
type Tx struct {
	Compare []Comparison
	Changes []Change
}

// Comparison holds when the entry of a key was last written at a revision; 0 stands for no entry.
type Comparison struct {
	Key      string
	Revision int64
}

// Change puts a value at a key, or deletes the key.
type Change struct {
	Key    string
	Value  []byte
	Delete bool
}

// Batch is what one transaction changed below a watched prefix.
type Batch struct {
	Revision int64
	Changes  []Change
}
