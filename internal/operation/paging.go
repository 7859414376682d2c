package operation

import (
	"encoding/base64"
	"errors"
	"iter"
	"strings"
)

// ErrInvalidMarker says that a marker is not one that [Page] gave for the same list.
var ErrInvalidMarker = errors.New("invalid marker")

// Page takes a page from entries, which come in the order of their names: those behind the marker, size at most. next
// is the marker of the next page, empty when this is the last. kind keeps the markers of different lists apart.
func Page[T any](kind string, marker *string, size int, entries iter.Seq2[string, T]) (page []T, next string, err error) {
	after := ""
	if marker != nil {
		text, err := base64.RawURLEncoding.Strict().DecodeString(*marker)
		name, ok := strings.CutPrefix(string(text), kind+"\x00")
		if err != nil || !ok || name == "" {
			return nil, "", ErrInvalidMarker
		}
		after = name
	}
	page = []T{}
	last := ""
	for name, entry := range entries {
		if name <= after {
			continue
		}
		if len(page) == size {
			return page, base64.RawURLEncoding.EncodeToString([]byte(kind + "\x00" + last)), nil
		}
		page, last = append(page, entry), name
	}
	return page, "", nil
}
