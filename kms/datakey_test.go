package kms

import (
	"crypto"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGenerateDataKey(t *testing.T) {
	b := newBench(t)
	key := b.symmetric()
	for _, test := range []struct {
		name  string
		input in
		size  int
	}{
		{"AES_128", in{"KeySpec": "AES_128"}, 16},
		{"AES_256", in{"KeySpec": "AES_256"}, 32},
		{"1 byte", in{"NumberOfBytes": 1}, 1},
		{"1024 bytes", in{"NumberOfBytes": 1024}, 1024},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			test.input["KeyId"], test.input["EncryptionContext"] = key, cryptoContext
			out := must[generateDataKeyOutput](b, "GenerateDataKey", test.input)
			require.Len(t, out.Plaintext, test.size)
			require.Equal(t, []string{out.KeyMaterialId}, b.materials)
			decrypted := must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": out.CiphertextBlob, "EncryptionContext": cryptoContext})
			require.Equal(t, out.Plaintext, decrypted.Plaintext)
			require.Equal(t, out.KeyMaterialId, decrypted.KeyMaterialId)
			b.refused("Decrypt", in{"CiphertextBlob": out.CiphertextBlob}, CodeInvalidCiphertext, "")
			if test.size > 1 {
				again := must[generateDataKeyOutput](b, "GenerateDataKey", test.input)
				require.NotEqual(t, out.Plaintext, again.Plaintext)
			}
			hidden := must[generateDataKeyWithoutPlaintextOutput](b, "GenerateDataKeyWithoutPlaintext", test.input)
			decrypted = must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": hidden.CiphertextBlob, "EncryptionContext": cryptoContext})
			require.Len(t, decrypted.Plaintext, test.size)
			require.NotEqual(t, make(secret, test.size+1), append(decrypted.Plaintext, 0), "it is not the key that was cleared")
		})
	}
}

func TestGenerateDataKeyRefuses(t *testing.T) {
	b := newBench(t)
	key := b.symmetric()
	for _, operation := range []string{"GenerateDataKey", "GenerateDataKeyWithoutPlaintext"} {
		const either = "Please specify either number of bytes or key spec."
		b.refused(operation, in{"KeyId": key}, CodeValidation, either)
		b.refused(operation, in{"KeyId": key, "KeySpec": "AES_256", "NumberOfBytes": 32}, CodeValidation, either)
		b.refused(operation, in{"KeyId": key, "NumberOfBytes": 1025}, CodeValidation,
			"1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024")
		b.refused(operation, in{"KeyId": b.sharedKey("RSA_2048", "ENCRYPT_DECRYPT"), "NumberOfBytes": 32}, CodeInvalidKeyUsage,
			"You cannot generate a data key with an asymmetric CMK")
	}
	b.refused("GenerateDataKeyPair", in{"KeyId": b.sharedKey("RSA_2048", "ENCRYPT_DECRYPT"), "KeyPairSpec": "ECC_NIST_P256"},
		CodeInvalidKeyUsage, "You cannot generate a data key with an asymmetric CMK")
	b.refused("GenerateDataKeyPair", in{"KeyId": key, "KeyPairSpec": "SM2"}, CodeUnsupportedOperation, "")
}

func TestGenerateDataKeyPair(t *testing.T) {
	b := newBench(t)
	key := b.symmetric()
	for _, spec := range []string{"RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"} {
		t.Run(spec, func(t *testing.T) {
			b := newBench(t)
			input := in{"KeyId": key, "KeyPairSpec": spec, "EncryptionContext": cryptoContext}
			out := must[generateDataKeyPairOutput](b, "GenerateDataKeyPair", input)
			require.Equal(t, spec, out.KeyPairSpec)
			decrypted := must[decryptOutput](b, "Decrypt", in{
				"CiphertextBlob": out.PrivateKeyCiphertextBlob, "EncryptionContext": cryptoContext,
			})
			require.Equal(t, out.PrivateKeyPlaintext, decrypted.Plaintext)
			require.Equal(t, out.KeyMaterialId, decrypted.KeyMaterialId)
			if spec == "ECC_SECG_P256K1" {
				return // which the standard library does not read
			}
			private, err := x509.ParsePKCS8PrivateKey(out.PrivateKeyPlaintext)
			require.NoError(t, err)
			public, err := x509.MarshalPKIXPublicKey(private.(crypto.Signer).Public())
			require.NoError(t, err)
			require.Equal(t, public, out.PublicKey)

			hidden := must[generateDataKeyPairWithoutPlaintextOutput](b, "GenerateDataKeyPairWithoutPlaintext", input)
			decrypted = must[decryptOutput](b, "Decrypt", in{
				"CiphertextBlob": hidden.PrivateKeyCiphertextBlob, "EncryptionContext": cryptoContext,
			})
			private, err = x509.ParsePKCS8PrivateKey(decrypted.Plaintext)
			require.NoError(t, err)
			public, err = x509.MarshalPKIXPublicKey(private.(crypto.Signer).Public())
			require.NoError(t, err)
			require.Equal(t, public, hidden.PublicKey)
			require.NotEqual(t, out.PublicKey, hidden.PublicKey)
		})
	}
}

func TestGenerateRandom(t *testing.T) {
	b := newBench(t)
	first := must[generateRandomOutput](b, "GenerateRandom", in{"NumberOfBytes": 1024})
	require.Len(t, first.Plaintext, 1024)
	require.Len(t, b.asked, 1)
	require.Equal(t, "kms:GenerateRandom", b.asked[0].Action)
	require.Nil(t, b.asked[0].Key)
	second := must[generateRandomOutput](b, "GenerateRandom", in{"NumberOfBytes": 1024})
	require.NotEqual(t, first.Plaintext, second.Plaintext)

	b.refused("GenerateRandom", in{}, CodeValidation, "NumberOfBytes is required.")
	b.refused("GenerateRandom", in{"NumberOfBytes": 0}, CodeValidation,
		"1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1")
	b.refused("GenerateRandom", in{"NumberOfBytes": 1, "CustomKeyStoreId": "cks-1"}, CodeCustomKeyStoreNotFound, errStoreNotFound.Message)
	b.decide = deny("kms:GenerateRandom")
	b.refused("GenerateRandom", in{"NumberOfBytes": 1}, CodeAccessDenied, "denied kms:GenerateRandom")
}
