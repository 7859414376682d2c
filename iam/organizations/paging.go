package organizations

import (
	"maps"
	"slices"
	"time"

	"github.com/strictkms/strictkms/internal/operation"
)

// pageSize is how many entries a page has (MaxResults of the API's model).
const pageSize = 20

// page takes a page from entries by name.
func page[T any](kind string, in *pageInput, entries map[string]T) ([]T, string, error) {
	size := pageSize
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	names := slices.Sorted(maps.Keys(entries))
	out, next, err := operation.Page(kind, in.NextToken, size, func(yield func(string, T) bool) {
		for _, name := range names {
			if !yield(name, entries[name]) {
				return
			}
		}
	})
	if err != nil {
		return nil, "", operation.Errorf(codeInvalidInput, "You provided an invalid pagination token.")
	}
	return out, next, nil
}

// timestamp is a time as the JSON protocol has it: seconds.
type timestamp float64

func timestampOf(t time.Time) timestamp { return timestamp(t.Unix()) }

// tagged reads the tags of a request.
func tagged(list []tag) (map[string]string, error) {
	var tags map[string]string
	for _, t := range list {
		if tags == nil {
			tags = map[string]string{}
		}
		if _, twice := tags[*t.Key]; twice {
			return nil, operation.Errorf(codeInvalidInput, "You specified the tag key %s more than once.", *t.Key)
		}
		tags[*t.Key] = *t.Value
	}
	return tags, nil
}
