package material

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// RootSizeInBytes is the length of a root key.
const RootSizeInBytes = 32

// The layout of what a root key sealed: version (1 byte), salt (32 bytes), ciphertext, tag (16 bytes).
const (
	rootVersion         = 1
	rootSaltSizeInBytes = 32
	rootHeader          = 1 + rootSaltSizeInBytes
	rootTagSizeInBytes  = 16
	// rootInfo separates the keys derived here from any others that may come from a root key.
	rootInfo = "strictkms root seal v1"
)

var (
	// ErrRootSize says that a root key does not have [RootSizeInBytes] bytes.
	ErrRootSize = errors.New("a root key has 32 bytes")
	// ErrOpen says that something sealed cannot be opened: it was changed, has another label, or was sealed under
	// another root key. It does not say which.
	ErrOpen = errors.New("sealed data cannot be opened with this root key")
)

// Root is the root key that seals key material and other secrets at rest. It is safe for concurrent use.
type Root struct {
	redaction
	key func() []byte
}

// NewRoot returns the root key that has these bytes. They are copied.
func NewRoot(key []byte) (*Root, error) {
	if len(key) != RootSizeInBytes {
		return nil, fmt.Errorf("%w, not %d", ErrRootSize, len(key))
	}
	key = bytes.Clone(key)
	return &Root{key: func() []byte { return key }}, nil
}

// Seal encrypts a secret and binds it to a label, which says what it is and whose. Each call encrypts with AES-256-GCM
// under a key of its own, derived from the root key with a random salt of 256 bits (HKDF-SHA256, RFC 5869): a root
// key is never worn out by the number of things that it sealed, as it would be with random nonces of 96 bits.
func (r *Root) Seal(label string, secret []byte) ([]byte, error) {
	sealed := make([]byte, rootHeader, rootHeader+len(secret)+rootTagSizeInBytes)
	sealed[0] = rootVersion
	if _, err := rand.Read(sealed[1:]); err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	aead, nonce, err := r.derive(sealed[1:])
	if err != nil {
		return nil, err
	}
	return aead.Seal(sealed, nonce, secret, rootLabel(label)), nil
}

// Open is the reverse of [Root.Seal]. The error wraps [ErrOpen] for another label, another root key, and for anything
// that was changed.
func (r *Root) Open(label string, sealed []byte) ([]byte, error) {
	if len(sealed) < rootHeader+rootTagSizeInBytes || sealed[0] != rootVersion {
		return nil, ErrOpen
	}
	aead, nonce, err := r.derive(sealed[1:rootHeader])
	if err != nil {
		return nil, err
	}
	secret, err := aead.Open(nil, nonce, sealed[rootHeader:], rootLabel(label))
	if err != nil {
		return nil, ErrOpen
	}
	return secret, nil
}

// derive returns the cipher and the nonce that belong to a salt.
func (r *Root) derive(salt []byte) (aead cipher.AEAD, nonce []byte, err error) {
	if r == nil || r.key == nil {
		return nil, nil, ErrRootSize
	}
	derived, err := hkdf.Key(sha256.New, r.key(), salt, rootInfo, 32+12)
	if err != nil {
		return nil, nil, fmt.Errorf("derive: %w", err)
	}
	aead, err = newGCM(derived[:32])
	return aead, derived[32:], err
}

// rootLabel is the additional data of what is sealed: the version, which the first byte also says, and the label.
func rootLabel(label string) []byte {
	return append([]byte{rootVersion}, label...)
}

// newGCM returns AES-GCM with nonces of 12 bytes and tags of 16.
func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("AES: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("GCM: %w", err)
	}
	return aead, nil
}
