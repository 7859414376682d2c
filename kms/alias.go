package kms

import (
	"strings"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/store"
)

// aliasOperations are the operations on aliases. Each is authorized on the alias, by IAM policies alone, and on every
// key that it touches (https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html).
var aliasOperations = []operation{
	acts("CreateAlias", createAlias),
	acts("DeleteAlias", deleteAlias),
	acts("UpdateAlias", updateAlias),
	answers("ListAliases", listAliases),
}

// maxAliasesPerKey is the quota of aliases that name one key
// (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#aliases-per-key).
const maxAliasesPerKey = 50

// reservedAliasPrefix is for the aliases of AWS managed keys.
const reservedAliasPrefix = aliasPrefix + "aws/"

type createAliasInput struct {
	AliasName   *string `kms:"required,min=1,max=256,pattern=AliasNameType"`
	TargetKeyId *string `kms:"required,min=1,max=2048"`
}

func createAlias(c *call, in *createAliasInput) error {
	if err := checkAliasName(*in.AliasName); err != nil {
		return err
	}
	key, err := c.targetKey(*in.TargetKeyId)
	if err != nil {
		return err
	}
	if err := c.authorizeAlias(*in.AliasName); err != nil {
		return err
	}
	if err := c.authorize("kms:CreateAlias", key, nil); err != nil {
		return err
	}
	if err := c.checkState(key); err != nil {
		return err
	}
	if c.alias(c.Account, *in.AliasName) != nil {
		return failf(CodeAlreadyExists, "An alias with the name %s already exists", c.aliasARN(*in.AliasName))
	}
	if err := checkAliasQuota(key); err != nil {
		return err
	}
	now := c.now()
	return c.writeAlias(*in.AliasName, nil, &aliasRecord{TargetKeyID: key.ID, CreationDate: now, LastUpdatedDate: now}, key)
}

// checkAliasName checks what the model's pattern does not
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html, AliasName).
func checkAliasName(name string) error {
	switch {
	case !strings.HasPrefix(name, aliasPrefix):
		return failf(CodeValidation, "Alias must start with the prefix \"alias/\". Please see "+
			"https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html")
	case strings.HasPrefix(name, reservedAliasPrefix), name == aliasPrefix:
		return &Error{Code: CodeInvalidAliasName}
	case strings.Contains(name, ":"):
		return failf(CodeValidation, "%s contains invalid characters for an alias", name)
	default:
		return nil
	}
}

// targetKey finds the key that an alias is to name, by its id or ARN.
func (c *call) targetKey(keyID string) (*Key, error) {
	if strings.HasPrefix(keyID, aliasPrefix) {
		return nil, failf(CodeValidation, "Aliases must refer to keys. Not aliases")
	}
	return c.plainKey("kms:"+c.operation, keyID)
}

func (c *call) aliasARN(name string) string {
	return policy.AliasARN(c.Partition, c.Region, c.Account, name).String()
}

func (c *call) authorizeAlias(name string) error {
	return c.access(&Access{Action: "kms:" + c.operation, Alias: c.aliasARN(name)})
}

func checkAliasQuota(key *Key) error {
	if len(key.Aliases) >= maxAliasesPerKey {
		return failf(CodeLimitExceeded, "The key %s has the maximum number of aliases, %d.", key.ARN, maxAliasesPerKey)
	}
	return nil
}

// writeAlias writes the record of an alias in place of an old one, nil for none, unless the key that it is to name was
// changed or deleted meanwhile.
func (c *call) writeAlias(name string, old *alias, record *aliasRecord, key *Key) error {
	change, err := record.change(statePath(c.Account, c.Region, name))
	if err != nil {
		return err
	}
	before := store.Comparison{Key: change.Key}
	if old != nil {
		before.Revision = old.revision
	}
	return c.commit(store.Tx{Compare: []store.Comparison{before, unchanged(key)}, Changes: []store.Change{change}})
}

type deleteAliasInput struct {
	AliasName *string `kms:"required,min=1,max=256,pattern=AliasNameType"`
}

func deleteAlias(c *call, in *deleteAliasInput) error {
	if err := checkAliasName(*in.AliasName); err != nil {
		return err
	}
	old, key, err := c.existingAlias(*in.AliasName)
	if err != nil {
		return err
	}
	if err := c.authorizeAlias(*in.AliasName); err != nil {
		return err
	}
	if err := c.authorize("kms:DeleteAlias", key, nil); err != nil {
		return err
	}
	if err := c.checkState(key); err != nil {
		return err
	}
	path := aliasStore + statePath(c.Account, c.Region, *in.AliasName)
	return c.commit(store.Tx{
		Compare: []store.Comparison{{Key: path, Revision: old.revision}},
		Changes: []store.Change{{Key: path, Delete: true}},
	})
}

// existingAlias finds an alias of the caller's account, and the key that it names.
func (c *call) existingAlias(name string) (*alias, *Key, error) {
	old := c.alias(c.Account, name)
	if old == nil {
		return nil, nil, c.noAlias(name)
	}
	key, err := c.plainKey("kms:"+c.operation, old.target)
	if err != nil {
		return nil, nil, err
	}
	return old, key, nil
}

type updateAliasInput struct {
	AliasName   *string `kms:"required,min=1,max=256,pattern=AliasNameType"`
	TargetKeyId *string `kms:"required,min=1,max=2048"`
}

func updateAlias(c *call, in *updateAliasInput) error {
	if err := checkAliasName(*in.AliasName); err != nil {
		return err
	}
	old, from, err := c.existingAlias(*in.AliasName)
	if err != nil {
		return err
	}
	to, err := c.targetKey(*in.TargetKeyId)
	if err != nil {
		return err
	}
	if err := c.authorizeAlias(*in.AliasName); err != nil {
		return err
	}
	for _, key := range []*Key{from, to} {
		if err := c.authorize("kms:UpdateAlias", key, nil); err != nil {
			return err
		}
	}
	if err := c.checkState(to); err != nil {
		return err
	}
	if err := sameType(from, to); err != nil {
		return err
	}
	if from != to {
		if err := checkAliasQuota(to); err != nil {
			return err
		}
	}
	return c.writeAlias(*in.AliasName, old,
		&aliasRecord{TargetKeyID: to.ID, CreationDate: old.created, LastUpdatedDate: c.now()}, to)
}

// sameType refuses to let an alias name another sort of key than before, which would break those who use it
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html).
func sameType(from, to *Key) error {
	a, b := material.LookupSpec(from.Metadata.Spec), material.LookupSpec(to.Metadata.Spec)
	if from.Metadata.Usage != to.Metadata.Usage || a == nil || b == nil || a.Symmetric() != b.Symmetric() {
		return failf(CodeValidation, "Alias cannot be changed from key %s to key %s: the keys must be of the same type and "+
			"have the same key usage.", from.ARN, to.ARN)
	}
	return nil
}
