package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/store"
)

// Entries of the store are iam/ACCOUNT/KIND/NAME; access keys are iam/ACCOUNT/key/OWNER/ID. A value is
// {"v":1,"r":RECORD}.
const storePrefix = "iam/"

// recordVersion is the version of the records. One with another version is refused: it is not guessed what it means.
const recordVersion = 1

// The kinds of record.
const (
	kindAccount      = "account"
	kindOrganization = "organization"
	kindDirectory    = "directory"
	kindUser         = "user"
	kindGroup        = "group"
	kindRole         = "role"
	kindPolicy       = "policy"
	kindAccessKey    = "key"
	kindEndpoint     = "endpoint"
	kindSeeded       = "seeded"
)

// newRecord makes an empty record of a kind.
var newRecord = map[string]func() any{
	kindAccount:      func() any { return &Account{} },
	kindOrganization: func() any { return &Organization{} },
	kindDirectory:    func() any { return &Directory{} },
	kindUser:         func() any { return &UserDetail{} },
	kindGroup:        func() any { return &GroupDetail{} },
	kindRole:         func() any { return &RoleDetail{} },
	kindPolicy:       func() any { return &ManagedPolicyDetail{} },
	kindAccessKey:    func() any { return &AccessKey{} },
	kindEndpoint:     func() any { return &EndpointPolicy{} },
	kindSeeded:       func() any { return &seededNote{} },
}

// entryKey is the name of an entry, without the prefix of the store.
func entryKey(account, kind, name string) string {
	if name == "" {
		return account + "/" + kind
	}
	return account + "/" + kind + "/" + name
}

// accessKeyKey is the name of the entry of an access key.
func accessKeyKey(k *AccessKey) string { return accessKeysOf(k.Account, k.Owner) + k.ID }

// accessKeysOf begins the names of the entries of an owner's access keys.
func accessKeysOf(account, owner string) string { return entryKey(account, kindAccessKey, owner) + "/" }

// keyOf is the name of the entry of a record.
func keyOf(record any) string {
	switch r := record.(type) {
	case *Account:
		return entryKey(r.ID, kindAccount, "")
	case *Organization:
		return entryKey(r.Account, kindOrganization, "")
	case *Directory:
		return entryKey(AWS, kindDirectory, r.ID)
	case *UserDetail:
		return entryKey(r.Account, kindUser, r.Name)
	case *GroupDetail:
		return entryKey(r.Account, kindGroup, r.Name)
	case *RoleDetail:
		return entryKey(r.Account, kindRole, r.Name)
	case *ManagedPolicyDetail:
		return entryKey(r.Account, kindPolicy, r.Name)
	case *AccessKey:
		return accessKeyKey(r)
	case *EndpointPolicy:
		return entryKey(AWS, kindEndpoint, r.ID)
	case *seededNote:
		return entryKey(r.Account, kindSeeded, r.What)
	default:
		return ""
	}
}

// envelope is a record with its version.
type envelope struct {
	V int `json:"v"`
	R any `json:"r"`
}

// encode writes a record.
func encode(record any) ([]byte, error) {
	value, err := json.Marshal(envelope{V: recordVersion, R: record})
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", keyOf(record), err)
	}
	return value, nil
}

// decode reads the record of an entry. It refuses what it does not understand in full, and an entry under another
// name than its record's.
func decode(key string, value []byte) (any, error) {
	parts := strings.SplitN(key, "/", 3)
	if len(parts) < 2 || newRecord[parts[1]] == nil {
		return nil, fmt.Errorf("%w: %s%s is no entry of a known kind", store.ErrCorrupt, storePrefix, key)
	}
	var version struct {
		V int `json:"v"`
	}
	if err := json.Unmarshal(value, &version); err != nil {
		return nil, fmt.Errorf("%w: %s%s: %w", store.ErrCorrupt, storePrefix, key, err)
	}
	if version.V != recordVersion {
		return nil, fmt.Errorf("%w: %s%s has version %d, this program knows version %d", store.ErrCorrupt, storePrefix, key, version.V, recordVersion)
	}
	record := newRecord[parts[1]]()
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&envelope{R: record}); err != nil {
		return nil, fmt.Errorf("%w: %s%s: %w", store.ErrCorrupt, storePrefix, key, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %s%s has something behind its record", store.ErrCorrupt, storePrefix, key)
	}
	if got := keyOf(record); got != key {
		return nil, fmt.Errorf("%w: %s%s holds the record of %s", store.ErrCorrupt, storePrefix, key, got)
	}
	if slices.Contains(policiesOf(record), nil) {
		return nil, fmt.Errorf("%w: %s%s lacks a policy", store.ErrCorrupt, storePrefix, key)
	}
	return record, nil
}

// policiesOf are the policies in a record, with nil for each that should be there and is not.
func policiesOf(record any) []*Policy {
	switch r := record.(type) {
	case *UserDetail:
		return r.Inline
	case *GroupDetail:
		return r.Inline
	case *RoleDetail:
		return r.Inline
	case *ManagedPolicyDetail:
		var policies []*Policy
		for _, v := range r.Versions {
			if v == nil {
				return []*Policy{nil}
			}
			policies = append(policies, v.Policy)
		}
		return policies
	case *Organization:
		return slices.Concat(slices.Concat(r.SCPs...), slices.Concat(r.RCPs...))
	case *Directory:
		return r.policies()
	case *EndpointPolicy:
		return []*Policy{r.Policy}
	default:
		return nil
	}
}
