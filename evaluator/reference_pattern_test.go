package evaluator_test

import (
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// token is one character of a pattern: itself, any one, or any run.
type token struct {
	char  rune
	wild  rune // '*', '?' or 0
	fixed bool // of the value of a variable
}

// matchTokens reports whether the text matches, by trying everything; results are kept by position so that
// it ends soon.
func matchTokens(pattern []token, text string) bool {
	chars := []rune(text)
	known := map[[2]int]bool{}
	var match func(p, c int) bool
	match = func(p, c int) bool {
		at := [2]int{p, c}
		if result, ok := known[at]; ok {
			return result
		}
		var result bool
		switch {
		case p == len(pattern):
			result = c == len(chars)
		case pattern[p].wild == '*':
			result = match(p+1, c) || c < len(chars) && match(p, c+1)
		case c == len(chars):
			result = false
		default:
			result = (pattern[p].wild == '?' || pattern[p].char == chars[c]) && match(p+1, c+1)
		}
		known[at] = result
		return result
	}
	return match(0, 0)
}

// wildcardTokens reads a text without variables.
func wildcardTokens(text string) []token {
	var out []token
	for _, c := range text {
		if c == '*' || c == '?' {
			out = append(out, token{wild: c})
		} else {
			out = append(out, token{char: c})
		}
	}
	return out
}

func literalTokens(text string) []token {
	var out []token
	for _, c := range text {
		out = append(out, token{char: c, fixed: true})
	}
	return out
}

// tokens reads a text with wildcards and, in the version that has them, policy variables, which become the
// characters of their values. It reports false when a variable has no value: nothing is like it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (r *reference) tokens(text string, version policy.Version) ([]token, bool) {
	var out []token
	for text != "" {
		start := strings.Index(text, "${")
		if version != policy.Version2012 || start < 0 {
			return append(out, wildcardTokens(text)...), true
		}
		out = append(out, wildcardTokens(text[:start])...)
		value, rest, ok := r.variable(text[start+2:])
		if !ok {
			return nil, false
		}
		out, text = append(out, literalTokens(value)...), rest
	}
	return out, true
}

// variable reads a variable from behind its "${" and returns its value and the text behind it.
func (r *reference) variable(text string) (value, rest string, ok bool) {
	for _, special := range []string{"*", "?", "$"} {
		if after, found := strings.CutPrefix(text, special+"}"); found {
			return special, after, true
		}
	}
	name, rest, _ := strings.Cut(text, "}")
	name, defaulted, hasDefault := strings.Cut(name, ",")
	if hasDefault {
		_, text, _ = strings.Cut(text, "'")
		defaulted, rest, _ = strings.Cut(text, "'")
		_, rest, _ = strings.Cut(rest, "}")
	}
	values := r.context[strings.ToLower(name)]
	switch {
	case len(values) == 1 && !multivalued(strings.ToLower(name), values):
		return values[0], rest, true
	case len(values) == 0 && hasDefault:
		return defaulted, rest, true
	default:
		return "", "", false
	}
}

// multivalued reports whether the key is one that can have several values, or has them.
func multivalued(key string, values []string) bool {
	known, ok := policy.LookupConditionKey(key)
	return ok && known.Multivalued || len(values) > 1
}

// matchARN compares the six parts of an ARN one by one; the last may hold colons. The value of a variable
// belongs to the part that the variable stands in.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func matchARN(pattern []token, text string) bool {
	parts := [][]token{nil}
	wild := false
	for _, t := range pattern {
		wild = wild || t.wild != 0
		if t.char == ':' && !t.fixed && len(parts) < 6 {
			parts = append(parts, nil)
			continue
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], t)
	}
	if !wild {
		return matchTokens(pattern, text) // need not be an ARN
	}
	actual := strings.SplitN(text, ":", 6)
	if len(parts) != 6 || len(actual) != 6 {
		return false
	}
	for i := range parts {
		if !matchTokens(parts[i], actual[i]) {
			return false
		}
	}
	return true
}
