package kms

import (
	"errors"
	"fmt"
	"time"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store"
)

// customStorePrefix begins the entries of custom key stores.
const customStorePrefix = storePrefix + "keystore/"

// The types of custom key stores (CustomKeyStoreType of the API). They are the origins of their keys, too.
const (
	originCloudHSM = "AWS_CLOUDHSM"
	originXKS      = "EXTERNAL_KEY_STORE"
)

// The states of the connection between a custom key store and what is behind it (ConnectionState of the API).
const (
	storeConnected     = "CONNECTED"
	storeConnecting    = "CONNECTING"
	storeFailed        = "FAILED"
	storeDisconnected  = "DISCONNECTED"
	storeDisconnecting = "DISCONNECTING"
)

// customStoreRecord is a custom key store in the store.
type customStoreRecord struct {
	Version      int       `json:"v"`
	Name         string    `json:"name"`
	Type         string    `json:"type"`
	CreationDate time.Time `json:"created"`
	State        string    `json:"state"`
	// ErrorCode says why the state is FAILED (ConnectionErrorCode of the API).
	ErrorCode string `json:"errorCode,omitempty"`
	// Transition is there while the key store is CONNECTING or DISCONNECTING, and until it is next written.
	Transition *connectionRecord `json:"transition,omitempty"`
	// Cluster is there for a key store of type AWS_CLOUDHSM, Proxy for one of type EXTERNAL_KEY_STORE.
	Cluster *clusterRecord `json:"cluster,omitempty"`
	Proxy   *proxyRecord   `json:"proxy,omitempty"`
}

// connectionRecord says how a change of the connection state ends.
type connectionRecord struct {
	Until     time.Time `json:"until"`
	To        string    `json:"to"`
	ErrorCode string    `json:"errorCode,omitempty"`
}

// clusterRecord is what an AWS CloudHSM key store knows about its cluster. The password is sealed under the root key.
type clusterRecord struct {
	ID                     string `json:"id"`
	TrustAnchorCertificate string `json:"trustAnchor"`
	SealedPassword         []byte `json:"password"`
}

// proxyRecord is what an external key store knows about its proxy. The secret access key is sealed under the root key.
type proxyRecord struct {
	Connectivity string `json:"connectivity"`
	URIEndpoint  string `json:"endpoint"`
	URIPath      string `json:"path"`
	AccessKeyID  string `json:"accessKey"`
	SealedSecret []byte `json:"secret"`
}

// customStore is a custom key store of the snapshot.
type customStore struct {
	account, region, id string
	record              *customStoreRecord
	revision            int64
}

func (s *customStore) path() string { return statePath(s.account, s.region, s.id) }

// connection is the connection state at a time, with the code of what made it FAILED.
func (s *customStore) connection(now time.Time) (state, errorCode string) {
	if t := s.record.Transition; t != nil && !now.Before(t.Until) {
		return t.To, t.ErrorCode
	}
	return s.record.State, s.record.ErrorCode
}

// isConnected reports whether the keys of the key store can be used.
func (s *customStore) isConnected(now time.Time) bool {
	state, _ := s.connection(now)
	return state == storeConnected
}

// draft returns a copy of the record to be changed, in which a transition that is over has ended.
func (s *customStore) draft(now time.Time) *customStoreRecord {
	record := *s.record
	if t := record.Transition; t != nil && !now.Before(t.Until) {
		record.State, record.ErrorCode, record.Transition = t.To, t.ErrorCode, nil
	}
	return &record
}

func (r *customStoreRecord) change(path string) (store.Change, error) {
	r.Version = recordVersion
	return change(customStorePrefix+path, r)
}

// edit adds the new record of a custom key store to a transaction, in place of the one that it was made from.
func (s *customStore) edit(tx *store.Tx, record *customStoreRecord) error {
	change, err := record.change(s.path())
	if err != nil {
		return err
	}
	tx.Compare = append(tx.Compare, s.unchanged())
	tx.Changes = append(tx.Changes, change)
	return nil
}

// unchanged holds when the record of the key store is the one that the call decided by.
func (s *customStore) unchanged() store.Comparison {
	return store.Comparison{Key: customStorePrefix + s.path(), Revision: s.revision}
}

// hold makes a transaction conflict with every other that makes a key in the key store or changes it.
func (s *customStore) hold(tx *store.Tx) error {
	record := *s.record
	return s.edit(tx, &record)
}

// touchCustomStore takes over a record that was written, or deleted when it has no value.
func (s *state) touchCustomStore(path string, value []byte, revision int64) error {
	if value == nil {
		s.working.customStores.Delete(path)
		return nil
	}
	account, region, id, err := splitPath(path)
	if err != nil {
		return err
	}
	record := &customStoreRecord{}
	if err := read(customStorePrefix+path, value, record, &record.Version); err != nil {
		return err
	}
	if (record.Cluster == nil) == (record.Proxy == nil) {
		return fmt.Errorf("%w: %q has not exactly one of cluster and proxy", store.ErrCorrupt, customStorePrefix+path)
	}
	s.working.customStores.Set(path, &customStore{account: account, region: region, id: id, record: record, revision: revision})
	return nil
}

// customStore returns the custom key store of a path, nil when there is none.
func (s *snapshot) customStore(path string) *customStore {
	found, _ := s.customStores.Get(path)
	return found
}

// storeOf returns the custom key store that a key is in, nil for a key that is in none.
func (s *snapshot) storeOf(key *Key) *customStore {
	if key.record.CustomKeyStoreID == "" {
		return nil
	}
	return s.customStore(statePath(key.Account, key.Region, key.record.CustomKeyStoreID))
}

// sealStoreSecret seals a secret of a custom key store under the root key: it opens as that only.
func (s *Service) sealStoreSecret(what, path string, secret secretText) ([]byte, error) {
	sealed, err := s.config.Root.Seal(storeSecretLabel(what, path), []byte(secret))
	if err != nil {
		return nil, fmt.Errorf("sealing the %s of a custom key store: %w", what, err)
	}
	return sealed, nil
}

// openStoreSecret is the reverse of sealStoreSecret.
func (s *Service) openStoreSecret(what, path string, sealed []byte) (secretText, error) {
	opened, err := s.config.Root.Open(storeSecretLabel(what, path), sealed)
	if errors.Is(err, material.ErrOpen) {
		return "", fmt.Errorf("the %s of custom key store %s: %w", what, path, err)
	}
	return secretText(opened), err
}

// The secrets of custom key stores.
const (
	passwordSecret = "password"
	proxySecret    = "proxy secret"
)

func storeSecretLabel(what, path string) string { return "custom key store " + what + "\x00" + path }
