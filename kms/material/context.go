package material

import (
	"encoding/binary"
	"slices"
)

// appendContext appends the canonical form of an encryption context: nothing for an empty one, which AWS takes for
// none (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#encrypt_context); else the number of
// pairs and then, in the byte order of the names, each name and value, every one behind its length. Numbers are
// 32 bits, big-endian. Lengths in front make it injective: {"a": "bc"} and {"ab": "c"} differ, so do {} and
// {"a": ""}.
func appendContext(b []byte, context map[string]string) []byte {
	if len(context) == 0 {
		return b
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(context)))
	var few [8]string
	names := few[:0]
	for name := range context {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		b = appendString(b, name)
		b = appendString(b, context[name])
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// contextSize is the length of what appendContext appends.
func contextSize(context map[string]string) int {
	if len(context) == 0 {
		return 0
	}
	size := 4
	for name, value := range context {
		size += 8 + len(name) + len(value)
	}
	return size
}
