package kms

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

type createKeyInput struct {
	Policy                         *string    `kms:"min=1,max=131072,pattern=PolicyType"`
	Description                    *string    `kms:"min=0,max=8192"`
	KeyUsage                       *string    `kms:"enum=KeyUsageType"`
	CustomerMasterKeySpec          *string    `kms:"enum=CustomerMasterKeySpec"`
	KeySpec                        *string    `kms:"enum=KeySpec"`
	Origin                         *string    `kms:"enum=OriginType"`
	CustomKeyStoreId               *string    `kms:"min=1,max=64"`
	BypassPolicyLockoutSafetyCheck *bool      ``
	Tags                           []tagInput ``
	MultiRegion                    *bool      ``
	XksKeyId                       *string    `kms:"min=1,max=128,pattern=XksKeyIdType"`
}

type createKeyOutput struct{ KeyMetadata *keyMetadata }

// createKey makes a key. Its policy is checked before the caller is, as far as it can be read, but decides nothing
// about whether the caller may create it.
func createKey(c *call, in *createKeyInput) (*createKeyOutput, error) {
	record, err := newKeyRecord(c.Partition, in)
	if err != nil {
		return nil, err
	}
	record.CreationDate = c.now()
	record.CustomKeyStoreID, record.XksKeyID = value(in.CustomKeyStoreId, ""), value(in.XksKeyId, "")
	context := createKeyContext(record, in.BypassPolicyLockoutSafetyCheck, in.Tags)
	if err := c.authorize("kms:CreateKey", nil, context); err != nil {
		return nil, err
	}
	if err := c.ensureMultiRegionRole(record); err != nil {
		return nil, err
	}
	id, err := c.service.newKeyID(record.MultiRegion)
	if err != nil {
		return nil, err
	}
	if err := c.checkKeyQuota(c.Region); err != nil {
		return nil, err
	}
	key, err := c.draftKey(&draft{id: id, policy: in.Policy, bypass: in.BypassPolicyLockoutSafetyCheck, tags: in.Tags}, record)
	if err != nil {
		return nil, err
	}
	c.observe(key)
	tx := store.Tx{}
	cluster, err := c.placeKey(&tx, record)
	if err != nil {
		return nil, err
	}
	if record.Origin != originExternal {
		m, err := c.service.newMaterial(key.ARN, record.Spec, cluster)
		if err != nil {
			return nil, err
		}
		record.Materials = []materialRecord{m}
		key.Metadata.CurrentMaterial = m.ID
	}
	change, err := record.change(key.path())
	if err != nil {
		return nil, err
	}
	tx.Compare, tx.Changes = append(tx.Compare, store.Comparison{Key: change.Key}), append(tx.Changes, change)
	if err := c.commit(tx); err != nil {
		return nil, err
	}
	return &createKeyOutput{c.metadata(key, []*Key{key})}, nil
}

// newKeyRecord is the record of the key that a request asks for, without what makes it one key among others.
func newKeyRecord(partition string, in *createKeyInput) (*keyRecord, error) {
	record := &keyRecord{
		Partition:   partition,
		Description: value(in.Description, ""), Usage: value(in.KeyUsage, ""), Origin: value(in.Origin, originKMS),
		State: stateEnabled, MultiRegion: value(in.MultiRegion, false),
	}
	if record.MultiRegion {
		record.MultiRegionKeyType = primaryKey
	}
	if in.KeySpec != nil && in.CustomerMasterKeySpec != nil {
		return nil, failf(CodeValidation, "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "+
			"CustomerMasterKeySpec is deprecated.")
	}
	record.Spec = value(in.KeySpec, value(in.CustomerMasterKeySpec, symmetricDefault))
	if record.Usage == "" {
		if record.Spec != symmetricDefault {
			return nil, failf(CodeValidation,
				"You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
		}
		record.Usage = string(material.EncryptDecrypt)
	}
	switch record.Origin {
	case originKMS:
	case originExternal:
		record.State = statePendingImport
	default: // of a custom key store
	}
	if err := in.checkCustomStore(record); err != nil {
		return nil, err
	}
	spec := newKeySpec(partition, record.Spec)
	if spec == nil && partition != "aws-cn" {
		// AWS's words (https://github.com/floci-io/floci/issues/3026); in China it has SM2, and we have not.
		return nil, failf(CodeUnsupportedOperation, "KeySpec %s is not supported in this Region", record.Spec)
	}
	if spec == nil || record.Origin == originExternal && !spec.Imports() {
		return nil, &Error{Code: CodeUnsupportedOperation}
	}
	if !spec.HasUsage(material.Usage(record.Usage)) {
		return nil, failf(CodeValidation, "KeyUsage %s is not compatible with KeySpec %s", record.Usage, record.Spec)
	}
	tags, err := mergeTags(nil, in.Tags)
	record.Tags = tags
	return record, err
}

// The origins of key material: that KMS made, and that is imported.
const (
	originKMS      = "AWS_KMS"
	originExternal = "EXTERNAL"
)

// value is what an optional member says, or its default.
func value[T any](member *T, without T) T {
	if member == nil {
		return without
	}
	return *member
}

// createKeyContext are the condition keys of CreateKey
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html).
func createKeyContext(record *keyRecord, bypass *bool, tags []tagInput) map[string][]string {
	context := map[string][]string{
		"kms:KeySpec": {record.Spec}, "kms:KeyUsage": {record.Usage}, "kms:KeyOrigin": {record.Origin},
		"kms:MultiRegion": {strconv.FormatBool(record.MultiRegion)},
	}
	if record.MultiRegion {
		context["kms:MultiRegionKeyType"] = []string{record.MultiRegionKeyType}
	}
	addBypass(context, bypass)
	addRequestTags(context, tags)
	return context
}

