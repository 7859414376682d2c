package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/strictkms/strictkms/store"
)

// pending is a transaction that waits to be written.
type pending struct {
	ctx  context.Context //nolint:containedctx // of the caller, who waits; the writer skips what nobody waits for
	tx   store.Tx
	done chan struct{} // closed once revision and err are set

	batch    store.Batch
	revision int64
	err      error
}

// Commit implements [store.Store]. A transaction whose ctx ends before it is written is not written.
func (s *Store) Commit(ctx context.Context, tx store.Tx) (int64, error) {
	if err := tx.Validate(); err != nil {
		return 0, err
	}
	if err := s.usable(); err != nil {
		return 0, fmt.Errorf("committing: %w", err)
	}
	p := &pending{ctx: ctx, tx: tx, done: make(chan struct{})}
	select {
	case s.queue <- p:
	case <-ctx.Done():
		return 0, fmt.Errorf("committing: %w", ctx.Err())
	case <-s.stopped:
		return 0, fmt.Errorf("committing: %w", s.usable())
	}
	select {
	case <-p.done:
	case <-s.stopped:
		select {
		case <-p.done: // it was the last one written
		default:
			return 0, fmt.Errorf("committing: %w", s.usable())
		}
	}
	if p.err != nil {
		return 0, fmt.Errorf("committing: %w", p.err)
	}
	return p.revision, nil
}

// write is the writer: it writes what has queued up, in one transaction of bbolt, until the store ends.
func (s *Store) write() {
	defer close(s.stopped)
	for {
		select {
		case <-s.quit:
			return
		case first := <-s.queue:
			group := s.group(first)
			err := s.commit(group)
			for _, p := range group {
				if err != nil {
					p.err = err
				}
				close(p.done)
			}
			if s.usable() != nil {
				return
			}
		}
	}
}

// group returns a transaction with those that wait behind it.
func (s *Store) group(first *pending) []*pending {
	group := []*pending{first}
	for len(group) < queueSize {
		select {
		case p := <-s.queue:
			group = append(group, p)
		default:
			return group
		}
	}
	return group
}

// commit writes a group. Each of its transactions is written whole or, with an error of its own, not at all. An
// error of commit says that nothing of the group was written.
func (s *Store) commit(group []*pending) error {
	var tx *bbolt.Tx
	next := s.state
	err := guard(func() (err error) {
		if tx, err = s.db.Begin(true); err != nil {
			return err
		}
		for _, p := range group {
			if err := next.apply(tx, p); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		if next == s.state {
			return tx.Rollback()
		}
		if err := tx.Bucket(metaBucket).Put(stateKey, next.encode()); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		return tx.Commit()
	})
	if err != nil {
		return s.failed(err)
	}
	s.state = next
	var batches []store.Batch
	for _, p := range group {
		if len(p.batch.Changes) > 0 {
			batches = append(batches, p.batch)
		}
	}
	if len(batches) > 0 {
		s.history.Append(batches...)
	}
	return nil
}

// failed finds out what a failed write left behind. When the file still is at the state before, as it is when the
// disk is full, the store goes on. When it is not, or when that cannot be told, what is durable is unknown: the
// store ends, and tells when it is opened again.
func (s *Store) failed(cause error) error {
	cause = fmt.Errorf("writing %s: %w", s.path, cause)
	var found state
	err := cause
	if !errors.Is(cause, store.ErrCorrupt) {
		err = s.view(func(tx *bbolt.Tx) (err error) {
			found, err = readState(tx)
			return err
		})
	}
	if err == nil && found == s.state {
		return cause
	}
	s.stuck = errors.Is(cause, errPanicked)
	s.fail(fmt.Errorf("%w after a failed write: %w", store.ErrClosed, cause))
	return s.usable()
}

// apply makes the changes of a transaction, if its comparisons hold; what is the matter with it, it keeps. An error
// ends the whole group.
func (s *state) apply(tx *bbolt.Tx, p *pending) error {
	if err := p.ctx.Err(); err != nil {
		p.err = err
		return nil
	}
	entries := tx.Bucket(entriesBucket)
	for _, c := range p.tx.Compare {
		revision, _, err := current(entries, []byte(c.Key))
		if err != nil {
			return err
		}
		if revision != c.Revision {
			p.err = fmt.Errorf("%q was changed: %w", c.Key, store.ErrConflict)
			return nil
		}
	}
	p.batch.Revision = s.revision + 1
	for _, change := range p.tx.Changes {
		changed, err := s.change(entries, change, p.batch.Revision)
		if err != nil {
			return err
		}
		if changed {
			if change.Delete {
				change.Value = nil
			}
			change.Value = bytes.Clone(change.Value)
			p.batch.Changes = append(p.batch.Changes, change)
		}
	}
	if len(p.batch.Changes) > 0 {
		s.revision = p.batch.Revision
	}
	p.revision = s.revision
	return nil
}

// change makes one change and says whether there was something to change.
func (s *state) change(entries *bbolt.Bucket, change store.Change, revision int64) (bool, error) {
	key := []byte(change.Key)
	old, oldSum, err := current(entries, key)
	if err != nil {
		return false, err
	}
	if old != 0 {
		s.count--
		s.sum -= oldSum
	}
	if change.Delete {
		return old != 0, entries.Delete(key)
	}
	record, sum := encodeRecord(key, change.Value, revision)
	s.count++
	s.sum += sum
	return true, entries.Put(key, record)
}

// current returns the revision and digest of an entry; 0 when there is none.
func current(entries *bbolt.Bucket, key []byte) (revision int64, sum uint64, err error) {
	record := entries.Get(key)
	if record == nil {
		return 0, 0, nil
	}
	_, revision, sum, err = decodeRecord(key, record)
	return revision, sum, err
}
