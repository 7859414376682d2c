package main

import (
	"fmt"
	"strings"
)

// mutant is one change in one place.
type mutant struct {
	id       int    // from 1, in the order of the files
	file     string // below the root of the module
	scope    string // the rule or function
	line     int
	operator string // what is done
	code     string // to what, on one line
	// ordinal tells apart the same change to the same code in the same scope, from 1.
	ordinal int
	// edits make the mutant: the whole changed text for Rego, wraps that an id switches on for Go.
	text  string
	wraps []wrap
}

// maxCode bounds the code in a name.
const maxCode = 90

// name identifies the mutant as long as its scope keeps its code; it has no line number, so that an edit elsewhere
// does not change it.
func (m *mutant) name() string {
	name := fmt.Sprintf("%s: %s: %s: %s", m.file, m.scope, m.operator, m.code)
	if m.ordinal > 1 {
		name += fmt.Sprintf(" #%d", m.ordinal)
	}
	return name
}

// oneLine is code as names show it.
func oneLine(code string) string {
	code = strings.Join(strings.Fields(code), " ")
	if runes := []rune(code); len(runes) > maxCode {
		return string(runes[:maxCode-1]) + "…"
	}
	return code
}

// number gives the mutants of all files their ids and ordinals.
func number(mutants []*mutant) {
	seen := map[string]int{}
	for i, m := range mutants {
		m.id, m.ordinal = i+1, 0
		name := m.name()
		seen[name]++
		m.ordinal = seen[name]
	}
}

// fate is what became of a mutant.
type fate int

const (
	survived     fate = iota
	invalid           // does not compile, or is the same program
	killed            // by the corpus
	killedByTest      // by a golden, unit or property test only
	equivalent        // listed with its reason
)

// result is a mutant's fate, and by what.
type result struct {
	*mutant
	fate fate
	by   string
}
