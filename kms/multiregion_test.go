package kms

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// in another Region: a copy of a caller.
func (c *actor) in(region string) *actor {
	other := c.f.as(c.call.Account)
	other.call.Region = region
	return other
}

// replicate makes a replica of a key and waits until it can be used.
func (c *actor) replicate(id, region string) *actor {
	c.f.t.Helper()
	c.do("ReplicateKey", in{"KeyId": id, "ReplicaRegion": region})
	c.f.advance(transitionTime)
	require.Contains(c.f.t, []string{stateEnabled, statePendingImport}, c.in(region).state(id))
	return c.in(region)
}

func (c *actor) state(id string) string { return c.describe(id)["KeyState"].(string) }

// related is what MultiRegionConfiguration says: the type of the key, the Region of the primary key, those of the replicas.
func (c *actor) related(id string) (kind, primary string, replicas []string) {
	c.f.t.Helper()
	configuration := c.describe(id)["MultiRegionConfiguration"].(map[string]any)
	for _, replica := range configuration["ReplicaKeys"].([]any) {
		replicas = append(replicas, replica.(map[string]any)["Region"].(string))
	}
	return configuration["MultiRegionKeyType"].(string), configuration["PrimaryKey"].(map[string]any)["Region"].(string), replicas
}

func (c *actor) requireRelated(id, kind, primary string, replicas ...string) {
	c.f.t.Helper()
	k, p, r := c.related(id)
	require.Equal(c.f.t, []any{kind, primary, replicas}, []any{k, p, r})
}

// TestReplicateKey: https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html.
func TestReplicateKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{"MultiRegion": true, "Description": "first", "Tags": []in{{"TagKey": "a", "TagValue": "1"}}})
	replicaARN := "arn:aws:kms:eu-west-1:111122223333:key/" + id
	policy := defaultKeyPolicy("aws", "111122223333")
	out := alice.do("ReplicateKey", in{
		"KeyId": arn, "ReplicaRegion": "eu-west-1", "Description": "second", "Policy": policy,
		"Tags": []in{{"TagKey": "b", "TagValue": "2"}},
	})
	metadata := out["ReplicaKeyMetadata"].(map[string]any)
	require.Equal(t, map[string]any{
		"AWSAccountId": "111122223333", "Arn": replicaARN, "KeyId": id, "CreationDate": float64(f.time().Unix()),
		"CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "Description": "second", "Enabled": false,
		"EncryptionAlgorithms": []any{"SYMMETRIC_DEFAULT"}, "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT",
		"KeyState": "Creating", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": true, "Origin": "AWS_KMS",
		"CurrentKeyMaterialId": alice.describe(id)["CurrentKeyMaterialId"],
		"MultiRegionConfiguration": map[string]any{
			"MultiRegionKeyType": "REPLICA",
			"PrimaryKey":         map[string]any{"Arn": arn, "Region": "us-east-1"},
			"ReplicaKeys":        []any{map[string]any{"Arn": replicaARN, "Region": "eu-west-1"}},
		},
	}, metadata)
	require.Equal(t, policy, out["ReplicaPolicy"])
	require.Equal(t, []any{map[string]any{"TagKey": "b", "TagValue": "2"}}, out["ReplicaTags"])

	there := alice.in("eu-west-1")
	for range 2 { // before and after a restart
		there.fails("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")}, CodeInvalidState, replicaARN+" is creating.")
		there.fails("DisableKey", in{"KeyId": id}, CodeInvalidState, replicaARN+" is creating.")
		f.restart()
	}
	there.do("CreateAlias", in{"AliasName": "alias/there", "TargetKeyId": id}) // it can be managed
	f.advance(transitionTime)
	require.Equal(t, stateEnabled, there.state(id))
	require.Equal(t, []string{"alias/there"}, there.list("ListAliases", "Aliases", "AliasName", in{"KeyId": id}))
	require.Empty(t, alice.list("ListAliases", "Aliases", "AliasName", in{"KeyId": id}))
	require.Equal(t, "first", alice.describe(id)["Description"])
	require.Equal(t, []any{map[string]any{"TagKey": "a", "TagValue": "1"}}, alice.do("ListResourceTags", in{"KeyId": id})["Tags"])

	defaults := alice.do("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "ap-southeast-2"})
	require.Equal(t, []any{}, defaults["ReplicaTags"])
	require.Equal(t, policy, defaults["ReplicaPolicy"])
	require.Empty(t, defaults["ReplicaKeyMetadata"].(map[string]any)["Description"])
	alice.requireRelated(id, "PRIMARY", "us-east-1", "ap-southeast-2", "eu-west-1")
	there.requireRelated(id, "REPLICA", "us-east-1", "ap-southeast-2", "eu-west-1")
	require.Equal(t, []string{id}, there.list("ListKeys", "Keys", "KeyId", in{}))
}

