package kms

import (
	"strings"

	"github.com/google/uuid"

	"github.com/strictkms/strictkms/policy"
)

// The four ways to name a key (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id): key id,
// key ARN, alias name and alias ARN. The errors are those that AWS was seen to give.

// aliasPrefix begins every alias name.
const aliasPrefix = "alias/"

// multiRegionPrefix begins the id of every multi-Region key
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html).
const multiRegionPrefix = "mrk-"

// isKeyID reports whether a text has the form of a key id: a UUID, or mrk- and one without dashes.
func isKeyID(s string) bool {
	if hex, ok := strings.CutPrefix(s, multiRegionPrefix); ok {
		return len(hex) == 32 && uuid.Validate(hex) == nil
	}
	return len(s) == 36 && uuid.Validate(s) == nil
}

// refuseAlias refuses the name or ARN of an alias, for the operations whose KeyId is a key id or key ARN.
func refuseAlias(keyID string) error {
	if strings.HasPrefix(keyID, aliasPrefix) {
		return failf(CodeNotFound, "Invalid keyId '%s'", keyID)
	}
	if arn, ok := policy.ParseARN(keyID); ok {
		if _, isAlias := arn.AliasName(); isAlias {
			return failf(CodeInvalidArn, "Key Aliases are not supported for this operation")
		}
	}
	return nil
}

// lookup finds the key that a KeyId names.
func (c *call) lookup(action, keyID string) (*Key, string, error) {
	switch {
	case strings.HasPrefix(keyID, "arn:"):
		return c.lookupARN(action, keyID)
	case strings.HasPrefix(keyID, aliasPrefix):
		return c.lookupAlias(action, c.Account, keyID)
	case !isKeyID(keyID):
		return nil, "", failf(CodeNotFound, "Invalid keyId '%s'", keyID)
	default:
		key, err := c.lookupID(action, c.Account, keyID)
		return key, "", err
	}
}

func (c *call) lookupARN(action, text string) (*Key, string, error) {
	arn, ok := policy.ParseARN(text)
	alias, isAlias := arn.AliasName()
	id, isKey := arn.KeyID()
	switch {
	case !ok || !isAlias && !isKey || arn.Partition != c.Partition || !policy.IsAccountID(arn.Account):
		return nil, "", failf(CodeInvalidArn, "Invalid arn %s", text)
	case arn.Region != c.Region:
		return nil, "", failf(CodeNotFound, "Invalid arn %s", arn.Region)
	case isAlias:
		return c.lookupAlias(action, arn.Account, alias)
	case !isKeyID(id):
		return nil, "", failf(CodeNotFound, "Invalid keyId '%s'", id)
	}
	key, err := c.lookupID(action, arn.Account, id)
	return key, "", err
}

func (c *call) lookupAlias(action, account, name string) (*Key, string, error) {
	a := c.alias(account, name)
	if a == nil {
		if account != c.Account {
			return nil, "", c.deniedAbroad(action)
		}
		return nil, "", c.noAlias(name)
	}
	key, err := c.lookupID(action, account, a.target)
	return key, name, err
}

// alias returns the alias of an account in the Region of the call, nil when there is none.
func (c *call) alias(account, name string) *alias {
	return c.snapshot.alias(statePath(account, c.Region, name))
}

func (c *call) noAlias(name string) error {
	return failf(CodeNotFound, "Alias %s is not found.", policy.AliasARN(c.Partition, c.Region, c.Account, name))
}

func (c *call) lookupID(action, account, id string) (*Key, error) {
	key := c.snapshot.key(statePath(account, c.Region, id))
	switch {
	case key != nil && !key.isGone(c.now()):
		return key, nil
	case account != c.Account:
		return nil, c.deniedAbroad(action)
	default:
		return nil, failf(CodeNotFound, "Key '%s' does not exist", policy.KeyARN(c.Partition, c.Region, account, id))
	}
}

// keyOfCiphertext finds a key by the ids of key and material that a ciphertext carries, in whatever account it is: one of
// the Region of the call, since neither the ciphertext of a single-Region key can be used elsewhere, nor is any Region but
// the caller's asked for a multi-Region key. Keys of several accounts have one id when they were loaded so; the material
// is that of one. A key that is not there is answered as one that the caller may not use.
func (c *call) keyOfCiphertext(id, materialID string) (*Key, error) {
	key := c.snapshot.keyOfMaterial(id, c.Region, materialID)
	if key == nil || key.isGone(c.now()) {
		return nil, &Error{Code: CodeAccessDenied, Message: unknownCiphertextKey}
	}
	c.observe(key)
	return key, c.throttleUse(key)
}

// unknownCiphertextKey is AWS's answer whether the key of a ciphertext is not there or not to be used by the caller.
const unknownCiphertextKey = "The ciphertext refers to a customer master key that does not exist, does not exist in " +
	"this region, or you are not allowed to access."
