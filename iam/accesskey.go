package iam

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// AccessKey is a long-term access key of a user, of the root user of an account, or of a service principal. Its
// secret is sealed in the store; [Service.Secret] opens it.
type AccessKey struct {
	ID string `json:"id"` // AKIA…
	// Account is that of the user; [AWS] for a service principal.
	Account string `json:"account"`
	// Owner is user/NAME, root, or service/NAME.
	Owner    string    `json:"owner"`
	Inactive bool      `json:"inactive,omitempty"`
	Created  time.Time `json:"created"`
	// LogicalID is the name that a template gave the key, empty for others.
	LogicalID string `json:"logicalId,omitempty"`
	// Sealed is the secret access key under the root key, bound to the id and the owner.
	Sealed []byte `json:"sealed"`

	principalKey string // the entry that the owner's principal is made from

	once   sync.Once
	opened secret
	err    error
}

// clone returns an access key that can be changed.
func (k *AccessKey) clone() *AccessKey {
	return &AccessKey{
		ID: k.ID, Account: k.Account, Owner: k.Owner, Inactive: k.Inactive, Created: k.Created,
		LogicalID: k.LogicalID, Sealed: k.Sealed,
	}
}

// UserName returns the name of the user whose key it is, empty for others.
func (k *AccessKey) UserName() string {
	name, ok := strings.CutPrefix(k.Owner, ownerUser)
	if !ok {
		return ""
	}
	return name
}

// The owners of access keys.
const (
	ownerRoot    = "root"
	ownerUser    = "user/"
	ownerService = "service/"
)

// label binds a sealed secret to what it is and whose: a record that is put in another's place does not open.
func (k *AccessKey) label() string {
	return "iam secret access key " + k.ID + " of " + k.Account + " " + k.Owner
}

// secret opens the secret, by the first call; then it stays in memory.
func (k *AccessKey) secret(sealer Sealer) (secret, error) {
	k.once.Do(func() {
		opened, err := sealer.Open(k.label(), k.Sealed)
		if err != nil {
			k.err = fmt.Errorf("opening the secret of access key %s: %w", k.ID, err)
			return
		}
		k.opened = secretOf(string(opened))
	})
	return k.opened, k.err
}

// ownerKey is the entry that the owner's principal is made from.
func (k *AccessKey) ownerKey() string {
	if name := k.UserName(); name != "" {
		return entryKey(k.Account, kindUser, name)
	}
	return entryKey(k.Account, kindAccount, "")
}
