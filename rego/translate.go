package rego

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/strictkms/strictkms/policy"
)

// Policy translates a policy document into a unit whose package is strictkms.unit.<name>, with every assumption
// read as by default. Statements that can never match have no rules; the explanation still knows them.
func Policy(doc *policy.Document, name string) *Unit { return Readings{}.Policy(doc, name) }

// Policy is like [Policy] for other readings.
func (r Readings) Policy(doc *policy.Document, name string) *Unit {
	s := newScope(doc.Kind, doc.Version, r)
	var (
		statements  []statement
		assumptions [][]Assumption
	)
	for _, st := range doc.Statements {
		statements = append(statements, s.statement(doc, st))
		assumptions = append(assumptions, s.takeAssumptions())
	}
	return s.unit(name, doc.Name, statements, assumptions)
}

// unit writes the modules.
func (s *scope) unit(name, title string, statements []statement, assumptions [][]Assumption) *Unit {
	u := &Unit{}
	var decide, residual, explain strings.Builder
	header(&decide, UnitPackage+"."+name, title)
	header(&residual, UnitPackage+"."+name, title+", what the index leaves open")
	header(&explain, UnitPackage+"."+name+".explain", title+", element by element")
	for i, st := range statements {
		st.writeRules(&decide, &residual, u)
		st.writeMet(&explain)
		u.Statements = append(u.Statements, st.describe(assumptions[i]))
		u.Keys = append(u.Keys, st.keys...)
	}
	slices.Sort(u.Keys)
	u.Keys = slices.Compact(u.Keys)
	helpers := s.helpers.String()
	u.Module = decide.String() + helpers
	u.Residual = residual.String() + helpers
	u.Explain = explain.String() + helpers
	u.Reads = readsOf(u.Residual)
	return u
}

// readsOf finds the members of the input that a module reads besides the context.
func readsOf(module string) Members {
	var out Members
	for text, member := range map[string]Members{
		"input.action": ReadsAction, "input.principal.": ReadsPrincipal,
		"input.resource.": ReadsResource, "input.encryption_context": ReadsEncryptionContext,
	} {
		if strings.Contains(module, text) {
			out |= member
		}
	}
	return out
}

func header(w *strings.Builder, pkg, title string) {
	writeComment(w, title)
	fmt.Fprintf(w, "package %s\n\n", pkg)
}

// writeComment writes the lines of a comment. The names in it are others' to choose: none may end the comment
// or make an annotation of it.
func writeComment(w *strings.Builder, lines ...string) {
	for _, line := range lines {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
				return ' '
			}
			return r
		}, line))
		if strings.HasPrefix(line, "METADATA") {
			line = strconv.Quote(line)
		}
		if line != "" {
			fmt.Fprintf(w, "# %s\n", line)
		}
	}
}

// live reports whether the statement can match at all.
func (st statement) live() bool {
	return !slices.ContainsFunc(st.elements, func(e elementTest) bool { return e.dead })
}

// writeRules writes one rule per way of naming the caller, and what of it an index does not decide.
func (st statement) writeRules(decide, residual *strings.Builder, u *Unit) {
	writeComment(decide, st.comment...)
	if !st.live() || len(st.namings) == 0 {
		decide.WriteString("# (never matches a KMS request)\n\n")
		return
	}
	rest := st.rest()
	shared := -1 // the residual of all namings without a test of their own
	for _, n := range st.namings {
		b := slices.Clone(n.test)
		for _, e := range st.elements {
			b = append(b, e.body...)
		}
		writeRule(decide, fmt.Sprintf("%s contains %d", n.class, st.index), b)
		decide.WriteString("\n")
		rule := Rule{
			Class: n.class, Statement: st.index, Actions: st.actions,
			Field: n.field, Values: n.values, Resources: st.resources, Residual: -1, Keys: st.keys,
		}
		own := rest
		if n.field == FieldAny && len(n.test) > 0 {
			own = append(slices.Clone(n.test), rest...)
		}
		switch {
		case len(own) == 0:
		case len(own) == len(rest) && shared >= 0:
			rule.Residual = shared
		default:
			rule.Residual = u.Residuals
			if len(own) == len(rest) {
				shared = u.Residuals
			}
			u.Residuals++
			writeRule(residual, fmt.Sprintf("%s contains %d", n.class, st.index), own)
		}
		rule.Guards = own.guards()
		u.Rules = append(u.Rules, rule)
	}
}

// rest is what the elements test besides actions and literal resources.
func (st statement) rest() body {
	var b body
	for _, e := range st.elements {
		if e.Kind == ElementAction || e.Kind == ElementResource && len(st.resources) > 0 {
			continue
		}
		b = append(b, e.body...)
	}
	return b
}

// writeMet writes, for the explanation, one member of the set met per element.
func (st statement) writeMet(w *strings.Builder) {
	writeComment(w, st.comment...)
	for i, n := range st.namings {
		writeRule(w, "met contains "+quote(st.principalID(i)), n.test)
		w.WriteString("\n")
	}
	for _, e := range st.elements {
		if e.dead {
			continue
		}
		writeRule(w, "met contains "+quote(e.ID), e.body)
		w.WriteString("\n")
	}
}

func (st statement) principalID(naming int) string {
	return fmt.Sprintf("%d.%sprincipal.%d", st.index, st.prefix, naming)
}

func (st statement) describe(assumptions []Assumption) StatementElements {
	out := StatementElements{Index: st.index, Actions: st.actions, Assumptions: assumptions}
	for i, n := range st.namings {
		out.Classes = append(out.Classes, ClassPrincipal{Class: n.class, ID: st.principalID(i)})
	}
	for _, e := range st.elements {
		out.Elements = append(out.Elements, e.Element)
	}
	return out
}
