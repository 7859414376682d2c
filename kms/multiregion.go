package kms

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store"
)

// Related multi-Region keys are keys of one account with one id in several Regions
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html). Each has a record of its own,
// with its own policy, tags and state, and its own copy of the key material, sealed for its ARN. What they share is
// written to all of them in one transaction. Whatever changes how many there are writes the record of the primary key,
// so that it conflicts with everything else that does.

// The kinds of multi-Region keys (MultiRegionKeyType of the API).
const (
	primaryKey = "PRIMARY"
	replicaKey = "REPLICA"
)

// transitionTime is how long a key is Creating or Updating: "a few seconds" with AWS.
const transitionTime = time.Second

// transitionRecord is there while a key is Creating or Updating.
type transitionRecord struct {
	Until time.Time `json:"until"`
	To    string    `json:"to"` // a KeyState
}

// begin puts a key into a state that it leaves by itself.
func (r *keyRecord) begin(state, to string, now time.Time) {
	r.State, r.Transition = state, &transitionRecord{Until: now.Add(transitionTime), To: to}
}

// arrive ends the transition of a key when its time has come, and reports whether it did.
func (r *keyRecord) arrive(now time.Time) bool {
	if r.Transition == nil || now.Before(r.Transition.Until) {
		return false
	}
	r.State, r.Transition = r.Transition.To, nil
	r.followMaterials()
	return true
}

// related returns the multi-Region keys that belong together, in the order of their Regions.
func (s *snapshot) related(account, id string) []*Key {
	var out []*Key
	for _, key := range below(s.ids, id+"/", "") {
		if key.Account == account && key.Metadata.MultiRegion {
			out = append(out, key)
		}
	}
	return out
}

// related returns the keys that belong to a multi-Region key, with itself and without those that are gone; none for a
// single-Region key.
func (c *call) related(key *Key) []*Key {
	if !key.Metadata.MultiRegion {
		return nil
	}
	now := c.now()
	return slices.DeleteFunc(c.snapshot.related(key.Account, key.ID), func(k *Key) bool { return k.isGone(now) })
}

// replicas returns those of related keys that are replicas.
func replicas(related []*Key) []*Key {
	return slices.DeleteFunc(slices.Clone(related), func(k *Key) bool { return k.Metadata.MultiRegionKeyType != replicaKey })
}

// primary returns the primary key of related keys, nil when there is none.
func primary(related []*Key) *Key {
	i := slices.IndexFunc(related, func(k *Key) bool { return k.Metadata.MultiRegionKeyType == primaryKey })
	if i < 0 {
		return nil
	}
	return related[i]
}

// multiRegionConfiguration is what DescribeKey tells of related keys. A replica that was loaded without its primary key
// does not say which it is.
func (k *Key) multiRegionConfiguration(related []*Key) *multiRegionConfiguration {
	if !k.Metadata.MultiRegion {
		return nil
	}
	out := &multiRegionConfiguration{MultiRegionKeyType: k.Metadata.MultiRegionKeyType, ReplicaKeys: []multiRegionKey{}}
	if p := primary(related); p != nil {
		out.PrimaryKey = &multiRegionKey{p.ARN, p.Region}
	}
	for _, replica := range replicas(related) {
		out.ReplicaKeys = append(out.ReplicaKeys, multiRegionKey{replica.ARN, replica.Region})
	}
	return out
}

// writeShared puts the new record of a key in place of the one that it was made from, and what related keys share into
// the records of its replicas. The replicas are those of a snapshot.
func (s *Service) writeShared(ctx context.Context, in *snapshot, key *Key, record *keyRecord) error {
	tx := store.Tx{}
	if err := edit(&tx, key, record); err != nil {
		return err
	}
	if record.MultiRegionKeyType == primaryKey {
		for _, replica := range replicas(in.related(key.Account, key.ID)) {
			copied := *replica.record
			if err := s.share(key.ARN, record, replica.ARN, &copied); err != nil {
				return err
			}
			if err := edit(&tx, replica, &copied); err != nil {
				return err
			}
		}
	}
	return s.commit(ctx, tx)
}

// share gives the record of a replica what it shares with its primary key: rotation and key material.
func (s *Service) share(fromARN string, from *keyRecord, toARN string, to *keyRecord) error {
	old := *to
	to.Rotation, to.OnDemandRotations, to.PendingMaterial = from.Rotation, from.OnDemandRotations, nil
	to.Materials = make([]materialRecord, 0, len(from.Materials))
	for i := range from.Materials {
		m, err := s.shareMaterial(fromARN, from, &from.Materials[i], toARN, &old)
		if err != nil {
			return err
		}
		to.Materials = append(to.Materials, m)
	}
	if from.PendingMaterial != nil {
		m, err := s.shareMaterial(fromARN, from, from.PendingMaterial, toARN, &old)
		if err != nil {
			return err
		}
		to.PendingMaterial = &m
	}
	to.followMaterials()
	return nil
}

// shareMaterial is material of a primary key as its replica has it. Imported material is not copied: the same has to be
// imported into each key, and expires there by itself
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-import.html).
func (s *Service) shareMaterial(fromARN string, from *keyRecord, m *materialRecord, toARN string, to *keyRecord) (materialRecord, error) {
	out := materialRecord{ID: m.ID, RotationDate: m.RotationDate, RotationType: m.RotationType}
	if own := to.material(m.ID); own != nil {
		out.Sealed, out.ValidTo, out.Description = own.Sealed, own.ValidTo, own.Description
	}
	if from.Origin != originKMS || out.isImported() {
		return out, nil
	}
	spec := material.LookupSpec(from.Spec)
	if spec == nil {
		return out, fmt.Errorf("key material of unknown spec %q", from.Spec)
	}
	opened, err := material.Open(s.config.Root, fromARN, spec, m.ID, m.Sealed)
	if err != nil {
		return out, fmt.Errorf("the key material of %s: %w", fromARN, err)
	}
	if out.Sealed, err = opened.Seal(s.config.Root, toARN); err != nil {
		return out, fmt.Errorf("sealing key material: %w", err)
	}
	return out, nil
}

// The role with which AWS KMS keeps related multi-Region keys alike.
const (
	multiRegionService = "mrk.kms.amazonaws.com"
	multiRegionRole    = "AWSServiceRoleForKeyManagementServiceMultiRegionKeys"
)

// ensureMultiRegionRole makes the service-linked role of multi-Region keys with each primary key. Who creates one must be
// allowed to make the role, whether it is there or not
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-auth.html#multi-region-auth-slr).
func (c *call) ensureMultiRegionRole(record *keyRecord) error {
	roles := c.service.config.ServiceRoles
	if !record.MultiRegion || roles == nil {
		return nil
	}
	return roles.EnsureServiceRole(c.ctx, c.Call, multiRegionService, multiRegionRole, true)
}
