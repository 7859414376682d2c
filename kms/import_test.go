package kms

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// importer is a key with imported material, and who imports it.
type importer struct {
	*actor
	id, arn string
}

// newImporter makes a key that waits for its material.
func (f *fixture) newImporter(input in) *importer {
	f.t.Helper()
	input["Origin"] = "EXTERNAL"
	i := &importer{actor: f.alice()}
	i.id, i.arn = i.createKey(input)
	require.Equal(f.t, "PendingImport", i.state())
	return i
}

func (i *importer) state() string { return i.describe(i.id)["KeyState"].(string) }

// parameters are an import token and material that is wrapped for it.
func (i *importer) parameters(clear []byte) in {
	i.f.t.Helper()
	out := i.do("GetParametersForImport", in{"KeyId": i.id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"})
	require.Equal(i.f.t, i.arn, out["KeyId"])
	require.Equal(i.f.t, float64(i.f.time().Add(24*time.Hour).Unix()), out["ParametersValidTo"])
	der, err := base64.StdEncoding.DecodeString(out["PublicKey"].(string))
	require.NoError(i.f.t, err)
	public, err := x509.ParsePKIXPublicKey(der)
	require.NoError(i.f.t, err)
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), clear, nil)
	require.NoError(i.f.t, err)
	return in{
		"KeyId": i.id, "ImportToken": out["ImportToken"], "EncryptedKeyMaterial": wrapped,
		"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
	}
}

// imports imports material with more parameters, of which nil ones are left out, and returns its id.
func (i *importer) imports(clear []byte, more in) any {
	i.f.t.Helper()
	out := i.do("ImportKeyMaterial", i.parameters(clear).with(more))
	require.Equal(i.f.t, i.arn, out["KeyId"])
	return out["KeyMaterialId"]
}

func (i *importer) refuses(clear []byte, more in, code, message string) {
	i.f.t.Helper()
	i.fails("ImportKeyMaterial", i.parameters(clear).with(more), code, message)
}

func (input in) with(more in) in {
	for name, v := range more {
		input[name] = v
		if v == nil {
			delete(input, name)
		}
	}
	return input
}

// until makes material expire at a time.
func until(at time.Time) in { return in{"ExpirationModel": nil, "ValidTo": at.Unix()} }

var (
	materialA = bytes.Repeat([]byte{0xa}, 32)
	materialB = bytes.Repeat([]byte{0xb}, 32)
	materialC = bytes.Repeat([]byte{0xc}, 32)
)

func TestImportedMaterialIsUsedAndDeletedAndImportedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.newImporter(in{})
	require.NotContains(t, i.describe(i.id), "ExpirationModel")
	require.NotContains(t, i.describe(i.id), "CurrentKeyMaterialId")
	i.fails("Encrypt", in{"KeyId": i.id, "Plaintext": []byte("x")}, CodeInvalidState, i.arn+" is pending import.")
	require.Equal(t, map[string]any{"KeyId": i.arn}, i.do("DeleteImportedKeyMaterial", in{"KeyId": i.id}), "no effect")

	id := i.imports(materialA, nil)
	require.Equal(t, []string{"kms:ImportKeyMaterial"}, i.actions())
	require.Equal(t, map[string][]string{"kms:ExpirationModel": {"KEY_MATERIAL_DOES_NOT_EXPIRE"}}, i.asked[0].Context)
	metadata := i.describe(i.id)
	require.Equal(t, "Enabled", metadata["KeyState"])
	require.Equal(t, true, metadata["Enabled"])
	require.Equal(t, "EXTERNAL", metadata["Origin"])
	require.Equal(t, id, metadata["CurrentKeyMaterialId"])
	require.Equal(t, "KEY_MATERIAL_DOES_NOT_EXPIRE", metadata["ExpirationModel"])
	require.NotContains(t, metadata, "ValidTo")
	blob := i.do("Encrypt", in{"KeyId": i.id, "Plaintext": []byte("secret")})["CiphertextBlob"]

	require.Equal(t, map[string]any{"KeyId": i.arn, "KeyMaterialId": id}, i.do("DeleteImportedKeyMaterial", in{"KeyId": i.id}))
	f.restart()
	require.Equal(t, "PendingImport", i.state())
	require.Equal(t, id, i.describe(i.id)["CurrentKeyMaterialId"], "it stays")
	require.NotContains(t, i.describe(i.id), "ExpirationModel")
	i.fails("Decrypt", in{"CiphertextBlob": blob}, CodeInvalidState, i.arn+" is pending import.")
	i.fails("CreateGrant", in{"KeyId": i.id, "GranteePrincipal": i.call.Principal, "Operations": []string{"Encrypt"}},
		CodeInvalidState, i.arn+" is pending import.")
	i.refuses(materialB, nil, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message)
	require.Equal(t, "PendingImport", i.state())
	require.Equal(t, id, i.imports(materialA, nil))
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte("secret")), i.do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"])

	other := f.newImporter(in{})
	require.NotEqual(t, id, other.imports(materialA, nil), "the id is also of the key")
}

