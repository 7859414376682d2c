package kms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store"
)

// settle does what the clock says is due: it deletes the keys whose waiting period is over, with their material, ends the
// transitions of multi-Region keys, deletes imported material that has expired, and rotates the keys whose rotation date
// has come. Every operation calls it first, so that no timer is needed and a test's clock drives it. A failure is logged and does not stop the operation: a key that is due to be deleted is not found
// in any case.
func (s *Service) settle(ctx context.Context) {
	if !s.isDue() {
		return
	}
	s.settling.Lock()
	defer s.settling.Unlock()
	for s.isDue() {
		_, key, ok := s.state.current.Load().due.Min()
		if !ok {
			return
		}
		err := s.settleKey(ctx, key)
		if errors.Is(err, store.ErrConflict) {
			err = s.refresh(ctx)
		}
		if err != nil {
			s.log.ErrorContext(ctx, "what is due was not done", slog.String("key", key.ARN), slog.Any("error", err))
			return
		}
	}
}

func (s *Service) isDue() bool {
	due := s.state.current.Load().nextDue
	return !due.IsZero() && !s.now().Before(due)
}

func (s *Service) settleKey(ctx context.Context, key *Key) error {
	if key.isGone(s.now()) {
		return s.deleteKey(ctx, key)
	}
	record := *key.record
	if record.arrive(s.now()) {
		return s.write(ctx, key, &record)
	}
	if record.expire(s.now()) {
		return s.writeShared(ctx, s.state.current.Load(), key, &record)
	}
	rotation := *record.Rotation
	period := days(rotation.PeriodInDays)
	if missed := s.now().Sub(rotation.Next) / period; missed > maxMissedRotations {
		rotation.Next = rotation.Next.Add((missed - maxMissedRotations) * period)
	}
	for !rotation.Next.After(s.now()) {
		if err := s.rotate(key, &record, rotation.Next, rotationAutomatic); err != nil {
			return err
		}
		rotation.Next = rotation.Next.Add(period)
	}
	record.Rotation = &rotation
	return s.writeShared(ctx, s.state.current.Load(), key, &record)
}

// maxMissedRotations is how many rotations are made up for at once. More have only been missed by a clock that jumped.
const maxMissedRotations = 100

// days is a number of days: AWS counts 24 hours each.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// The types of rotation (RotationType of the API).
const (
	rotationAutomatic = "AUTOMATIC"
	rotationOnDemand  = "ON_DEMAND"
)

// rotate gives a key new material, which is current from then on; the old stays to decrypt with.
func (s *Service) rotate(key *Key, record *keyRecord, at time.Time, rotationType string) error {
	m, err := s.newMaterial(key.ARN, record.Spec, "")
	if err != nil {
		return err
	}
	m.RotationDate, m.RotationType = at, rotationType
	record.Materials = append(slices.Clip(record.Materials), m)
	return nil
}

// newMaterial generates key material for the key with an ARN, in an AWS CloudHSM cluster if one is named, and seals it.
func (s *Service) newMaterial(arn, specName, cluster string) (materialRecord, error) {
	spec := material.LookupSpec(specName)
	if spec == nil {
		return materialRecord{}, fmt.Errorf("key material of unknown spec %q", specName)
	}
	m, err := material.Generate(spec, s.config.Rand)
	if err != nil {
		return materialRecord{}, fmt.Errorf("generating key material: %w", err)
	}
	record := materialRecord{ID: m.ID(), Cluster: cluster}
	if record.Sealed, err = m.Seal(s.config.Root, record.owner(arn)); err != nil {
		return materialRecord{}, fmt.Errorf("sealing key material: %w", err)
	}
	return record, nil
}

// write puts the new record of a key in place of the one that it was made from.
func (s *Service) write(ctx context.Context, key *Key, record *keyRecord) error {
	tx := store.Tx{}
	if err := edit(&tx, key, record); err != nil {
		return err
	}
	return s.commit(ctx, tx)
}

// deleteKey deletes a key with everything of it: its grants, its aliases, and with the record its key material.
func (s *Service) deleteKey(ctx context.Context, key *Key) error {
	if err := s.deleteGrants(ctx, key.path()); err != nil {
		return err
	}
	tx := store.Tx{
		Compare: []store.Comparison{unchanged(key)},
		Changes: []store.Change{
			{Key: keyPrefix + key.path(), Delete: true},
			{Key: grantNamesPrefix + key.path(), Delete: true},
			{Key: usagePrefix + key.path(), Delete: true},
		},
	}
	if err := s.loseReplica(&tx, key); err != nil {
		return err
	}
	for _, name := range key.Aliases {
		path := statePath(key.Account, key.Region, name)
		if a := s.state.current.Load().alias(path); a != nil {
			tx.Compare = append(tx.Compare, store.Comparison{Key: aliasStore + path, Revision: a.revision})
			tx.Changes = append(tx.Changes, store.Change{Key: aliasStore + path, Delete: true})
		}
	}
	if err := s.commit(ctx, tx); err != nil {
		return err
	}
	return s.deleteGrants(ctx, key.path()) // those that were made meanwhile
}

// loseReplica writes the primary key of a replica that is being deleted. When that waits for its last replica to be gone,
// its own waiting period begins then
// (https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html#primary-delete).
func (s *Service) loseReplica(tx *store.Tx, replica *Key) error {
	if replica.Metadata.MultiRegionKeyType != replicaKey {
		return nil
	}
	related := s.state.current.Load().related(replica.Account, replica.ID)
	key := primary(related)
	if key == nil {
		return nil
	}
	record := *key.record
	if record.State == statePendingReplicaDeletion && len(replicas(related)) == 1 {
		record.State = statePendingDeletion
		record.DeletionDate = replica.Metadata.DeletionDate.Add(days(record.PendingWindowInDays))
	}
	return edit(tx, key, &record)
}

// deleteGrants deletes the grants of a key, in as many transactions as they need.
func (s *Service) deleteGrants(ctx context.Context, keyPath string) error {
	for {
		entries, _, err := s.config.Store.Range(ctx, grantPath(keyPath, ""), "", store.MaxChanges)
		if err != nil || len(entries) == 0 {
			return err
		}
		var tx store.Tx
		for _, e := range entries {
			tx.Changes = append(tx.Changes, store.Change{Key: e.Key, Delete: true})
		}
		if err := s.commit(ctx, tx); err != nil {
			return err
		}
	}
}
