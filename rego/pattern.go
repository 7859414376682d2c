package rego

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/strictkms/strictkms/policy"
)

// matchText tests a string term against a pattern of literals, wildcards and policy variables, in
// which wildcards cross every character (StringLike). The shapes that have a built-in of their own
// use it; the others become a regular expression, which is exact where OPA's glob is not.
func (s *scope) matchText(term string, p policy.Pattern) test {
	if literal, ok := p.IsLiteral(); ok {
		return test{body{equals(term, literal)}}
	}
	first, middle, last := splitWildcards(p)
	switch {
	case !p.HasWildcard():
		return test{conjunctionOf(term + " == " + s.text(p))}
	case len(middle) == 0 && onlyRuns(p):
		return test{s.matchRun(term, first, last)}
	case len(middle) == 1 && onlyRuns(p) && len(first) == 0 && len(last) == 0:
		return test{conjunctionOf("contains(" + term + ", " + s.text(middle[0]) + ")")}
	default:
		return test{conjunctionOf("regex.match(" + s.expressionFor(p) + ", " + term + ")")}
	}
}

// matchRun tests first*last. Both ends may overlap in a shorter text, hence the regular expression
// when there are two.
func (s *scope) matchRun(term string, first, last policy.Pattern) body {
	switch {
	case len(first) == 0 && len(last) == 0:
		return conjunctionOf(term)
	case len(last) == 0:
		return conjunctionOf("startswith(" + term + ", " + s.text(first) + ")")
	case len(first) == 0:
		return conjunctionOf("endswith(" + term + ", " + s.text(last) + ")")
	default:
		run := append(append(append(policy.Pattern{}, first...), policy.Segment{Kind: policy.AnyRun}), last...)
		return conjunctionOf("regex.match(" + s.expressionFor(run) + ", " + term + ")")
	}
}

// splitWildcards cuts a pattern at its wildcards into what stands before the first, between, and
// after the last.
func splitWildcards(p policy.Pattern) (first policy.Pattern, middle []policy.Pattern, last policy.Pattern) {
	var parts []policy.Pattern
	current := policy.Pattern{}
	for _, seg := range p {
		if seg.Kind == policy.AnyRun || seg.Kind == policy.AnyOne {
			parts = append(parts, current)
			current = policy.Pattern{}
			continue
		}
		current = append(current, seg)
	}
	parts = append(parts, current)
	if len(parts) == 1 {
		return parts[0], nil, nil
	}
	for _, m := range parts[1 : len(parts)-1] {
		if len(m) > 0 {
			middle = append(middle, m)
		}
	}
	return parts[0], middle, parts[len(parts)-1]
}

func onlyRuns(p policy.Pattern) bool {
	for _, seg := range p {
		if seg.Kind == policy.AnyOne {
			return false
		}
	}
	return true
}

// text is the term of a pattern without wildcards. It is undefined when a variable without default
// has no value.
func (s *scope) text(p policy.Pattern) string {
	var parts []string
	for _, seg := range p {
		if seg.Kind == policy.Var {
			parts = append(parts, s.variable(seg.Variable))
		} else {
			parts = append(parts, quote(seg.Literal))
		}
	}
	switch len(parts) {
	case 0: // not by the translations of now: an empty pattern is compared as an empty literal
		return `""`
	case 1:
		return parts[0]
	default:
		return `concat("", [` + strings.Join(parts, ", ") + "])"
	}
}

func (s *scope) variable(v policy.Variable) string {
	term := s.context(v.Key)
	if v.HasDefault {
		return "object.get(input.context, " + quote(v.Key) + ", " + quote(v.Default) + ")"
	}
	return term
}

// expressionFor is the term of an anchored regular expression for a pattern whose wildcards cross
// every character.
func (s *scope) expressionFor(p policy.Pattern) string {
	e := expressionBuilder{scope: s, literal: "^(?s)"}
	e.add(p, ".", ".*")
	return e.term()
}

// expressionBuilder builds the term of a regular expression from patterns. The value of a variable is
// taken literally.
type expressionBuilder struct {
	scope   *scope
	parts   []string
	literal string
}

// add appends a pattern. one and run are what its wildcards become.
func (e *expressionBuilder) add(p policy.Pattern, one, run string) {
	for _, seg := range p {
		switch seg.Kind {
		case policy.AnyRun:
			e.literal += run
		case policy.AnyOne:
			e.literal += one
		case policy.Var:
			e.flush()
			e.parts = append(e.parts, "regex.replace("+e.scope.variable(seg.Variable)+", `[[:punct:]]`, `\\$0`)")
		default:
			e.literal += regexp.QuoteMeta(seg.Literal)
		}
	}
}

func (e *expressionBuilder) flush() {
	if e.literal != "" {
		e.parts = append(e.parts, quoteRegexp(e.literal))
		e.literal = ""
	}
}

func (e *expressionBuilder) term() string {
	e.literal += "$"
	e.flush()
	if len(e.parts) == 1 {
		return e.parts[0]
	}
	return `concat("", [` + strings.Join(e.parts, ", ") + "])"
}

// quoteRegexp prefers a raw string for a regular expression, so that it can be read without counting
// backslashes.
func quoteRegexp(expr string) string {
	if strings.ContainsAny(expr, "`\r\n") || !utf8.ValidString(expr) {
		return quote(expr)
	}
	return "`" + expr + "`"
}
