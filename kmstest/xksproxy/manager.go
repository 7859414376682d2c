package xksproxy

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Key is a key of the external key manager.
type Key struct {
	// Versions are its AES-256 keys, the oldest first: the last encrypts, all decrypt.
	Versions [][]byte `json:"versions"`
	// Disabled keys do nothing.
	Disabled bool `json:"disabled,omitempty"`
	// Usage is what the key may do; empty is ENCRYPT and DECRYPT.
	Usage []string `json:"usage,omitempty"`
	// Spec is what the proxy says that the key is; empty is AES_256.
	Spec string `json:"spec,omitempty"`
}

// keySizeInBytes is the size of the keys that the specification knows.
const keySizeInBytes = 32

func newVersion() []byte {
	key := make([]byte, keySizeInBytes)
	_, _ = rand.Read(key) // it never fails (https://pkg.go.dev/crypto/rand#Read)
	return key
}

func (k *Key) usage() []string {
	if len(k.Usage) == 0 {
		return []string{"ENCRYPT", "DECRYPT"}
	}
	return k.Usage
}

func (k *Key) spec() string {
	if k.Spec == "" {
		return "AES_256"
	}
	return k.Spec
}

// keyID is the form of the ids of external keys (the specification, API operations).
var keyID = regexp.MustCompile(`\A[a-zA-Z0-9._-]{1,128}\z`)

// AddKey makes a key with an id, or puts one in the place of the key that has it.
func (p *Proxy) AddKey(id string, key Key) error {
	if !keyID.MatchString(id) || id == "." || id == ".." {
		return fmt.Errorf("key id %q: expected 1 to 128 letters, digits, hyphens, periods and underscores", id)
	}
	if len(key.Versions) == 0 {
		key.Versions = [][]byte{newVersion()}
	}
	for _, version := range key.Versions {
		if len(version) != keySizeInBytes {
			return fmt.Errorf("key %s: expected keys of %d bytes, and not of %d", id, keySizeInBytes, len(version))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[id] = &key
	return nil
}

// ChangeKey changes a key, and reports whether there is one with the id.
func (p *Proxy) ChangeKey(id string, change func(*Key)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, ok := p.keys[id]
	if !ok {
		return false
	}
	changed := *key
	changed.Versions = slices.Clone(key.Versions)
	change(&changed)
	p.keys[id] = &changed
	return true
}

// RotateKey gives a key another version, which encrypts from then on.
func (p *Proxy) RotateKey(id string) bool {
	return p.ChangeKey(id, func(k *Key) { k.Versions = append(k.Versions, newVersion()) })
}

// DeleteKey takes a key away. What was encrypted with it is lost.
func (p *Proxy) DeleteKey(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.keys, id)
}

// KeyIDs are the ids of the keys, sorted.
func (p *Proxy) KeyIDs() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.keys))
}

// Keys are the keys by their ids: for whoever keeps them.
func (p *Proxy) Keys() map[string]Key {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]Key{}
	for id, key := range p.keys {
		out[id] = *key
	}
	return out
}

// sealed is what the key manager makes of a plaintext.
type sealed struct{ text, metadata, iv, tag []byte }

// metadataSize is the length of the ciphertext metadata: the version of the key, counted from 1, in 32 bits, big-endian.
const metadataSize = 4

// encrypt encrypts with the newest version of a key.
func (k *Key) encrypt(aad, plaintext []byte) (sealed, error) {
	out := sealed{metadata: binary.BigEndian.AppendUint32(nil, uint32(len(k.Versions))), iv: make([]byte, 12)} //nolint:gosec // few
	aead, err := newGCM(k.Versions[len(k.Versions)-1], len(out.iv))
	if err != nil {
		return out, err
	}
	_, _ = rand.Read(out.iv)
	both := aead.Seal(nil, out.iv, plaintext, additionalData(aad, out.metadata))
	out.text, out.tag = both[:len(plaintext)], both[len(plaintext):]
	return out, nil
}

// decrypt is the reverse of encrypt; false for whatever does not fit.
func (k *Key) decrypt(aad []byte, s *sealed) ([]byte, bool) {
	if len(s.metadata) != metadataSize || len(s.tag) != 16 || len(s.iv) != 12 && len(s.iv) != 16 {
		return nil, false
	}
	version := binary.BigEndian.Uint32(s.metadata)
	if version < 1 || uint64(version) > uint64(len(k.Versions)) {
		return nil, false
	}
	aead, err := newGCM(k.Versions[version-1], len(s.iv))
	if err != nil {
		return nil, false
	}
	plaintext, err := aead.Open(nil, s.iv, slices.Concat(s.text, s.tag), additionalData(aad, s.metadata))
	return plaintext, err == nil
}

func newGCM(key []byte, ivSize int) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithNonceSize(block, ivSize)
}

// additionalData is what the key manager authenticates: both parts behind their lengths, so that none can be taken for the
// other (the specification, Encrypt, ciphertextMetadata).
func additionalData(aad, metadata []byte) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(aad))) //nolint:gosec // it is limited to 8192 bytes
	out = append(out, aad...)
	out = append(out, byte(len(metadata))) //nolint:gosec // it is limited to 20 bytes
	return append(out, metadata...)
}
