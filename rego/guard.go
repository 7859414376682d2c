package rego

import (
	"encoding/json"
	"strings"
)

// Guard is a necessary condition of a rule on one condition key of one value. A rule is false when the key's
// value is known and its guard is not met; when it is met, the residual still decides.
type Guard struct {
	Key string // folded
	// Values are what the key must be one of or, negated, none of. A missing key meets a negated guard only.
	Values  []string
	Negated bool
}

// guards finds the necessary conditions of a body among its comparisons with constants.
func (b body) guards() []Guard {
	var out []Guard
	for _, e := range b {
		key, ok := contextKey(e.term)
		if ok {
			out = append(out, Guard{Key: key, Values: e.constants, Negated: e.negated})
		}
	}
	return out
}

// contextKey returns the condition key that a term refers to.
func contextKey(term string) (string, bool) {
	inner, ok := strings.CutPrefix(term, "input.context[")
	if !ok {
		return "", false
	}
	var key string
	if err := json.Unmarshal([]byte(strings.TrimSuffix(inner, "]")), &key); err != nil { // not reached: it was quoted by [quote]
		return "", false
	}
	return key, true
}
