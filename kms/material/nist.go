package material

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
)

// nistKey is the secret of a spec on a NIST curve. Signatures are DER (RFC 3279, section 2.2.3).
type nistKey struct{ key *ecdsa.PrivateKey }

// nistCurve returns the curve of a spec.
func nistCurve(spec *Spec) elliptic.Curve {
	switch spec.bits {
	case 256:
		return elliptic.P256()
	case 384:
		return elliptic.P384()
	default:
		return elliptic.P521()
	}
}

func generateNIST(spec *Spec) (secret, error) {
	key, err := ecdsa.GenerateKey(nistCurve(spec), rand.Reader)
	if err != nil {
		return nil, err
	}
	return nistKey{key}, nil
}

// parseNIST reads the private number in the curve's length.
func parseNIST(spec *Spec, number []byte) (secret, error) {
	key, err := ecdsa.ParseRawPrivateKey(nistCurve(spec), number)
	if err != nil {
		return nil, ErrMaterial
	}
	return nistKey{key}, nil
}

func (k nistKey) marshal() ([]byte, error)    { return k.key.Bytes() }
func (k nistKey) privateKey() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.key) }
func (k nistKey) publicKey() ([]byte, error)  { return x509.MarshalPKIXPublicKey(&k.key.PublicKey) }

func (k nistKey) sign(_ *Algorithm, digest []byte) ([]byte, error) {
	return ecdsa.SignASN1(rand.Reader, k.key, digest)
}

func (k nistKey) verify(_ *Algorithm, digest, signature []byte) bool {
	return ecdsa.VerifyASN1(&k.key.PublicKey, digest, signature)
}
