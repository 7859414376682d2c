package kms

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreateKeyTellsAboutTheKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	metadata := alice.do("CreateKey", in{"Description": "my key"})["KeyMetadata"].(map[string]any)
	require.Equal(t, []string{"kms:CreateKey"}, alice.actions())
	require.Equal(t, map[string][]string{
		"kms:KeySpec": {"SYMMETRIC_DEFAULT"}, "kms:KeyUsage": {"ENCRYPT_DECRYPT"}, "kms:KeyOrigin": {"AWS_KMS"}, "kms:MultiRegion": {"false"},
	}, alice.asked[0].Context)
	require.Nil(t, alice.asked[0].Key)
	require.Equal(t, metadata, alice.describe(metadata["KeyId"].(string)))
	require.Len(t, metadata["CurrentKeyMaterialId"], 64)
	require.Equal(t, map[string]any{
		"AWSAccountId": "111122223333", "Arn": "arn:aws:kms:us-east-1:111122223333:key/" + metadata["KeyId"].(string),
		"CreationDate": float64(f.time().Unix()), "CurrentKeyMaterialId": metadata["CurrentKeyMaterialId"],
		"CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "Description": "my key", "Enabled": true,
		"EncryptionAlgorithms": []any{"SYMMETRIC_DEFAULT"}, "KeyId": metadata["KeyId"], "KeyManager": "CUSTOMER",
		"KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": false, "Origin": "AWS_KMS",
	}, metadata)
}

