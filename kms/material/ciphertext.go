package material

import "encoding/hex"

// The layout of a symmetric ciphertext, documented in docs/ciphertext.md.
const (
	ciphertextVersion = 1
	// ciphertextVersionTwice is the version of ciphertexts that an external key manager encrypted once more.
	ciphertextVersionTwice = 2
	// flagMultiRegion is set when the key id is that of a multi-Region key. All other flags are zero.
	flagMultiRegion = 1 << 0

	offsetFlags    = 1
	offsetKeyID    = 2
	offsetMaterial = offsetKeyID + keyIDSizeInBytes
	offsetNonce    = offsetMaterial + idSizeInBytes
	offsetText     = offsetNonce + nonceSizeInBytes

	nonceSizeInBytes = 12
	tagSizeInBytes   = 16

	// CiphertextOverheadInBytes is how much longer a symmetric ciphertext is than its plaintext.
	CiphertextOverheadInBytes = offsetText + tagSizeInBytes
)

// Header is what a symmetric ciphertext says in the clear.
type Header struct {
	// KeyID is the id of the key that encrypted: a UUID, or mrk- and 32 hex digits.
	KeyID string
	// MaterialID is the id of the key material that encrypted: 64 hex digits.
	MaterialID string
}

// ParseCiphertext reads the header of a symmetric ciphertext. It proves nothing: only decryption does. The error is
// [ErrCiphertext] for everything that is not a ciphertext of this format.
func ParseCiphertext(ciphertext []byte) (Header, error) {
	if len(ciphertext) < CiphertextOverheadInBytes || ciphertext[0] != ciphertextVersion && ciphertext[0] != ciphertextVersionTwice ||
		ciphertext[offsetFlags]&^flagMultiRegion != 0 {
		return Header{}, ErrCiphertext
	}
	key := [keyIDSizeInBytes]byte(ciphertext[offsetKeyID:offsetMaterial])
	return Header{
		KeyID:      formatKeyID(key, ciphertext[offsetFlags]&flagMultiRegion != 0),
		MaterialID: hex.EncodeToString(ciphertext[offsetMaterial:offsetNonce]),
	}, nil
}

// appendHeader appends the authenticated part of a ciphertext's header: all of it but the nonce, which AES-GCM
// authenticates by itself.
func appendHeader(b []byte, keyID string, material [idSizeInBytes]byte) ([]byte, error) {
	key, multiRegion, err := parseKeyID(keyID)
	if err != nil {
		return nil, err
	}
	var flags byte
	if multiRegion {
		flags |= flagMultiRegion
	}
	b = append(b, ciphertextVersion, flags)
	b = append(b, key[:]...)
	return append(b, material[:]...), nil
}
