package kms

import (
	"encoding/hex"
	"fmt"
	"io"

	"github.com/strictkms/strictkms/store"
)

type createCustomKeyStoreInput struct {
	CustomKeyStoreName               *string             `kms:"required,min=1,max=256"`
	CloudHsmClusterId                *string             `kms:"min=19,max=24,pattern=CloudHsmClusterIdType"`
	TrustAnchorCertificate           *string             `kms:"min=1,max=5000"`
	KeyStorePassword                 *secretText         `kms:"min=7,max=32,sensitive"`
	CustomKeyStoreType               *string             `kms:"enum=CustomKeyStoreType"`
	XksProxyUriEndpoint              *string             `kms:"min=10,max=128,pattern=XksProxyUriEndpointType"`
	XksProxyUriPath                  *string             `kms:"min=10,max=128,pattern=XksProxyUriPathType"`
	XksProxyVpcEndpointServiceName   *string             `kms:"min=20,max=64,pattern=XksProxyVpcEndpointServiceNameType"`
	XksProxyVpcEndpointServiceOwner  *string             `kms:"min=12,max=12,pattern=AccountIdType"`
	XksProxyAuthenticationCredential *xksProxyCredential ``
	XksProxyConnectivity             *string             `kms:"enum=XksProxyConnectivityType"`
}

// xksProxyCredential is what requests to an external key store proxy are signed with. It has nothing to do with IAM.
type xksProxyCredential struct {
	AccessKeyId        *string     `kms:"required,min=20,max=30,pattern=XksProxyAuthenticationAccessKeyIdType,sensitive"`
	RawSecretAccessKey *secretText `kms:"required,min=43,max=64,pattern=XksProxyAuthenticationRawSecretAccessKeyType,sensitive"`
}

type createCustomKeyStoreOutput struct{ CustomKeyStoreId string }

// maxCustomStores is how many custom key stores an account can have in a Region
// (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#cks-resource-quota).
const maxCustomStores = 10

// createCustomKeyStore makes a custom key store that is not connected. What is behind it must be there
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateCustomKeyStore.html).
func createCustomKeyStore(c *call, in *createCustomKeyStoreInput) (*createCustomKeyStoreOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if err := c.authorize("kms:CreateCustomKeyStore", nil, nil); err != nil {
		return nil, err
	}
	id, err := c.service.newCustomStoreID()
	if err != nil {
		return nil, err
	}
	s := &customStore{account: c.Account, region: c.Region, id: id}
	s.record = &customStoreRecord{
		Name: *in.CustomKeyStoreName, Type: value(in.CustomKeyStoreType, originCloudHSM), CreationDate: c.now(),
		State: storeDisconnected,
	}
	tx := store.Tx{}
	if err := c.lockCustomStores(&tx); err != nil {
		return nil, err
	}
	if len(c.customStores()) >= maxCustomStores {
		return nil, failf(CodeLimitExceeded, "The request was rejected because a quota was exceeded.")
	}
	if err := c.checkStoreName(s, s.record.Name); err != nil {
		return nil, err
	}
	if s.record.Type == originXKS {
		err = c.createProxy(s, in)
	} else {
		err = c.createCluster(s, in)
	}
	if err != nil {
		return nil, err
	}
	if err := s.edit(&tx, s.record); err != nil {
		return nil, err
	}
	if err := c.commit(tx); err != nil {
		return nil, err
	}
	return &createCustomKeyStoreOutput{id}, nil
}

// check refuses parameters that do not go with the type of the key store, and the lack of those that do.
func (in *createCustomKeyStoreInput) check() error {
	hsm := []bool{in.CloudHsmClusterId != nil, in.TrustAnchorCertificate != nil, in.KeyStorePassword != nil}
	xks := []bool{
		in.XksProxyUriEndpoint != nil, in.XksProxyUriPath != nil, in.XksProxyAuthenticationCredential != nil,
		in.XksProxyConnectivity != nil,
	}
	isVPC := value(in.XksProxyConnectivity, "") == connectivityVPC
	switch {
	case value(in.CustomKeyStoreType, originCloudHSM) == originCloudHSM:
		if !all(hsm) {
			return failf(CodeValidation, "CloudHsmClusterId, KeyStorePassword and TrustAnchorCertificate are required for a "+
				"custom key store of type %s.", originCloudHSM)
		}
		if some(xks) || in.XksProxyVpcEndpointServiceName != nil || in.XksProxyVpcEndpointServiceOwner != nil {
			return failf(CodeValidation, "XksProxy parameters are not valid for a custom key store of type %s.", originCloudHSM)
		}
	case !all(xks):
		return failf(CodeValidation, "XksProxyConnectivity, XksProxyUriEndpoint, XksProxyUriPath and "+
			"XksProxyAuthenticationCredential are required for a custom key store of type %s.", originXKS)
	case some(hsm):
		return failf(CodeValidation, "CloudHsmClusterId, KeyStorePassword and TrustAnchorCertificate are not valid for a "+
			"custom key store of type %s.", originXKS)
	case isVPC != (in.XksProxyVpcEndpointServiceName != nil), !isVPC && in.XksProxyVpcEndpointServiceOwner != nil:
		return errVpcParameters
	default:
	}
	return nil
}

