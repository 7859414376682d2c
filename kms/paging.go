package kms

import (
	"encoding/base64"
	"iter"
	"strings"
)

// maxAnswers is how many entries a page has when the request does not say
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html, Limit).
const maxAnswers = 100

// paging are the members that an answer in pages ends with.
type paging struct {
	NextMarker string `json:",omitempty"`
	Truncated  bool
}

// page takes the entries of a page from those that come after a marker, which yields each with the name that the next
// page would begin after. The kind keeps the markers of different lists apart.
func page[T any](kind string, limit *int32, entries iter.Seq2[string, T]) ([]T, paging) {
	size := maxAnswers
	if limit != nil {
		size = int(*limit)
	}
	out, last := make([]T, 0, min(size, maxAnswers)), ""
	for name, entry := range entries {
		if len(out) == size {
			marker := base64.RawURLEncoding.EncodeToString([]byte(kind + "\x00" + last))
			return out, paging{NextMarker: marker, Truncated: true}
		}
		out, last = append(out, entry), name
	}
	return out, paging{}
}

// afterMarker returns the name that a page begins after, empty for the first page.
func afterMarker(kind string, marker *string) (string, error) {
	if marker == nil {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*marker)
	name, ok := strings.CutPrefix(string(text), kind+"\x00")
	if err != nil || !ok || name == "" {
		return "", failf(CodeInvalidMarker, "Invalid marker.")
	}
	return name, nil
}

// afterName leaves out the entries of a sorted list up to a name, for lists that are short.
func afterName[T any](entries []T, after string, name func(T) string) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, e := range entries {
			if n := name(e); n > after && !yield(n, e) {
				return
			}
		}
	}
}
