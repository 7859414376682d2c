package policy

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the candidate that the text was probably meant to be: the one with the
// smallest edit distance, without regard to case; of several the first. ok is false when
// even that one is another word.
func Nearest(text string, candidates []string) (name string, ok bool) {
	if names := NearestNames(text, candidates, 1); len(names) > 0 {
		return names[0], true
	}
	return "", false
}

// NearestNames is like [Nearest] and returns up to most candidates, the nearest first.
func NearestNames(text string, candidates []string, most int) []string {
	return namesOf(rank(text, candidates, true), most)
}

// ClosestNames is like [NearestNames] for lists of which every element is worth showing: it returns the nearest
// candidates however far they are.
func ClosestNames(text string, candidates []string, most int) []string {
	return namesOf(rank(text, candidates, false), most)
}

func namesOf(ranked []rankedName, most int) []string {
	out := make([]string, 0, most)
	for _, r := range ranked[:min(len(ranked), most)] {
		out = append(out, r.name)
	}
	return out
}

// closest returns the first of [ClosestNames], and "" when there is none.
func closest(text string, candidates []string) string {
	if found := ClosestNames(text, candidates, 1); len(found) > 0 {
		return found[0]
	}
	return ""
}

// rankedName is a candidate with its distance.
type rankedName struct {
	name     string
	distance int
}

// rank returns the candidates by distance, those at the same distance in their order. With onlyNear it
// leaves out those that are other words: of which more than a third would have to change, unless
// that is two letters in the wrong order.
func rank(text string, candidates []string, onlyNear bool) []rankedName {
	wanted, length := compared(text)
	var ranked []rankedName
	for _, c := range candidates {
		candidate, other := compared(c)
		longest := max(length, other)
		if c == "" || onlyNear && 3*(longest-min(length, other)) > longest { // they differ by their lengths at least
			continue
		}
		d := levenshtein.ComputeDistance(wanted, candidate)
		if !onlyNear || 3*d <= longest || d == 2 && sameLetters(wanted, candidate) {
			ranked = append(ranked, rankedName{c, d})
		}
	}
	slices.SortStableFunc(ranked, func(a, b rankedName) int { return cmp.Compare(a.distance, b.distance) })
	return ranked
}

// sameLetters reports whether two texts have the same letters, in whatever order.
func sameLetters(a, b string) bool {
	return slices.Equal(slices.Sorted(slices.Values([]rune(a))), slices.Sorted(slices.Values([]rune(b))))
}

// maxCompared bounds the work on one name: of longer ones only so many characters are compared.
// Few ARNs are as long, and no name of the policy language is.
const maxCompared = 256

// compared returns what of a name is compared, and its length in characters.
func compared(name string) (folded string, length int) {
	end := 0
	for length < maxCompared && end < len(name) {
		_, size := utf8.DecodeRuneInString(name[end:])
		end += size
		length++
	}
	return strings.ToLower(name[:end]), length
}
