package evaluator

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/policy"
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

// unresolvedConditions says which unresolved values the given matching statements have.
func (q *query) unresolvedConditions(hits []hit) []string {
	var out []string
	for _, h := range hits {
		if h.layer == layerGrant {
			continue
		}
		doc := q.documents(h.layer)[h.group][h.document]
		for _, v := range statementAt(doc, h.statement).Unresolved() {
			out = append(out, fmt.Sprintf("%s in statement %s of %s (%s)",
				strings.TrimSpace(v.Text), statementLabel(doc.Statements, h.statement), doc.Name, v.Pos))
		}
	}
	return out
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
