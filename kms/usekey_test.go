package kms

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
)

// cryptoCase is a request of an operation that succeeds.
type cryptoCase struct {
	operation   string
	spec, usage string // of the key; the request names it by the member keyMember
	keyMember   string
	input       func(b *bench, key string) in
	// conditions are the condition keys of the request.
	conditions map[string][]string
	// noDryRun is true for operations without that parameter.
	noDryRun bool
}

var cryptoContext = in{"tenant": "a", "Purpose": ""}

// symmetricConditions are those of a request with cryptoContext and the default algorithm.
func symmetricConditions(more map[string][]string) map[string][]string {
	out := map[string][]string{
		"kms:EncryptionAlgorithm": {"SYMMETRIC_DEFAULT"}, "kms:EncryptionContextKeys": {"Purpose", "tenant"},
		"kms:EncryptionContext:tenant": {"a"}, "kms:EncryptionContext:Purpose": {""},
	}
	maps.Copy(out, more)
	return out
}

// encrypted is a ciphertext under a key with cryptoContext.
func (b *bench) encrypted(key string) []byte {
	b.t.Helper()
	return must[encryptOutput](b, "Encrypt", in{"KeyId": key, "Plaintext": []byte("secret"), "EncryptionContext": cryptoContext}).CiphertextBlob
}

func only(input in) func(*bench, string) in {
	return func(*bench, string) in { return maps.Clone(input) }
}

// cryptoCases has every operation on key material once.
func cryptoCases() []cryptoCase {
	message := []byte("message")
	dataKey := only(in{"KeySpec": "AES_256", "EncryptionContext": cryptoContext})
	pair := only(in{"KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": cryptoContext})
	pairConditions := symmetricConditions(map[string][]string{"kms:DataKeyPairSpec": {"ECC_NIST_P256"}})
	signing := map[string][]string{"kms:SigningAlgorithm": {"ECDSA_SHA_256"}, "kms:MessageType": {"RAW"}}
	mac := map[string][]string{"kms:MacAlgorithm": {"HMAC_SHA_256"}}
	symmetric := func(operation string, input func(*bench, string) in, conditions map[string][]string) cryptoCase {
		return cryptoCase{
			operation: operation, spec: "SYMMETRIC_DEFAULT", usage: "ENCRYPT_DECRYPT", keyMember: "KeyId", input: input,
			conditions: conditions,
		}
	}
	return []cryptoCase{
		symmetric("Encrypt", only(in{"Plaintext": message, "EncryptionContext": cryptoContext}), symmetricConditions(nil)),
		symmetric("Decrypt", func(b *bench, key string) in {
			return in{"CiphertextBlob": b.encrypted(key), "EncryptionContext": cryptoContext}
		}, symmetricConditions(nil)),
		symmetric("GenerateDataKey", dataKey, symmetricConditions(nil)),
		symmetric("GenerateDataKeyWithoutPlaintext", dataKey, symmetricConditions(nil)),
		symmetric("GenerateDataKeyPair", pair, pairConditions),
		symmetric("GenerateDataKeyPairWithoutPlaintext", pair, pairConditions),
		{
			operation: "Sign", spec: "ECC_NIST_P256", usage: "SIGN_VERIFY", keyMember: "KeyId", conditions: signing,
			input: only(in{"Message": message, "SigningAlgorithm": "ECDSA_SHA_256"}),
		},
		{
			operation: "Verify", spec: "ECC_NIST_P256", usage: "SIGN_VERIFY", keyMember: "KeyId", conditions: signing,
			input: func(b *bench, key string) in {
				signed := must[signOutput](b, "Sign", in{"KeyId": key, "Message": message, "SigningAlgorithm": "ECDSA_SHA_256"})
				return in{"Message": message, "SigningAlgorithm": "ECDSA_SHA_256", "Signature": signed.Signature}
			},
		},
		{
			operation: "GenerateMac", spec: "HMAC_256", usage: "GENERATE_VERIFY_MAC", keyMember: "KeyId", conditions: mac,
			input: only(in{"Message": message, "MacAlgorithm": "HMAC_SHA_256"}),
		},
		{
			operation: "VerifyMac", spec: "HMAC_256", usage: "GENERATE_VERIFY_MAC", keyMember: "KeyId", conditions: mac,
			input: func(b *bench, key string) in {
				made := must[generateMacOutput](b, "GenerateMac", in{"KeyId": key, "Message": message, "MacAlgorithm": "HMAC_SHA_256"})
				return in{"Message": message, "MacAlgorithm": "HMAC_SHA_256", "Mac": made.Mac}
			},
		},
		{
			operation: "DeriveSharedSecret", spec: "ECC_NIST_P256", usage: "KEY_AGREEMENT", keyMember: "KeyId",
			conditions: map[string][]string{"kms:KeyAgreementAlgorithm": {"ECDH"}},
			input: func(b *bench, key string) in {
				return in{
					"KeyAgreementAlgorithm": "ECDH",
					"PublicKey":             must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": key}).PublicKey,
				}
			},
		},
		{
			operation: "Encapsulate", spec: "ML_KEM_768", usage: "ENCAPSULATE_DECAPSULATE", keyMember: "KeyId",
			conditions: map[string][]string{}, input: only(in{"EncapsulationAlgorithm": "ML_KEM"}),
		},
		{
			operation: "Decapsulate", spec: "ML_KEM_768", usage: "ENCAPSULATE_DECAPSULATE", keyMember: "KeyId",
			conditions: map[string][]string{},
			input: func(b *bench, key string) in {
				made := must[encapsulateOutput](b, "Encapsulate", in{"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"})
				return in{"EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": made.SharedSecretCiphertextBlob}
			},
		},
		{
			operation: "GetPublicKey", spec: "ECC_NIST_P256", usage: "SIGN_VERIFY", keyMember: "KeyId",
			conditions: map[string][]string{}, input: only(nil), noDryRun: true,
		},
		{
			operation: "ReEncrypt", spec: "SYMMETRIC_DEFAULT", usage: "ENCRYPT_DECRYPT", keyMember: "SourceKeyId",
			input: func(b *bench, key string) in {
				return in{
					"CiphertextBlob": b.encrypted(key), "SourceEncryptionContext": cryptoContext,
					"DestinationKeyId": b.symmetric(), "DestinationEncryptionContext": cryptoContext,
				}
			},
			conditions: symmetricConditions(map[string][]string{"kms:ReEncryptOnSameKey": {"false"}}),
		},
	}
}

