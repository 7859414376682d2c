package kmstest_test

import (
	"encoding/hex"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"
)

// wrappingAlgorithms are how material is brought; those without AES take no more than fits into RSA.
var wrappingAlgorithms = []types.AlgorithmSpec{
	types.AlgorithmSpecRsaesOaepSha1, types.AlgorithmSpecRsaesOaepSha256, types.AlgorithmSpecRsaAesKeyWrapSha1,
	types.AlgorithmSpecRsaAesKeyWrapSha256,
}

// TestImportedByOpenssl has openssl make key material and wrap it by every algorithm that AWS KMS takes for the kind of key.
// The key that it is imported into then does what openssl does with the material.
func TestImportedByOpenssl(t *testing.T) {
	t.Parallel()
	all := newOpenssl(t)
	for _, test := range []struct {
		spec  types.KeySpec
		usage types.KeyUsageType
		make  string
		wraps []types.AlgorithmSpec
		uses  func(o *openssl, key *string)
	}{
		{types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt, "rand -out material 32", wrappingAlgorithms[:2], (*openssl).encrypts},
		{types.KeySpecHmac256, types.KeyUsageTypeGenerateVerifyMac, "rand -out material 32", wrappingAlgorithms, (*openssl).macs},
		{
			types.KeySpecEccNistP256, types.KeyUsageTypeSignVerify, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER -out plain",
			wrappingAlgorithms, func(o *openssl, key *string) { o.verifies(key, types.SigningAlgorithmSpecEcdsaSha256) },
		},
		{
			types.KeySpecEccNistEdwards25519, types.KeyUsageTypeSignVerify, "genpkey -algorithm ED25519 -outform DER -out plain",
			wrappingAlgorithms, func(o *openssl, key *string) { o.verifies(key, types.SigningAlgorithmSpecEd25519Sha512) },
		},
		{
			types.KeySpecRsa2048, types.KeyUsageTypeSignVerify, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -outform DER -out plain",
			wrappingAlgorithms[2:], func(o *openssl, key *string) { o.verifies(key, types.SigningAlgorithmSpecRsassaPssSha256) },
		},
	} {
		for _, algorithm := range test.wraps {
			t.Run(string(test.spec)+" "+string(algorithm), func(t *testing.T) {
				o := all.at(t)
				o.run(test.make)
				if test.usage == types.KeyUsageTypeSignVerify {
					o.run("pkcs8 -topk8 -nocrypt -inform DER -in plain -outform DER -out material")
					o.run("pkey -inform DER -in material -pubout -outform DER -out public.der") // and not what GetPublicKey tells
				}
				test.uses(o, o.imports(test.spec, test.usage, algorithm))
			})
		}
	}
}

// encrypts uses a symmetric key. The format of its ciphertexts is the server's own.
func (o *openssl) encrypts(key *string) {
	o.t.Helper()
	ciphertext := mustEncrypt(o.t, o.Client, *key, nil)
	require.NoError(o.t, decrypt(o.t, o.Client, ciphertext, nil))
}

// macs compares authentication codes.
func (o *openssl) macs(key *string) {
	o.t.Helper()
	ours, err := o.GenerateMac(o.t.Context(), &kms.GenerateMacInput{
		KeyId: key, MacAlgorithm: types.MacAlgorithmSpecHmacSha256, Message: []byte("message"),
	})
	require.NoError(o.t, err)
	o.write("message", []byte("message"))
	o.run("dgst -sha256 -mac HMAC -macopt hexkey:" + hex.EncodeToString(o.read("material")) + " -binary -out mac message")
	require.Equal(o.t, o.read("mac"), ours.Mac)
}