// TestReplicationIsDecidedInBothRegions: with the condition keys of each.
func TestReplicationIsDecidedInBothRegions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{"MultiRegion": true, "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"})
	input := in{
		"KeyId": id, "ReplicaRegion": "eu-west-1", "Tags": []in{{"TagKey": "a", "TagValue": "1"}},
		"BypassPolicyLockoutSafetyCheck": false, "Policy": defaultKeyPolicy("aws", "111122223333"),
	}
	for _, action := range []string{"kms:ReplicateKey", "kms:CreateKey", "kms:TagResource"} {
		denied := f.alice()
		denied.deny = func(a *Access) bool { return a.Action == action }
		denied.fails("ReplicateKey", input, CodeAccessDenied, "denied "+action)
	}
	lockedOut := f.alice()
	lockedOut.would = func(a *Access) bool { return a.Region != "eu-west-1" || a.Key.Region != "eu-west-1" }
	lockedOut.fails("ReplicateKey", input, CodeMalformedPolicyDocument, "The new key policy will not allow you to update the key policy in the future.")

	alice.do("ReplicateKey", input)
	require.Equal(t, []string{"kms:ReplicateKey", "kms:CreateKey", "kms:TagResource"}, alice.actions())
	require.Equal(t, arn, alice.asked[0].Key.ARN)
	require.Equal(t, &Access{
		Action: "kms:ReplicateKey", Key: alice.asked[0].Key, Context: map[string][]string{"kms:ReplicaRegion": {"eu-west-1"}},
	}, alice.asked[0])
	require.Equal(t, &Access{Action: "kms:CreateKey", Region: "eu-west-1", Context: map[string][]string{
		"kms:KeySpec": {"RSA_2048"}, "kms:KeyUsage": {"SIGN_VERIFY"}, "kms:KeyOrigin": {"AWS_KMS"},
		"kms:MultiRegion": {"true"}, "kms:MultiRegionKeyType": {"REPLICA"}, "kms:BypassPolicyLockoutSafetyCheck": {"false"},
		"aws:RequestTag/a": {"1"}, "aws:TagKeys": {"a"},
	}}, alice.asked[1])
	require.Equal(t, "eu-west-1", alice.asked[2].Region)
	require.Equal(t, "eu-west-1", alice.asked[2].Key.Region)
	require.Equal(t, "REPLICA", alice.asked[2].Key.Metadata.MultiRegionKeyType)
}

func TestReplicationIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	single, singleARN := alice.createKey(in{})
	id, arn := alice.createKey(in{"MultiRegion": true})
	there := alice.replicate(id, "eu-west-1")
	disabled, disabledARN := alice.createKey(in{"MultiRegion": true})
	alice.do("DisableKey", in{"KeyId": disabled})
	pending, pendingARN := alice.createKey(in{"MultiRegion": true})
	alice.do("ScheduleKeyDeletion", in{"KeyId": pending})
	imports, importsARN := alice.createKey(in{"MultiRegion": true, "Origin": "EXTERNAL"})
	to := func(id string, more in) in { return in{"KeyId": id, "ReplicaRegion": "us-west-2"}.with(more) }
	for _, test := range []struct {
		name          string
		input         in
		code, message string
	}{
		{"a single-Region key", to(single, nil), CodeUnsupportedOperation, singleARN + " is not a multi-region primary key."},
		{"there already", to(id, in{"ReplicaRegion": "eu-west-1"}), CodeAlreadyExists, "Key arn:aws:kms:eu-west-1:111122223333:key/" + id + " already exists"},
		{"its own Region", to(id, in{"ReplicaRegion": "us-east-1"}), CodeAlreadyExists, "Key " + arn + " already exists"},
		{"another partition", to(id, in{"ReplicaRegion": "cn-north-1"}), CodeUnsupportedOperation, arn + " cannot be replicated to cn-north-1, which is in another partition."},
		{"disabled", to(disabled, nil), CodeDisabled, disabledARN + " is disabled."},
		{"pending deletion", to(pending, nil), CodeInvalidState, pendingARN + " is pending deletion."},
		{"pending import", to(imports, nil), CodeInvalidState, importsARN + " is pending import."},
		{"an alias", to("alias/x", nil), CodeNotFound, "Invalid keyId 'alias/x'"},
		{"of another Region", to("arn:aws:kms:eu-west-1:111122223333:key/"+id, nil), CodeNotFound, "Invalid arn eu-west-1"},
		{"two tags of a name", to(id, in{"Tags": []in{{"TagKey": "a", "TagValue": ""}, {"TagKey": "a", "TagValue": ""}}}), CodeTag, "Duplicate tag keys"},
		{"no policy", to(id, in{"Policy": "{}"}), CodeMalformedPolicyDocument, ""},
		{
			"no Region", to(id, in{"ReplicaRegion": "Ireland"}), CodeValidation,
			"1 validation error detected: Value 'Ireland' at 'replicaRegion' failed to satisfy constraint: Member must satisfy " +
				`regular expression pattern: ^([a-z]+-){2,3}\d+$`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := alice.try("ReplicateKey", test.input)
			got := withoutCause(t, err)
			require.Equal(t, test.code, got.Code)
			if test.message != "" {
				require.Equal(t, test.message, got.Message)
			}
		})
	}
	there.fails("ReplicateKey", to(id, nil), CodeUnsupportedOperation,
		"arn:aws:kms:eu-west-1:111122223333:key/"+id+" is not a multi-region primary key.")
	f.as("444455556666").fails("ReplicateKey", to(arn, nil), CodeAccessDenied, "User: arn:aws:iam::444455556666:user/alice "+
		"is not authorized to perform: kms:ReplicateKey on this resource because the resource does not exist in this Region, "+
		"no resource-based policies allow access, or a resource-based policy explicitly denies access")
	alice.requireRelated(id, "PRIMARY", "us-east-1", "eu-west-1")
}

