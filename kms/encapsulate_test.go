package kms

import (
	"crypto/mlkem"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"

	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
	"github.com/stretchr/testify/require"
)

// encapsulatingKeys are the specs of keys that encapsulate, with the length of their ciphertexts
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encapsulate.html, SharedSecretCiphertextBlob).
var encapsulatingKeys = map[string]int{"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}

func TestEncapsulateAndDecapsulate(t *testing.T) {
	for spec, size := range encapsulatingKeys {
		t.Run(spec, func(t *testing.T) {
			b := newBench(t)
			key := b.sharedKey(spec, "ENCAPSULATE_DECAPSULATE")
			out := must[encapsulateOutput](b, "Encapsulate", in{"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"})
			require.Equal(t, encapsulateOutput{key, out.SharedSecret, out.SharedSecretCiphertextBlob, "ML_KEM"}, *out)
			require.Len(t, out.SharedSecret, 32)
			require.Len(t, out.SharedSecretCiphertextBlob, size)
			request := in{"KeyId": key, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": out.SharedSecretCiphertextBlob}
			require.Equal(t, decapsulateOutput{key, out.SharedSecret, "ML_KEM"}, *must[decapsulateOutput](b, "Decapsulate", request))

			changed := slices.Clone(out.SharedSecretCiphertextBlob)
			changed[0] ^= 1
			request["SharedSecretCiphertextBlob"] = changed
			rejected := must[decapsulateOutput](b, "Decapsulate", request)
			require.Len(t, rejected.SharedSecret, 32, "rejection is implicit")
			require.NotEqual(t, out.SharedSecret, rejected.SharedSecret)
			for _, wrong := range [][]byte{changed[1:], append(changed, 0)} {
				request["SharedSecretCiphertextBlob"] = wrong
				request["DryRun"] = false
				b.refused("Decapsulate", request, CodeInvalidCiphertext, "")
				request["DryRun"] = true
				b.refused("Decapsulate", request, CodeInvalidCiphertext, "")
			}
		})
	}
}

// encapsulateElsewhere encapsulates with the public key that GetPublicKey gave, outside of KMS.
func encapsulateElsewhere(t *testing.T, spec string, der []byte) (shared, ciphertext []byte) {
	t.Helper()
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	rest, err := asn1.Unmarshal(der, &info)
	require.NoError(t, err)
	require.Empty(t, rest)
	switch spec {
	case "ML_KEM_512":
		public, err := mlkem512.Scheme().UnmarshalBinaryPublicKey(info.PublicKey.Bytes)
		require.NoError(t, err)
		ciphertext, shared, err = mlkem512.Scheme().Encapsulate(public)
		require.NoError(t, err)
	case "ML_KEM_768":
		public, err := mlkem.NewEncapsulationKey768(info.PublicKey.Bytes)
		require.NoError(t, err)
		shared, ciphertext = public.Encapsulate()
	default:
		public, err := mlkem.NewEncapsulationKey1024(info.PublicKey.Bytes)
		require.NoError(t, err)
		shared, ciphertext = public.Encapsulate()
	}
	return shared, ciphertext
}

// TestDecapsulateFromElsewhere agrees with a peer that has the public key only.
func TestDecapsulateFromElsewhere(t *testing.T) {
	for spec := range encapsulatingKeys {
		t.Run(spec, func(t *testing.T) {
			b := newBench(t)
			key := b.sharedKey(spec, "ENCAPSULATE_DECAPSULATE")
			public := must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": key})
			require.Equal(t, getPublicKeyOutput{
				KeyId: key, PublicKey: public.PublicKey, KeySpec: spec, KeyUsage: "ENCAPSULATE_DECAPSULATE",
				EncapsulationAlgorithms: []string{"ML_KEM"},
			}, *public)
			shared, ciphertext := encapsulateElsewhere(t, spec, public.PublicKey)
			out := must[decapsulateOutput](b, "Decapsulate", in{
				"KeyId": key, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": ciphertext,
			})
			require.Equal(t, shared, []byte(out.SharedSecret))
		})
	}
}

func TestEncapsulateRefuses(t *testing.T) {
	b := newBench(t)
	key := b.sharedKey("ML_KEM_768", "ENCAPSULATE_DECAPSULATE")
	b.refused("Encapsulate", in{"KeyId": key, "EncapsulationAlgorithm": "ECDH"}, CodeValidation,
		"1 validation error detected: Value 'ECDH' at 'encapsulationAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ML_KEM]")
	b.refused("Encapsulate", in{"KeyId": key}, CodeValidation,
		"1 validation error detected: Value null at 'encapsulationAlgorithm' failed to satisfy constraint: Member must not be null")
	b.refused("Decapsulate", in{"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"}, CodeValidation,
		"1 validation error detected: Value null at 'sharedSecretCiphertextBlob' failed to satisfy constraint: Member must not be null")
	b.refused("DeriveSharedSecret", in{"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": []byte("x")},
		CodeInvalidKeyUsage, key+" key usage is ENCAPSULATE_DECAPSULATE which is not valid for DeriveSharedSecret.")
}

// TestMLKEMDataKeyPair decapsulates with the private key of a data key pair, which has one length for all specs: it is
// the seed.
func TestMLKEMDataKeyPair(t *testing.T) {
	for spec := range encapsulatingKeys {
		t.Run(spec, func(t *testing.T) {
			b := newBench(t)
			out := must[generateDataKeyPairOutput](b, "GenerateDataKeyPair", in{"KeyId": b.symmetric(), "KeyPairSpec": spec})
			require.Equal(t, []string{spec}, b.asked[0].Context["kms:DataKeyPairSpec"])
			require.Len(t, out.PrivateKeyPlaintext, 86)
			decrypted := must[decryptOutput](b, "Decrypt", in{"CiphertextBlob": out.PrivateKeyCiphertextBlob})
			require.Equal(t, out.PrivateKeyPlaintext, decrypted.Plaintext)

			shared, ciphertext := encapsulateElsewhere(t, spec, out.PublicKey)
			seed := out.PrivateKeyPlaintext[len(out.PrivateKeyPlaintext)-mlkem.SeedSize:]
			var opened []byte
			var err error
			switch spec {
			case "ML_KEM_512":
				_, private := mlkem512.Scheme().DeriveKeyPair(seed)
				opened, err = mlkem512.Scheme().Decapsulate(private, ciphertext)
			case "ML_KEM_768":
				private, refusal := mlkem.NewDecapsulationKey768(seed)
				require.NoError(t, refusal)
				opened, err = private.Decapsulate(ciphertext)
			default:
				private, refusal := mlkem.NewDecapsulationKey1024(seed)
				require.NoError(t, refusal)
				opened, err = private.Decapsulate(ciphertext)
			}
			require.NoError(t, err)
			require.Equal(t, shared, opened)

			hidden := must[generateDataKeyPairWithoutPlaintextOutput](b, "GenerateDataKeyPairWithoutPlaintext",
				in{"KeyId": b.symmetric(), "KeyPairSpec": spec})
			require.NotEqual(t, out.PublicKey, hidden.PublicKey)
		})
	}
}

// TestPostQuantumKeys has every combination of the new specs with a usage: one is right for each.
func TestPostQuantumKeys(t *testing.T) {
	b := newBench(t)
	for spec, usage := range map[string]string{
		"ML_DSA_44": "SIGN_VERIFY", "ML_DSA_65": "SIGN_VERIFY", "ML_DSA_87": "SIGN_VERIFY",
		"ML_KEM_512": "ENCAPSULATE_DECAPSULATE", "ML_KEM_768": "ENCAPSULATE_DECAPSULATE", "ML_KEM_1024": "ENCAPSULATE_DECAPSULATE",
	} {
		for _, wrong := range enums["KeyUsageType"] {
			if wrong != usage {
				b.refused("CreateKey", in{"KeySpec": spec, "KeyUsage": wrong}, CodeValidation,
					"KeyUsage "+wrong+" is not compatible with KeySpec "+spec)
			}
		}
		b.refused("CreateKey", in{"KeySpec": spec}, CodeValidation,
			"You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
		result, err := b.do("CreateKey", in{"KeySpec": spec, "KeyUsage": usage})
		require.NoError(t, err)
		require.Equal(t, []string{spec}, b.asked[0].Context["kms:KeySpec"])
		require.Equal(t, []string{usage}, b.asked[0].Context["kms:KeyUsage"])
		metadata := result.Output.(*createKeyOutput).KeyMetadata
		require.Equal(t, spec, metadata.KeySpec)
		if usage == "SIGN_VERIFY" {
			require.Equal(t, []string{"ML_DSA_SHAKE_256"}, metadata.SigningAlgorithms)
			require.Empty(t, metadata.EncapsulationAlgorithms)
		} else {
			require.Equal(t, []string{"ML_KEM"}, metadata.EncapsulationAlgorithms)
			require.Empty(t, metadata.SigningAlgorithms)
		}
		b.refused("EnableKeyRotation", in{"KeyId": metadata.KeyId}, CodeUnsupportedOperation, "")
	}
	// AWS has no data key pairs of ML-DSA: the name is not one of the enum.
	_, err := b.do("GenerateDataKeyPair", in{"KeyId": b.symmetric(), "KeyPairSpec": "ML_DSA_44"})
	require.ErrorContains(t, err, "failed to satisfy constraint: Member must satisfy enum value set")
}

// TestMLKEMInChina: AWS does not have it there, but has ML-DSA.
func TestMLKEMInChina(t *testing.T) {
	b := newBench(t)
	b.call.Partition, b.call.Region = "aws-cn", "cn-north-1"
	b.refused("CreateKey", in{"KeySpec": "ML_KEM_768", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}, CodeUnsupportedOperation, "")
	b.newKey("ML_DSA_44", "SIGN_VERIFY")
	key := b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	b.refused("GenerateDataKeyPair", in{"KeyId": key, "KeyPairSpec": "ML_KEM_768"}, CodeUnsupportedOperation, "")
}

// TestGrantsOfPostQuantumKeys has the operations that a grant on each kind of key can have.
func TestGrantsOfPostQuantumKeys(t *testing.T) {
	b := newBench(t)
	for key, granted := range map[string][]string{
		b.sharedKey("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"): {
			"Encapsulate", "Decapsulate", "GetPublicKey", "DescribeKey", "CreateGrant", "RetireGrant",
		},
		b.sharedKey("ML_DSA_44", "SIGN_VERIFY"): {"Sign", "Verify", "GetPublicKey", "DescribeKey", "CreateGrant", "RetireGrant"},
	} {
		_, err := b.do("DescribeKey", in{"KeyId": key})
		require.NoError(t, err)
		for _, operation := range enums["GrantOperation"] {
			require.Equal(t, slices.Contains(granted, operation), b.keys[0].canGrant(operation), "%s %s", key, operation)
		}
	}
}
