package evaluator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// allDocuments are the policies that apply to the request.
func (q *query) allDocuments() []*policy.Document {
	p := q.req.Principal
	docs := append([]*policy.Document{}, p.Identity...)
	docs = append(docs, p.Session...)
	if p.Boundary != nil {
		docs = append(docs, p.Boundary)
	}
	if q.req.Key != nil && q.req.Key.Policy != nil {
		docs = append(docs, q.req.Key.Policy)
	}
	if q.scps != nil {
		for _, level := range q.account.SCPs {
			docs = append(docs, level...)
		}
	}
	if q.rcps != nil {
		for _, level := range q.owner.RCPs {
			docs = append(docs, level...)
		}
	}
	if q.endpoint != nil {
		docs = append(docs, q.req.EndpointPolicies...)
	}
	return docs
}

// unresolved reports whether a policy that applies has values that its source could not compute.
func (q *query) unresolved() bool {
	for _, doc := range q.allDocuments() {
		if doc.HasUnresolved() {
			return true
		}
	}
	return false
}

// unresolvedConditions says which unresolved values the decision depends on: those of the given
// matching statements.
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
