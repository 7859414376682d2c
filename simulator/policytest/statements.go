package policytest

import (
	"maps"
	"slices"
	"strconv"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// statementsOf are the statements and grants that were loaded and that may be about a request: those with an action that
// strictkms decides. Each that is written in a file is there once.
func statementsOf(w *source.World) []evaluator.Statement {
	l := &lister{seen: map[id]bool{}}
	for _, k := range w.Keys {
		l.document(k.Policy)
		for _, g := range k.Grants {
			l.add(evaluator.Statement{Policy: grantName(g), Effect: policy.Allow.String(), Source: g.Pos})
		}
	}
	for _, u := range w.Users {
		l.documents(u.Policies)
	}
	for _, g := range w.Groups {
		l.documents(g.Policies)
	}
	for _, r := range w.Roles {
		l.document(r.Trust)
		l.documents(r.Policies)
	}
	l.documents(w.ManagedPolicies)
	for _, account := range slices.Sorted(maps.Keys(w.Accounts)) {
		for _, level := range slices.Concat(w.Accounts[account].SCPs, w.Accounts[account].RCPs) {
			l.documents(level)
		}
	}
	for _, endpoint := range slices.Sorted(maps.Keys(w.Endpoints)) {
		l.document(w.Endpoints[endpoint])
	}
	return l.found
}

// id is what makes a statement the same one in several answers and worlds: where it is written.
type id struct {
	pos   policy.Position
	index int
}

// idOf returns the id of a statement; false for one that nobody wrote, such as of a key's default policy.
func idOf(st evaluator.Statement) (id, bool) {
	return id{st.Source, st.Index}, st.Source.IsValid() && st.Source.File != ""
}

// lister collects statements.
type lister struct {
	found []evaluator.Statement
	seen  map[id]bool
}

func (l *lister) documents(docs []*policy.Document) {
	for _, doc := range docs {
		l.document(doc)
	}
}

func (l *lister) document(doc *policy.Document) {
	if doc == nil {
		return
	}
	for _, s := range doc.Statements {
		// A policy that stands for one that is not known has its statements where it is named.
		if s.Pos == doc.Pos || !decidable(s) {
			continue
		}
		l.add(evaluator.Statement{Policy: doc.Name, Sid: s.Sid, Index: s.Index, Source: s.Pos, Effect: s.Effect.String()})
	}
}

// decidable reports whether a statement may be about an action that strictkms knows.
func decidable(s *policy.Statement) bool {
	if s.Actions == nil {
		return false // it has no effect
	}
	return !s.Actions.ActionSet().IsEmpty() || slices.ContainsFunc(s.Actions.Values, func(v policy.Value) bool { return v.Unresolved })
}

func (l *lister) add(st evaluator.Statement) {
	if at, ok := idOf(st); ok {
		if l.seen[at] {
			return
		}
		l.seen[at] = true
	}
	l.found = append(l.found, st)
}

// grantName is how decisions name a grant.
func grantName(g *evaluator.Grant) string {
	if g.ID == "" {
		return grantPrefix + strconv.Quote(g.Name)
	}
	return grantPrefix + g.ID
}
