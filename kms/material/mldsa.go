package material

import (
	"crypto"

	"filippo.io/mldsa"
	"filippo.io/mldsa/mldsacrypto"
	"filippo.io/mldsa/x509"
)

// mldsaKey is the secret of an ML_DSA spec (FIPS 204). Signatures have an empty context and are hedged: two of one
// message differ. Key pairs have the formats of RFC 9881, the private key as its seed.
type mldsaKey struct{ key *mldsa.PrivateKey }

// muSizeInBytes is the length of the representative of a message (FIPS 204, section 6.2; EXTERNAL_MU of
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html, MessageType).
const muSizeInBytes = 64

// mldsaParameters returns the parameter set of a spec.
func mldsaParameters(spec *Spec) mldsa.Parameters {
	switch spec.bits {
	case 44:
		return mldsa.MLDSA44()
	case 65:
		return mldsa.MLDSA65()
	default:
		return mldsa.MLDSA87()
	}
}

func generateMLDSA(spec *Spec) (secret, error) {
	key, err := mldsa.GenerateKey(mldsaParameters(spec))
	if err != nil {
		return nil, err
	}
	return mldsaKey{key}, nil
}

// parseMLDSA reads the seed.
func parseMLDSA(spec *Spec, seed []byte) (secret, error) {
	key, err := mldsa.NewPrivateKey(mldsaParameters(spec), seed)
	if err != nil {
		return nil, ErrMaterial
	}
	return mldsaKey{key}, nil
}

func (k mldsaKey) marshal() ([]byte, error)    { return k.key.Bytes(), nil }
func (k mldsaKey) privateKey() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.key) }
func (k mldsaKey) publicKey() ([]byte, error)  { return x509.MarshalPKIXPublicKey(k.key.PublicKey()) }

func (k mldsaKey) sign(_ *Algorithm, message []byte) ([]byte, error) {
	return k.key.Sign(nil, message, crypto.Hash(0))
}

// signMu signs the representative of a message in place of the message.
func (k mldsaKey) signMu(mu []byte) ([]byte, error) {
	return k.key.Sign(nil, mu, mldsacrypto.MLDSAMu)
}

func (k mldsaKey) verify(_ *Algorithm, message, signature []byte) bool {
	return verifyMLDSA(k.key.PublicKey(), message, signature)
}

func verifyMLDSA(public *mldsa.PublicKey, message, signature []byte) bool {
	return mldsa.Verify(public, message, signature, nil) == nil
}