// TestRelatedKeysAreInteroperable: what one does, the other undoes, with each kind of key.
func TestRelatedKeysAreInteroperable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	ireland := alice.in("eu-west-1")
	for _, test := range []struct {
		spec, usage   string
		does, undoes  string
		input, result in
	}{
		{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Encrypt", "Decrypt", in{"Plaintext": []byte("x")}, in{"CiphertextBlob": nil}},
		{
			"RSA_2048", "ENCRYPT_DECRYPT", "Encrypt", "Decrypt",
			in{"Plaintext": []byte("x"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
			in{"CiphertextBlob": nil, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
		},
		{
			"ECC_NIST_P256", "SIGN_VERIFY", "Sign", "Verify",
			in{"Message": []byte("x"), "SigningAlgorithm": "ECDSA_SHA_256"},
			in{"Signature": nil, "Message": []byte("x"), "SigningAlgorithm": "ECDSA_SHA_256"},
		},
		{
			"HMAC_256", "GENERATE_VERIFY_MAC", "GenerateMac", "VerifyMac",
			in{"Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"},
			in{"Mac": nil, "Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"},
		},
	} {
		id, _ := alice.createKey(in{"MultiRegion": true, "KeySpec": test.spec, "KeyUsage": test.usage})
		alice.replicate(id, "eu-west-1")
		for _, way := range [][2]*actor{{alice, ireland}, {ireland, alice}} {
			out := way[0].do(test.does, test.input.with(in{"KeyId": id}))
			input := in{"KeyId": id}
			for name, value := range test.result {
				if value == nil {
					value = out[name]
				}
				input[name] = value
			}
			answer := way[1].do(test.undoes, input)
			require.Equal(t, "arn:aws:kms:"+way[1].call.Region+":111122223333:key/"+id, answer["KeyId"], test.spec)
			if test.spec == symmetricDefault { // the ciphertext names the key
				delete(input, "KeyId")
				require.Equal(t, way[1].asked[0].Key.Region, way[1].call.Region)
				require.Equal(t, "eA==", way[1].do(test.undoes, input)["Plaintext"])
			}
		}
	}
	id, _ := alice.createKey(in{})
	blob := alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})["CiphertextBlob"]
	ireland.fails("Decrypt", in{"CiphertextBlob": blob}, CodeAccessDenied, unknownCiphertextKey)
}

// TestRotationIsShared: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html#multi-region-rotate.
func TestRotationIsShared(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{"MultiRegion": true})
	first := alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("first")})["CiphertextBlob"]
	alice.do("RotateKeyOnDemand", in{"KeyId": id})
	ireland := alice.replicate(id, "eu-west-1")
	current := func(c *actor) any { return c.describe(id)["CurrentKeyMaterialId"] }
	require.Equal(t, current(alice), current(ireland))
	require.Equal(t, "Zmlyc3Q=", ireland.do("Decrypt", in{"CiphertextBlob": first})["Plaintext"], "it has all versions")

	alice.do("EnableKeyRotation", in{"KeyId": id, "RotationPeriodInDays": 90})
	status := ireland.do("GetKeyRotationStatus", in{"KeyId": id})
	require.Equal(t, []any{true, 90.0}, []any{status["KeyRotationEnabled"], status["RotationPeriodInDays"]})
	before := current(ireland)
	f.advance(days(90))
	require.NotEqual(t, before, current(ireland))
	require.Equal(t, current(alice), current(ireland))
	alice.do("RotateKeyOnDemand", in{"KeyId": id})
	require.Equal(t, current(alice), current(ireland))
	materials := func(c *actor) (out []string) {
		for _, r := range c.do("ListKeyRotations", in{"KeyId": id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"})["Rotations"].([]any) {
			entry := r.(map[string]any)
			out = append(out, entry["KeyMaterialId"].(string)+" "+entry["KeyMaterialState"].(string))
		}
		return out
	}
	require.Len(t, materials(alice), 4)
	require.Equal(t, materials(alice), materials(ireland))
	late := ireland.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("late")})["CiphertextBlob"]
	f.restart()
	require.Equal(t, "bGF0ZQ==", alice.do("Decrypt", in{"CiphertextBlob": late})["Plaintext"])

	for _, operation := range []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"} {
		ireland.fails(operation, in{"KeyId": id}, CodeUnsupportedOperation,
			"arn:aws:kms:eu-west-1:111122223333:key/"+id+" is not a multi-region primary key.")
	}
	alice.do("DisableKeyRotation", in{"KeyId": id})
	require.Equal(t, false, ireland.do("GetKeyRotationStatus", in{"KeyId": id})["KeyRotationEnabled"])
}

