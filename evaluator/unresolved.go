package evaluator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

const (
	// unresolvedValue is the reason of a decision that depends on what the source of a policy could not compute.
	unresolvedValue   = "unresolved-value"
	elementUnresolved = "Unresolved"
)

// unresolved reports whether a policy that applies has values that its source could not compute.
func (q *query) unresolved() bool {
	found := false
	for side := range sideCount {
		if err := q.units(side, func(u *unit) { found = found || u.unresolved }); err != nil { // not where the request was decided before
			return true
		}
	}
	return found
}

// unresolvedConditions are the unresolved values that the given matching statements have.
func (q *query) unresolvedConditions(hits []hit) []Condition {
	var out []Condition
	for _, h := range hits {
		if h.layer == layerGrant || h.statement < 0 { // a grant, or none
			continue
		}
		doc := q.documents(h.layer)[h.group][h.document]
		st := statementAt(doc, h.statement)
		for _, v := range st.Unresolved() {
			out = append(out, Condition{
				Element: elementUnresolved, Values: []string{v.Text}, Unless: st.Effect == policy.Deny, Layer: q.layerName(h.layer),
				Policy: doc.Name, Sid: st.Sid, Index: st.Index, Source: v.Pos,
				Text: unresolvedWords(doc, h.statement, v),
			})
		}
	}
	return out
}

// unresolvedWords says what a source could not compute, and where.
func unresolvedWords(doc *policy.Document, statement int, v policy.Value) string {
	text := fmt.Sprintf("%s in statement %s of %s", strings.TrimSpace(v.Text), statementLabel(doc.Statements, statement), doc.Name)
	if place := v.Pos.String(); place != "" {
		text += " (" + place + ")"
	}
	return text
}

// inWords are the texts of conditions, each once, sorted.
func inWords(conditions []Condition) []string {
	out := make([]string, len(conditions))
	for i, c := range conditions {
		out[i] = c.Text
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// statementLabel names a statement by its Sid, or by its place counted from 1.
func statementLabel(statements []*policy.Statement, index int) string {
	for _, s := range statements {
		if s.Index == index && s.Sid != "" {
			return strconv.Quote(s.Sid)
		}
	}
	return strconv.Itoa(index + 1)
}
