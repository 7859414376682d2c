package kms

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// Key is one version of a KMS key with all that a decision about it needs. It is immutable: a change makes a new Key.
type Key struct {
	// ARN is arn:PARTITION:kms:REGION:ACCOUNT:key/ID; the other four are its parts.
	ARN                            string
	Partition, Region, Account, ID string

	// Metadata is what DescribeKey tells, except for what follows from the clock.
	Metadata Metadata
	// Policy is the key policy as it was put, and PolicyDocument the same, parsed.
	Policy         string
	PolicyDocument *policy.Document
	// PrincipalIDs are the unique ids (AIDA…, AROA…) that the users and roles named by the policy had when it was put,
	// by the text of the principal: a user or role of the same name that was made later is not the one that is meant
	// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
	PrincipalIDs map[string]string
	// Tags are the tags in the order of their keys.
	Tags []Tag
	// Aliases are the names of the key's aliases, with the alias/ prefix, sorted.
	Aliases []string
	// Grants are the grants on the key, in the order of their ids.
	Grants []*policy.Grant

	// What follows is the package's own.
	revision  int64      // of the record, to compare when it is written
	record    *keyRecord // as it is in the store
	materials []*keyMaterial
	grants    []*grant // those of Grants, with the rest of them
	usage     *usage

	named    atomic.Pointer[namedPrincipals]
	memo     sync.Once
	memoized any
}

// Metadata is the state of a key (KeyMetadata of the API).
type Metadata struct {
	Description         string
	Spec, Usage, Origin string // KeySpec, KeyUsage, Origin
	State               string // KeyState
	CreationDate        time.Time
	DeletionDate        time.Time // zero unless a deletion is scheduled
	PendingWindowInDays int
	MultiRegion         bool
	MultiRegionKeyType  string // PRIMARY or REPLICA for multi-Region keys
	// AWSManaged is true for the keys that AWS services make (KeyManager AWS).
	AWSManaged bool
	// CurrentMaterial is the id of the key material that encrypts: CurrentKeyMaterialId.
	CurrentMaterial string
	// ExpirationModel says whether imported material expires, empty for a key that has none; ValidTo is when the first
	// of it does, zero when none does.
	ExpirationModel string
	ValidTo         time.Time
}

// Tag is a tag of a key.
type Tag struct {
	TagKey   string
	TagValue string
}

// Memo returns what make made of this version of the key the first time it was called: a place for what whoever
// decides computes from the key. There is one place; its only user is the [Authorizer].
func (k *Key) Memo(make func(*Key) any) any {
	k.memo.Do(func() { k.memoized = make(k) })
	return k.memoized
}
