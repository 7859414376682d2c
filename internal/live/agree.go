package live

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// deriveSharedSecret sends a public key on the curve that the key is said to be on, NIST P-256 when nothing is said.
func deriveSharedSecret(ctx context.Context, c *kms.Client, q *question) error {
	curve := ecdh.P256()
	switch types.KeySpec(q.keySpec) {
	case types.KeySpecEccNistP384:
		curve = ecdh.P384()
	case types.KeySpecEccNistP521:
		curve = ecdh.P521()
	default:
	}
	private, err := curve.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(private.PublicKey())
	if err != nil {
		return err
	}
	_, err = c.DeriveSharedSecret(ctx, &kms.DeriveSharedSecretInput{
		KeyId: &q.keyID, KeyAgreementAlgorithm: types.KeyAgreementAlgorithmSpec(q.one(agreementAlgorithm)),
		PublicKey: public, DryRun: dryRun(),
	})
	return err
}