// with returns the input of a case for a key.
func (c *cryptoCase) with(b *bench, key string) in {
	input := c.input(b, key)
	if input == nil {
		input = in{}
	}
	input[c.keyMember] = key
	return input
}

// eachCrypto runs a test for every operation on a key of its own, which is of a kind that is made fast.
func eachCrypto(t *testing.T, test func(b *bench, c *cryptoCase, key string)) {
	t.Helper()
	for _, c := range cryptoCases() {
		t.Run(c.operation, func(t *testing.T) {
			b := newBench(t)
			test(b, &c, b.newKey(c.spec, c.usage))
		})
	}
}

// actions are the actions that a call of an operation asks about.
func (c *cryptoCase) actions() []string {
	if c.operation == "ReEncrypt" {
		return []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"}
	}
	return []string{"kms:" + c.operation}
}

// TestCryptoConditions holds what the operations ask to the catalogue: every condition key of theirs is one that the
// action has, and of those of the catalogue that come from parameters none is left out.
func TestCryptoConditions(t *testing.T) {
	fromParameters := func(name string) bool {
		switch name {
		case "kms:EncryptionAlgorithm", "kms:EncryptionContextKeys", "kms:SigningAlgorithm", "kms:MessageType", "kms:MacAlgorithm",
			"kms:DataKeyPairSpec", "kms:KeyAgreementAlgorithm", "kms:RequestAlias", "kms:ReEncryptOnSameKey", "kms:EncryptionContext:${EncryptionContextKey}":
			return true
		default:
			return false
		}
	}
	eachCrypto(t, func(b *bench, c *cryptoCase, key string) {
		alias := "alias/conditions-" + c.operation
		_, err := b.do("CreateAlias", in{"AliasName": alias, "TargetKeyId": key})
		require.NoError(b.t, err)
		input := c.with(b, key)
		input[c.keyMember] = alias
		_, err = b.do(c.operation, input)
		require.NoError(b.t, err)
		require.Len(b.t, b.asked, len(c.actions()))
		require.Equal(b.t, key, b.asked[0].Key.ARN)
		want := maps.Clone(c.conditions)
		want["kms:RequestAlias"] = []string{alias}
		require.Equal(b.t, want, b.asked[0].Context)

		for i, name := range c.actions() {
			require.Equal(b.t, name, b.asked[i].Action)
			action, _ := policy.LookupAction(name)
			require.NotNil(b.t, action)
			var asked []string
			for name := range b.asked[i].Context {
				if strings.HasPrefix(name, "kms:EncryptionContext:") {
					name = "kms:EncryptionContext:${EncryptionContextKey}"
				}
				asked = append(asked, name)
			}
			if i > 0 {
				asked = append(asked, "kms:RequestAlias") // the destination is named by its ARN
			}
			slices.Sort(asked)
			var known []string
			for _, name := range action.ConditionKeys {
				if fromParameters(name) {
					known = append(known, name)
				}
			}
			require.Equal(b.t, known, slices.Compact(asked))
		}
	})
}

