package kms

import (
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

// multiRegionOperations are the operations that make and change sets of related multi-Region keys.
var multiRegionOperations = []operation{
	answers("ReplicateKey", replicateKey),
	acts("UpdatePrimaryRegion", updatePrimaryRegion),
}

type replicateKeyInput struct {
	KeyId                          *string    `kms:"required,min=1,max=2048"`
	ReplicaRegion                  *string    `kms:"required,min=1,max=32,pattern=RegionType"`
	Policy                         *string    `kms:"min=1,max=131072,pattern=PolicyType"`
	BypassPolicyLockoutSafetyCheck *bool      ``
	Description                    *string    `kms:"min=0,max=8192"`
	Tags                           []tagInput ``
}

type replicateKeyOutput struct {
	ReplicaKeyMetadata *keyMetadata
	ReplicaPolicy      string
	ReplicaTags        []Tag
}

// replicateKey makes a replica of a primary key in another Region. It is decided twice: whether the caller may replicate
// the key, in its Region, and whether it may create a key in the Region of the replica
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html, Required permissions).
func replicateKey(c *call, in *replicateKeyInput) (*replicateKeyOutput, error) {
	region := *in.ReplicaRegion
	key, err := c.authorizedKey(*in.KeyId, map[string][]string{"kms:ReplicaRegion": {region}})
	if err != nil {
		return nil, err
	}
	record, err := newReplicaRecord(key, in)
	if err != nil {
		return nil, err
	}
	record.CreationDate = c.now()
	access := &Access{
		Action: "kms:CreateKey", Region: region,
		Context: createKeyContext(record, in.BypassPolicyLockoutSafetyCheck, in.Tags),
	}
	if err := c.access(access); err != nil {
		return nil, err
	}
	if err := c.checkReplicates(key, region); err != nil {
		return nil, err
	}
	if err := c.checkKeyQuota(region); err != nil {
		return nil, err
	}
	replica, err := c.draftKey(&draft{
		id: key.ID, region: region, policy: in.Policy, bypass: in.BypassPolicyLockoutSafetyCheck, tags: in.Tags,
	}, record)
	if err != nil {
		return nil, err
	}
	if err := c.putReplica(key, replica, record); err != nil {
		return nil, err
	}
	tags := record.Tags
	if tags == nil {
		tags = []Tag{}
	}
	related := c.service.state.current.Load().related(key.Account, key.ID)
	return &replicateKeyOutput{replica.metadata(related), record.Policy, tags}, nil
}

// newReplicaRecord is the record of a replica without what it shares with its primary key by [Service.share].
func newReplicaRecord(key *Key, in *replicateKeyInput) (*keyRecord, error) {
	record := &keyRecord{
		Partition: key.Partition, Description: value(in.Description, ""), Spec: key.Metadata.Spec, Usage: key.Metadata.Usage,
		Origin: key.Metadata.Origin, State: stateCreating, MultiRegion: true, MultiRegionKeyType: replicaKey,
	}
	tags, err := mergeTags(nil, in.Tags)
	record.Tags = tags
	return record, err
}

// checkReplicates refuses a key that is no primary key or not in a state to be replicated, and a Region that cannot have
// a replica of it (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-replicate.html#replica-region).
func (c *call) checkReplicates(key *Key, region string) error {
	if err := checkIsPrimary(key); err != nil {
		return err
	}
	if err := c.checkState(key); err != nil {
		return err
	}
	if policy.PartitionOf(region) != key.Partition {
		return failf(CodeUnsupportedOperation, "%s cannot be replicated to %s, which is in another partition.", key.ARN, region)
	}
	for _, other := range c.related(key) {
		if other.Region == region {
			return failf(CodeAlreadyExists, "Key %s already exists", other.ARN)
		}
	}
	return nil
}

// checkIsPrimary refuses a key that is not a multi-Region primary key.
func checkIsPrimary(key *Key) error {
	if key.Metadata.MultiRegionKeyType != primaryKey {
		return failf(CodeUnsupportedOperation, "%s is not a multi-region primary key.", key.ARN)
	}
	return nil
}

// putReplica completes the record of a replica and writes it. The replica has no key material to use until it is no longer
// Creating.
func (c *call) putReplica(key, replica *Key, record *keyRecord) error {
	if err := c.service.share(key.ARN, key.record, replica.ARN, record); err != nil {
		return err
	}
	to := stateEnabled
	if record.Origin == originExternal {
		to = statePendingImport
	}
	record.begin(stateCreating, to, c.now())
	replica.Metadata.CurrentMaterial = key.Metadata.CurrentMaterial
	tx := store.Tx{}
	if err := hold(&tx, key); err != nil { // it conflicts with what happens to the primary key meanwhile
		return err
	}
	change, err := record.change(replica.path())
	if err != nil {
		return err
	}
	tx.Compare, tx.Changes = append(tx.Compare, store.Comparison{Key: change.Key}), append(tx.Changes, change)
	return c.commit(tx)
}
