package material

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// The errors of using key material wrongly. Package kms words them as AWS does.
var (
	// ErrAlgorithm says that an algorithm does not work with the key's spec.
	ErrAlgorithm = errors.New("the algorithm does not work with the key spec")
	// ErrDigestLength says that a digest does not have the length of the algorithm's hash.
	ErrDigestLength = errors.New("the digest has another length than the algorithm's hash")
	// ErrMessageType says that an algorithm takes messages of the other type only.
	ErrMessageType = errors.New("the algorithm does not take messages of this type")
	// ErrVerifyMu says that a signature of an [ExternalMu] cannot be verified: filippo.io/mldsa and crypto/mldsa, of which
	// it is the early form, sign them only (https://github.com/golang/go/issues/80272).
	ErrVerifyMu = errors.New("signatures of an external mu cannot be verified")
	// ErrPlaintextLength says that a plaintext is longer than [Spec.MaxPlaintext].
	ErrPlaintextLength = errors.New("the plaintext is too long")
	// ErrCiphertext says that a ciphertext cannot be decrypted. It never says why.
	ErrCiphertext = errors.New("the ciphertext cannot be decrypted")
	// ErrMaterial says that bytes are not key material of a spec.
	ErrMaterial = errors.New("not key material of the spec")
)

// Material is secret key material of a [Spec]. It is immutable and safe for concurrent use. Nothing prints it.
type Material struct {
	redaction
	secret func() secret
	spec   *Spec
	id     [idSizeInBytes]byte
	name   string // id in hex
}

// secret is the key itself, one type for each family. What it can do besides is in the interfaces below.
type secret interface {
	// marshal returns the bytes that [Material.Seal] encrypts, and that the family's parse function reads.
	marshal() ([]byte, error)
}

// asymmetric is the secret of a spec that has a public key.
type asymmetric interface {
	secret
	// publicKey returns the public key as DER SubjectPublicKeyInfo (RFC 5280, section 4.1).
	publicKey() ([]byte, error)
	// privateKey returns the private key as DER PKCS #8 (RFC 5208).
	privateKey() ([]byte, error)
}

// signer is a secret that signs. What it is given is the digest where the algorithm has a hash, else the message.
type signer interface {
	sign(a *Algorithm, input []byte) ([]byte, error)
	verify(a *Algorithm, input, signature []byte) bool
}

// muSigner is a signer that also signs what ML-DSA makes of a message.
type muSigner interface {
	signMu(mu []byte) ([]byte, error)
}

// asymmetricCipher is a secret that encrypts without a format of ours.
type asymmetricCipher interface {
	encrypt(a *Algorithm, plaintext []byte) ([]byte, error)
	decrypt(a *Algorithm, ciphertext []byte) ([]byte, error)
}

// Generate makes new key material with a random id. Random bytes come from rand for symmetric keys and ids; key pairs
// take theirs from the standard library's source, which cannot be replaced.
func Generate(spec *Spec, rand io.Reader) (*Material, error) {
	var id [idSizeInBytes]byte
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return nil, fmt.Errorf("key material id: %w", err)
	}
	key, err := generate(spec, rand)
	if err != nil {
		return nil, fmt.Errorf("generate %s: %w", spec.Name, err)
	}
	return newMaterial(spec, id, key), nil
}

func newMaterial(spec *Spec, id [idSizeInBytes]byte, key secret) *Material {
	return &Material{secret: func() secret { return key }, spec: spec, id: id, name: hex.EncodeToString(id[:])}
}

// generate makes a new secret of a spec.
func generate(spec *Spec, rand io.Reader) (secret, error) {
	switch spec.family {
	case familyAES, familyHMAC:
		key := make([]byte, spec.bits/8)
		if _, err := io.ReadFull(rand, key); err != nil {
			return nil, err
		}
		return parse(spec, key)
	case familyRSA:
		return generateRSA(spec)
	case familyNIST:
		return generateNIST(spec)
	case familySecp256k1:
		return generateSecp256k1()
	case familyEd25519:
		return generateEd25519()
	case familyMLDSA:
		return generateMLDSA(spec)
	case familyMLKEM:
		return generateMLKEM(spec)
	default:
		return nil, ErrMaterial
	}
}

// parse reads what [secret.marshal] wrote.
func parse(spec *Spec, key []byte) (secret, error) {
	switch spec.family {
	case familyAES:
		return parseAES(spec, key)
	case familyHMAC:
		return parseHMAC(spec, key)
	case familyRSA:
		return parseRSA(spec, key)
	case familyNIST:
		return parseNIST(spec, key)
	case familySecp256k1:
		return parseSecp256k1(key)
	case familyEd25519:
		return parseEd25519(key)
	case familyMLDSA:
		return parseMLDSA(spec, key)
	case familyMLKEM:
		return parseMLKEM(spec, key)
	default:
		return nil, ErrMaterial
	}
}

// ID returns the id of the material as AWS shows it (KeyMaterialId): 64 hex digits.
func (m *Material) ID() string { return m.name }

// Spec returns the material's row in the table of key specs.
func (m *Material) Spec() *Spec { return m.spec }

// PublicKey returns the public key as DER SubjectPublicKeyInfo; [ErrAlgorithm] for a symmetric key.
func (m *Material) PublicKey() ([]byte, error) {
	key, ok := m.secret().(asymmetric)
	if !ok {
		return nil, ErrAlgorithm
	}
	return key.publicKey()
}

// EncryptAsymmetric encrypts with the public key. The ciphertext is the algorithm's output, nothing else, as AWS
// gives it: any other implementation with the private key decrypts it.
func (m *Material) EncryptAsymmetric(a *Algorithm, plaintext []byte) ([]byte, error) {
	key, ok := m.secret().(asymmetricCipher)
	switch {
	case !ok || m.spec.Algorithm(a.Name) != a || a.Usage != EncryptDecrypt:
		return nil, ErrAlgorithm
	case len(plaintext) > m.spec.MaxPlaintext(a):
		return nil, ErrPlaintextLength
	}
	return key.encrypt(a, plaintext)
}

// DecryptAsymmetric decrypts with the private key; [ErrCiphertext] for whatever fails.
func (m *Material) DecryptAsymmetric(a *Algorithm, ciphertext []byte) ([]byte, error) {
	key, ok := m.secret().(asymmetricCipher)
	if !ok || m.spec.Algorithm(a.Name) != a || a.Usage != EncryptDecrypt {
		return nil, ErrAlgorithm
	}
	plaintext, err := key.decrypt(a, ciphertext)
	if err != nil {
		return nil, ErrCiphertext
	}
	return plaintext, nil
}
