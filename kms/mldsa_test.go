package kms

import (
	"crypto/sha3"
	"slices"
	"testing"

	"filippo.io/mldsa"
	"filippo.io/mldsa/x509"
	circl "github.com/cloudflare/circl/sign"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
	"github.com/cloudflare/circl/sign/mldsa/mldsa87"
	"github.com/stretchr/testify/require"
)

// externalMu is what a caller that has the public key makes of a message (FIPS 204, algorithm 7, line 6, and
// algorithm 2, line 10, with an empty context).
func externalMu(public, message []byte) []byte {
	tr := sha3.SumSHAKE256(public, 64)
	return sha3.SumSHAKE256(slices.Concat(tr, []byte{0, 0}, message), 64)
}

// TestMLDSA signs messages and their mu, and has another implementation verify both and make signatures for Verify.
func TestMLDSA(t *testing.T) {
	const algorithm = "ML_DSA_SHAKE_256"
	message := []byte("message")
	for spec, scheme := range map[string]circl.Scheme{
		"ML_DSA_44": mldsa44.Scheme(), "ML_DSA_65": mldsa65.Scheme(), "ML_DSA_87": mldsa87.Scheme(),
	} {
		t.Run(spec, func(t *testing.T) {
			b := newBench(t)
			key := b.sharedKey(spec, "SIGN_VERIFY")
			der := must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": key})
			require.Equal(t, getPublicKeyOutput{
				KeyId: key, PublicKey: der.PublicKey, KeySpec: spec, KeyUsage: "SIGN_VERIFY", SigningAlgorithms: []string{algorithm},
			}, *der)
			parsed, err := x509.ParsePKIXPublicKey(der.PublicKey)
			require.NoError(t, err)
			public := parsed.(*mldsa.PublicKey).Bytes()
			elsewhere, err := scheme.UnmarshalBinaryPublicKey(public)
			require.NoError(t, err)
			for messageType, input := range map[string][]byte{"RAW": message, "EXTERNAL_MU": externalMu(public, message)} {
				out := must[signOutput](b, "Sign", in{
					"KeyId": key, "Message": input, "MessageType": messageType, "SigningAlgorithm": algorithm,
				})
				require.Equal(t, signOutput{KeyId: key, Signature: out.Signature, SigningAlgorithm: algorithm}, *out)
				require.Equal(t, []string{messageType}, b.asked[0].Context["kms:MessageType"])
				require.Equal(t, []string{algorithm}, b.asked[0].Context["kms:SigningAlgorithm"])
				require.True(t, scheme.Verify(elsewhere, message, out.Signature, nil), messageType)

				request := in{"KeyId": key, "Message": message, "SigningAlgorithm": algorithm, "Signature": out.Signature}
				require.Equal(t, verifyOutput{key, true, algorithm}, *must[verifyOutput](b, "Verify", request))
				request["Message"] = []byte("massage")
				b.refused("Verify", request, CodeInvalidSignature, "")
			}
		})
	}
}

func TestMLDSARefuses(t *testing.T) {
	const algorithm = "ML_DSA_SHAKE_256"
	b := newBench(t)
	key := b.sharedKey("ML_DSA_44", "SIGN_VERIFY")
	for _, size := range []int{1, 63, 65} {
		for _, operation := range []string{"Sign", "Verify"} {
			input := in{"KeyId": key, "Message": make([]byte, size), "MessageType": "EXTERNAL_MU", "SigningAlgorithm": algorithm}
			if operation == "Verify" {
				input["Signature"] = []byte("x")
			}
			b.refused(operation, input, CodeValidation, "Digest is invalid length for algorithm ML_DSA_SHAKE_256.")
		}
	}
	b.refused("Sign", in{"KeyId": key, "Message": make([]byte, 64), "MessageType": "DIGEST", "SigningAlgorithm": algorithm},
		CodeValidation, "Message type DIGEST is incompatible with key spec ML_DSA_44.")
	b.refused("Sign", in{"KeyId": key, "Message": make([]byte, 64), "SigningAlgorithm": "ED25519_SHA_512"},
		CodeInvalidKeyUsage, "Algorithm ED25519_SHA_512 is incompatible with key spec ML_DSA_44.")

	// No library verifies it: nothing is said about the signature, also not by a dry run.
	mu := in{"KeyId": key, "Message": make([]byte, 64), "MessageType": "EXTERNAL_MU", "SigningAlgorithm": algorithm}
	mu["Signature"] = must[signOutput](b, "Sign", mu).Signature
	b.refused("Verify", mu, CodeUnsupportedOperation, "Message type EXTERNAL_MU is not supported by Verify.")
	mu["DryRun"] = true
	b.refused("Verify", mu, CodeUnsupportedOperation, "Message type EXTERNAL_MU is not supported by Verify.")
}
