package kms

import (
	"errors"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store"
)

// Keys in custom key stores are symmetric encryption keys of one Region, with one material for ever
// (https://docs.aws.amazon.com/kms/latest/developerguide/create-cmk-keystore.html).

// The sentences about keys whose key store, or what is behind it, is not there: those of
// https://docs.aws.amazon.com/kms/latest/developerguide/fix-keystore.html#fix-keystore-communication and of
// https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/xks_proxy_api_spec.md, Error codes.
const (
	messageNoCluster    = "KMS cannot communicate with your CloudHSM cluster"
	messageNotConnected = "This KMS key is in a custom key store that is not connected to its external key store proxy. Connect " +
		"the external key store and try the request again."
)

// checkCustomStore refuses what keys in custom key stores cannot be, and parameters that go with another origin.
func (in *createKeyInput) checkCustomStore(record *keyRecord) error {
	isXKS := record.Origin == originXKS
	switch {
	case record.Origin != originCloudHSM && !isXKS:
		if in.CustomKeyStoreId != nil || in.XksKeyId != nil {
			return &Error{Code: CodeUnsupportedOperation}
		}
		return nil
	case in.CustomKeyStoreId == nil:
		return failf(CodeValidation, "CustomKeyStoreId is required when Origin is %s.", record.Origin)
	case isXKS && in.XksKeyId == nil:
		return failf(CodeValidation, "XksKeyId is required when Origin is %s.", record.Origin)
	case !isXKS && in.XksKeyId != nil, record.Spec != symmetricDefault, record.MultiRegion:
		return &Error{Code: CodeUnsupportedOperation}
	default:
		return nil
	}
}

// placeKey decides whether a new key may be in the custom key store that its record names, and makes the transaction conflict
// with every other that makes a key there or changes the key store. The cluster is the one that the key material is made in.
// A key that is to be in no custom key store may be.
func (c *call) placeKey(tx *store.Tx, record *keyRecord) (cluster string, err error) {
	if record.CustomKeyStoreID == "" {
		return "", nil
	}
	s, err := c.findCustomStore(record.CustomKeyStoreID)
	switch {
	case err != nil:
		return "", err
	case s.record.Type != record.Origin:
		return "", &Error{Code: CodeUnsupportedOperation}
	case !s.isConnected(c.now()) && s.record.Proxy != nil:
		return "", failf(CodeCustomKeyStoreInvalidState, "%s", messageNotConnected)
	case !s.isConnected(c.now()):
		return "", errStoreState
	}
	if s.record.Proxy != nil {
		err = c.checkExternalKey(s, record.XksKeyID)
	} else {
		cluster = s.record.Cluster.ID
		err = c.checkCluster(s)
	}
	if err != nil {
		return "", err
	}
	return cluster, s.hold(tx)
}

// checkCluster refuses a cluster that no key can be made in.
func (c *call) checkCluster(s *customStore) error {
	cluster := c.service.config.Clusters.find(s.account, s.region, s.record.Cluster.ID)
	switch {
	case cluster == nil, cluster.State != clusterActive:
		return failf(CodeCustomKeyStoreInvalidState, "%s", messageNoCluster)
	case cluster.HSMs < minHSMs:
		return errClusterConfiguration
	default:
		return nil
	}
}

// checkExternalKey refuses an external key that is another key's, or that is not fit for one.
func (c *call) checkExternalKey(s *customStore, id string) error {
	for key := range c.keysIn(s) {
		if key.record.XksKeyID == id {
			return errXksKeyInUse
		}
	}
	proxy, err := c.proxy(s, s.record.Proxy)
	if err == nil {
		var external ExternalKey
		external, err = c.service.config.Proxies.Describe(c.ctx, proxy, id, c.reason(nil))
		if err == nil && !external.isFit() {
			return errXksKeyConfiguration
		}
	}
	return answerOf(err, keyException)
}

// Reasoner is an [Observer] that knows more about a call than [Call] says. External key store proxies are told.
type Reasoner interface {
	// Reason completes what a proxy is told.
	Reason(reason *ProxyReason)
}

// reason is what a proxy is told about the call: of where a call came from only the account of the key is told.
func (c *call) reason(key *Key) *ProxyReason {
	reason := &ProxyReason{Principal: c.Principal, Operation: c.operation, RequestID: c.RequestID}
	if more, ok := c.Observer.(Reasoner); ok {
		more.Reason(reason)
	}
	if key != nil {
		reason.KeyARN = key.ARN
		if key.Account != c.Account {
			reason.SourceVPC, reason.SourceVPCEndpoint = "", ""
		}
	}
	return reason
}

