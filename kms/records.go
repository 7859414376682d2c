package kms

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

// The layout of the store is documented in docs/store.md.
const (
	storePrefix = "kms/"
	keyPrefix   = storePrefix + "key/"
	aliasStore  = storePrefix + "alias/"
	grantPrefix = storePrefix + "grant/"
)

// recordVersion is the version of the records that are written. Records of a newer version are refused.
const recordVersion = 1

// statePath is what comes after the prefix of a key or alias: ACCOUNT/REGION/NAME.
func statePath(account, region, name string) string { return account + "/" + region + "/" + name }

// splitPath takes a path apart; the name may have slashes.
func splitPath(path string) (account, region, name string, err error) {
	parts := strings.SplitN(path, "/", 3)
	if len(parts) != 3 {
		return "", "", "", fmt.Errorf("%w: no account, Region and name in %q", store.ErrCorrupt, path)
	}
	return parts[0], parts[1], parts[2], nil
}

// keyRecord is a key in the store.
type keyRecord struct {
	Version             int       `json:"v"`
	Partition           string    `json:"partition"`
	Description         string    `json:"description,omitempty"`
	Spec                string    `json:"spec"`
	Usage               string    `json:"usage"`
	Origin              string    `json:"origin"`
	State               string    `json:"state"`
	CreationDate        time.Time `json:"created"`
	DeletionDate        time.Time `json:"deletion,omitzero"`
	PendingWindowInDays int       `json:"pendingWindowInDays,omitempty"`
	// Transition is there while the key is Creating or Updating.
	Transition         *transitionRecord `json:"transition,omitempty"`
	MultiRegion        bool              `json:"multiRegion,omitempty"`
	MultiRegionKeyType string            `json:"multiRegionKeyType,omitempty"`
	AWSManaged         bool              `json:"awsManaged,omitempty"`
	Policy             string            `json:"policy"`
	// PrincipalIDs are the unique ids of the users and roles that the policy names, by how it names them.
	PrincipalIDs      map[string]string `json:"principalIds,omitempty"`
	Tags              []Tag             `json:"tags,omitempty"`
	Rotation          *rotationRecord   `json:"rotation,omitempty"`
	OnDemandRotations int               `json:"onDemandRotations,omitempty"`
	Materials         []materialRecord  `json:"materials,omitempty"` // the last is the current one
	// CustomKeyStoreID is the custom key store that the key is in, empty for none, and XksKeyID the key of the external
	// key manager behind it.
	CustomKeyStoreID string `json:"customKeyStore,omitempty"`
	XksKeyID         string `json:"xksKey,omitempty"`
	// PendingMaterial is imported material that the next rotation on demand makes current.
	PendingMaterial *materialRecord `json:"pendingMaterial,omitempty"`
}

// rotationRecord is there while a key rotates automatically.
type rotationRecord struct {
	PeriodInDays int       `json:"periodInDays"`
	Next         time.Time `json:"next"`
}

// materialRecord is key material, sealed under the root key and bound to the ARN of the key, the spec and the id.
type materialRecord struct {
	ID string `json:"id"`
	// Cluster is the AWS CloudHSM cluster that the material was made in, empty for none: it is sealed with its name.
	Cluster string `json:"cluster,omitempty"`
	// Sealed is empty for imported material that was deleted or has expired, and may be imported again.
	Sealed []byte `json:"sealed,omitempty"`
	// RotationDate is when the material became current by a rotation; it is zero for the first.
	RotationDate time.Time `json:"rotated,omitzero"`
	// RotationType is AUTOMATIC or ON_DEMAND.
	RotationType string `json:"rotationType,omitempty"`
	// ValidTo is when imported material expires, zero for material that does not.
	ValidTo time.Time `json:"validTo,omitzero"`
	// Description is KeyMaterialDescription of imported material.
	Description string `json:"description,omitempty"`
}

// aliasRecord is an alias in the store.
type aliasRecord struct {
	Version         int       `json:"v"`
	TargetKeyID     string    `json:"target"`
	CreationDate    time.Time `json:"created"`
	LastUpdatedDate time.Time `json:"updated"`
}

// grantRecord is a grant in the store (GrantListEntry of the API).
type grantRecord struct {
	Version                  int               `json:"v"`
	Name                     string            `json:"name,omitempty"`
	CreationDate             time.Time         `json:"created"`
	GranteePrincipal         string            `json:"grantee,omitempty"`
	GranteeServicePrincipal  string            `json:"granteeService,omitempty"`
	RetiringPrincipal        string            `json:"retiring,omitempty"`
	RetiringServicePrincipal string            `json:"retiringService,omitempty"`
	IssuingAccount           string            `json:"issuer"`
	Operations               []string          `json:"operations"`
	EncryptionContextEquals  map[string]string `json:"equals,omitzero"`
	EncryptionContextSubset  map[string]string `json:"subset,omitzero"`
	SourceArn                string            `json:"sourceArn,omitempty"`
	// PrincipalIDs are the unique ids of the grantee and the retiring principal, by their ARNs.
	PrincipalIDs map[string]string `json:"principalIds,omitempty"`
}

// grant is a grant of the snapshot.
type grant struct {
	policy.Grant
	CreationDate time.Time
	revision     int64
	principalIDs map[string]string
}

func (r *keyRecord) change(path string) (store.Change, error) {
	r.Version = recordVersion
	return change(keyPrefix+path, r)
}

func (r *aliasRecord) change(path string) (store.Change, error) {
	r.Version = recordVersion
	return change(aliasStore+path, r)
}

// change is that of the grant with an id on the key with a path.
func (r *grantRecord) change(keyPath, id string) (store.Change, error) {
	r.Version = recordVersion
	return change(grantPath(keyPath, id), r)
}

// grantPath is the key of the store that a grant has.
func grantPath(keyPath, id string) string { return grantPrefix + keyPath + "/" + id }

func change(key string, record any) (store.Change, error) {
	value, err := json.Marshal(record)
	if err != nil {
		return store.Change{}, fmt.Errorf("encoding %q: %w", key, err)
	}
	return store.Change{Key: key, Value: value}, nil
}

// read decodes a record and refuses one that a newer strictkms wrote.
func read(key string, value []byte, record any, version *int) error {
	if err := json.Unmarshal(value, record); err != nil {
		return fmt.Errorf("%w: decoding %q: %w", store.ErrCorrupt, key, err)
	}
	if *version < 1 || *version > recordVersion {
		return fmt.Errorf("%w: %q has version %d, this program knows %d", store.ErrCorrupt, key, *version, recordVersion)
	}
	return nil
}