func TestCreateKeyOfEachKind(t *testing.T) {
	t.Parallel()
	alice := newFixture(t).alice()
	for _, test := range []struct{ spec, usage, list, first string }{
		{"RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", "RSAES_OAEP_SHA_1"},
		{"RSA_2048", "SIGN_VERIFY", "SigningAlgorithms", "RSASSA_PKCS1_V1_5_SHA_256"},
		{"ECC_NIST_P256", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_256"},
		{"ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_256"},
		{"HMAC_384", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_384"},
	} {
		id, _ := alice.createKey(in{"KeySpec": test.spec, "KeyUsage": test.usage})
		metadata := alice.describe(id)
		require.Equal(t, test.spec, metadata["KeySpec"])
		require.Equal(t, test.usage, metadata["KeyUsage"])
		require.Contains(t, metadata[test.list], test.first, test)
		require.NotContains(t, metadata, "CurrentKeyMaterialId", "only symmetric keys tell")
	}
	id, _ := alice.createKey(in{"CustomerMasterKeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
	require.Equal(t, "HMAC_256", alice.describe(id)["KeySpec"])

	id, arn := alice.createKey(in{"MultiRegion": true})
	require.Equal(t, []string{"PRIMARY"}, alice.asked[0].Context["kms:MultiRegionKeyType"])
	require.Equal(t, map[string]any{
		"MultiRegionKeyType": "PRIMARY", "PrimaryKey": map[string]any{"Arn": arn, "Region": "us-east-1"}, "ReplicaKeys": []any{},
	}, alice.describe(id)["MultiRegionConfiguration"])
}

func TestCreateKeyRefuses(t *testing.T) {
	t.Parallel()
	alice := newFixture(t).alice()
	tag := func(key string) in { return in{"TagKey": key, "TagValue": "v"} }
	many := []in{}
	for i := range 51 {
		many = append(many, tag(strconv.Itoa(i)))
	}
	for _, test := range []struct {
		input         in
		code, message string
	}{
		{in{"KeySpec": "RSA_2048"}, CodeValidation, "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."},
		{in{"KeySpec": "HMAC_256"}, CodeValidation, "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."},
		{in{"KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT"}, CodeValidation, "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"},
		{in{"KeyUsage": "SIGN_VERIFY"}, CodeValidation, "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"},
		{
			in{"KeySpec": "RSA_2048", "CustomerMasterKeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
			CodeValidation,
			"You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
		},
		{in{"Origin": "EXTERNAL_KEY_STORE", "XksKeyId": "a"}, CodeValidation, "CustomKeyStoreId is required when Origin is EXTERNAL_KEY_STORE."},
		{in{"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}, CodeUnsupportedOperation, "KeySpec SM2 is not supported in this Region"},
		{in{"KeySpec": "SM2", "KeyUsage": "ENCRYPT_DECRYPT"}, CodeUnsupportedOperation, "KeySpec SM2 is not supported in this Region"},
		{in{"CustomerMasterKeySpec": "SM2", "KeyUsage": "KEY_AGREEMENT"}, CodeUnsupportedOperation, "KeySpec SM2 is not supported in this Region"},
		{in{"Tags": []in{tag("a"), tag("a")}}, CodeTag, "Duplicate tag keys"},
		{in{"Tags": []in{tag("AWS:a")}}, CodeTag, "Tags beginning with aws: are reserved"},
		{in{"Tags": many}, CodeTag, "Too many tags"},
	} {
		alice.fails("CreateKey", test.input, test.code, test.message)
	}
	alice.deny = func(*Access) bool { return true }
	alice.fails("CreateKey", in{}, CodeAccessDenied, "denied kms:CreateKey")
	alice.deny = nil
	require.Empty(t, alice.list("ListKeys", "Keys", "KeyId", in{}), "nothing was made")
}

func TestTagsOfANewKeyNeedPermission(t *testing.T) {
	t.Parallel()
	alice := newFixture(t).alice()
	tags := []in{{"TagKey": "b", "TagValue": "2"}, {"TagKey": "a", "TagValue": "1"}}
	id, arn := alice.createKey(in{"Tags": tags, "BypassPolicyLockoutSafetyCheck": false})
	require.Equal(t, []string{"kms:CreateKey", "kms:TagResource"}, alice.actions())
	for _, asked := range alice.asked {
		require.Equal(t, []string{"b", "a"}, asked.Context["aws:TagKeys"])
		require.Equal(t, []string{"1"}, asked.Context["aws:RequestTag/a"])
	}
	require.Equal(t, []string{"false"}, alice.asked[0].Context["kms:BypassPolicyLockoutSafetyCheck"])
	require.Equal(t, arn, alice.asked[1].Key.ARN)
	require.Equal(t, []string{"a", "b"}, alice.list("ListResourceTags", "Tags", "TagKey", in{"KeyId": id}))

	alice.deny = func(a *Access) bool { return a.Action == "kms:TagResource" }
	alice.fails("CreateKey", in{"Tags": tags}, CodeAccessDenied, "denied kms:TagResource")
	require.Equal(t, []string{id}, alice.list("ListKeys", "Keys", "KeyId", in{}))
}

// TestDefaultKeyPolicy: the text is what GetKeyPolicy of AWS answers for a key that the API made without a policy.
func TestDefaultKeyPolicy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want := "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \"Sid\" : \"Enable IAM User " +
		"Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : \"arn:aws:iam::111122223333:root\"\n    },\n" +
		"    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}"
	alice := f.alice()
	id, _ := alice.createKey(in{})
	require.Equal(t, map[string]any{"Policy": want, "PolicyName": "default"}, alice.do("GetKeyPolicy", in{"KeyId": id}))
	alice.call.Partition, alice.call.Region = "aws-cn", "cn-north-1"
	id, _ = alice.createKey(in{})
	require.Equal(t, strings.Replace(want, "arn:aws:", "arn:aws-cn:", 1), alice.do("GetKeyPolicy", in{"KeyId": id})["Policy"])
}

// TestErrorsInside: what goes wrong inside is one exception without its cause, and nothing is made.
func TestErrorsInside(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	secret := errors.New("the disk is full")
	f.service.config.Store = failing{f.store, secret}
	_, err := alice.try("CreateKey", in{})
	require.ErrorIs(t, err, secret)
	alice.fails("CreateKey", in{}, CodeInternal, "The request was rejected because an internal exception occurred. The request can be retried.")
	f.service.config.Store = f.store
	require.Empty(t, alice.list("ListKeys", "Keys", "KeyId", in{}))
}

// TestKeysHaveAQuota: https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#kms-keys-limit.
func TestKeysHaveAQuota(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	require.Equal(t, 100_000, f.service.maxKeys)
	f.service.maxKeys = 2
	const exceeded = "The request was rejected because a quota was exceeded."
	_, err := f.service.Seed(t.Context(), &Seed{ARN: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", AWSManaged: true})
	require.NoError(t, err) // does not count
	id, _ := alice.createKey(in{})
	multi, _ := alice.createKey(in{"MultiRegion": true})
	alice.do("DisableKey", in{"KeyId": id}) // still counts, as does a key with a new description
	alice.do("UpdateKeyDescription", in{"KeyId": id, "Description": "x"})
	alice.fails("CreateKey", in{}, CodeLimitExceeded, exceeded)
	f.as("444455556666").createKey(in{})
	there := alice.in("eu-west-1")
	there.createKey(in{})
	there.createKey(in{})
	alice.fails("ReplicateKey", in{"KeyId": multi, "ReplicaRegion": "eu-west-1"}, CodeLimitExceeded, exceeded)
	alice.do("ReplicateKey", in{"KeyId": multi, "ReplicaRegion": "eu-west-2"})
	alice.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	alice.fails("CreateKey", in{}, CodeLimitExceeded, exceeded)
	f.advance(days(7))
	alice.createKey(in{})
	f.restart()
	f.service.maxKeys = 2
	alice.fails("CreateKey", in{}, CodeLimitExceeded, exceeded)
}