// TestCryptoSucceeds has every operation do its work for a caller that is allowed to, with the key that it reports.
func TestCryptoSucceeds(t *testing.T) {
	eachCrypto(t, func(b *bench, c *cryptoCase, key string) {
		input := c.with(b, key)
		result, err := b.do(c.operation, input)
		require.NoError(b.t, err)
		var out map[string]any
		remarshal(b.t, result.Output, &out)
		if c.operation == "ReEncrypt" {
			require.Equal(b.t, key, out["SourceKeyId"])
		} else {
			require.Equal(b.t, key, out["KeyId"])
		}
		require.Equal(b.t, key, b.keys[0].ARN)
		require.Equal(b.t, c.spec == "SYMMETRIC_DEFAULT", len(b.materials) > 0, "the material of symmetric keys is told")
	})
}

// TestCryptoAcrossAccounts names the key of another account by its ARN; its id alone means one of the caller's.
func TestCryptoAcrossAccounts(t *testing.T) {
	eachCrypto(t, func(b *bench, c *cryptoCase, key string) {
		input := c.with(b, key)
		b.call.Account = cryptoOther
		_, err := b.do(c.operation, input)
		require.NoError(b.t, err)
		require.Equal(b.t, key, b.asked[0].Key.ARN)

		id := key[strings.LastIndex(key, "/")+1:]
		input[c.keyMember] = id
		b.refused(c.operation, input, CodeNotFound, "Key 'arn:aws:kms:us-east-1:"+cryptoOther+":key/"+id+"' does not exist")
		require.Empty(b.t, b.asked)
	})
}

// TestCryptoDenied denies every action: nothing comes back, whatever else is wrong with the call.
func TestCryptoDenied(t *testing.T) {
	eachCrypto(t, func(b *bench, c *cryptoCase, key string) {
		input := c.with(b, key)
		for _, action := range c.actions() {
			b.decide = deny(action)
			b.refused(c.operation, input, CodeAccessDenied, "denied "+action)
			require.Empty(b.t, b.materials)
		}
		b.decide = nil
		_, err := b.do("DisableKey", in{"KeyId": key})
		require.NoError(b.t, err)
		b.decide = deny(c.actions()...)
		b.refused(c.operation, input, CodeAccessDenied, "denied "+c.actions()[0])
	})
}

// TestCryptoKeyStates refuses keys that are not enabled, once the call is authorized.
func TestCryptoKeyStates(t *testing.T) {
	eachCrypto(t, func(b *bench, c *cryptoCase, key string) {
		input := c.with(b, key)
		_, err := b.do("DisableKey", in{"KeyId": key})
		require.NoError(b.t, err)
		b.refused(c.operation, input, CodeDisabled, key+" is disabled.")
		require.Len(b.t, b.asked, len(c.actions()))
		_, err = b.do("EnableKey", in{"KeyId": key})
		require.NoError(b.t, err)
		_, err = b.do(c.operation, input)
		require.NoError(b.t, err)
		_, err = b.do("ScheduleKeyDeletion", in{"KeyId": key})
		require.NoError(b.t, err)
		b.refused(c.operation, input, CodeInvalidState, key+" is pending deletion.")
	})
}

// TestReEncryptDestinationState refuses a destination that is not enabled.
func TestReEncryptDestinationState(t *testing.T) {
	b := newBench(t)
	to := b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := b.encrypted(b.symmetric())
	_, err := b.do("DisableKey", in{"KeyId": to})
	require.NoError(t, err)
	b.refused("ReEncrypt", in{
		"CiphertextBlob": blob, "SourceEncryptionContext": cryptoContext, "DestinationKeyId": to,
	}, CodeDisabled, to+" is disabled.")
}

