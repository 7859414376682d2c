package kms

import "github.com/strictkms/strictkms/store"

type updateCustomKeyStoreInput struct {
	CustomKeyStoreId                 *string             `kms:"required,min=1,max=64"`
	NewCustomKeyStoreName            *string             `kms:"min=1,max=256"`
	KeyStorePassword                 *secretText         `kms:"min=7,max=32,sensitive"`
	CloudHsmClusterId                *string             `kms:"min=19,max=24,pattern=CloudHsmClusterIdType"`
	XksProxyUriEndpoint              *string             `kms:"min=10,max=128,pattern=XksProxyUriEndpointType"`
	XksProxyUriPath                  *string             `kms:"min=10,max=128,pattern=XksProxyUriPathType"`
	XksProxyVpcEndpointServiceName   *string             `kms:"min=20,max=64,pattern=XksProxyVpcEndpointServiceNameType"`
	XksProxyVpcEndpointServiceOwner  *string             `kms:"min=12,max=12,pattern=AccountIdType"`
	XksProxyAuthenticationCredential *xksProxyCredential ``
	XksProxyConnectivity             *string             `kms:"enum=XksProxyConnectivityType"`
}

// updateCustomKeyStore changes what a key store is called and what it knows about what is behind it
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateCustomKeyStore.html).
func updateCustomKeyStore(c *call, in *updateCustomKeyStoreInput) (*nothing, error) {
	s, err := c.authorizedStore(*in.CustomKeyStoreId)
	if err != nil {
		return nil, err
	}
	if err := in.check(s); err != nil {
		return nil, err
	}
	switch state, _ := s.connection(c.now()); {
	case state == storeDisconnected:
	case state == storeConnected && !in.needsDisconnected():
	default:
		return nil, errStoreState
	}
	tx := store.Tx{}
	if err := c.lockCustomStores(&tx); err != nil {
		return nil, err
	}
	record := s.draft(c.now())
	if in.NewCustomKeyStoreName != nil {
		record.Name = *in.NewCustomKeyStoreName
		if err := c.checkStoreName(s, record.Name); err != nil {
			return nil, err
		}
	}
	if s.record.Cluster != nil {
		err = c.updateCluster(s, record, in)
	} else {
		err = c.updateProxy(s, record, in)
	}
	if err != nil {
		return nil, err
	}
	if err := s.edit(&tx, record); err != nil {
		return nil, err
	}
	return &nothing{}, c.commit(tx)
}

// check refuses parameters that do not go with the type of the key store, and a request that changes nothing.
func (in *updateCustomKeyStoreInput) check(s *customStore) error {
	hsm := []bool{in.CloudHsmClusterId != nil, in.KeyStorePassword != nil}
	xks := []bool{
		in.XksProxyUriEndpoint != nil, in.XksProxyUriPath != nil, in.XksProxyAuthenticationCredential != nil,
		in.XksProxyConnectivity != nil, in.XksProxyVpcEndpointServiceName != nil, in.XksProxyVpcEndpointServiceOwner != nil,
	}
	switch {
	case some(hsm) && s.record.Cluster == nil:
		return failf(CodeValidation, "CloudHsmClusterId and KeyStorePassword are not valid for a custom key store of type %s.",
			s.record.Type)
	case some(xks) && s.record.Proxy == nil:
		return failf(CodeValidation, "XksProxy parameters are not valid for a custom key store of type %s.", s.record.Type)
	case !some(hsm) && !some(xks) && in.NewCustomKeyStoreName == nil:
		return failf(CodeValidation, "You must specify at least one property to update.")
	default:
		return nil
	}
}

// needsDisconnected reports whether something is to change that does not while the key store is connected: of an external
// key store the name, the credential and the path do, of an AWS CloudHSM key store the name.
func (in *updateCustomKeyStoreInput) needsDisconnected() bool {
	return some([]bool{
		in.CloudHsmClusterId != nil, in.KeyStorePassword != nil, in.XksProxyUriEndpoint != nil,
		in.XksProxyConnectivity != nil, in.XksProxyVpcEndpointServiceName != nil, in.XksProxyVpcEndpointServiceOwner != nil,
	})
}

// updateCluster changes the record of a key store's cluster. Another cluster must be related to the one that it takes the
// place of: it has the same keys.
func (c *call) updateCluster(s *customStore, record *customStoreRecord, in *updateCustomKeyStoreInput) error {
	changed := *s.record.Cluster
	if in.CloudHsmClusterId != nil {
		cluster, err := c.freeCluster(s, *in.CloudHsmClusterId)
		if err != nil {
			return err
		}
		old := c.service.config.Clusters.find(s.account, s.region, changed.ID)
		isSame := cluster.ID == changed.ID
		if !isSame && (cluster.Certificate == "" || !cluster.trusts(changed.TrustAnchorCertificate) || old != nil && !old.isRelated(cluster)) {
			return errClusterNotRelated
		}
		changed.ID = cluster.ID
	}
	if in.KeyStorePassword != nil {
		var err error
		if changed.SealedPassword, err = c.service.sealStoreSecret(passwordSecret, s.path(), *in.KeyStorePassword); err != nil {
			return err
		}
	}
	record.Cluster = &changed
	return nil
}
