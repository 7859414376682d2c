package kms

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDeriveSharedSecret agrees with a peer that has a key of its own, outside.
func TestDeriveSharedSecret(t *testing.T) {
	for spec, curve := range map[string]ecdh.Curve{
		"ECC_NIST_P256": ecdh.P256(), "ECC_NIST_P384": ecdh.P384(), "ECC_NIST_P521": ecdh.P521(),
	} {
		t.Run(spec, func(t *testing.T) {
			b := newBench(t)
			key := b.sharedKey(spec, "KEY_AGREEMENT")
			peer, err := curve.GenerateKey(rand.Reader)
			require.NoError(t, err)
			peerPublic, err := x509.MarshalPKIXPublicKey(peer.PublicKey())
			require.NoError(t, err)
			out := must[deriveSharedSecretOutput](b, "DeriveSharedSecret", in{
				"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peerPublic,
			})
			require.Equal(t, deriveSharedSecretOutput{
				KeyId: key, SharedSecret: out.SharedSecret, KeyAgreementAlgorithm: "ECDH", KeyOrigin: "AWS_KMS",
			}, *out)

			parsed, err := x509.ParsePKIXPublicKey(must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": key}).PublicKey)
			require.NoError(t, err)
			public, err := parsed.(interface {
				ECDH() (*ecdh.PublicKey, error)
			}).ECDH()
			require.NoError(t, err)
			shared, err := peer.ECDH(public)
			require.NoError(t, err)
			require.Equal(t, shared, []byte(out.SharedSecret))
		})
	}
}

func TestDeriveSharedSecretRefuses(t *testing.T) {
	b := newBench(t)
	key := b.sharedKey("ECC_NIST_P256", "KEY_AGREEMENT")
	other := must[getPublicKeyOutput](b, "GetPublicKey", in{"KeyId": b.sharedKey("ECC_NIST_P384", "KEY_AGREEMENT")}).PublicKey
	for name, public := range map[string][]byte{"garbage": []byte("garbage"), "another curve": other} {
		t.Run(name, func(t *testing.T) {
			newBench(t).refused("DeriveSharedSecret", in{"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public}, CodeValidation, "")
		})
	}
	b.refused("DeriveSharedSecret", in{"KeyId": key, "KeyAgreementAlgorithm": "INVALID", "PublicKey": other}, CodeValidation,
		"1 validation error detected: Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]")
}
