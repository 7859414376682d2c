package material

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"slices"
)

// Outer is what an external key manager makes of what was encrypted here first: AES-GCM with a key of its own.
type Outer struct {
	// IV is the initialization vector: 12 or 16 bytes.
	IV []byte
	// Metadata is up to 20 bytes that the external key manager wants back, empty for none.
	Metadata []byte
	// Tag is the authentication tag: 16 bytes.
	Tag []byte
	// Text is the encrypted text, as long as what was encrypted.
	Text []byte
}

// maxOuterMetadata is how many bytes of metadata an external key manager may add
// (https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/xks_proxy_api_spec.md, Encrypt, ciphertextMetadata).
const maxOuterMetadata = 20

// IsValid reports whether the parts have the lengths that they can have, for a text of a length.
func (o *Outer) IsValid(size int) bool {
	return (len(o.IV) == 12 || len(o.IV) == 16) && len(o.Metadata) <= maxOuterMetadata && len(o.Tag) == tagSizeInBytes &&
		len(o.Text) == size
}

// EncryptTwice encrypts as [Material.Encrypt], and what comes out once more outside, with additional data that stands for
// header and encryption context. The ciphertext can be decrypted by nobody who does not have both keys
// (https://docs.aws.amazon.com/kms/latest/developerguide/keystore-external.html#concept-double-encryption). Errors of
// outside are returned as they are.
func (m *Material) EncryptTwice(rand io.Reader, keyID string, context map[string]string, plaintext []byte, outside func(aad, inner []byte) (Outer, error)) ([]byte, error) {
	key, ok := m.secret().(*aesKey)
	if !ok {
		return nil, ErrAlgorithm
	}
	header, err := appendHeader(nil, keyID, m.id)
	if err != nil {
		return nil, err
	}
	header[0] = ciphertextVersionTwice
	aad := appendContext(slices.Clip(header), context)
	inner := make([]byte, nonceSizeInBytes, nonceSizeInBytes+len(plaintext)+tagSizeInBytes)
	if _, err := io.ReadFull(rand, inner); err != nil {
		return nil, fmt.Errorf("nonce: %w", err)
	}
	inner = key.aead.Seal(inner, inner, plaintext, aad)
	outer, err := outside(outerAAD(aad), inner)
	if err != nil {
		return nil, err
	}
	if !outer.IsValid(len(inner)) {
		return nil, fmt.Errorf("%w: the parts of the outer ciphertext have %d, %d, %d and %d bytes",
			ErrCiphertext, len(outer.IV), len(outer.Metadata), len(outer.Tag), len(outer.Text))
	}
	sizes := []byte{byte(len(outer.IV)), byte(len(outer.Metadata))} //nolint:gosec // it is valid: at most 16 and 20
	return slices.Concat(header, sizes[:1], outer.IV, sizes[1:], outer.Metadata, outer.Tag, outer.Text), nil
}

// DecryptTwice is the reverse of [Material.EncryptTwice]. The error is that of outside, or [ErrCiphertext] for everything
// else: [ErrInner] when the outer layer was fine and what it held is not.
func (m *Material) DecryptTwice(keyID string, context map[string]string, ciphertext []byte, outside func(aad []byte, outer *Outer) ([]byte, error)) ([]byte, error) {
	key, ok := m.secret().(*aesKey)
	if !ok || len(ciphertext) < offsetNonce {
		return nil, ErrCiphertext
	}
	header, err := appendHeader(nil, keyID, m.id)
	if err != nil {
		return nil, ErrCiphertext
	}
	header[0] = ciphertextVersionTwice
	outer, ok := parseOuter(ciphertext[offsetNonce:])
	if !ok || subtle.ConstantTimeCompare(header, ciphertext[:offsetNonce]) != 1 {
		return nil, ErrCiphertext
	}
	aad := appendContext(header, context)
	inner, err := outside(outerAAD(aad), outer)
	if err != nil {
		return nil, err
	}
	if len(inner) != len(outer.Text) {
		return nil, ErrInner
	}
	plaintext, err := key.aead.Open(nil, inner[:nonceSizeInBytes], inner[nonceSizeInBytes:], aad)
	if err != nil {
		return nil, ErrInner
	}
	return plaintext, nil
}

// ErrInner says that the outer layer of a ciphertext was decrypted, and that what came out is not its inner layer.
var ErrInner = fmt.Errorf("%w: the inner layer", ErrCiphertext)

// outerAAD is the additional data of the outer layer: a digest, since encryption contexts may be longer than external key
// managers take.
func outerAAD(aad []byte) []byte {
	digest := sha256.Sum256(aad)
	return digest[:]
}

// parseOuter takes apart what follows the header of a ciphertext that is encrypted twice.
func parseOuter(b []byte) (*Outer, bool) {
	ok := true
	take := func(n int) (part []byte) {
		if n < 0 || n > len(b) {
			ok = false
			return nil
		}
		part, b = b[:n], b[n:]
		return part
	}
	sized := func() []byte {
		if size := take(1); ok {
			return take(int(size[0]))
		}
		return nil
	}
	outer := &Outer{IV: sized(), Metadata: sized()}
	outer.Tag = take(tagSizeInBytes)
	outer.Text = b
	return outer, ok && outer.IsValid(len(b)) && len(b) >= nonceSizeInBytes+tagSizeInBytes
}
