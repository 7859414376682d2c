package evaluator

import (
	"encoding/binary"
	"slices"
)

// witnessEntries bounds the answers of witnesses that are kept.
const witnessEntries = 4096

// witnessed is an answer of witnesses. It is immutable.
type witnessed struct {
	texts []string
	ok    bool
}

// witnesses is the function, and keeps its answers: it depends on the patterns alone, and the same conditions are met again
// and again where many are asked about.
func (s *shared) witnesses(patterns []pattern, some bool) ([]string, bool) {
	key := witnessKey(patterns, some)
	known, found := s.witnessed.Get(key)
	if !found {
		known.texts, known.ok = witnesses(patterns, some)
		s.witnessed.Add(key, known)
	}
	return slices.Clone(known.texts), known.ok
}

// witnessKey tells all that witnesses depends on apart.
func witnessKey(patterns []pattern, some bool) string {
	flag := func(is bool) byte {
		if is {
			return 1
		}
		return 0
	}
	b := []byte{flag(some)}
	for _, p := range patterns {
		b = binary.AppendUvarint(b, uint64(len(p)))
		for _, s := range p {
			b = binary.AppendVarint(b, int64(s.char))
			b = append(b, flag(s.run)|flag(s.within)<<1|flag(s.fold)<<2)
		}
	}
	return string(b)
}
