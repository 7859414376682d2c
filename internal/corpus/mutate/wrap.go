package main

import (
	"cmp"
	"slices"
	"strings"
)

// wrap puts text before and after a part of a source text. Several mutants wrap parts of one file: they lie
// inside each other or apart.
type wrap struct {
	start, end    int
	before, after string
}

// apply writes the source with all wraps. Of two wraps of the same part, the first is the outer one.
func apply(source string, wraps []wrap) string {
	type insertion struct {
		at      int
		opens   bool
		other   int // where the wrap ends or begins
		ordinal int
		text    string
	}
	var all []insertion
	for i, w := range wraps {
		all = append(all,
			insertion{at: w.start, opens: true, other: w.end, ordinal: i, text: w.before},
			insertion{at: w.end, other: w.start, ordinal: -i, text: w.after})
	}
	slices.SortStableFunc(all, func(a, b insertion) int {
		switch {
		case a.at != b.at:
			return cmp.Compare(a.at, b.at)
		case a.opens != b.opens && a.opens:
			return 1 // what ends here, ends before something begins
		case a.opens != b.opens:
			return -1
		case a.other != b.other: // the outer begins first and ends last
			return cmp.Compare(b.other, a.other)
		default:
			return cmp.Compare(a.ordinal, b.ordinal)
		}
	})
	var out strings.Builder
	at := 0
	for _, in := range all {
		out.WriteString(source[at:in.at])
		out.WriteString(in.text)
		at = in.at
	}
	out.WriteString(source[at:])
	return out.String()
}