// TestDeletedMaterialIsNotInTheStore: what was deleted is gone, also sealed.
func TestDeletedMaterialIsNotInTheStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.newImporter(in{})
	i.imports(materialA, nil)
	stored := func() string {
		entries, _, err := f.store.Range(t.Context(), keyPrefix, "", 10)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.NotContains(t, string(entries[0].Value), base64.StdEncoding.EncodeToString(materialA))
		return string(entries[0].Value)
	}
	require.Contains(t, stored(), `"sealed"`)
	i.do("DeleteImportedKeyMaterial", in{"KeyId": i.id})
	require.NotContains(t, stored(), `"sealed"`)
}

func TestImportedMaterialExpiresByTheClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.newImporter(in{})
	at := f.time().Add(time.Hour)
	id := i.imports(materialA, until(at))
	require.Equal(t, map[string][]string{"kms:ValidTo": {"2026-03-01T13:00:00Z"}}, i.asked[0].Context, "the model was not given")
	require.Equal(t, "KEY_MATERIAL_EXPIRES", i.describe(i.id)["ExpirationModel"])
	require.Equal(t, float64(at.Unix()), i.describe(i.id)["ValidTo"])
	blob := i.do("Encrypt", in{"KeyId": i.id, "Plaintext": []byte("x")})["CiphertextBlob"]
	f.advance(time.Hour - time.Second)
	i.do("Decrypt", in{"CiphertextBlob": blob})
	f.advance(time.Second)
	i.fails("Decrypt", in{"CiphertextBlob": blob}, CodeInvalidState, i.arn+" is pending import.")
	require.Equal(t, "PendingImport", i.state())
	require.Nil(t, f.service.KeyByARN(i.arn).record.Materials[0].Sealed, "it is deleted")
	require.Equal(t, id, i.imports(materialA, until(f.time().Add(time.Hour))), "the same again, with another time")
	i.imports(materialA, nil)
	require.NotContains(t, i.describe(i.id), "ValidTo", "and once more without one")
	f.advance(2 * time.Hour)
	i.do("Decrypt", in{"CiphertextBlob": blob})
}

// TestExpiredMaterialIsNotUsed even when it could not be deleted.
func TestExpiredMaterialIsNotUsed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	key := &Key{Metadata: Metadata{State: stateEnabled, ValidTo: now}}
	require.Equal(t, stateEnabled, key.stateAt(now.Add(-time.Second)))
	require.Equal(t, statePendingImport, key.stateAt(now))
}

func TestDeletionAndImportedMaterial(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.newImporter(in{})
	i.imports(materialA, until(f.time().Add(time.Hour)))
	i.do("ScheduleKeyDeletion", in{"KeyId": i.id, "PendingWindowInDays": 7})
	for _, operation := range []string{"GetParametersForImport", "ImportKeyMaterial"} {
		i.fails(operation, in{
			"KeyId": i.id, "WrappingAlgorithm": "RSAES_OAEP_SHA_1", "WrappingKeySpec": "RSA_2048", "ImportToken": []byte("x"),
			"EncryptedKeyMaterial": []byte("x"), "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
		}, CodeInvalidState, i.arn+" is pending deletion.")
	}
	f.advance(2 * time.Hour)
	require.Equal(t, "PendingDeletion", i.state(), "it expires, and stays so")
	require.Nil(t, f.service.KeyByARN(i.arn).record.Materials[0].Sealed)
	i.do("CancelKeyDeletion", in{"KeyId": i.id})
	require.Equal(t, "PendingImport", i.state())
	i.fails("EnableKey", in{"KeyId": i.id}, CodeInvalidState, i.arn+" is pending import.")
	i.imports(materialA, nil)

	i.do("DisableKey", in{"KeyId": i.id})
	i.imports(materialA, until(f.time().Add(time.Hour)))
	require.Equal(t, "Disabled", i.state(), "importing does not enable what was disabled")
	i.do("DeleteImportedKeyMaterial", in{"KeyId": i.id})
	require.Equal(t, "PendingImport", i.state())
	i.imports(materialA, until(f.time().Add(time.Hour)))
	i.do("ScheduleKeyDeletion", in{"KeyId": i.id, "PendingWindowInDays": 7})
	i.do("DeleteImportedKeyMaterial", in{"KeyId": i.id})
	require.Equal(t, "PendingDeletion", i.state())
	f.advance(days(7))
	i.fails("DescribeKey", in{"KeyId": i.id}, CodeNotFound, "Key '"+i.arn+"' does not exist")
}

