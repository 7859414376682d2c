package kms

import (
	"fmt"
	"time"

	"github.com/strictkms/strictkms/store"
)

// connectionTime is how long a custom key store is CONNECTING or DISCONNECTING: minutes with AWS.
const connectionTime = time.Second

type connectCustomKeyStoreInput struct {
	CustomKeyStoreId *string `kms:"required,min=1,max=64"`
}

// connectCustomKeyStore begins to connect a key store. Whether it ends well is known at once, and told a second later: the
// state is CONNECTED or FAILED then (https://docs.aws.amazon.com/kms/latest/APIReference/API_ConnectCustomKeyStore.html).
func connectCustomKeyStore(c *call, in *connectCustomKeyStoreInput) (*nothing, error) {
	s, err := c.authorizedStore(*in.CustomKeyStoreId)
	if err != nil {
		return nil, err
	}
	switch state, _ := s.connection(c.now()); state {
	case storeConnected, storeConnecting:
		return &nothing{}, nil
	case storeDisconnected:
	default:
		return nil, errStoreState
	}
	var errorCode string
	if s.record.Cluster != nil {
		errorCode, err = c.connectCluster(s)
	} else {
		errorCode, err = c.connectProxy(s)
	}
	if err != nil {
		return nil, err
	}
	end := connectionRecord{To: storeConnected}
	if errorCode != "" {
		end = connectionRecord{To: storeFailed, ErrorCode: errorCode}
	}
	return &nothing{}, c.moveStore(s, storeConnecting, end)
}

// connectCluster tries to log in to the cluster of a key store, and returns the ConnectionErrorCode when that fails. What is
// wrong with the cluster at first sight is an exception, and the state stays as it is
// (https://docs.aws.amazon.com/kms/latest/developerguide/fix-keystore.html#fix-keystore-failed).
func (c *call) connectCluster(s *customStore) (errorCode string, err error) {
	cluster := c.service.config.Clusters.find(s.account, s.region, s.record.Cluster.ID)
	switch {
	case cluster == nil:
		return "CLUSTER_NOT_FOUND", nil
	case cluster.State != clusterActive:
		return "", errClusterNotActive
	case cluster.HSMs == 0:
		return "", errClusterConfiguration
	case cluster.ConnectionError != "":
		return cluster.ConnectionError, nil
	}
	password, err := c.service.openStoreSecret(passwordSecret, s.path(), s.record.Cluster.SealedPassword)
	if err != nil {
		return "", err
	}
	if !cluster.accepts(password) {
		return "INVALID_CREDENTIALS", nil
	}
	return "", nil
}

type disconnectCustomKeyStoreInput struct {
	CustomKeyStoreId *string `kms:"required,min=1,max=64"`
}

// disconnectCustomKeyStore makes the keys of a key store unavailable at once
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_DisconnectCustomKeyStore.html).
func disconnectCustomKeyStore(c *call, in *disconnectCustomKeyStoreInput) (*nothing, error) {
	s, err := c.authorizedStore(*in.CustomKeyStoreId)
	if err != nil {
		return nil, err
	}
	switch state, _ := s.connection(c.now()); state {
	case storeDisconnected, storeDisconnecting:
		return nil, errStoreState
	default:
		return &nothing{}, c.moveStore(s, storeDisconnecting, connectionRecord{To: storeDisconnected})
	}
}

// authorizedStore finds a custom key store for the operation's own action, once it is authorized. That it does not exist is
// told to those who may ask.
func (c *call) authorizedStore(id string) (*customStore, error) {
	s, err := c.findCustomStore(id)
	if s != nil {
		c.noteCustomStore(s)
	}
	if denied := c.authorize("kms:"+c.operation, nil, nil); denied != nil {
		return nil, denied
	}
	return s, err
}

// moveStore puts a key store into a state that it leaves by itself.
func (c *call) moveStore(s *customStore, state string, end connectionRecord) error {
	record := s.draft(c.now())
	end.Until = c.now().Add(connectionTime)
	record.State, record.ErrorCode, record.Transition = state, "", &end
	return c.writeStore(s, record)
}

// writeStore writes the new record of a key store.
func (c *call) writeStore(s *customStore, record *customStoreRecord) error {
	tx := store.Tx{}
	if err := s.edit(&tx, record); err != nil {
		return err
	}
	return c.commit(tx)
}

type deleteCustomKeyStoreInput struct {
	CustomKeyStoreId *string `kms:"required,min=1,max=64"`
}

// deleteCustomKeyStore deletes a key store that is disconnected and has no keys, also none that are pending deletion
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteCustomKeyStore.html).
func deleteCustomKeyStore(c *call, in *deleteCustomKeyStoreInput) (*nothing, error) {
	s, err := c.authorizedStore(*in.CustomKeyStoreId)
	if err != nil {
		return nil, err
	}
	if state, _ := s.connection(c.now()); state != storeDisconnected {
		return nil, errStoreState
	}
	for range c.keysIn(s) {
		return nil, errStoreHasKeys
	}
	tx := store.Tx{}
	if err := c.lockCustomStores(&tx); err != nil {
		return nil, err
	}
	tx.Compare = append(tx.Compare, s.unchanged())
	tx.Changes = append(tx.Changes, store.Change{Key: customStorePrefix + s.path(), Delete: true})
	if err := c.commit(tx); err != nil {
		return nil, fmt.Errorf("deleting custom key store %s: %w", s.id, err)
	}
	return &nothing{}, nil
}
