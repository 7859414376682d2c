package material

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
)

// ed25519Key is the secret of ECC_NIST_EDWARDS25519 (RFC 8032): Ed25519 of messages, Ed25519ph of digests. As AWS does
// it, Ed25519ph hashes the digest that it is given once more: "the input is hashed twice: once by you and once by KMS"
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html, MessageType).
type ed25519Key struct{ key ed25519.PrivateKey }

func generateEd25519() (secret, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return ed25519Key{key}, nil
}

// parseEd25519 reads the seed.
func parseEd25519(seed []byte) (secret, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, ErrMaterial
	}
	return ed25519Key{ed25519.NewKeyFromSeed(seed)}, nil
}

func (k ed25519Key) public() ed25519.PublicKey { return ed25519.PublicKey(k.key[ed25519.SeedSize:]) }

func (k ed25519Key) marshal() ([]byte, error)    { return k.key.Seed(), nil }
func (k ed25519Key) privateKey() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(k.key) }
func (k ed25519Key) publicKey() ([]byte, error)  { return x509.MarshalPKIXPublicKey(k.public()) }

// ed25519Input returns what is signed, and how.
func ed25519Input(a *Algorithm, input []byte) ([]byte, *ed25519.Options) {
	if a.scheme != schemeEd25519ph {
		return input, &ed25519.Options{}
	}
	digest := sha512.Sum512(input)
	return digest[:], &ed25519.Options{Hash: crypto.SHA512}
}

func (k ed25519Key) sign(a *Algorithm, input []byte) ([]byte, error) {
	input, options := ed25519Input(a, input)
	return k.key.Sign(nil, input, options)
}

func (k ed25519Key) verify(a *Algorithm, input, signature []byte) bool {
	input, options := ed25519Input(a, input)
	return ed25519.VerifyWithOptions(k.public(), input, signature, options) == nil
}