func TestImportTokensAreOfOneKeyForADay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i, other := f.newImporter(in{}), f.newImporter(in{})
	given, ours := other.parameters(materialA), i.parameters(materialA)
	i.fails("ImportKeyMaterial", given.with(in{"KeyId": i.id}), CodeInvalidImportToken, errImportToken.Message)
	i.fails("ImportKeyMaterial", in{}.with(ours).with(in{"ImportToken": []byte("no token")}), CodeInvalidImportToken, errImportToken.Message)
	i.fails("ImportKeyMaterial", in{}.with(ours).with(in{"EncryptedKeyMaterial": given["EncryptedKeyMaterial"]}), CodeInvalidCiphertext, "")
	f.advance(24*time.Hour - time.Second)
	f.restart()
	i.do("ImportKeyMaterial", ours)
	i.do("DeleteImportedKeyMaterial", in{"KeyId": i.id})
	f.advance(time.Second)
	i.fails("ImportKeyMaterial", ours, CodeExpiredImportToken, errImportTokenExpired.Message)
	i.refuses(materialA[1:], nil, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message)
}

func TestImportParameters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.newImporter(in{})
	expires, stays := "KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"
	valid := i.parameters(materialA)
	for _, test := range []struct {
		more          in
		code, message string
	}{
		{in{"ExpirationModel": nil}, CodeValidation, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"},
		{in{"ExpirationModel": expires}, CodeValidation, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"},
		{in{"ExpirationModel": stays, "ValidTo": 1e9}, CodeValidation, "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE"},
		{until(f.time()), CodeValidation, "The validTo date must be in the future"},
		{until(f.time().Add(days(365) + time.Second)), CodeValidation, "The validTo date must be at most 365 days in the future"},
		{in{"ValidTo": "2027-01-01"}, CodeSerialization, ""},
		{in{"ValidTo": 1e300}, CodeSerialization, ""},
		{in{"ImportType": "EXISTING_KEY_MATERIAL"}, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message},
		{in{"KeyMaterialId": strings.Repeat("a", 64)}, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message},
		{
			in{"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": strings.Repeat("a", 64)},
			CodeValidation,
			"You cannot specify a key material ID with ImportType set to NEW_KEY_MATERIAL.",
		},
	} {
		i.fails("ImportKeyMaterial", in{}.with(valid).with(test.more), test.code, test.message)
	}
	require.Equal(t, "PendingImport", i.state())
	i.imports(materialA, until(f.time().Add(days(365))))

	kmsOwn, arn := i.createKey(in{})
	for operation, input := range map[string]in{
		"GetParametersForImport":    {"WrappingAlgorithm": "RSAES_OAEP_SHA_1", "WrappingKeySpec": "RSA_2048"},
		"ImportKeyMaterial":         in{}.with(valid),
		"DeleteImportedKeyMaterial": {},
	} {
		i.fails(operation, input.with(in{"KeyId": kmsOwn}), CodeUnsupportedOperation, arn+" origin is AWS_KMS which is not valid for this operation.")
		denied := f.alice()
		denied.deny = func(*Access) bool { return true }
		denied.fails(operation, input.with(in{"KeyId": i.id}), CodeAccessDenied, "denied kms:"+operation)
	}
	hmacKey := f.newImporter(in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
	hmacKey.refuses(materialA, in{"ImportType": "NEW_KEY_MATERIAL"}, CodeValidation,
		"ImportType, KeyMaterialDescription and KeyMaterialId are only usable with symmetric encryption keys.")
	rsaKey := f.newImporter(in{"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"})
	for _, algorithm := range []string{"RSAES_OAEP_SHA_256", "RSAES_PKCS1_V1_5", "SM2PKE"} {
		rsaKey.fails("GetParametersForImport", in{"KeyId": rsaKey.id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"},
			CodeUnsupportedOperation, "")
		require.Equal(t, map[string][]string{"kms:WrappingAlgorithm": {algorithm}, "kms:WrappingKeySpec": {"RSA_2048"}}, rsaKey.asked[0].Context)
	}
	for _, algorithm := range []string{"SM2PKE", "RSAES_OAEP_SHA_256"} {
		rsaKey.fails("GetParametersForImport", in{"KeyId": rsaKey.id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "SM2"},
			CodeUnsupportedOperation, "")
	}
	i.fails("CreateKey", in{"Origin": "EXTERNAL", "KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY"}, CodeUnsupportedOperation, "")
}

// TestOtherSpecsKeepTheirFirstMaterial imports HMAC and ECC keys, and checks them against the standard library.
func TestOtherSpecsKeepTheirFirstMaterial(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.newImporter(in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
	require.Nil(t, i.imports(materialA, nil))
	mac := hmac.New(sha256.New, materialA)
	mac.Write([]byte("message"))
	require.Equal(t, base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		i.do("GenerateMac", in{"KeyId": i.id, "Message": []byte("message"), "MacAlgorithm": "HMAC_SHA_256"})["Mac"])
	i.refuses(materialB, nil, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message)
	i.imports(materialA, nil)
	i.fails("RotateKeyOnDemand", in{"KeyId": i.id}, CodeUnsupportedOperation, "")

	ecc := f.newImporter(in{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	ecc.imports(der, nil)
	encoded := ecc.do("Sign", in{"KeyId": ecc.id, "Message": []byte("message"), "SigningAlgorithm": "ECDSA_SHA_256"})["Signature"].(string)
	signature, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	digest := sha256.Sum256([]byte("message"))
	require.True(t, ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature))
	require.Equal(t, map[string]any{"KeyId": ecc.arn}, ecc.do("DeleteImportedKeyMaterial", in{"KeyId": ecc.id}))
	ecc.fails("GetPublicKey", in{"KeyId": ecc.id}, CodeInvalidState, ecc.arn+" is pending import.")
}

func TestRotationOfImportedMaterial(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.newImporter(in{})
	rotate := in{"KeyId": i.id}
	i.fails("RotateKeyOnDemand", rotate, CodeInvalidState, i.arn+" is pending import.")
	first := i.imports(materialA, in{"KeyMaterialDescription": "the first"})
	old := i.do("Encrypt", in{"KeyId": i.id, "Plaintext": []byte("old")})["CiphertextBlob"]
	i.fails("RotateKeyOnDemand", rotate, CodeInvalidState, "No available key material pending rotation for the key: "+i.arn+".")
	i.refuses(materialB, nil, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message) // existing material is the default
	i.refuses(materialA, in{"ImportType": "NEW_KEY_MATERIAL"}, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message)
	expiry := f.time().Add(time.Hour)
	asNew := until(expiry).with(in{"ImportType": "NEW_KEY_MATERIAL"})
	second := i.imports(materialB, asNew).(string)
	require.Equal(t, first, i.describe(i.id)["CurrentKeyMaterialId"])
	require.NotContains(t, i.describe(i.id), "ValidTo", "it is not the key's yet")
	_, err := i.try("ImportKeyMaterial", i.parameters(materialC).with(in{"ImportType": "NEW_KEY_MATERIAL"}))
	refused := withoutCause(t, err)
	require.Equal(t, CodeInvalidState, refused.Code)
	require.Regexp(t, `^New key material \(id: [0-9a-f]{64}\) cannot be imported into KMS key `+i.id+
		`, because another key material \(id: `+second+`\) is pending rotation\.$`, refused.Message)
	require.Equal(t, []any{
		map[string]any{
			"KeyId": i.arn, "KeyMaterialId": first, "KeyMaterialState": "CURRENT", "ImportState": "IMPORTED",
			"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", "KeyMaterialDescription": "the first",
		},
		map[string]any{
			"KeyId": i.arn, "KeyMaterialId": second, "KeyMaterialState": "PENDING_ROTATION", "ImportState": "IMPORTED",
			"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": float64(expiry.Unix()),
		},
	}, i.rotations())

	i.do("RotateKeyOnDemand", rotate)
	f.restart()
	require.Equal(t, second, i.describe(i.id)["CurrentKeyMaterialId"])
	require.Equal(t, float64(expiry.Unix()), i.describe(i.id)["ValidTo"])
	require.Len(t, i.do("ListKeyRotations", rotate)["Rotations"], 1)
	require.Equal(t, first, i.do("Decrypt", in{"CiphertextBlob": old})["KeyMaterialId"])
	f.advance(time.Hour)
	require.Equal(t, "PendingImport", i.state(), "all materials are needed")
	require.Equal(t, "PENDING_IMPORT", i.rotations()[1].(map[string]any)["ImportState"])
	i.do("DeleteImportedKeyMaterial", in{"KeyId": i.id, "KeyMaterialId": first})
	i.imports(materialB, in{"KeyMaterialId": second})
	require.Equal(t, "PendingImport", i.state())
	i.imports(materialA, nil)
	require.Equal(t, "Enabled", i.state())
	require.Equal(t, "the first", i.rotations()[0].(map[string]any)["KeyMaterialDescription"], "it is kept")

	third := i.imports(materialC, until(f.time().Add(time.Hour)).with(in{"ImportType": "NEW_KEY_MATERIAL"}))
	f.advance(time.Hour)
	require.Equal(t, "Enabled", i.state(), "what waits is not needed")
	require.Len(t, i.rotations(), 2)
	require.Equal(t, third, i.imports(materialC, in{"ImportType": "NEW_KEY_MATERIAL"}))
	i.do("DeleteImportedKeyMaterial", in{"KeyId": i.id, "KeyMaterialId": third})
	require.Len(t, i.rotations(), 2)
	i.fails("DeleteImportedKeyMaterial", in{"KeyId": i.id, "KeyMaterialId": third}, CodeNotFound,
		"Key material '"+third.(string)+"' does not exist")
	i.fails("EnableKeyRotation", rotate, CodeUnsupportedOperation, i.arn+" origin is EXTERNAL which is not valid for this operation.")
}

func (i *importer) rotations() []any {
	i.f.t.Helper()
	return i.do("ListKeyRotations", in{"KeyId": i.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"})["Rotations"].([]any)
}

func TestTimestamps(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0": 0, "1546257599.0": 1546257599000, "1.5e9": 1500000000000, "1546257599.1234": 1546257599123} {
		var got timestamp
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, want, time.Time(got).UnixMilli(), text)
	}
	for _, text := range []string{"-1", `"1"`, "1e400", "true", "{}", "253402300800"} {
		require.Error(t, json.Unmarshal([]byte(text), new(timestamp)), text)
	}
}

func TestThereAreNoCustomKeyStoresAtFirst(t *testing.T) {
	t.Parallel()
	alice := newFixture(t).alice()
	require.Equal(t, map[string]any{"CustomKeyStores": []any{}, "Truncated": false}, alice.do("DescribeCustomKeyStores", in{}))
	require.Equal(t, []string{"kms:DescribeCustomKeyStores"}, alice.actions())
	message := "The request was rejected because AWS KMS cannot find a custom key store with the specified key store name or ID."
	alice.fails("DescribeCustomKeyStores", in{"CustomKeyStoreId": "cks-1"}, CodeCustomKeyStoreNotFound, message)
	alice.fails("DescribeCustomKeyStores", in{"CustomKeyStoreName": "x"}, CodeCustomKeyStoreNotFound, message)
	alice.fails("DescribeCustomKeyStores", in{"CustomKeyStoreId": "cks-1", "CustomKeyStoreName": "x"}, CodeValidation,
		"You can specify CustomKeyStoreId or CustomKeyStoreName, but not both.")
	alice.fails("DescribeCustomKeyStores", in{"Marker": "x"}, CodeInvalidMarker, "Invalid marker.")
	alice.deny = func(*Access) bool { return true }
	alice.fails("DescribeCustomKeyStores", in{"CustomKeyStoreId": "cks-1"}, CodeAccessDenied, "denied kms:DescribeCustomKeyStores")
}
