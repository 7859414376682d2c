package kms

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// signingKeys are the specs of keys that sign, with their algorithms as GetPublicKey lists them.
var signingKeys = map[string][]string{
	"RSA_2048": {
		"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
	},
	"ECC_NIST_P256": {"ECDSA_SHA_256"}, "ECC_NIST_P384": {"ECDSA_SHA_384"}, "ECC_NIST_P521": {"ECDSA_SHA_512"},
	"ECC_SECG_P256K1": {"ECDSA_SHA_256"}, "ECC_NIST_EDWARDS25519": {"ED25519_SHA_512", "ED25519_PH_SHA_512"},
}

// testDigest is the digest that an algorithm signs, by the last three letters of its name.
func testDigest(algorithm string, message []byte) []byte {
	switch algorithm[len(algorithm)-3:] {
	case "256":
		digest := sha256.Sum256(message)
		return digest[:]
	case "384":
		digest := sha512.Sum384(message)
		return digest[:]
	default:
		digest := sha512.Sum512(message)
		return digest[:]
	}
}

func TestSignAndVerify(t *testing.T) {
	message := []byte("message")
	for spec, algorithms := range signingKeys {
		for _, algorithm := range algorithms {
			t.Run(spec+" "+algorithm, func(t *testing.T) {
				b := newBench(t)
				key := b.sharedKey(spec, "SIGN_VERIFY")
				inputs := map[string][]byte{"RAW": message, "DIGEST": testDigest(algorithm, message)}
				switch algorithm {
				case "ED25519_SHA_512":
					delete(inputs, "DIGEST")
				case "ED25519_PH_SHA_512":
					delete(inputs, "RAW")
				default:
				}
				for signed, input := range inputs {
					out := must[signOutput](b, "Sign", in{
						"KeyId": key, "Message": input, "MessageType": signed, "SigningAlgorithm": algorithm,
					})
					require.Equal(t, signOutput{KeyId: key, Signature: out.Signature, SigningAlgorithm: algorithm}, *out)
					require.Equal(t, []string{signed}, b.asked[0].Context["kms:MessageType"])
					for verified, input := range inputs {
						request := in{
							"KeyId": key, "Message": input, "MessageType": verified, "SigningAlgorithm": algorithm, "Signature": out.Signature,
						}
						require.Equal(t, verifyOutput{key, true, algorithm}, *must[verifyOutput](b, "Verify", request))
						wrong := bytes.Clone(input)
						wrong[0] ^= 1
						request["Message"] = wrong
						b.refused("Verify", request, CodeInvalidSignature, "")
						request["DryRun"] = true
						b.refused("Verify", request, CodeInvalidSignature, "")
					}
				}
			})
		}
	}
}

