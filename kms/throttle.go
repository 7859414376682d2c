package kms

import (
	"slices"

	"github.com/strictkms/strictkms/kms/quota"
)

// sharedQuota are the operations that count toward a quota that operations with keys of one kind share, once their key is
// known. That of other operations is their own.
var sharedQuota = []string{
	"Decapsulate", "Decrypt", "DeriveSharedSecret", "Encapsulate", "Encrypt", "GenerateDataKey",
	"GenerateDataKeyWithoutPlaintext", "GenerateMac", "ReEncrypt", "Sign", "Verify", "VerifyMac",
}

// sharesQuota reports whether an operation counts toward a shared quota when its key is known.
func sharesQuota(operation string) bool { return slices.Contains(sharedQuota, operation) }

// throttle counts the call toward the quotas that its operation has whatever its key is.
func (c *call) throttle(in any) error {
	if c.service.config.Throttle == nil {
		return nil
	}
	switch in := in.(type) {
	case *generateRandomInput:
		return c.take(quota.Symmetric, c.Region, 1)
	case *generateDataKeyPairInput:
		return c.take(quota.KeyPair(*in.KeyPairSpec), c.Region, 1)
	case *generateDataKeyPairWithoutPlaintextInput:
		return c.take(quota.KeyPair(*in.KeyPairSpec), c.Region, 1)
	case *replicateKeyInput: // it "counts as one ReplicateKey request […] and two CreateKey requests in the replica's Region"
		if err := c.take("CreateKey", *in.ReplicaRegion, 2); err != nil {
			return err
		}
	case *updatePrimaryRegionInput: // "one request in each of the two affected Regions"
		if err := c.take(c.operation, *in.PrimaryRegion, 1); err != nil {
			return err
		}
	}
	if sharesQuota(c.operation) {
		return nil
	}
	return c.take(c.operation, c.Region, 1)
}

// throttleUse counts the call toward the quota of its key. A call with two keys counts once.
func (c *call) throttleUse(key *Key) error {
	if c.service.config.Throttle == nil || c.throttled || !sharesQuota(c.operation) {
		return nil
	}
	c.throttled = true
	return c.take(quota.Cryptographic(key.Metadata.Spec), c.Region, 1)
}

// take counts requests of the caller's account, whoever's the key is
// (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html#rps-cross-account).
func (c *call) take(name, region string, n int) error {
	if c.service.config.Throttle.Take(c.Account, region, name, n) {
		return nil
	}
	return errThrottled
}

var errThrottled = &Error{
	Code: CodeThrottling, Message: "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
}

// takeStore counts a cryptographic operation toward the quota of a custom key store, which the callers of all accounts share
// (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html#rps-key-stores).
func (c *call) takeStore(s *customStore) error {
	if c.service.config.Throttle.TakeShared(s.account, s.region, quota.CustomKeyStore, s.id) {
		return nil
	}
	return errThrottled
}
