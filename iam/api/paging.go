package api

import (
	"iter"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

// maxItems is how many entries a page has when the request does not say
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html, MaxItems).
const maxItems = 100

// pageInput are the members of inputs that ask for a page.
type pageInput struct {
	Marker   *string `iam:"min=1,max=320,pattern=marker"`
	MaxItems *int32  `iam:"min=1,max=1000"`
}

// pageOutput are the members of outputs that are a page.
type pageOutput struct {
	IsTruncated bool
	Marker      string
}

// page takes a page from entries in the order of their names. kind keeps the markers of different lists apart.
func page[T any](kind string, in *pageInput, entries iter.Seq2[string, T]) ([]T, pageOutput, error) {
	size := maxItems
	if in.MaxItems != nil {
		size = int(*in.MaxItems)
	}
	out, next, err := operation.Page(kind, in.Marker, size, entries)
	if err != nil {
		return nil, pageOutput{}, iam.Errorf(iam.CodeValidation, "Invalid Marker.")
	}
	return out, pageOutput{IsTruncated: next != "", Marker: next}, nil
}

// mapped changes the entries of a list, and leaves out those for which keep is false.
func mapped[From, To any](entries iter.Seq2[string, From], change func(From) (to To, keep bool)) iter.Seq2[string, To] {
	return func(yield func(string, To) bool) {
		for name, entry := range entries {
			if to, keep := change(entry); keep && !yield(name, to) {
				return
			}
		}
	}
}

// named are the entries of a list that is sorted by the names.
func named[T any](entries []T, name func(T) string) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, e := range entries {
			if !yield(name(e), e) {
				return
			}
		}
	}
}
