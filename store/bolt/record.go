package bolt

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/strictkms/strictkms/store"
)

// formatVersion is the version of the layout below; a file of a greater one is refused.
//
// The file is a bbolt file of two buckets. All numbers are big endian.
//
//	meta     "format"  the text "strictkms 1": the version of this layout
//	         "state"   32 bytes: revision (8), number of entries (8), sum of the digests of all entries modulo
//	                   2^64 (8), digest of the key "state" with these 24 bytes (8)
//	entries  key       revision that wrote it (8), digest (8), value
//
// A digest is the first 8 bytes of SHA-256 over the length of the key (8), the key, and what is digested: for an
// entry its revision (8) and its value. bbolt has no checksums of its own except for its two meta pages; digests
// and their sum tell damage of the file from data, also an entry that is missing.
const (
	formatVersion = 1
	formatPrefix  = "strictkms "
)

const (
	digestSize = 8
	stateSize  = 32
	// recordHeader is the number of bytes before the value.
	recordHeader = 8 + digestSize
)

var (
	metaBucket    = []byte("meta")
	entriesBucket = []byte("entries")
	formatKey     = []byte("format")
	stateKey      = []byte("state")
)

// state is what the store knows about itself.
type state struct {
	revision int64
	count    uint64
	sum      uint64
}

// encode returns the bytes of the state.
func (s state) encode() []byte {
	b := make([]byte, 0, stateSize)
	b = binary.BigEndian.AppendUint64(b, uint64(s.revision))
	b = binary.BigEndian.AppendUint64(b, s.count)
	b = binary.BigEndian.AppendUint64(b, s.sum)
	return binary.BigEndian.AppendUint64(b, digest(stateKey, b, nil))
}

// decodeState is the reverse of encode.
func decodeState(b []byte) (state, error) {
	if len(b) != stateSize || binary.BigEndian.Uint64(b[24:]) != digest(stateKey, b[:24], nil) {
		return state{}, fmt.Errorf("%w: its state record is damaged", store.ErrCorrupt)
	}
	return state{
		revision: int64(binary.BigEndian.Uint64(b)),
		count:    binary.BigEndian.Uint64(b[8:]),
		sum:      binary.BigEndian.Uint64(b[16:]),
	}, nil
}

// encodeRecord returns the bytes of an entry, and their digest.
func encodeRecord(key, value []byte, revision int64) (record []byte, sum uint64) {
	record = make([]byte, 0, recordHeader+len(value))
	record = binary.BigEndian.AppendUint64(record, uint64(revision))
	sum = digest(key, record, value)
	record = binary.BigEndian.AppendUint64(record, sum)
	return append(record, value...), sum
}

// decodeRecord is the reverse of encodeRecord. The value is not a copy.
func decodeRecord(key, record []byte) (value []byte, revision int64, sum uint64, err error) {
	if len(record) < recordHeader {
		return nil, 0, 0, fmt.Errorf("%w: the entry %q is damaged", store.ErrCorrupt, key)
	}
	sum = binary.BigEndian.Uint64(record[8:])
	value = record[recordHeader:]
	if sum != digest(key, record[:8], value) {
		return nil, 0, 0, fmt.Errorf("%w: the entry %q is damaged", store.ErrCorrupt, key)
	}
	return value, int64(binary.BigEndian.Uint64(record)), sum, nil
}

// digest returns the digest of a key with two consecutive parts.
func digest(key, first, second []byte) uint64 {
	h := sha256.New()
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(key)))
	h.Write(length[:])
	h.Write(key)
	h.Write(first)
	h.Write(second)
	var sum [sha256.Size]byte
	return binary.BigEndian.Uint64(h.Sum(sum[:0]))
}
