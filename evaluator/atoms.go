package evaluator

import (
	"context"
	"slices"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// atom is one element of a statement that open condition keys decide: what the ways of a conditional answer are made of.
type atom struct {
	q   *query
	hit hit
	st  *openStatement
	el  *openElement
	// key is the one open key that the atom reads and compares, nil when it reads others.
	key        *mentionedKey
	comparison comparison
	// onPairs is true for an atom about the whole of the encryption context.
	onPairs bool

	group int
	truth bits // for each point of the group
}

// group is a set of choices of which each request takes one: the values of one open key, or of the encryption context.
// The choices of different groups have nothing to do with each other.
type group struct{ size int }

// atomsOf keeps the atoms of one question.
type atomsOf struct {
	ctx    context.Context //nolint:containedctx // lives for one call of resolve
	e      *Evaluator
	list   []*atom
	groups []group
}

// intern returns the place of the atom of an element.
func (a *atomsOf) intern(q *query, h hit, st *openStatement, el *openElement) int {
	at := slices.IndexFunc(a.list, func(known *atom) bool {
		return known.el == el && known.q == q &&
			known.hit.layer == h.layer && known.hit.group == h.group && known.hit.document == h.document
	})
	if at >= 0 {
		return at
	}
	a.list = append(a.list, &atom{q: q, hit: h, st: st, el: el})
	return len(a.list) - 1
}

// classify finds for every atom which key it is about, and groups them.
func (a *atomsOf) classify() error {
	for _, at := range a.list {
		a.read(at)
	}
	if err := a.groupPairs(); err != nil {
		return err
	}
	if err := a.groupForwarding(); err != nil {
		return err
	}
	for _, s := range a.sets() {
		if err := a.add("", s.of, s.points); err != nil {
			return err
		}
	}
	for _, at := range a.list {
		if at.group < 0 { // nothing is known of how it goes together with others
			a.groups = append(a.groups, group{size: 2})
			at.group, at.truth = len(a.groups)-1, bits{1}
		}
	}
	return nil
}

// read finds the open key that an atom compares.
func (a *atomsOf) read(at *atom) {
	at.group = -1
	open := at.q.openAmong(at.el.keys)
	switch {
	case at.el.ReadsEncryptionContext:
		at.onPairs = true
	case at.el.Kind == rego.ElementConstraint && len(open) == 1:
		at.key = open[0]
		at.comparison = comparison{kind: textKind, patterns: []pattern{literalPattern(at.st.grant.SourceArn, false)}}
	case at.el.Kind == rego.ElementCondition && len(open) == 1:
		c := &at.st.source.Conditions[at.el.Condition]
		read, hasOpen := at.q.comparisonOf(c, at.st.doc.Version)
		if policy.FoldKey(c.Key.Text) != open[0].folded || hasOpen {
			return
		}
		at.key, at.comparison = open[0], read
		at.onPairs = open[0].folded == foldedEncryptionContextKey
	}
}

// constraint are the pairs of a grant's constraint.
func (a *atom) constraint() map[string]string {
	if a.el.Operator == "EncryptionContextEquals" {
		return a.st.grant.EncryptionContextEquals
	}
	return a.st.grant.EncryptionContextSubset
}
