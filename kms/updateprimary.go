package kms

import (
	"slices"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

type updatePrimaryRegionInput struct {
	KeyId         *string `kms:"required,min=1,max=2048"`
	PrimaryRegion *string `kms:"required,min=1,max=32,pattern=RegionType"`
}

// updatePrimaryRegion makes a replica the primary key, and the primary key a replica. The caller must be allowed to in
// both Regions, and both keys must be enabled
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html). Both are Updating for a while; which
// is the primary key is told right from the start, where AWS says that both may show as replicas.
func updatePrimaryRegion(c *call, in *updatePrimaryRegionInput) error {
	region := *in.PrimaryRegion
	context := map[string][]string{"kms:PrimaryRegion": {region}}
	key, err := c.authorizedKey(*in.KeyId, context)
	if err != nil {
		return err
	}
	if err := checkIsPrimary(key); err != nil {
		return err
	}
	replica, err := c.replicaIn(key, region)
	if err != nil {
		return err
	}
	if err := c.access(&Access{Action: "kms:UpdatePrimaryRegion", Key: replica, Region: region, Context: context}); err != nil {
		return err
	}
	for _, k := range []*Key{key, replica} {
		if err := c.checkState(k); err != nil {
			return err
		}
	}
	tx := store.Tx{}
	for _, k := range []*Key{key, replica} {
		record := *k.record
		record.MultiRegionKeyType = primaryKey
		if k == key {
			record.MultiRegionKeyType = replicaKey
		}
		record.begin(stateUpdating, stateEnabled, c.now())
		if err := edit(&tx, k, &record); err != nil {
			return err
		}
	}
	return c.commit(tx)
}

// replicaIn returns the replica of a primary key in a Region.
func (c *call) replicaIn(key *Key, region string) (*Key, error) {
	if region == key.Region {
		return nil, failf(CodeUnsupportedOperation, "%s is the multi-region primary key.", key.ARN)
	}
	related := replicas(c.related(key))
	i := slices.IndexFunc(related, func(k *Key) bool { return k.Region == region })
	if i < 0 {
		return nil, failf(CodeNotFound, "Key '%s' does not exist", policy.KeyARN(key.Partition, region, key.Account, key.ID))
	}
	return related[i], nil
}
