package kms

import (
	"slices"
	"time"
)

// What imported key material is to a key: it can be missing, and it can expire. A key encrypts and decrypts only while
// all of its materials are there.

// The expiration models of imported key material (ExpirationModelType of the API).
const (
	materialExpires       = "KEY_MATERIAL_EXPIRES"
	materialDoesNotExpire = "KEY_MATERIAL_DOES_NOT_EXPIRE"
)

// checkImports refuses a key whose material is not imported.
func checkImports(key *Key) error {
	if key.Metadata.Origin == originExternal {
		return nil
	}
	return failf(CodeUnsupportedOperation, "%s origin is %s which is not valid for this operation.", key.ARN, key.Metadata.Origin)
}

// isImported reports whether the material is there, and not deleted or expired.
func (m *materialRecord) isImported() bool { return len(m.Sealed) > 0 }

func (m *materialRecord) expirationModel() string {
	if m.ValidTo.IsZero() {
		return materialDoesNotExpire
	}
	return materialExpires
}

// hasExpired reports whether the time of imported material is over.
func (m *materialRecord) hasExpired(now time.Time) bool {
	return !m.ValidTo.IsZero() && !now.Before(m.ValidTo)
}

// owner is what the material of the key with an ARN is sealed with: in an AWS CloudHSM cluster it is the cluster's, too.
func (m *materialRecord) owner(arn string) string {
	if m.Cluster == "" {
		return arn
	}
	return arn + " in " + m.Cluster
}

// forget deletes the material and keeps what tells whether other material is the same.
func (m *materialRecord) forget() { m.Sealed, m.ValidTo = nil, time.Time{} }

// isComplete reports whether the key has material and none of it is missing.
func (r *keyRecord) isComplete() bool {
	return len(r.Materials) > 0 && !slices.ContainsFunc(r.Materials, func(m materialRecord) bool { return !m.isImported() })
}

// expiration is ExpirationModel and ValidTo of the key: "the earliest time at which any imported key material
// permanently associated with this KMS key expires"
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html, ValidTo).
func (r *keyRecord) expiration() (model string, validTo time.Time) {
	if r.Origin != originExternal || !r.isComplete() {
		return "", time.Time{}
	}
	for i := range r.Materials {
		validTo = earlier(validTo, r.Materials[i].ValidTo)
	}
	if validTo.IsZero() {
		return materialDoesNotExpire, validTo
	}
	return materialExpires, validTo
}

// nextExpiry is when the first material of the key expires, also material that waits for a rotation; zero for never.
func (r *keyRecord) nextExpiry() (at time.Time) {
	for i := range r.Materials {
		at = earlier(at, r.Materials[i].ValidTo)
	}
	if r.PendingMaterial != nil {
		at = earlier(at, r.PendingMaterial.ValidTo)
	}
	return at
}

// earlier returns the earlier of two times of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// expire deletes the materials whose time is over, and reports whether there were any.
func (r *keyRecord) expire(now time.Time) bool {
	if next := r.nextExpiry(); next.IsZero() || now.Before(next) {
		return false
	}
	r.Materials = slices.Clone(r.Materials)
	for i := range r.Materials {
		if r.Materials[i].hasExpired(now) {
			r.Materials[i].forget()
		}
	}
	if r.PendingMaterial != nil && r.PendingMaterial.hasExpired(now) {
		r.forgetPending()
	}
	r.followMaterials()
	return true
}

// followMaterials sets the state that follows from imported material: a key waits for what is missing, and is enabled
// when it comes. One that is to be deleted stays so, and one that is disabled stays that while its material is there.
func (r *keyRecord) followMaterials() {
	switch {
	case r.Origin != originExternal, r.State == statePendingDeletion, r.State == statePendingReplicaDeletion:
	case r.State == stateCreating:
	case !r.isComplete():
		r.State, r.Transition = statePendingImport, nil
	case r.State == statePendingImport:
		r.State = stateEnabled
	default:
	}
}

// stateAt is the state of the key at a time: also when what has expired could not be deleted yet, it is not used.
func (k *Key) stateAt(now time.Time) string {
	m := &k.Metadata
	switch {
	case m.ValidTo.IsZero(), now.Before(m.ValidTo), m.State == statePendingDeletion, m.State == statePendingReplicaDeletion:
		return m.State
	default:
		return statePendingImport
	}
}

// rotateImported makes the material that waits for it the current one. Every replica must have it
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html).
func (c *call) rotateImported(key *Key, record *keyRecord) error {
	if record.PendingMaterial == nil || pendingState(key, c.related(key)) != pendingRotation {
		return failf(CodeInvalidState, "No available key material pending rotation for the key: %s.", key.ARN)
	}
	m := *record.PendingMaterial
	m.RotationDate, m.RotationType = c.now(), rotationOnDemand
	record.Materials, record.PendingMaterial = append(slices.Clip(record.Materials), m), nil
	return nil
}

// What imported material waits for (KeyMaterialState of the API).
const (
	pendingRotation = "PENDING_ROTATION"
	pendingImports  = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
)

// pendingState says what the material of a key waits for that is to be current next: for the rotation, when all related
// keys have it.
func pendingState(key *Key, related []*Key) string {
	for _, k := range append([]*Key{key}, related...) {
		if m := k.record.PendingMaterial; m == nil || !m.isImported() {
			return pendingImports
		}
	}
	return pendingRotation
}

// forgetPending deletes the material that waits for a rotation. It never was the key's: nothing of it stays, but that of
// a replica, which waits for the material of its primary key.
func (r *keyRecord) forgetPending() {
	if r.MultiRegionKeyType != replicaKey {
		r.PendingMaterial = nil
		return
	}
	pending := *r.PendingMaterial
	pending.forget()
	r.PendingMaterial = &pending
}
