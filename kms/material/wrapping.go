package material

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/kwp/subtle"
)

// WrappingAlgorithm is how key material is encrypted on its way here: AlgorithmSpec of the API.
type WrappingAlgorithm struct {
	// Name is what the API calls it, for example RSA_AES_KEY_WRAP_SHA_256.
	Name string
	// hash is that of OAEP and of its MGF1.
	hash crypto.Hash
	// hybrid is true when RSA encrypts an AES key and the AES key wraps the material.
	hybrid bool
}

// wrappingAlgorithms is the table of wrapping algorithms. Those of AWS that are not in it are RSAES_PKCS1_V1_5, which
// AWS does not take any more either, and SM2PKE, which is for China.
var wrappingAlgorithms = []*WrappingAlgorithm{
	{"RSAES_OAEP_SHA_1", crypto.SHA1, false},
	{"RSAES_OAEP_SHA_256", crypto.SHA256, false},
	{"RSA_AES_KEY_WRAP_SHA_1", crypto.SHA1, true},
	{"RSA_AES_KEY_WRAP_SHA_256", crypto.SHA256, true},
}

// LookupWrappingAlgorithm returns the algorithm of a name, nil for one that is not in the table.
func LookupWrappingAlgorithm(name string) *WrappingAlgorithm {
	for _, a := range wrappingAlgorithms {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Wraps reports whether the algorithm, with a wrapping key of a spec, can wrap key material of a spec: RSA private keys
// are too long for RSA alone, and so are private keys on P-521 for RSA_2048
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html, WrappingAlgorithm).
func (a *WrappingAlgorithm) Wraps(wrapping, material *Spec) bool {
	if a.hybrid || material.Symmetric() {
		return true
	}
	return material.family != familyRSA && (material.bits <= 384 || wrapping.bits > 2048)
}

// WrappingKey is an RSA key pair that key material is encrypted to by whoever imports it. Nothing prints it.
type WrappingKey struct {
	redaction
	key       func() *rsa.PrivateKey
	algorithm *WrappingAlgorithm
}

// NewWrappingKey makes a wrapping key of an RSA spec; [ErrAlgorithm] for another.
func NewWrappingKey(spec *Spec, algorithm *WrappingAlgorithm) (*WrappingKey, error) {
	if spec.family != familyRSA {
		return nil, ErrAlgorithm
	}
	key, err := rsa.GenerateKey(rand.Reader, spec.bits)
	if err != nil {
		return nil, fmt.Errorf("generate a wrapping key: %w", err)
	}
	return newWrappingKey(key, algorithm), nil
}

func newWrappingKey(key *rsa.PrivateKey, algorithm *WrappingAlgorithm) *WrappingKey {
	return &WrappingKey{key: func() *rsa.PrivateKey { return key }, algorithm: algorithm}
}

// PublicKey returns the public key as DER SubjectPublicKeyInfo.
func (w *WrappingKey) PublicKey() ([]byte, error) {
	return x509.MarshalPKIXPublicKey(&w.key().PublicKey)
}

// importToken is what is sealed in an import token: all that is needed to unwrap, so that nothing is kept.
type importToken struct {
	Algorithm string    `json:"algorithm"`
	ValidTo   time.Time `json:"validTo"`
	Key       []byte    `json:"key"` // PKCS #8
}

// tokenLabel says what is sealed and whose.
func tokenLabel(owner string) string { return "import token\x00" + owner }

// Token returns the import token of the wrapping key: the private key with its algorithm and the time until which both
// may be used, sealed under the root key and bound to the key that material is imported into.
func (w *WrappingKey) Token(root *Root, owner string, validTo time.Time) ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(w.key())
	if err != nil {
		return nil, fmt.Errorf("wrapping key: %w", err)
	}
	token, err := json.Marshal(importToken{w.algorithm.Name, validTo, key})
	if err != nil {
		return nil, fmt.Errorf("import token: %w", err)
	}
	return root.Seal(tokenLabel(owner), token)
}

// OpenToken is the reverse of [WrappingKey.Token]. The error wraps [ErrOpen] for everything that is not a token of the
// owner.
func OpenToken(root *Root, owner string, token []byte) (w *WrappingKey, validTo time.Time, err error) {
	opened, err := root.Open(tokenLabel(owner), token)
	if err != nil {
		return nil, time.Time{}, err
	}
	var t importToken
	if err := json.Unmarshal(opened, &t); err != nil {
		return nil, time.Time{}, fmt.Errorf("%w: it is no import token", ErrOpen)
	}
	algorithm := LookupWrappingAlgorithm(t.Algorithm)
	parsed, err := x509.ParsePKCS8PrivateKey(t.Key)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok || algorithm == nil {
		return nil, time.Time{}, fmt.Errorf("%w: its wrapping key is not known", ErrOpen)
	}
	return newWrappingKey(key, algorithm), t.ValidTo, nil
}

// wrappedAESSizeInBytes is the length of the AES key of RSA_AES_KEY_WRAP: "a 256-bit AES symmetric encryption key"
// (https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html).
const wrappedAESSizeInBytes = 32

// unwrap decrypts what was encrypted to the wrapping key: by RSAES-OAEP (RFC 8017, section 7.1), or, for
// RSA_AES_KEY_WRAP, an AES key by RSAES-OAEP followed by the material by AES key wrap with padding (RFC 5649). The error
// is [ErrCiphertext] for whatever fails.
func (w *WrappingKey) unwrap(wrapped []byte) ([]byte, error) {
	key, rest := w.key(), []byte(nil)
	if w.algorithm.hybrid {
		if len(wrapped) < key.Size() {
			return nil, ErrCiphertext
		}
		wrapped, rest = wrapped[:key.Size()], wrapped[key.Size():]
	}
	decrypted, err := rsa.DecryptOAEP(w.algorithm.hash.New(), nil, key, wrapped, nil)
	if err != nil {
		return nil, ErrCiphertext
	}
	if !w.algorithm.hybrid {
		return decrypted, nil
	}
	if len(decrypted) != wrappedAESSizeInBytes {
		return nil, ErrCiphertext
	}
	kwp, err := subtle.NewKWP(decrypted)
	if err != nil {
		return nil, ErrCiphertext
	}
	unwrapped, err := kwp.Unwrap(bytes.Clone(rest))
	if err != nil {
		return nil, ErrCiphertext
	}
	return unwrapped, nil
}
