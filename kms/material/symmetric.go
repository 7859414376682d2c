package material

import (
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"io"
)

// aesKey is the secret of SYMMETRIC_DEFAULT: AES-256-GCM.
type aesKey struct {
	key  []byte
	aead cipher.AEAD
}

func parseAES(spec *Spec, key []byte) (secret, error) {
	if len(key) != spec.bits/8 {
		return nil, ErrMaterial
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return &aesKey{key: key, aead: aead}, nil
}

func (k *aesKey) marshal() ([]byte, error) { return k.key, nil }

// Encrypt encrypts with SYMMETRIC_DEFAULT: AES-256-GCM, with the encryption context as additional authenticated data.
// The ciphertext names the key and the material (docs/ciphertext.md). The nonce is random, 96 bits: NIST SP 800-38D,
// section 8.3, allows 2^32 ciphertexts of one material.
func (m *Material) Encrypt(rand io.Reader, keyID string, context map[string]string, plaintext []byte) ([]byte, error) {
	key, ok := m.secret().(*aesKey)
	if !ok {
		return nil, ErrAlgorithm
	}
	// One allocation holds the additional data and, behind it, the ciphertext.
	aadSize := offsetNonce + contextSize(context)
	buffer := make([]byte, 0, aadSize+CiphertextOverheadInBytes+len(plaintext))
	buffer, err := appendHeader(buffer, keyID, m.id)
	if err != nil {
		return nil, err
	}
	buffer = appendContext(buffer, context)
	aad := buffer[:aadSize:aadSize]
	ciphertext := append(buffer[aadSize:], aad[:offsetNonce]...)[:offsetText]
	nonce := ciphertext[offsetNonce:]
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, fmt.Errorf("nonce: %w", err)
	}
	return key.aead.Seal(ciphertext, nonce, plaintext, aad), nil
}

// Decrypt is the reverse of [Material.Encrypt]. The error is [ErrCiphertext] for everything: another key, material or
// encryption context, and whatever was changed or cut.
func (m *Material) Decrypt(keyID string, context map[string]string, ciphertext []byte) ([]byte, error) {
	key, ok := m.secret().(*aesKey)
	if !ok || len(ciphertext) < CiphertextOverheadInBytes {
		return nil, ErrCiphertext
	}
	aad, err := appendHeader(make([]byte, 0, offsetNonce+contextSize(context)), keyID, m.id)
	if err != nil || subtle.ConstantTimeCompare(aad, ciphertext[:offsetNonce]) != 1 {
		return nil, ErrCiphertext
	}
	plaintext, err := key.aead.Open(nil, ciphertext[offsetNonce:offsetText], ciphertext[offsetText:], appendContext(aad, context))
	if err != nil {
		return nil, ErrCiphertext
	}
	return plaintext, nil
}
