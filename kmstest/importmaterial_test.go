package kmstest_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// TestImportedMaterial has a role import key material with a real SDK, under conditions on how it is wrapped and on when
// it expires.
func TestImportedMaterial(t *testing.T) {
	t.Parallel()
	clock := &kmstest.Clock{}
	s := kmstest.Start(t, kmstest.WithClock(clock), kmstest.WithWorld(`
accounts:
  "111122223333":
    roles:
      Importer:
        policies:
          Import:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: "kms:GetParametersForImport", Resource: "*", Condition: {StringNotEquals: {"kms:WrappingAlgorithm": RSAES_OAEP_SHA_1}}}
              - {Effect: Allow, Action: "kms:ImportKeyMaterial", Resource: "*", Condition: {"Null": {"kms:ExpirationModel": "true"}, DateLessThan: {"kms:ValidTo": "2100-01-01T00:00:00Z"}}}
              - {Effect: Allow, Action: ["kms:Encrypt", "kms:DescribeKey", "kms:DeleteImportedKeyMaterial"], Resource: "*"}
    keys:
      1234abcd-12ab-34cd-56ef-1234567890ab: {origin: EXTERNAL}
`))
	role, key := client(s, "role/Importer"), aws.String("1234abcd-12ab-34cd-56ef-1234567890ab")
	ask := &kms.GetParametersForImportInput{
		KeyId: key, WrappingAlgorithm: types.AlgorithmSpecRsaesOaepSha1, WrappingKeySpec: types.WrappingKeySpecRsa2048,
	}
	_, err := role.GetParametersForImport(t.Context(), ask)
	require.Contains(t, requireDenied(t, err), "kms:GetParametersForImport")
	ask.WrappingAlgorithm = types.AlgorithmSpecRsaesOaepSha256
	parameters, err := role.GetParametersForImport(t.Context(), ask)
	require.NoError(t, err)
	now := parameters.ParametersValidTo.Add(-24 * time.Hour)
	public, err := x509.ParsePKIXPublicKey(parameters.PublicKey)
	require.NoError(t, err)
	wrap := func(clear []byte) []byte {
		out, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), clear, nil)
		require.NoError(t, err)
		return out
	}
	material, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	bring := &kms.ImportKeyMaterialInput{
		KeyId: key, ImportToken: parameters.ImportToken, EncryptedKeyMaterial: wrap(material),
		ExpirationModel: types.ExpirationModelTypeKeyMaterialDoesNotExpire,
	}
	_, err = role.ImportKeyMaterial(t.Context(), bring)
	require.Contains(t, requireDenied(t, err), "kms:ImportKeyMaterial")
	_, err = role.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key, Plaintext: []byte("x")})
	require.Contains(t, requireException[*types.KMSInvalidStateException](t, err), " is pending import.")

	bring.ExpirationModel, bring.ValidTo = "", aws.Time(now.Add(10*time.Minute))
	imported, err := role.ImportKeyMaterial(t.Context(), bring)
	require.NoError(t, err)
	described, err := role.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})
	require.NoError(t, err)
	require.Equal(t, types.ExpirationModelTypeKeyMaterialExpires, described.KeyMetadata.ExpirationModel)
	require.WithinDuration(t, *bring.ValidTo, *described.KeyMetadata.ValidTo, time.Millisecond)
	require.Equal(t, imported.KeyMaterialId, described.KeyMetadata.CurrentKeyMaterialId)
	_, err = role.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key, Plaintext: []byte("x")})
	require.NoError(t, err)
	clock.Advance(11 * time.Minute)
	_, err = role.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key, Plaintext: []byte("x")})
	require.Contains(t, requireException[*types.KMSInvalidStateException](t, err), " is pending import.")

	bring.ValidTo = aws.Time(now.Add(time.Hour))
	bring.EncryptedKeyMaterial = wrap(other)
	_, err = role.ImportKeyMaterial(t.Context(), bring)
	requireException[*types.IncorrectKeyMaterialException](t, err)
	bring.EncryptedKeyMaterial = []byte("nothing")
	_, err = role.ImportKeyMaterial(t.Context(), bring)
	requireException[*types.InvalidCiphertextException](t, err)
	bring.EncryptedKeyMaterial, bring.ImportToken = wrap(material), []byte("no token")
	_, err = role.ImportKeyMaterial(t.Context(), bring)
	requireException[*types.InvalidImportTokenException](t, err)
	bring.ImportToken = parameters.ImportToken
	_, err = role.ImportKeyMaterial(t.Context(), bring)
	require.NoError(t, err)
	deleted, err := role.DeleteImportedKeyMaterial(t.Context(), &kms.DeleteImportedKeyMaterialInput{KeyId: key})
	require.NoError(t, err)
	require.Equal(t, imported.KeyMaterialId, deleted.KeyMaterialId)

	stores, err := client(s, "root").DescribeCustomKeyStores(t.Context(), &kms.DescribeCustomKeyStoresInput{})
	require.NoError(t, err)
	require.Empty(t, stores.CustomKeyStores)
	_, err = client(s, "root").DescribeCustomKeyStores(t.Context(), &kms.DescribeCustomKeyStoresInput{CustomKeyStoreId: aws.String("cks-1")})
	requireException[*types.CustomKeyStoreNotFoundException](t, err)
}