// stateOf is the state of a key at the moment of the call. It is Unavailable while its custom key store is not connected,
// and what it is besides comes back then; a key that is to be deleted stays so
// (https://docs.aws.amazon.com/kms/latest/developerguide/fix-keystore.html#fix-unavailable-cmks).
func (c *call) stateOf(key *Key) string {
	now := c.now()
	if key.record.CustomKeyStoreID == "" || key.isToBeDeleted() {
		return key.stateAt(now)
	}
	if s := c.snapshot.storeOf(key); s == nil || !s.isConnected(now) {
		return stateUnavailable
	}
	return key.stateAt(now)
}

// errCustomOrigin refuses a key in a custom key store.
func errCustomOrigin(key *Key) error {
	return failf(CodeUnsupportedOperation, "%s origin is %s which is not valid for this operation.", key.ARN, key.Metadata.Origin)
}

// backing returns the custom key store of a key, which must have a usable cluster behind it, or the proxy of it.
func (c *call) backing(key *Key) (*Proxy, error) {
	s := c.snapshot.storeOf(key)
	if s == nil {
		return nil, failf(CodeInvalidState, "%s is unavailable.", key.ARN)
	}
	if err := c.takeStore(s); err != nil {
		return nil, err
	}
	if s.record.Proxy != nil {
		return c.proxy(s, s.record.Proxy)
	}
	if !c.service.config.Clusters.find(s.account, s.region, s.record.Cluster.ID).isUsable() {
		return nil, failf(CodeInvalidState, "%s", messageNoCluster)
	}
	return nil, nil
}

// encryptInStore encrypts with a key in a custom key store: in an external one with the material here, and then outside.
func (c *call) encryptInStore(e *encryption, m *material.Material, plaintext []byte) ([]byte, error) {
	proxy, err := c.backing(e.key)
	if err != nil {
		return nil, answerOf(err, useException)
	}
	if proxy == nil {
		return m.Encrypt(c.service.config.Rand, e.key.ID, e.context, plaintext)
	}
	outside := func(aad, inner []byte) (material.Outer, error) {
		return c.service.config.Proxies.Encrypt(c.ctx, proxy, e.key.record.XksKeyID, c.reason(e.key), aad, inner)
	}
	blob, err := m.EncryptTwice(c.service.config.Rand, e.key.ID, e.context, plaintext, outside)
	if errors.Is(err, material.ErrCiphertext) {
		err = &ProxyError{Failure: ProxyMalformed, Cause: err}
	}
	return blob, answerOf(err, useException)
}

// messageInner is what AWS KMS says when the proxy gave something back that the material here did not encrypt.
const messageInner = "The ciphertext that the external key store proxy submitted for decryption, or the encryption context, is " +
	"corrupted, missing, or otherwise invalid."

// decryptInStore is the reverse of encryptInStore.
func (c *call) decryptInStore(s *source, m *material.Material) ([]byte, error) {
	proxy, err := c.backing(s.key)
	if err != nil {
		return nil, answerOf(err, useException)
	}
	var plaintext []byte
	if proxy == nil {
		plaintext, err = m.Decrypt(s.key.ID, s.context, s.blob)
	} else {
		plaintext, err = m.DecryptTwice(s.key.ID, s.context, s.blob, func(aad []byte, outer *material.Outer) ([]byte, error) {
			return c.service.config.Proxies.Decrypt(c.ctx, proxy, s.key.record.XksKeyID, c.reason(s.key), aad, outer)
		})
	}
	switch {
	case errors.Is(err, material.ErrInner):
		return nil, &Error{Code: CodeInvalidState, Message: messageInner, Cause: err}
	case errors.Is(err, material.ErrCiphertext):
		return nil, &Error{Code: CodeInvalidCiphertext}
	default:
		return plaintext, answerOf(err, useException)
	}
}

// checkRandomStore refuses a key store that makes no random bytes: only AWS CloudHSM clusters do
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html, CustomKeyStoreId).
func (c *call) checkRandomStore(id string) error {
	s, err := c.findCustomStore(id)
	switch {
	case err != nil:
		return err
	case s.record.Cluster == nil:
		return &Error{Code: CodeUnsupportedOperation}
	case !s.isConnected(c.now()):
		return errStoreState
	case !c.service.config.Clusters.find(s.account, s.region, s.record.Cluster.ID).isUsable():
		return failf(CodeCustomKeyStoreInvalidState, "%s", messageNoCluster)
	default:
		return c.takeStore(s)
	}
}
