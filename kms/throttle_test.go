package kms

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/quota"
)

// newThrottled is a fixture with a multiple of AWS's quotas.
func newThrottled(t *testing.T, multiple float64) *fixture {
	f := newFixture(t)
	f.config.Throttle = quota.New(multiple, f.time)
	f.restart()
	return f
}

const tooFast = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."

// most calls until the caller is throttled, and returns how many calls were not.
func (c *actor) most(operation string, input in) int {
	c.f.t.Helper()
	for n := range 1000 {
		_, err := c.try(operation, input)
		if err != nil && withoutCause(c.f.t, err).Code == CodeThrottling {
			require.Equal(c.f.t, tooFast, withoutCause(c.f.t, err).Message)
			return n
		}
	}
	return -1
}

// TestEveryOperationHasAQuota: AWS names one for each that has a request rate of its own.
func TestEveryOperationHasAQuota(t *testing.T) {
	t.Parallel()
	pairs := []string{"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateRandom"}
	for _, name := range Operations() {
		_, own := quota.Of(name, "us-east-1")
		require.NotEqual(t, own, sharesQuota(name) || slices.Contains(pairs, name), name)
	}
	for _, spec := range enums["DataKeyPairSpec"] {
		_, ok := quota.Of(quota.KeyPair(spec), "us-east-1")
		require.NotEqual(t, ok, strings.HasPrefix(spec, "ML_KEM"), spec) // AWS names none for ML-KEM
	}
}

// TestQuotasOfOperations: https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html.
func TestQuotasOfOperations(t *testing.T) {
	t.Parallel()
	f := newThrottled(t, 1)
	alice, bob := f.alice(), f.as("444455556666")
	require.Equal(t, 5, alice.most("CreateKey", in{}))
	require.Equal(t, 5, alice.in("eu-west-1").most("CreateKey", in{}))
	require.Equal(t, 5, bob.most("CreateKey", in{}))
	require.Equal(t, 5, alice.most("CreateAlias", in{"AliasName": "alias/x", "TargetKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}),
		"one that fails is a request, too")
	denied := f.alice()
	denied.deny = func(*Access) bool { return true }
	require.Equal(t, 5, denied.most("EnableKey", in{"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}), "also one that is denied")
	require.Equal(t, 20, alice.most("GenerateDataKeyPair", in{"KeyId": "alias/x", "KeyPairSpec": "RSA_2048"}))
	require.Equal(t, 0, alice.most("GenerateDataKeyPairWithoutPlaintext", in{"KeyId": "alias/x", "KeyPairSpec": "RSA_2048"}), "they share one")
	require.Equal(t, 4, alice.most("GenerateDataKeyPair", in{"KeyId": "alias/x", "KeyPairSpec": "RSA_3072"}))
	f.advance(time.Second)
	require.Equal(t, 5, alice.most("CreateKey", in{}))
}

// TestCryptographySharesItsQuota: by kind of key, of the account that calls.
func TestCryptographySharesItsQuota(t *testing.T) {
	t.Parallel()
	f := newThrottled(t, 0.001) // 100 symmetric operations in us-east-1, 1 with RSA keys
	alice := f.alice()
	symmetric, arn := alice.createKey(in{})
	f.advance(time.Hour)
	mac, _ := alice.createKey(in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
	f.advance(time.Hour)
	rsa, _ := alice.createKey(in{"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"})
	blob := alice.do("Encrypt", in{"KeyId": symmetric, "Plaintext": []byte("x")})["CiphertextBlob"]
	for range 49 {
		alice.do("Decrypt", in{"CiphertextBlob": blob})
		alice.do("GenerateMac", in{"KeyId": mac, "Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"})
	}
	alice.do("GenerateRandom", in{"NumberOfBytes": 1})
	for operation, input := range map[string]in{
		"Decrypt": {"CiphertextBlob": blob}, "GenerateRandom": {"NumberOfBytes": 1},
		"ReEncrypt": {"CiphertextBlob": blob, "DestinationKeyId": symmetric},
	} {
		alice.fails(operation, input, CodeThrottling, tooFast)
		require.Empty(t, alice.asked, "it is not decided")
	}
	sign := in{"KeyId": rsa, "Message": []byte("x"), "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
	alice.do("Sign", sign)
	alice.fails("Sign", sign, CodeThrottling, tooFast)
	bob := f.as("444455556666")
	require.Equal(t, 100, bob.most("Encrypt", in{"KeyId": arn, "Plaintext": []byte("x")}), "the caller's quota counts, and not the owner's")
	f.advance(500 * time.Millisecond)
	require.Equal(t, 50, bob.most("Encrypt", in{"KeyId": arn, "Plaintext": []byte("x")}))
	f.advance(20 * time.Millisecond)
	bob.do("ReEncrypt", in{"CiphertextBlob": blob, "SourceKeyId": arn, "DestinationKeyId": arn}) // is one request
	require.Equal(t, 1, bob.most("Encrypt", in{"KeyId": arn, "Plaintext": []byte("x")}))
}

// TestQuotasOfMultiRegionKeys: an operation in two Regions counts in both.
func TestQuotasOfMultiRegionKeys(t *testing.T) {
	t.Parallel()
	f := newThrottled(t, 1)
	alice := f.alice()
	id, _ := alice.createKey(in{"MultiRegion": true})
	require.Equal(t, 2, alice.most("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "eu-west-1"}), "each is two CreateKey there")
	require.Equal(t, 1, alice.in("eu-west-1").most("CreateKey", in{}))
	f.advance(transitionTime)
	alice.do("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "eu-west-1"})
	require.Equal(t, 4, alice.in("eu-west-1").most("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "eu-west-1"})*2)
}
