package kms

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeysAreFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{})
	alice.do("CreateAlias", in{"AliasName": "alias/app/one", "TargetKeyId": id})
	for _, keyID := range []string{id, arn, "alias/app/one", "arn:aws:kms:us-east-1:111122223333:alias/app/one"} {
		require.Equal(t, arn, alice.describe(keyID)["Arn"], keyID)
		require.Equal(t, arn, alice.keys[0].ARN, "the observer is told")
		alias := alice.asked[0].Context["kms:RequestAlias"]
		if strings.Contains(keyID, "alias") {
			require.Equal(t, []string{"alias/app/one"}, alias, keyID)
		} else {
			require.Nil(t, alias, keyID)
		}
	}
	_, mrk := alice.createKey(in{"MultiRegion": true})
	require.Regexp(t, `^arn:aws:kms:us-east-1:111122223333:key/mrk-[0-9a-f]{32}$`, mrk)
	require.Equal(t, mrk, alice.describe(mrk)["Arn"])
}

func TestKeysThatAreNotThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	const none = "1234abcd-12ab-34cd-56ef-1234567890ab"
	const account = "arn:aws:kms:us-east-1:111122223333:"
	for _, test := range []struct{ keyID, code, message string }{
		{none, CodeNotFound, "Key '" + account + "key/" + none + "' does not exist"},
		{account + "key/" + none, CodeNotFound, "Key '" + account + "key/" + none + "' does not exist"},
		{strings.ToUpper(id), CodeNotFound, "Key '" + account + "key/" + strings.ToUpper(id) + "' does not exist"},
		{"mrk-1234abcd12ab34cd56ef1234567890ab", CodeNotFound, "Key '" + account + "key/mrk-1234abcd12ab34cd56ef1234567890ab' does not exist"},
		{"fake-key-id", CodeNotFound, "Invalid keyId 'fake-key-id'"},
		{"134f2428cec14b25a1ae9048164dba47", CodeNotFound, "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"},
		{"mrk-fake-key-id", CodeNotFound, "Invalid keyId 'mrk-fake-key-id'"},
		{"{" + id + "}", CodeNotFound, "Invalid keyId '{" + id + "}'"},
		{account + "key/x", CodeNotFound, "Invalid keyId 'x'"},
		{"alias/none", CodeNotFound, "Alias " + account + "alias/none is not found."},
		{account + "alias/none", CodeNotFound, "Alias " + account + "alias/none is not found."},
		{"arn:aws:kms:eu-west-1:111122223333:key/" + id, CodeNotFound, "Invalid arn eu-west-1"},
		{"arn:aws:kms", CodeInvalidArn, "Invalid arn arn:aws:kms"},
		{account + "secret/x", CodeInvalidArn, "Invalid arn " + account + "secret/x"},
		{"arn:aws:s3:us-east-1:111122223333:key/" + id, CodeInvalidArn, "Invalid arn arn:aws:s3:us-east-1:111122223333:key/" + id},
		{"arn:aws:kms:us-east-1:1111:key/" + id, CodeInvalidArn, "Invalid arn arn:aws:kms:us-east-1:1111:key/" + id},
		{"arn:aws-cn:kms:us-east-1:111122223333:key/" + id, CodeInvalidArn, "Invalid arn arn:aws-cn:kms:us-east-1:111122223333:key/" + id},
	} {
		alice.fails("DescribeKey", in{"KeyId": test.keyID}, test.code, test.message)
		require.Empty(t, alice.asked, test.keyID)
	}
	f.alice().inIreland().fails("DescribeKey", in{"KeyId": id},
		CodeNotFound, "Key 'arn:aws:kms:eu-west-1:111122223333:key/"+id+"' does not exist")
}

// abroad is AWS's answer about keys of other accounts.
func abroad(principal, action string) string {
	return "User: " + principal + " is not authorized to perform: " + action + " on this resource because the resource does not " +
		"exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
}

func TestKeysOfOtherAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice, bob := f.alice(), f.as("444455556666")
	id, arn := alice.createKey(in{})
	alice.do("CreateAlias", in{"AliasName": "alias/app", "TargetKeyId": id})
	const aliasARN = "arn:aws:kms:us-east-1:111122223333:alias/app"

	require.Equal(t, arn, bob.describe(arn)["Arn"], "DescribeKey works across accounts")
	require.Equal(t, arn, bob.describe(aliasARN)["Arn"])
	require.Equal(t, []string{"kms:DescribeKey"}, bob.actions())
	bob.fails("DescribeKey", in{"KeyId": id}, CodeNotFound, "Key 'arn:aws:kms:us-east-1:444455556666:key/"+id+"' does not exist")
	bob.fails("DescribeKey", in{"KeyId": "alias/app"}, CodeNotFound, "Alias arn:aws:kms:us-east-1:444455556666:alias/app is not found.")

	denied := abroad(bob.call.Principal, "kms:DescribeKey")
	none := "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	bob.fails("DescribeKey", in{"KeyId": none}, CodeAccessDenied, denied)
	bob.fails("DescribeKey", in{"KeyId": aliasARN + "x"}, CodeAccessDenied, denied)

	for operation, input := range map[string]in{
		"EnableKey": {}, "DisableKey": {}, "ScheduleKeyDeletion": {}, "CancelKeyDeletion": {}, "UpdateKeyDescription": {"Description": "x"},
		"GetKeyPolicy": {}, "PutKeyPolicy": {"Policy": "{}"}, "ListKeyPolicies": {}, "ListResourceTags": {},
		"TagResource": {"Tags": []in{}}, "UntagResource": {"TagKeys": []string{}}, "EnableKeyRotation": {}, "DisableKeyRotation": {},
		"RotateKeyOnDemand": {}, "ListKeyRotations": {}, "ListAliases": {},
	} {
		input["KeyId"] = arn
		bob.fails(operation, input, CodeAccessDenied, abroad(bob.call.Principal, "kms:"+operation))
	}
	bob.fails("CreateAlias", in{"AliasName": "alias/mine", "TargetKeyId": arn}, CodeAccessDenied, abroad(bob.call.Principal, "kms:CreateAlias"))
	require.Equal(t, false, bob.do("GetKeyRotationStatus", in{"KeyId": arn})["KeyRotationEnabled"])
	require.Equal(t, "Enabled", alice.describe(id)["KeyState"])
}

func TestManagementTakesNoAlias(t *testing.T) {
	t.Parallel()
	alice := newFixture(t).alice()
	id, _ := alice.createKey(in{})
	alice.do("CreateAlias", in{"AliasName": "alias/app", "TargetKeyId": id})
	alice.fails("DisableKey", in{"KeyId": "alias/app"}, CodeNotFound, "Invalid keyId 'alias/app'")
	alice.fails("DisableKey", in{"KeyId": "arn:aws:kms:us-east-1:111122223333:alias/app"},
		CodeInvalidArn, "Key Aliases are not supported for this operation")
}
