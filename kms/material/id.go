package material

import (
	"encoding/hex"
	"errors"
	"strings"
)

// idSizeInBytes is the length of a key material id, which is shown in hex: 64 digits (BackingKeyIdType of the API).
const idSizeInBytes = 32

// keyIDSizeInBytes is the length of a key id: a UUID.
const keyIDSizeInBytes = 16

// multiRegionPrefix begins the ids of multi-Region keys; 32 hex digits follow
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html).
const multiRegionPrefix = "mrk-"

// ErrKeyID says that a key id is not one: neither a UUID in lower case with its dashes, nor mrk- and 32 hex digits.
var ErrKeyID = errors.New("not a key id")

// parseKeyID returns the bytes of a key id, and whether it is that of a multi-Region key.
func parseKeyID(id string) (key [keyIDSizeInBytes]byte, multiRegion bool, err error) {
	var digits [2 * keyIDSizeInBytes]byte
	switch {
	case len(id) == len(multiRegionPrefix)+len(digits) && strings.HasPrefix(id, multiRegionPrefix):
		multiRegion = true
		copy(digits[:], id[len(multiRegionPrefix):])
	case len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-':
		copy(digits[0:], id[0:8])
		copy(digits[8:], id[9:13])
		copy(digits[12:], id[14:18])
		copy(digits[16:], id[19:23])
		copy(digits[20:], id[24:36])
	default:
		return key, false, ErrKeyID
	}
	for _, c := range digits {
		if c >= 'A' && c <= 'F' {
			return key, false, ErrKeyID
		}
	}
	if _, err := hex.Decode(key[:], digits[:]); err != nil {
		return key, false, ErrKeyID
	}
	return key, multiRegion, nil
}

// formatKeyID is the reverse of parseKeyID.
func formatKeyID(key [keyIDSizeInBytes]byte, multiRegion bool) string {
	var digits [2 * keyIDSizeInBytes]byte
	hex.Encode(digits[:], key[:])
	var b strings.Builder
	b.Grow(36)
	if multiRegion {
		b.WriteString(multiRegionPrefix)
		b.Write(digits[:])
		return b.String()
	}
	for i, end := range [...]int{8, 12, 16, 20, 32} {
		start := [...]int{0, 8, 12, 16, 20}[i]
		if i > 0 {
			b.WriteByte('-')
		}
		b.Write(digits[start:end])
	}
	return b.String()
}

// parseID returns the bytes of a key material id.
func parseID(id string) (material [idSizeInBytes]byte, ok bool) {
	if len(id) != 2*idSizeInBytes || id != strings.ToLower(id) {
		return material, false
	}
	_, err := hex.Decode(material[:], []byte(id))
	return material, err == nil
}