// TestCryptoKeyUsage refuses keys of another usage.
func TestCryptoKeyUsage(t *testing.T) {
	others := map[string][2]string{
		"ENCRYPT_DECRYPT": {"ECC_NIST_P256", "SIGN_VERIFY"}, "SIGN_VERIFY": {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"},
		"GENERATE_VERIFY_MAC": {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"}, "KEY_AGREEMENT": {"ECC_NIST_P256", "SIGN_VERIFY"},
		"ENCAPSULATE_DECAPSULATE": {"ECC_NIST_P256", "KEY_AGREEMENT"},
	}
	eachCrypto(t, func(b *bench, c *cryptoCase, key string) {
		if c.operation == "GetPublicKey" {
			return // it takes every usage
		}
		input := c.with(b, key)
		other := others[c.usage]
		input[c.keyMember] = b.sharedKey(other[0], other[1])
		b.refused(c.operation, input, CodeInvalidKeyUsage,
			input[c.keyMember].(string)+" key usage is "+other[1]+" which is not valid for "+c.operation+".")
	})
}

// TestCryptoDryRun says that a request would have succeeded, and only when it would have.
func TestCryptoDryRun(t *testing.T) {
	const message = "The request would have succeeded, but the DryRun option is set."
	eachCrypto(t, func(b *bench, c *cryptoCase, key string) {
		if c.noDryRun {
			return
		}
		input := c.with(b, key)
		input["DryRun"] = true
		b.refused(c.operation, input, CodeDryRunOperation, message)
		require.Len(b.t, b.asked, len(c.actions()))
		b.decide = deny(c.actions()[0])
		b.refused(c.operation, input, CodeAccessDenied, "denied "+c.actions()[0])
		b.decide = nil
		_, err := b.do("DisableKey", in{"KeyId": key})
		require.NoError(b.t, err)
		b.refused(c.operation, input, CodeDisabled, key+" is disabled.")
		input["DryRun"] = false
		b.refused(c.operation, input, CodeDisabled, key+" is disabled.")
	})
}

// TestDryRunIgnoresCiphertext asks for the permission to decrypt alone.
func TestDryRunIgnoresCiphertext(t *testing.T) {
	const message = "The request would have succeeded, but the DryRun option is set."
	b := newBench(t)
	key := b.symmetric()
	ignore := in{"KeyId": key, "DryRun": true, "DryRunModifiers": []string{"IGNORE_CIPHERTEXT"}}
	b.refused("Decrypt", ignore, CodeDryRunOperation, message)
	ignore["CiphertextBlob"] = []byte("garbage")
	b.refused("Decrypt", ignore, CodeDryRunOperation, message)
	delete(ignore, "DryRunModifiers")
	b.refused("Decrypt", ignore, CodeInvalidCiphertext, "")
	b.refused("ReEncrypt", in{
		"SourceKeyId": key, "DestinationKeyId": key, "DryRun": true, "DryRunModifiers": []string{"IGNORE_CIPHERTEXT"},
	}, CodeDryRunOperation, message)
	b.decide = deny("kms:ReEncryptTo")
	b.refused("ReEncrypt", in{
		"SourceKeyId": key, "DestinationKeyId": key, "DryRun": true, "DryRunModifiers": []string{"IGNORE_CIPHERTEXT"},
	}, CodeAccessDenied, "denied kms:ReEncryptTo")
	b.decide = nil
	b.refused("Decrypt", in{"KeyId": key, "DryRun": true, "DryRunModifiers": []string{"IGNORE_ALL"}}, CodeValidation,
		"1 validation error detected: Value 'IGNORE_ALL' at 'dryRunModifiers.1.member' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [IGNORE_CIPHERTEXT]")
	ignore = in{
		"CiphertextBlob": b.encrypted(key), "EncryptionContext": in{"another": "context"},
		"DryRun": true, "DryRunModifiers": []string{"IGNORE_CIPHERTEXT"},
	}
	b.refused("Decrypt", ignore, CodeDryRunOperation, message)
	require.Equal(t, key, b.asked[0].Key.ARN)
	require.True(t, b.asked[0].FromCiphertext)
}

// TestCryptoGrantTokens refuses what is not a grant token before anything is decided.
func TestCryptoGrantTokens(t *testing.T) {
	eachCrypto(t, func(b *bench, c *cryptoCase, key string) {
		input := c.with(b, key)
		input["GrantTokens"] = []string{"bm90IGEgdG9rZW4="}
		b.refused(c.operation, input, CodeInvalidGrantToken, "")
		require.Empty(b.t, b.asked)
		input["GrantTokens"] = []string{}
		_, err := b.do(c.operation, input)
		require.NoError(b.t, err)
	})
}

// TestAsymmetricKeysTellNoMaterial has the operations on asymmetric keys report no key material id.
func TestAsymmetricKeysTellNoMaterial(t *testing.T) {
	b := newBench(t)
	_, err := b.do("GetPublicKey", in{"KeyId": b.sharedKey("ECC_NIST_P256", "SIGN_VERIFY")})
	require.NoError(t, err)
	require.Empty(t, b.materials)
}
