package kms

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestKeysRotateByTheClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{})
	old := alice.describe(id)["CurrentKeyMaterialId"]
	blob := alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("secret")})["CiphertextBlob"]
	require.Equal(t, map[string]any{"KeyId": arn, "KeyRotationEnabled": false}, alice.do("GetKeyRotationStatus", in{"KeyId": id}))
	alice.do("EnableKeyRotation", in{"KeyId": id})
	require.Equal(t, []string{"365"}, alice.asked[0].Context["kms:RotationPeriodInDays"])
	enabled := f.time()
	alice.do("EnableKeyRotation", in{"KeyId": id, "RotationPeriodInDays": 90})
	require.Equal(t, []string{"90"}, alice.asked[0].Context["kms:RotationPeriodInDays"])
	require.Equal(t, map[string]any{
		"KeyId": arn, "KeyRotationEnabled": true, "RotationPeriodInDays": float64(90),
		"NextRotationDate": float64(enabled.Add(days(90)).Unix()),
	}, alice.do("GetKeyRotationStatus", in{"KeyId": id}))

	f.advance(days(90) - time.Second)
	require.Equal(t, old, alice.describe(id)["CurrentKeyMaterialId"])
	f.advance(time.Second)
	require.NotEqual(t, old, alice.describe(id)["CurrentKeyMaterialId"])
	f.advance(days(180)) // a server that was not called for long
	rotations := alice.do("ListKeyRotations", in{"KeyId": id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"})["Rotations"]
	require.Equal(t, []any{
		map[string]any{"KeyId": arn, "KeyMaterialId": old, "KeyMaterialState": "NON_CURRENT"},
		rotated(alice, id, 1, "NON_CURRENT", enabled.Add(days(90))),
		rotated(alice, id, 2, "NON_CURRENT", enabled.Add(days(180))),
		rotated(alice, id, 3, "CURRENT", enabled.Add(days(270))),
	}, rotations)
	require.Len(t, alice.do("ListKeyRotations", in{"KeyId": id})["Rotations"], 3)
	page := alice.do("ListKeyRotations", in{"KeyId": id, "Limit": 2})
	require.Len(t, alice.do("ListKeyRotations", in{"KeyId": id, "Marker": page["NextMarker"]})["Rotations"], 1)

	f.restart()
	require.Equal(t, old, alice.do("Decrypt", in{"CiphertextBlob": blob})["KeyMaterialId"], "old material decrypts")
	f.advance(days(90 * 1000)) // a clock that was set wrong
	require.Len(t, alice.do("ListKeyRotations", in{"KeyId": id, "Limit": 1000})["Rotations"], 3+maxMissedRotations+1)
	next := alice.do("GetKeyRotationStatus", in{"KeyId": id})["NextRotationDate"]
	require.Equal(t, float64(f.time().Add(days(90)).Unix()), next)
	alice.do("DisableKeyRotation", in{"KeyId": id})
	f.advance(days(400))
	require.Len(t, alice.do("ListKeyRotations", in{"KeyId": id, "Limit": 1000})["Rotations"], 3+maxMissedRotations+1)
}

// rotated is the entry of a material, with the id that the service gave it.
func rotated(alice *actor, id string, place int, state string, at time.Time) map[string]any {
	key := alice.f.service.state.current.Load().keyByID(id, "us-east-1")
	return map[string]any{
		"KeyId": key.ARN, "KeyMaterialId": key.materials[place].ID(), "KeyMaterialState": state,
		"RotationDate": float64(at.Unix()), "RotationType": "AUTOMATIC",
	}
}

// TestDisabledKeysRotateOnceTheyAreEnabled (https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html).
func TestDisabledKeysRotateOnceTheyAreEnabled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	alice.do("EnableKeyRotation", in{"KeyId": id, "RotationPeriodInDays": 100})
	alice.do("DisableKey", in{"KeyId": id})
	old := alice.describe(id)["CurrentKeyMaterialId"]
	f.advance(days(350))
	require.Equal(t, old, alice.describe(id)["CurrentKeyMaterialId"])
	alice.do("EnableKey", in{"KeyId": id})
	require.NotEqual(t, old, alice.describe(id)["CurrentKeyMaterialId"])
	require.Len(t, alice.do("ListKeyRotations", in{"KeyId": id})["Rotations"], 1, "once, not for every period")
}

func TestRotationOnDemand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{})
	seen := map[any]bool{}
	for range maxOnDemandRotations {
		require.Equal(t, map[string]any{"KeyId": arn}, alice.do("RotateKeyOnDemand", in{"KeyId": id}))
		seen[alice.describe(id)["CurrentKeyMaterialId"]] = true
	}
	require.Len(t, seen, maxOnDemandRotations)
	entry := alice.do("ListKeyRotations", in{"KeyId": id})["Rotations"].([]any)[0].(map[string]any)
	require.Equal(t, "ON_DEMAND", entry["RotationType"])
	alice.fails("RotateKeyOnDemand", in{"KeyId": id}, CodeLimitExceeded, "The on-demand rotations limit has been reached for "+
		"the given keyId. No more on-demand rotations can be performed for this key: "+arn)
	hmac, _ := alice.createKey(in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
	for _, operation := range []string{"RotateKeyOnDemand", "EnableKeyRotation", "DisableKeyRotation", "ListKeyRotations"} {
		alice.fails(operation, in{"KeyId": hmac}, CodeUnsupportedOperation, "")
	}
	status := alice.do("GetKeyRotationStatus", in{"KeyId": hmac})
	require.Equal(t, false, status["KeyRotationEnabled"], "Terraform asks for that of every key that KMS made the material of")
}

func TestDeletionByTheClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{})
	other, _ := alice.createKey(in{})
	alice.do("CreateAlias", in{"AliasName": "alias/app", "TargetKeyId": id})
	alice.do("CreateGrant", in{"KeyId": id, "GranteePrincipal": "arn:aws:iam::111122223333:user/bob", "Operations": []string{"Decrypt"}, "Name": "n"})
	blob := alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("secret")})["CiphertextBlob"]
	for _, window := range []int{1, 6, 31, 365} {
		alice.fails("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": window}, CodeValidation,
			"PendingWindowInDays must be between 7 and 30, inclusive.")
	}
	date := f.time().Add(days(7))
	require.Equal(t, map[string]any{
		"KeyId": arn, "DeletionDate": float64(date.Unix()), "KeyState": "PendingDeletion", "PendingWindowInDays": float64(7),
	}, alice.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7}))
	require.Equal(t, []string{"7"}, alice.asked[0].Context["kms:ScheduleKeyDeletionPendingWindowInDays"])
	require.Equal(t, float64(date.Unix()), alice.describe(id)["DeletionDate"])

	require.Equal(t, map[string]any{"KeyId": arn}, alice.do("CancelKeyDeletion", in{"KeyId": id}))
	require.Equal(t, "Disabled", alice.describe(id)["KeyState"])
	require.NotContains(t, alice.describe(id), "DeletionDate")
	alice.do("ScheduleKeyDeletion", in{"KeyId": id, "PendingWindowInDays": 7})

	f.advance(days(7) - time.Millisecond)
	require.Equal(t, "PendingDeletion", alice.describe("alias/app")["KeyState"])
	f.advance(time.Millisecond)
	none := "Key '" + arn + "' does not exist"
	alice.fails("DescribeKey", in{"KeyId": id}, CodeNotFound, none)
	alice.fails("CancelKeyDeletion", in{"KeyId": id}, CodeNotFound, none)
	_, err := alice.try("DescribeKey", in{"KeyId": "alias/app"})
	require.Equal(t, CodeNotFound, withoutCause(t, err).Code)
	alice.fails("Decrypt", in{"CiphertextBlob": blob}, CodeAccessDenied, unknownCiphertextKey)
	require.Equal(t, []string{other}, alice.list("ListKeys", "Keys", "KeyId", in{}))
	require.Empty(t, alice.list("ListAliases", "Aliases", "AliasName", in{}))
	entries, _, err := f.store.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Len(t, entries, 1, "the key, its material, alias and grants are out of the store: %v", entries)
}

// TestGoneKeysAreNotFoundWhenTheyCannotBeDeleted: the date decides, not whether the store took the deletion.
func TestGoneKeysAreNotFoundWhenTheyCannotBeDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, arn := alice.createKey(in{})
	blob := alice.do("Encrypt", in{"KeyId": id, "Plaintext": []byte("secret")})["CiphertextBlob"]
	alice.do("ScheduleKeyDeletion", in{"KeyId": id})
	f.service.config.Store = failing{f.store, errTest}
	f.advance(days(30))
	alice.fails("DescribeKey", in{"KeyId": id}, CodeNotFound, "Key '"+arn+"' does not exist")
	alice.fails("Decrypt", in{"CiphertextBlob": blob}, CodeAccessDenied, unknownCiphertextKey)
	require.Empty(t, alice.list("ListKeys", "Keys", "KeyId", in{}))
}

// TestOnDemandRotationKeepsItsDistance: https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html,
// ConflictException.
func TestOnDemandRotationKeepsItsDistance(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id, _ := alice.createKey(in{})
	alice.do("EnableKeyRotation", in{"KeyId": id})
	f.advance(days(365) - 20*time.Minute)
	alice.do("RotateKeyOnDemand", in{"KeyId": id})
	f.advance(time.Second)
	alice.fails("RotateKeyOnDemand", in{"KeyId": id}, CodeConflict, errRotatesSoon.Message)
	require.NotContains(t, alice.do("GetKeyRotationStatus", in{"KeyId": id}), "OnDemandRotationStartDate", "none is in progress")
	alice.do("DisableKeyRotation", in{"KeyId": id})
	alice.do("RotateKeyOnDemand", in{"KeyId": id})
	alice.do("EnableKeyRotation", in{"KeyId": id})
	alice.do("RotateKeyOnDemand", in{"KeyId": id})
}

// TestAWSManagedKeysRotate: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html#rotate-aws-managed-keys.
func TestAWSManagedKeysRotate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	id := "1234abcd-12ab-34cd-56ef-1234567890ab"
	_, err := f.service.Seed(t.Context(), &Seed{ARN: "arn:aws:kms:us-east-1:111122223333:key/" + id, AWSManaged: true})
	require.NoError(t, err)
	require.Equal(t, true, alice.do("GetKeyRotationStatus", in{"KeyId": id})["KeyRotationEnabled"])
	for _, operation := range []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"} {
		alice.fails(operation, in{"KeyId": id}, CodeUnsupportedOperation, "")
	}
	f.advance(days(365))
	require.Len(t, alice.do("ListKeyRotations", in{"KeyId": id})["Rotations"], 1)
}
