package rego

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// expression is one Rego expression.
type expression struct {
	text string
	// term and constants are set for a comparison with string constants: of a variable or of one reference into
	// the input, which must be one of them or, negated, none.
	term      string
	constants []string
	negated   bool
}

// plain is true for the comparison with one constant. OPA evaluates it in place, so that its negation is
// true when the reference is undefined.
func (e expression) plain() bool { return e.term != "" && len(e.constants) == 1 && !e.negated }

// body is a conjunction of expressions. An empty body is true.
type body []expression

// test is a disjunction of bodies. A test without bodies is never true.
type test []body

func raw(text string) expression { return expression{text: text} }

func not(e expression) expression {
	if !e.plain() {
		return raw("not " + e.text)
	}
	return expression{text: "not " + e.text, term: e.term, constants: e.constants, negated: true}
}

func conjunctionOf(exprs ...string) body {
	b := make(body, len(exprs))
	for i, e := range exprs {
		b[i] = raw(e)
	}
	return b
}

func always() test { return test{body{}} }

func never() test { return nil }

func (t test) isAlways() bool {
	return slices.ContainsFunc(t, func(b body) bool { return len(b) == 0 })
}

func (t test) isNever() bool { return len(t) == 0 }

// and adds an expression in front of every alternative.
func (t test) and(e expression) test {
	out := make(test, len(t))
	for i, alternative := range t {
		out[i] = append(body{e}, alternative...)
	}
	return out
}

// plainNegation negates a test that consists of plain comparisons only.
func (t test) plainNegation() (body, bool) {
	var b body
	for _, alternative := range t {
		if len(alternative) != 1 || !alternative[0].plain() {
			return nil, false
		}
		b = append(b, not(alternative[0]))
	}
	return b, true
}

// writeRule writes one rule in the layout that opa fmt gives it.
func writeRule(w *strings.Builder, head string, b body) {
	switch {
	case len(b) == 0 && strings.Contains(head, " contains "):
		fmt.Fprintf(w, "%s\n", head)
	case len(b) == 0: // not by the translations of now: their rules without a body are members of sets
		fmt.Fprintf(w, "%s := true\n", head)
	case len(b) == 1 && !strings.Contains(b[0].text, "\n"):
		fmt.Fprintf(w, "%s if %s\n", head, b[0].text)
	default:
		fmt.Fprintf(w, "%s if {\n", head)
		for _, e := range b {
			fmt.Fprintf(w, "\t%s\n", strings.ReplaceAll(e.text, "\n", "\n\t"))
		}
		w.WriteString("}\n")
	}
}

// merged joins the plain comparisons of one term into one test for membership.
func (t test) merged() test {
	var (
		out       test
		term      string
		constants []string
	)
	for _, alternative := range t {
		if len(alternative) == 1 && alternative[0].plain() && (term == "" || term == alternative[0].term) {
			term = alternative[0].term
			constants = append(constants, alternative[0].constants...)
			continue
		}
		out = append(out, alternative)
	}
	if len(constants) == 0 {
		return out
	}
	return append(test{body{isOneOf(term, constants)}}, out...)
}

// equals compares a term with one string constant.
func equals(term, value string) expression {
	return expression{text: term + " == " + quote(value), term: term, constants: []string{value}}
}

// isOneOf tests a term for equality with any of several string constants.
func isOneOf(term string, values []string) expression {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	if len(values) == 1 {
		return equals(term, values[0])
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	return expression{text: term + " in " + setOf(quoted, len(term)+len(" in ")), term: term, constants: values}
}

// lineLength is where sets are broken.
const lineLength = 100

// setOf writes a set in the layout that opa fmt leaves alone: on one line when it fits after what stands
// before it, else on as many as it needs.
func setOf(members []string, before int) string {
	if line := "{" + strings.Join(members, ", ") + "}"; before+len(line) <= lineLength {
		return line
	}
	var b strings.Builder
	b.WriteString("{\n")
	column := 0
	for _, m := range members {
		switch {
		case column == 0:
			b.WriteString("\t")
		case column+len(m)+2 > lineLength:
			b.WriteString("\n\t")
			column = 0
		default:
			b.WriteString(" ")
		}
		b.WriteString(m + ",")
		column += len(m) + 2
	}
	b.WriteString("\n}")
	return b.String()
}

// quote writes a Rego string literal, which has JSON's form.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic("rego: a string did not encode: " + err.Error()) // cannot happen: every string encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// identifier is a name that Rego can write behind a dot.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// member is the term of a member of an object, written as opa fmt does.
func member(object, name string) string {
	if identifier.MatchString(name) && !ast.IsKeyword(name) {
		return object + "." + name
	}
	return object + "[" + quote(name) + "]"
}
