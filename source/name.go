package source

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// NameError says that a name stands for nothing that was loaded.
type NameError struct {
	Kind    string // principal or key
	Name    string
	Nearest []string // loaded names that look like it, best first
}

// Error says what was not found and what it may have been meant to be.
func (e *NameError) Error() string {
	text := "there is no " + e.Kind + " " + quoteEmpty(e.Name) + " in what was loaded"
	if len(e.Nearest) > 0 {
		text += "; nearest: " + strings.Join(e.Nearest, ", ")
	}
	return text
}

// quoteEmpty makes an empty name visible.
func quoteEmpty(name string) string {
	if name == "" {
		return `""`
	}
	return name
}

// AmbiguousError says that a name stands for several things that were loaded.
type AmbiguousError struct {
	Kind       string // principal or key
	Name       string
	Candidates []string // ARNs, sorted
}

// Error lists what the name may mean.
func (e *AmbiguousError) Error() string {
	return e.Kind + " " + e.Name + " is ambiguous: it may be " + strings.Join(e.Candidates, " or ")
}

// maxNearest is how many names an error proposes.
const maxNearest = 3

// nearest returns the candidates that the name may have been meant to be, best first and by name.
func nearest(name string, candidates []string) []string {
	slices.Sort(candidates)
	candidates = slices.Compact(candidates)
	if near := policy.NearestNames(name, candidates, maxNearest); len(near) > 0 {
		return near
	}
	return policy.ClosestNames(name, candidates, maxNearest) // what there is instead
}

// one chooses among what a short name may stand for: the only candidate, or the only one in
// the default account. ok is false when nothing carries the name.
func one[T any](kind, name string, candidates []T, isDefault func(T) bool, describe func(T) string) (chosen T, ok bool, err error) {
	if len(candidates) > 1 {
		if own := slices.DeleteFunc(slices.Clone(candidates), func(c T) bool { return !isDefault(c) }); len(own) > 0 {
			candidates = own
		}
	}
	switch len(candidates) {
	case 0:
		return chosen, false, nil
	case 1:
		return candidates[0], true, nil
	}
	texts := make([]string, len(candidates))
	for i, c := range candidates {
		texts[i] = describe(c)
	}
	slices.Sort(texts)
	return chosen, false, &AmbiguousError{Kind: kind, Name: name, Candidates: texts}
}
