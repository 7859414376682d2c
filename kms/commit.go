package kms

import (
	"context"
	"fmt"

	"github.com/strictkms/strictkms/store"
)

// commit writes a transaction and returns when the snapshot of every later call has it. When a comparison does not
// hold the error wraps [store.ErrConflict] and the operation is done over, see [Service.run].
func (s *Service) commit(ctx context.Context, tx store.Tx) error {
	revision, err := s.config.Store.Commit(ctx, tx)
	if err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	return s.state.follower.Wait(ctx, revision)
}

// commit is [Service.commit] within a call.
func (c *call) commit(tx store.Tx) error { return c.service.commit(c.ctx, tx) }

// unchanged holds when the record of a key is the one that the call decided by.
func unchanged(key *Key) store.Comparison {
	return store.Comparison{Key: keyPrefix + key.path(), Revision: key.revision}
}

// edit adds the new record of a key to a transaction, in place of the one that it was made from.
func edit(tx *store.Tx, key *Key, record *keyRecord) error {
	change, err := record.change(key.path())
	if err != nil {
		return err
	}
	tx.Compare, tx.Changes = append(tx.Compare, unchanged(key)), append(tx.Changes, change)
	return nil
}

// hold makes a transaction conflict with every other that changes a key, by writing its record as it is.
func hold(tx *store.Tx, key *Key) error {
	record := *key.record
	return edit(tx, key, &record)
}

// editKey writes the record of a key after a change to a copy of it. The slices and pointers of the copy are those of
// the original: edit replaces them and does not write to what they hold.
func (c *call) editKey(key *Key, edit func(*keyRecord)) error {
	record := *key.record
	edit(&record)
	return c.service.write(c.ctx, key, &record)
}

// editShared is editKey for a change of what multi-Region keys share.
func (c *call) editShared(key *Key, edit func(*keyRecord)) error {
	record := *key.record
	edit(&record)
	return c.service.writeShared(c.ctx, c.snapshot, key, &record)
}