// maxKeys is how many customer managed keys an account can have in a Region, whatever their state is
// (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#kms-keys-limit).
const maxKeys = 100_000

// checkKeyQuota refuses one more key in a Region.
func (c *call) checkKeyQuota(region string) error {
	if n, _ := c.snapshot.counts.Get(c.Account + "/" + region); n >= c.service.maxKeys {
		return failf(CodeLimitExceeded, "The request was rejected because a quota was exceeded.")
	}
	return nil
}

// draft is what a request says about a key that is to be made, beside its record.
type draft struct {
	id string
	// region is that of the key when it is not the Region of the call.
	region string
	policy *string
	bypass *bool
	tags   []tagInput
}

// draftKey makes the key of a record as it will be, and decides whether its policy and its tags may be: the key does
// not exist yet.
func (c *call) draftKey(d *draft, record *keyRecord) (*Key, error) {
	region := d.region
	if region == "" {
		region = c.Region
	}
	record.Policy = defaultKeyPolicy(c.Partition, c.Account)
	if len(d.tags) > 0 {
		// "To use this parameter, you must have kms:TagResource permission in an IAM policy": under the default policy
		// IAM policies alone decide.
		key, err := c.service.newKey(c.Account, region, d.id, record)
		if err != nil {
			return nil, err
		}
		access := &Access{Action: "kms:TagResource", Key: key, Region: d.region, Context: map[string][]string{}}
		addRequestTags(access.Context, d.tags)
		if err := c.access(access); err != nil {
			return nil, err
		}
	}
	if d.policy != nil {
		record.Policy = *d.policy
	}
	var err error
	if record.PrincipalIDs, err = c.service.checkPolicy(record.Policy); err != nil {
		return nil, err
	}
	key, err := c.service.newKey(c.Account, region, d.id, record)
	if err != nil || d.policy == nil {
		return key, err // the check is of the policies that callers bring (API reference, CreateKey, Policy)
	}
	return key, c.checkLockout(key, d.region, d.bypass)
}

// newKey makes a version of a key that is not in the store.
func (s *Service) newKey(account, region, id string, record *keyRecord) (*Key, error) {
	return s.state.newKey(statePath(account, region, id), nil, &touch{record: record})
}

// newKeyID makes a random key id: that of a multi-Region key has a prefix and no dashes
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html).
func (s *Service) newKeyID(multiRegion bool) (string, error) {
	id, err := uuid.NewRandomFromReader(s.config.Rand)
	if err != nil {
		return "", fmt.Errorf("making a key id: %w", err)
	}
	if multiRegion {
		return multiRegionPrefix + strings.ReplaceAll(id.String(), "-", ""), nil
	}
	return id.String(), nil
}

// defaultKeyPolicy is the policy of a key that is created without one, as GetKeyPolicy tells it, to the letter
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func defaultKeyPolicy(partition, account string) string {
	root := policy.ARN{Partition: partition, Service: "iam", Account: account, Resource: "root"}
	return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "` + root.String() + `"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
}