// TestUpdatePrimaryRegion: https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html.
func TestUpdatePrimaryRegion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{"MultiRegion": true})
	alice.do("EnableKeyRotation", in{"KeyId": id})
	ireland, sydney := alice.replicate(id, "eu-west-1"), alice.replicate(id, "ap-southeast-2")
	update := in{"KeyId": id, "PrimaryRegion": "eu-west-1"}
	alice.fails("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "us-east-1"}, CodeUnsupportedOperation, arn+" is the multi-region primary key.")
	alice.fails("UpdatePrimaryRegion", in{"KeyId": id, "PrimaryRegion": "us-west-2"}, CodeNotFound,
		"Key 'arn:aws:kms:us-west-2:111122223333:key/"+id+"' does not exist")
	ireland.fails("UpdatePrimaryRegion", update, CodeUnsupportedOperation, "arn:aws:kms:eu-west-1:111122223333:key/"+id+" is not a multi-region primary key.")
	for _, region := range []string{"", "eu-west-1"} {
		denied := f.alice()
		denied.deny = func(a *Access) bool { return a.Region == region }
		denied.fails("UpdatePrimaryRegion", update, CodeAccessDenied, "denied kms:UpdatePrimaryRegion")
	}
	ireland.do("DisableKey", in{"KeyId": id})
	alice.fails("UpdatePrimaryRegion", update, CodeDisabled, "arn:aws:kms:eu-west-1:111122223333:key/"+id+" is disabled.")
	ireland.do("EnableKey", in{"KeyId": id})

	alice.do("UpdatePrimaryRegion", update)
	require.Equal(t, []string{"kms:UpdatePrimaryRegion", "kms:UpdatePrimaryRegion"}, alice.actions())
	for i, region := range []string{"us-east-1", "eu-west-1"} {
		require.Equal(t, region, alice.asked[i].Key.Region)
		require.Equal(t, map[string][]string{"kms:PrimaryRegion": {"eu-west-1"}}, alice.asked[i].Context)
	}
	for _, c := range []*actor{alice, ireland} {
		require.Equal(t, stateUpdating, c.state(id))
		c.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")}) // "you can use the keys in cryptographic operations"
		c.fails("DisableKey", in{"KeyId": id}, CodeInvalidState, "arn:aws:kms:"+c.call.Region+":111122223333:key/"+id+" is updating.")
	}
	ireland.fails("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "us-west-2"}, CodeInvalidState, "arn:aws:kms:eu-west-1:111122223333:key/"+id+" is updating.")
	require.Equal(t, stateEnabled, sydney.state(id))
	f.advance(transitionTime)
	alice.requireRelated(id, "REPLICA", "eu-west-1", "ap-southeast-2", "us-east-1")
	ireland.requireRelated(id, "PRIMARY", "eu-west-1", "ap-southeast-2", "us-east-1")
	sydney.requireRelated(id, "REPLICA", "eu-west-1", "ap-southeast-2", "us-east-1")
	require.Equal(t, stateEnabled, alice.state(id))

	alice.fails("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "us-west-2"}, CodeUnsupportedOperation, arn+" is not a multi-region primary key.")
	ireland.replicate(id, "us-west-2")
	before := ireland.describe(id)["CurrentKeyMaterialId"]
	f.advance(days(365)) // it goes on with the new primary key
	require.NotEqual(t, before, ireland.describe(id)["CurrentKeyMaterialId"])
	for _, c := range []*actor{alice, sydney, alice.in("us-west-2")} {
		require.Equal(t, ireland.describe(id)["CurrentKeyMaterialId"], c.describe(id)["CurrentKeyMaterialId"])
	}
}

// TestPrimaryKeyWaitsForItsReplicas: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html#primary-delete.
func TestPrimaryKeyWaitsForItsReplicas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{"MultiRegion": true})
	ireland, sydney := alice.replicate(id, "eu-west-1"), alice.replicate(id, "ap-southeast-2")
	require.Equal(t, map[string]any{"KeyId": arn, "KeyState": "PendingReplicaDeletion", "PendingWindowInDays": 7.0},
		alice.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7}))
	metadata := alice.describe(id)
	require.Equal(t, []any{"PendingReplicaDeletion", 7.0, nil}, []any{metadata["KeyState"], metadata["PendingDeletionWindowInDays"], metadata["DeletionDate"]})
	alice.fails("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")}, CodeInvalidState, arn+" is pending replica deletion.")
	alice.fails("ScheduleKeyDeletion", in{"KeyId": id}, CodeInvalidState, arn+" is pending replica deletion.")
	f.advance(days(400))
	require.Equal(t, "PendingReplicaDeletion", alice.state(id), "it waits for ever")
	ireland.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})

	alice.do("CancelKeyDeletion", in{"KeyId": id})
	require.Equal(t, stateDisabled, alice.state(id))
	alice.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	ireland.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	sydney.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 8})
	f.advance(days(7))
	require.Equal(t, "PendingReplicaDeletion", alice.state(id))
	alice.requireRelated(id, "PRIMARY", "us-east-1", "ap-southeast-2")
	f.advance(days(1))
	require.Equal(t, "PendingDeletion", alice.state(id))
	require.Equal(t, float64(f.time().Add(days(7)).Unix()), alice.describe(id)["DeletionDate"])
	f.advance(days(7))
	alice.fails("DescribeKey", in{"KeyId": id}, CodeNotFound, "Key '"+arn+"' does not exist")
}

