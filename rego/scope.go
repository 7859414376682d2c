package rego

import (
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// scope collects what the translation of one unit needs besides its rules: helper rules, the
// condition keys that are read, and per statement the assumptions.
type scope struct {
	kind     policy.Kind
	version  policy.Version
	readings Readings
	helpers  strings.Builder
	keys     map[string]bool
	assumed  map[Assumption]bool
	// onlyKMS is true while a statement is translated whose actions are all of KMS: its resources are too.
	onlyKMS bool
}

func newScope(kind policy.Kind, version policy.Version, readings Readings) *scope {
	return &scope{kind: kind, version: version, readings: readings, keys: map[string]bool{}, assumed: map[Assumption]bool{}}
}

// assume notes that what is being translated rests on an assumption, and returns how it is read.
func (s *scope) assume(a Assumption) string {
	s.assumed[a] = true
	return s.readings.Of(a)
}

// takeKeys returns the condition keys read since the last call, sorted.
func (s *scope) takeKeys() []string {
	keys := slices.Sorted(maps.Keys(s.keys))
	clear(s.keys)
	return keys
}

// takeAssumptions returns the assumptions made since the last call, sorted.
func (s *scope) takeAssumptions() []Assumption {
	if len(s.assumed) == 0 {
		return nil
	}
	out := slices.Sorted(maps.Keys(s.assumed))
	clear(s.assumed)
	return out
}

// context is the term of a condition key's value. It is undefined when the key is missing.
func (s *scope) context(foldedKey string) string {
	s.keys[foldedKey] = true
	return "input.context[" + quote(foldedKey) + "]"
}

// conjunction returns t as one body, by way of a helper rule called name when t has alternatives.
func (s *scope) conjunction(name string, t test) body {
	switch {
	case t.isAlways():
		return body{}
	case t.isNever():
		return conjunctionOf("false")
	case len(t) == 1:
		return t[0]
	default:
		return body{s.helper(name, t)}
	}
}

// negation returns the test that is true when t is not, also when something that t reads is missing.
func (s *scope) negation(name string, t test) test {
	if t.isNever() {
		return always()
	}
	if t.isAlways() {
		return never()
	}
	if b, ok := t.plainNegation(); ok {
		return test{b}
	}
	return test{body{not(s.helper(name, t))}}
}

// helper adds a rule that is true when t is, and returns the expression that asks it.
func (s *scope) helper(name string, t test) expression {
	for _, alternative := range t {
		writeRule(&s.helpers, name, alternative)
		s.helpers.WriteString("\n")
	}
	return expression{text: name}
}

// function adds a function of one value that is true when t, whose bodies test the variable value, is.
func (s *scope) function(name string, t test) {
	for _, alternative := range t {
		writeRule(&s.helpers, name+"(value)", alternative)
		s.helpers.WriteString("\n")
	}
}