var errVpcParameters = failf(CodeValidation, "XksProxyVpcEndpointServiceName is required when XksProxyConnectivity is %s, "+
	"and XksProxyVpcEndpointService parameters are valid then only.", connectivityVPC)

func all(given []bool) bool {
	for _, is := range given {
		if !is {
			return false
		}
	}
	return true
}

func some(given []bool) bool {
	for _, is := range given {
		if is {
			return true
		}
	}
	return false
}

// customStoreSetPrefix begins the entry of each account and Region that its custom key stores are made, changed and deleted
// under, one after the other: what is unique among them stays so.
const customStoreSetPrefix = storePrefix + "keystores/"

// lockCustomStores makes a transaction conflict with every other that makes, changes or deletes a custom key store of the
// account and Region, and sees to that the snapshot has those that there are.
func (c *call) lockCustomStores(tx *store.Tx) error {
	return c.lock(customStoreSetPrefix+c.Account+"/"+c.Region, tx)
}

// checkStoreName refuses the name of another custom key store.
func (c *call) checkStoreName(of *customStore, name string) error {
	for _, s := range c.customStores() {
		if s.record.Name == name && s.id != of.id {
			return errStoreNameInUse
		}
	}
	return nil
}

// The role with which AWS KMS looks at clusters. It is made with the first AWS CloudHSM key store of an account
// (https://docs.aws.amazon.com/kms/latest/developerguide/authorize-kms.html#create-key-store-slr).
const (
	customStoreService = "cks.kms.amazonaws.com"
	customStoreRole    = "AWSServiceRoleForKeyManagementServiceCustomKeyStores"
)

// createCluster completes a key store with its cluster.
func (c *call) createCluster(s *customStore, in *createCustomKeyStoreInput) error {
	if roles := c.service.config.ServiceRoles; roles != nil {
		if err := roles.EnsureServiceRole(c.ctx, c.Call, customStoreService, customStoreRole, false); err != nil {
			return err
		}
	}
	cluster, err := c.freeCluster(s, *in.CloudHsmClusterId)
	if err != nil {
		return err
	}
	if !cluster.trusts(*in.TrustAnchorCertificate) {
		return errTrustAnchor
	}
	s.record.Cluster = &clusterRecord{ID: cluster.ID, TrustAnchorCertificate: *in.TrustAnchorCertificate}
	s.record.Cluster.SealedPassword, err = c.service.sealStoreSecret(passwordSecret, s.path(), *in.KeyStorePassword)
	return err
}

// freeCluster returns the cluster with an id, which must be fit for a key store and not be that of another, nor related to
// that of another.
func (c *call) freeCluster(of *customStore, id string) (*Cluster, error) {
	cluster := c.service.config.Clusters.find(c.Account, c.Region, id)
	switch {
	case cluster == nil:
		return nil, errClusterNotFound
	case cluster.State != clusterActive:
		return nil, errClusterNotActive
	case cluster.HSMs < minHSMs:
		return nil, errClusterConfiguration
	}
	for _, s := range c.customStores() {
		if s.record.Cluster == nil || s.id == of.id {
			continue
		}
		other := c.service.config.Clusters.find(s.account, s.region, s.record.Cluster.ID)
		if s.record.Cluster.ID == id || other != nil && other.isRelated(cluster) {
			return nil, errClusterInUse
		}
	}
	return cluster, nil
}

// newCustomStoreID makes a random id of AWS's form.
func (s *Service) newCustomStoreID() (string, error) {
	var id [9]byte
	if _, err := io.ReadFull(s.config.Rand, id[:]); err != nil {
		return "", fmt.Errorf("making the id of a custom key store: %w", err)
	}
	return "cks-" + hex.EncodeToString(id[:])[:17], nil
}