// TestReplicaCanComeBack: a replica that was deleted can be made again; one whose deletion is scheduled is in the way.
func TestReplicaCanComeBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{"MultiRegion": true})
	ireland := alice.replicate(id, "eu-west-1")
	blob := ireland.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})["CiphertextBlob"]
	ireland.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	alice.fails("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "eu-west-1"}, CodeAlreadyExists, "Key arn:aws:kms:eu-west-1:111122223333:key/"+id+" already exists")
	f.advance(days(7))
	alice.requireRelated(id, "PRIMARY", "us-east-1")
	ireland.fails("Decrypt", in{"CiphertextBlob": blob}, CodeAccessDenied, unknownCiphertextKey)
	require.Equal(t, "eA==", alice.do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"])
	require.Equal(t, "eA==", alice.replicate(id, "eu-west-1").do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"])

	// A clock that jumps does in one step what it would have done in two: seven days for the replica, seven for the primary.
	alice.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	ireland.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	f.advance(days(14))
	alice.fails("DescribeKey", in{"KeyId": id}, CodeNotFound, "Key '"+arn+"' does not exist")
}

// TestScheduledDeletionEndsATransition: what is being created and then scheduled to be deleted does not become enabled.
func TestScheduledDeletionEndsATransition(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{"MultiRegion": true})
	alice.do("ReplicateKey", in{"KeyId": id, "ReplicaRegion": "eu-west-1"})
	ireland := alice.in("eu-west-1")
	ireland.do("ScheduleKeyDeletion", in{"KeyId": id})
	f.advance(time.Hour)
	require.Equal(t, statePendingDeletion, ireland.state(id))
	ireland.do("CancelKeyDeletion", in{"KeyId": id})
	f.advance(time.Hour)
	require.Equal(t, stateDisabled, ireland.state(id))
	ireland.do("EnableKey", in{"KeyId": id})
	ireland.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})
}

// TestReplicasAndRotationsAtATime: whatever comes first, related keys have the same material in the end.
func TestReplicasAndRotationsAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{"MultiRegion": true})
	regions := []string{"eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "us-west-1", "us-west-2", "ap-south-1", "sa-east-1"}
	var wait sync.WaitGroup
	for _, region := range regions {
		wait.Go(func() { f.alice().do("ReplicateKey", in{"KeyId": id, "ReplicaRegion": region}) })
		wait.Go(func() { f.alice().do("RotateKeyOnDemand", in{"KeyId": id}) })
	}
	wait.Wait()
	f.advance(transitionTime)
	blob := alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("x")})["CiphertextBlob"]
	for _, region := range regions {
		require.Equal(t, "eA==", alice.in(region).do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"])
		require.Len(t, alice.in(region).do("ListKeyRotations", in{"KeyId": id})["Rotations"], len(regions))
	}
	_, _, replicas := alice.related(id)
	require.ElementsMatch(t, regions, replicas)

	// All replicas go at a time, of a service and of another on the same store.
	for _, region := range regions {
		alice.in(region).do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	}
	alice.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})
	f.advance(days(7))
	other, err := New(t.Context(), f.config)
	require.NoError(t, err)
	defer other.Close()
	for _, s := range []*Service{f.service, other} {
		for range 4 {
			wait.Go(func() { s.settle(t.Context()) })
		}
	}
	wait.Wait()
	require.Equal(t, statePendingDeletion, alice.state(id))
	alice.requireRelated(id, "PRIMARY", "us-east-1")
	require.True(t, slices.IsSorted(alice.list("ListKeys", "Keys", "KeyId", in{})))
}