func TestSignRefuses(t *testing.T) {
	b := newBench(t)
	p256, rsa := b.sharedKey("ECC_NIST_P256", "SIGN_VERIFY"), b.sharedKey("RSA_2048", "SIGN_VERIFY")
	edwards := b.sharedKey("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
	for _, test := range []struct {
		name          string
		input         in
		code, message string
	}{
		{
			"digest length",
			in{"KeyId": p256, "Message": make([]byte, 31), "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"},
			CodeValidation, "Digest is invalid length for algorithm ECDSA_SHA_256.",
		},
		{
			"digest length of PSS",
			in{"KeyId": rsa, "Message": make([]byte, 32), "MessageType": "DIGEST", "SigningAlgorithm": "RSASSA_PSS_SHA_512"},
			CodeValidation, "Digest is invalid length for algorithm RSASSA_PSS_SHA_512.",
		},
		{
			"algorithm",
			in{"KeyId": p256, "Message": make([]byte, 31), "SigningAlgorithm": "ECDSA_SHA_384"},
			CodeInvalidKeyUsage, "Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.",
		},
		{
			"algorithm of another spec",
			in{"KeyId": p256, "Message": make([]byte, 31), "SigningAlgorithm": "ML_DSA_SHAKE_256"},
			CodeInvalidKeyUsage, "Algorithm ML_DSA_SHAKE_256 is incompatible with key spec ECC_NIST_P256.",
		},
		{
			"algorithm of China",
			in{"KeyId": p256, "Message": make([]byte, 32), "MessageType": "DIGEST", "SigningAlgorithm": "SM2DSA"},
			CodeInvalidKeyUsage, "Algorithm SM2DSA is incompatible with key spec ECC_NIST_P256.",
		},
		{
			"external mu",
			in{"KeyId": p256, "Message": make([]byte, 64), "MessageType": "EXTERNAL_MU", "SigningAlgorithm": "ECDSA_SHA_256"},
			CodeValidation, "Message type EXTERNAL_MU is incompatible with algorithm ECDSA_SHA_256.",
		},
		{
			"digest for Ed25519",
			in{"KeyId": edwards, "Message": make([]byte, 64), "MessageType": "DIGEST", "SigningAlgorithm": "ED25519_SHA_512"},
			CodeValidation, "Message type DIGEST is incompatible with algorithm ED25519_SHA_512.",
		},
		{
			"message for Ed25519ph",
			in{"KeyId": edwards, "Message": make([]byte, 64), "SigningAlgorithm": "ED25519_PH_SHA_512"},
			CodeValidation, "Message type RAW is incompatible with algorithm ED25519_PH_SHA_512.",
		},
		{
			"encryption key of the same spec",
			in{"KeyId": b.sharedKey("RSA_2048", "ENCRYPT_DECRYPT"), "Message": []byte("a"), "SigningAlgorithm": "RSASSA_PSS_SHA_512"},
			CodeInvalidKeyUsage,
			b.sharedKey("RSA_2048", "ENCRYPT_DECRYPT") + " key usage is ENCRYPT_DECRYPT which is not valid for Sign.",
		},
	} {
		t.Run(test.name, func(t *testing.T) { newBench(t).refused("Sign", test.input, test.code, test.message) })
	}
}

func TestMac(t *testing.T) {
	message := []byte("message")
	for spec, algorithm := range map[string]string{
		"HMAC_224": "HMAC_SHA_224", "HMAC_256": "HMAC_SHA_256", "HMAC_384": "HMAC_SHA_384", "HMAC_512": "HMAC_SHA_512",
	} {
		t.Run(spec, func(t *testing.T) {
			b := newBench(t)
			key := b.sharedKey(spec, "GENERATE_VERIFY_MAC")
			out := must[generateMacOutput](b, "GenerateMac", in{"KeyId": key, "Message": message, "MacAlgorithm": algorithm})
			require.Equal(t, generateMacOutput{Mac: out.Mac, MacAlgorithm: algorithm, KeyId: key}, *out)
			request := in{"KeyId": key, "Message": message, "MacAlgorithm": algorithm, "Mac": out.Mac}
			require.Equal(t, verifyMacOutput{key, true, algorithm}, *must[verifyMacOutput](b, "VerifyMac", request))
			request["Mac"] = out.Mac[:len(out.Mac)-1]
			b.refused("VerifyMac", request, CodeInvalidMac, "")
			request["DryRun"] = true
			b.refused("VerifyMac", request, CodeInvalidMac, "")
		})
	}
	b := newBench(t)
	b.refused("GenerateMac", in{
		"KeyId": b.sharedKey("HMAC_256", "GENERATE_VERIFY_MAC"), "Message": message, "MacAlgorithm": "HMAC_SHA_512",
	}, CodeInvalidKeyUsage, "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.")
	b.refused("GenerateMac", in{"KeyId": b.symmetric(), "Message": message, "MacAlgorithm": "HMAC_SHA_512"},
		CodeInvalidKeyUsage, b.symmetric()+" key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.")
}

func TestGetPublicKey(t *testing.T) {
	for spec, algorithms := range signingKeys {
		t.Run(spec, func(t *testing.T) {
			b := newBench(t)
			key := b.sharedKey(spec, "SIGN_VERIFY")
			out := must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": key})
			want := getPublicKeyOutput{
				KeyId: key, PublicKey: out.PublicKey, CustomerMasterKeySpec: spec, KeySpec: spec, KeyUsage: "SIGN_VERIFY",
				SigningAlgorithms: algorithms,
			}
			if spec == "ECC_NIST_EDWARDS25519" {
				want.CustomerMasterKeySpec = "" // the deprecated member does not have it
			}
			require.Equal(t, want, *out)
			require.NotEmpty(t, out.PublicKey)
		})
	}
	b := newBench(t)
	encrypting := must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": b.sharedKey("RSA_2048", "ENCRYPT_DECRYPT")})
	require.Equal(t, []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"}, encrypting.EncryptionAlgorithms)
	require.Empty(t, encrypting.SigningAlgorithms)
	agreeing := must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": b.sharedKey("ECC_NIST_P256", "KEY_AGREEMENT")})
	require.Equal(t, []string{"ECDH"}, agreeing.KeyAgreementAlgorithms)
	for _, key := range []string{b.symmetric(), b.sharedKey("HMAC_256", "GENERATE_VERIFY_MAC")} {
		b.refused("GetPublicKey", in{"KeyId": key}, CodeUnsupportedOperation, "")
	}
}

// TestOpensslVerifies gives openssl a public key, a signature and a message, as a user of Sign outside of KMS would.
func TestOpensslVerifies(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("skipped: no openssl on this machine")
	}
	for spec, algorithm := range map[string]string{
		"RSA_2048": "RSASSA_PKCS1_V1_5_SHA_256", "ECC_NIST_P384": "ECDSA_SHA_384", "ECC_SECG_P256K1": "ECDSA_SHA_256",
	} {
		t.Run(spec, func(t *testing.T) {
			b, directory := newBench(t), t.TempDir()
			key := b.sharedKey(spec, "SIGN_VERIFY")
			signed := must[signOutput](b, "Sign", in{"KeyId": key, "Message": []byte("message"), "SigningAlgorithm": algorithm})
			public := must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": key})
			for name, content := range map[string][]byte{
				"message": []byte("message"), "signature": signed.Signature, "public.der": public.PublicKey,
			} {
				require.NoError(t, os.WriteFile(filepath.Join(directory, name), content, 0o600))
			}
			command := exec.Command("openssl", "dgst", "-sha"+algorithm[len(algorithm)-3:], "-verify", "public.der", "-keyform", "DER",
				"-signature", "signature", "message")
			command.Dir = directory
			output, err := command.CombinedOutput()
			require.NoError(t, err, "%s", output)
			require.Equal(t, "Verified OK\n", string(output))
		})
	}
}
