package kms

import (
	"strconv"
	"time"

	"github.com/strictkms/strictkms/kms/material"
)

// keyOperations are the operations that make, tell about and list keys.
var keyOperations = []operation{
	answers("CreateKey", createKey),
	answers("DescribeKey", describeKey),
	answers("GetKeyLastUsage", getKeyLastUsage),
	answers("ListKeys", listKeys),
}

type describeKeyInput struct {
	KeyId       *string  `kms:"required,min=1,max=2048"`
	GrantTokens []string `kms:"min=0,max=10,each=min=1;max=8192"`
}

type describeKeyOutput struct{ KeyMetadata *keyMetadata }

// keyMetadata is KeyMetadata of the API (https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html).
type keyMetadata struct {
	AWSAccountId                string
	KeyId                       string
	Arn                         string
	CreationDate                timestamp
	Enabled                     bool
	Description                 string
	KeyUsage                    string
	KeyState                    string
	DeletionDate                *timestamp `json:",omitempty"`
	ValidTo                     *timestamp `json:",omitempty"`
	Origin                      string
	ExpirationModel             string `json:",omitempty"`
	KeyManager                  string
	CustomerMasterKeySpec       string
	KeySpec                     string
	EncryptionAlgorithms        []string `json:",omitempty"`
	SigningAlgorithms           []string `json:",omitempty"`
	KeyAgreementAlgorithms      []string `json:",omitempty"`
	EncapsulationAlgorithms     []string `json:",omitempty"`
	MultiRegion                 bool
	MultiRegionConfiguration    *multiRegionConfiguration `json:",omitempty"`
	PendingDeletionWindowInDays int                       `json:",omitempty"`
	MacAlgorithms               []string                  `json:",omitempty"`
	CurrentKeyMaterialId        string                    `json:",omitempty"`
	// What follows is of keys in custom key stores.
	CustomKeyStoreId    string               `json:",omitempty"`
	CloudHsmClusterId   string               `json:",omitempty"`
	XksKeyConfiguration *xksKeyConfiguration `json:",omitempty"`
}

type xksKeyConfiguration struct{ Id string }

type multiRegionConfiguration struct {
	MultiRegionKeyType string
	PrimaryKey         *multiRegionKey `json:",omitempty"`
	ReplicaKeys        []multiRegionKey
}

type multiRegionKey struct{ Arn, Region string }

// timestamp is a time as the protocol has it: seconds since 1970, with a fraction
// (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
type timestamp time.Time

// MarshalJSON writes the seconds to the millisecond.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(t).UnixMilli())/1000, 'f', -1, 64), nil
}

func describeKey(c *call, in *describeKeyInput) (*describeKeyOutput, error) {
	if err := c.useGrantTokens(in.GrantTokens); err != nil {
		return nil, err
	}
	key, requestAlias, err := c.key("kms:DescribeKey", *in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := c.authorize("kms:DescribeKey", key, newConditions(requestAlias)); err != nil {
		return nil, err
	}
	return &describeKeyOutput{c.metadata(key, c.related(key))}, nil
}

// metadata is [Key.metadata] with what the custom key store of the key says about it.
func (c *call) metadata(key *Key, related []*Key) *keyMetadata {
	out := key.metadata(related)
	if key.record.CustomKeyStoreID == "" {
		return out
	}
	out.KeyState = c.stateOf(key)
	out.Enabled = out.KeyState == stateEnabled
	out.CustomKeyStoreId = key.record.CustomKeyStoreID
	if s := c.snapshot.storeOf(key); s != nil && s.record.Cluster != nil {
		out.CloudHsmClusterId = s.record.Cluster.ID
	}
	if key.record.XksKeyID != "" {
		out.XksKeyConfiguration = &xksKeyConfiguration{key.record.XksKeyID}
	}
	return out
}

// metadata is what DescribeKey, CreateKey and ReplicateKey answer about a key and those that are related to it.
func (k *Key) metadata(related []*Key) *keyMetadata {
	m := &k.Metadata
	out := &keyMetadata{
		AWSAccountId: k.Account, KeyId: k.ID, Arn: k.ARN, CreationDate: timestamp(m.CreationDate),
		Enabled: m.State == stateEnabled, Description: m.Description, KeyUsage: m.Usage, KeyState: m.State,
		Origin: m.Origin, KeyManager: "CUSTOMER", CustomerMasterKeySpec: m.Spec, KeySpec: m.Spec, MultiRegion: m.MultiRegion,
		ExpirationModel: m.ExpirationModel, MultiRegionConfiguration: k.multiRegionConfiguration(related),
	}
	if !m.ValidTo.IsZero() {
		out.ValidTo = (*timestamp)(&m.ValidTo)
	}
	if m.AWSManaged {
		out.KeyManager = "AWS"
	}
	switch m.State {
	case statePendingDeletion:
		out.DeletionDate = (*timestamp)(&m.DeletionDate)
	case statePendingReplicaDeletion:
		out.PendingDeletionWindowInDays = m.PendingWindowInDays
	default:
	}
	spec := material.LookupSpec(m.Spec)
	if spec == nil {
		return out
	}
	if m.Spec == symmetricDefault && (m.Origin == originKMS || m.Origin == originExternal) {
		out.CurrentKeyMaterialId = m.CurrentMaterial
	}
	algorithms := spec.Algorithms(material.Usage(m.Usage))
	switch material.Usage(m.Usage) {
	case material.EncryptDecrypt:
		out.EncryptionAlgorithms = algorithms
	case material.SignVerify:
		out.SigningAlgorithms = algorithms
	case material.GenerateVerifyMAC:
		out.MacAlgorithms = algorithms
	case material.KeyAgreement:
		out.KeyAgreementAlgorithms = algorithms
	case material.EncapsulateDecapsulate:
		out.EncapsulationAlgorithms = algorithms
	default:
	}
	return out
}

// symmetricDefault is the spec of symmetric encryption keys.
const symmetricDefault = "SYMMETRIC_DEFAULT"
