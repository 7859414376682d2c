package material

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
)

// rsaKey is the secret of an RSA spec. The public exponent is 65537, as AWS's.
type rsaKey struct{ key *rsa.PrivateKey }

func generateRSA(spec *Spec) (secret, error) {
	key, err := rsa.GenerateKey(rand.Reader, spec.bits)
	if err != nil {
		return nil, err
	}
	return rsaKey{key}, nil
}

// parseRSA reads PKCS #8, which checks that the numbers belong together.
func parseRSA(spec *Spec, der []byte) (secret, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, ErrMaterial
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() != spec.bits {
		return nil, ErrMaterial
	}
	return rsaKey{key}, nil
}

func (k rsaKey) marshal() ([]byte, error)    { return k.privateKey() }
func (k rsaKey) privateKey() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.key) }
func (k rsaKey) publicKey() ([]byte, error)  { return x509.MarshalPKIXPublicKey(&k.key.PublicKey) }

// encrypt is RSAES-OAEP with an empty label and MGF1 with the same hash (RFC 8017, section 7.1).
func (k rsaKey) encrypt(a *Algorithm, plaintext []byte) ([]byte, error) {
	return rsa.EncryptOAEP(a.hash.New(), rand.Reader, &k.key.PublicKey, plaintext, nil)
}

func (k rsaKey) decrypt(a *Algorithm, ciphertext []byte) ([]byte, error) {
	return rsa.DecryptOAEP(a.hash.New(), nil, k.key, ciphertext, nil)
}

// pssOptions: the salt is as long as the hash
// (https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html#key-spec-rsa-sign).
func pssOptions(a *Algorithm) *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
}

func (k rsaKey) sign(a *Algorithm, digest []byte) ([]byte, error) {
	if a.scheme == schemePSS {
		return rsa.SignPSS(rand.Reader, k.key, a.hash, digest, pssOptions(a))
	}
	return rsa.SignPKCS1v15(nil, k.key, a.hash, digest)
}

func (k rsaKey) verify(a *Algorithm, digest, signature []byte) bool {
	if a.scheme == schemePSS {
		return rsa.VerifyPSS(&k.key.PublicKey, a.hash, digest, signature, pssOptions(a)) == nil
	}
	return rsa.VerifyPKCS1v15(&k.key.PublicKey, a.hash, digest, signature) == nil
}
