package rego

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Policy translates a policy document into a unit whose package is strictkms.unit.<name>.
// Statements that can never match have no rules; the explanation still knows them.
func Policy(doc *policy.Document, name string) *Unit {
	s := newScope(doc.Kind, doc.Version)
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

// unit writes the two modules.
func (s *scope) unit(name, title string, statements []statement, assumptions [][]Assumption) *Unit {
	u := &Unit{Keys: slices.Sorted(maps.Keys(s.keys)), EncryptionContext: s.readsEC}
	var decide, explain strings.Builder
	header(&decide, UnitPackage+"."+name, title)
	header(&explain, UnitPackage+"."+name+".explain", title+", element by element")
	for i, st := range statements {
		u.Rules = append(u.Rules, st.writeRules(&decide)...)
		st.writeMet(&explain)
		u.Statements = append(u.Statements, st.describe(assumptions[i]))
	}
	u.Module = decide.String() + s.helpers.String()
	u.Explain = explain.String() + s.helpers.String()
	return u
}

func header(w *strings.Builder, pkg, title string) {
	for line := range strings.Lines(title) {
		fmt.Fprintf(w, "# %s\n", strings.TrimSpace(line))
	}
	fmt.Fprintf(w, "package %s\n\n", pkg)
}

// live reports whether the statement can match at all.
func (st statement) live() bool {
	return !slices.ContainsFunc(st.elements, func(e elementTest) bool { return e.dead })
}

// writeRules writes one rule per way of naming the caller.
func (st statement) writeRules(w *strings.Builder) []Rule {
	for _, line := range st.comment {
		fmt.Fprintf(w, "# %s\n", line)
	}
	if !st.live() || len(st.namings) == 0 {
		w.WriteString("# (never matches a KMS request)\n\n")
		return nil
	}
	var rules []Rule
	for _, n := range st.namings {
		b := slices.Clone(n.test)
		for _, e := range st.elements {
			b = append(b, e.body...)
		}
		writeRule(w, fmt.Sprintf("%s contains %d", n.class, st.index), b)
		w.WriteString("\n")
		rules = append(rules, Rule{
			Class: n.class, Statement: st.index, Actions: st.actions,
			Field: n.field, Values: n.values, Resources: st.resources,
		})
	}
	return rules
}

// writeMet writes, for the explanation, one member of the set met per element.
func (st statement) writeMet(w *strings.Builder) {
	for _, line := range st.comment {
		fmt.Fprintf(w, "# %s\n", line)
	}
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
