package kms

import (
	"fmt"
	"slices"
	"time"
	"unique"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

// keyMaterial is key material of a key. All versions of the key that have it share it, so that it is opened once.
type keyMaterial struct {
	*material.Sealed
	record *materialRecord
}

// newKey makes the version of a key that follows an old one, nil for none, by what changed.
func (s *state) newKey(path string, old *Key, t *touch) (*Key, error) {
	record, revision := t.record, t.revision
	key := &Key{usage: s.usageOf(path, old)}
	if old != nil {
		key.materials, key.grants, key.Aliases = old.materials, old.grants, old.Aliases
		if record == nil {
			record, revision = old.record, old.revision
		}
	}
	if err := key.identify(path, record); err != nil {
		return nil, err
	}
	key.record, key.revision = record, revision
	if err := key.describe(old, &s.policies); err != nil {
		return nil, err
	}
	key.Aliases = mergeAliases(key.Aliases, t.aliases)
	if old == nil || old.record != record {
		if err := key.setMaterials(s.root, key.materials); err != nil {
			return nil, err
		}
	}
	for _, g := range t.grants {
		if g != nil {
			g.KeyARN = key.ARN
		}
	}
	key.grants = mergeGrants(key.grants, t.grants)
	if old != nil && len(t.grants) == 0 {
		key.Grants = old.Grants
		return key, nil
	}
	key.Grants = make([]*policy.Grant, len(key.grants))
	for i, g := range key.grants {
		key.Grants[i] = &g.Grant
	}
	return key, nil
}

// identify sets the ARN and its parts.
func (k *Key) identify(path string, record *keyRecord) error {
	account, region, id, err := splitPath(path)
	if err != nil {
		return err
	}
	k.Partition, k.Region, k.Account = intern(record.Partition), intern(region), intern(account)
	k.ARN = policy.KeyARN(k.Partition, region, account, id).String()
	k.ID = k.ARN[len(k.ARN)-len(id):]
	return nil
}

// intern returns the one copy of a text that many keys have.
func intern(s string) string { return unique.Make(s).Value() }

// describe sets what the record says.
func (k *Key) describe(old *Key, policies *policyCache) error {
	r := k.record
	if old != nil && old.record == r {
		k.Metadata, k.Policy, k.PolicyDocument, k.Tags = old.Metadata, old.Policy, old.PolicyDocument, old.Tags
		k.PrincipalIDs = old.PrincipalIDs
		return nil
	}
	text, document, err := policies.get(r.Policy)
	if err != nil {
		return fmt.Errorf("%w: the policy of key %s: %w", store.ErrCorrupt, k.ARN, err)
	}
	r.Policy = text
	r.Spec, r.Usage, r.Origin, r.State = intern(r.Spec), intern(r.Usage), intern(r.Origin), intern(r.State)
	r.Partition = k.Partition
	k.Policy, k.PolicyDocument, k.Tags, k.PrincipalIDs = text, document, r.Tags, r.PrincipalIDs
	k.Metadata = Metadata{
		Description: r.Description, Spec: r.Spec, Usage: r.Usage, Origin: r.Origin, State: r.State,
		CreationDate: r.CreationDate, DeletionDate: r.DeletionDate, PendingWindowInDays: r.PendingWindowInDays,
		MultiRegion: r.MultiRegion, MultiRegionKeyType: r.MultiRegionKeyType, AWSManaged: r.AWSManaged,
	}
	if n := len(r.Materials); n > 0 {
		k.Metadata.CurrentMaterial = r.Materials[n-1].ID
	}
	k.Metadata.ExpirationModel, k.Metadata.ValidTo = r.expiration()
	return nil
}

// setMaterials sets the key material of the record, with what is open of the version before.
func (k *Key) setMaterials(root *material.Root, before []*keyMaterial) error {
	spec := material.LookupSpec(k.Metadata.Spec)
	if spec == nil {
		return fmt.Errorf("%w: key %s has unknown spec %q", store.ErrCorrupt, k.ARN, k.Metadata.Spec)
	}
	k.materials = make([]*keyMaterial, 0, len(k.record.Materials))
	for i := range k.record.Materials {
		m := &keyMaterial{record: &k.record.Materials[i]}
		for _, known := range before {
			if known.record.ID == m.record.ID && string(known.record.Sealed) == string(m.record.Sealed) {
				m.Sealed = known.Sealed
				if m.record != known.record {
					m.record.Sealed = known.record.Sealed // so that there is one copy; the record is not shared yet
				}
			}
		}
		if m.Sealed == nil {
			m.Sealed = material.NewSealed(root, m.record.owner(k.ARN), spec, m.record.ID, m.record.Sealed)
		}
		k.materials = append(k.materials, m)
	}
	return nil
}

// path is where the key is in the store, without the prefix.
func (k *Key) path() string { return statePath(k.Account, k.Region, k.ID) }

// grant returns the grant with an id, nil when there is none.
func (k *Key) grant(id string) *grant {
	i, found := slices.BinarySearchFunc(k.grants, id, compareGrantID)
	if !found {
		return nil
	}
	return k.grants[i]
}

// isGone reports whether the key's deletion date has passed: AWS KMS deletes it then.
func (k *Key) isGone(now time.Time) bool {
	return k.Metadata.State == statePendingDeletion && !now.Before(k.Metadata.DeletionDate)
}

// isToBeDeleted reports whether the key is pending deletion, or pending that of its replicas.
func (k *Key) isToBeDeleted() bool {
	return k.Metadata.State == statePendingDeletion || k.Metadata.State == statePendingReplicaDeletion
}

// dueDate is when something happens to the key by itself: it is deleted, its material is rotated, imported material
// expires, or it is no longer Creating or Updating. A key that is not enabled is not rotated, nor is one with imported
// material by itself, nor a replica, which gets the material of its primary key
// (https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html).
func (k *Key) dueDate() time.Time {
	due := k.record.nextExpiry()
	if k.record.Transition != nil {
		due = earlier(due, k.record.Transition.Until)
	}
	switch m := &k.Metadata; {
	case m.State == statePendingDeletion:
		return earlier(m.DeletionDate, due)
	case m.State == stateEnabled && k.record.Rotation != nil && m.Origin == originKMS && m.MultiRegionKeyType != replicaKey:
		return k.record.Rotation.Next
	default:
		return due
	}
}

// dueKey orders keys by their due dates.
func dueKey(k *Key) string { return fmt.Sprintf("%020d/%s", k.dueDate().UnixMilli(), k.path()) }

// currentMaterial returns the key material that the key encrypts, signs and authenticates with.
func (k *Key) currentMaterial() (*material.Material, error) {
	if len(k.materials) == 0 {
		return nil, fmt.Errorf("key %s has no key material", k.ARN)
	}
	return k.materials[len(k.materials)-1].Material()
}

// material returns the key material with an id, nil when the key does not have it.
func (k *Key) material(id string) (*material.Material, error) {
	for _, m := range k.materials {
		if m.ID() == id {
			return m.Material()
		}
	}
	return nil, nil
}

// hasMaterial reports whether the key has the key material with an id.
func (k *Key) hasMaterial(id string) bool {
	return slices.ContainsFunc(k.materials, func(m *keyMaterial) bool { return m.ID() == id })
}

// grant makes a grant of its record.
func (r *grantRecord) grant(id string, revision int64) *grant {
	return &grant{
		CreationDate: r.CreationDate, revision: revision, principalIDs: r.PrincipalIDs,
		Grant: policy.Grant{
			ID: id, Name: r.Name,
			GranteePrincipal: r.GranteePrincipal, GranteeServicePrincipal: r.GranteeServicePrincipal,
			RetiringPrincipal: r.RetiringPrincipal, RetiringServicePrincipal: r.RetiringServicePrincipal,
			IssuingAccount: r.IssuingAccount, Operations: r.Operations, SourceArn: r.SourceArn,
			EncryptionContextEquals: r.EncryptionContextEquals, EncryptionContextSubset: r.EncryptionContextSubset,
		},
	}
}
