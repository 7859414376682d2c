package evaluator

import (
	"context"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

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
type group struct {
	size   int
	points []point // nil for one atom that is true or false whatever others are
}

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
	a.groupPairs()
	a.groupForwarding()
	for _, s := range a.sets() {
		if points, ok := s.points(); ok {
			a.add(points, s.of)
		}
	}
	for _, at := range a.list {
		if at.group < 0 { // nothing is known of how it goes together with others
			a.groups = append(a.groups, group{size: 2})
			at.group, at.truth = len(a.groups)-1, bits{1}
		}
	}
	return a.evaluate()
}

// atomSet are the atoms about one key that compare its values in one way.
type atomSet struct {
	key  *mentionedKey
	kind valueKind
	of   []*atom
}

// sets are the atoms that are in no group yet.
func (a *atomsOf) sets() []*atomSet {
	var sets []*atomSet
	for _, at := range a.list {
		if at.group >= 0 || at.key == nil {
			continue
		}
		i := slices.IndexFunc(sets, func(s *atomSet) bool {
			return s.key.folded == at.key.folded && (s.kind == at.comparison.kind || s.kind == noKind || at.comparison.kind == noKind)
		})
		if i < 0 {
			i = len(sets)
			sets = append(sets, &atomSet{key: at.key, kind: at.comparison.kind})
		}
		sets[i].of = append(sets[i].of, at)
		sets[i].kind = max(sets[i].kind, at.comparison.kind)
	}
	return sets
}

// points are the choices that show all that the atoms can tell apart.
func (s *atomSet) points() ([]point, bool) {
	comparisons := make([]comparison, len(s.of))
	for i, at := range s.of {
		comparisons[i] = at.comparison
	}
	texts, ok := valuesToTry(s.key, s.kind, comparisons)
	if !ok {
		return nil, false
	}
	points, ok := pointsOf(s.key, texts)
	return points, ok && len(points) <= maxPoints
}

// groupForwarding groups what is about the keys of a call that a service makes when something is about
// aws:ViaAWSService: it follows from the others.
func (a *atomsOf) groupForwarding() {
	var (
		of     []*atom
		keys   []string
		points = []point{{}}
		via    *mentionedKey
	)
	for _, s := range a.sets() {
		switch {
		case s.key.folded == viaAWSService:
			via = s.key
			of = append(of, s.of...)
			continue
		case !slices.Contains(forwardingKeys, s.key.folded):
			continue
		case slices.Contains(keys, s.key.folded): // it is compared in ways that have nothing to do with each other
			return
		}
		more, ok := s.points()
		if points = cross(points, more); !ok || len(points) > maxPoints {
			return
		}
		of, keys = append(of, s.of...), append(keys, s.key.folded)
	}
	if via == nil {
		return
	}
	var all []point
	for _, p := range points {
		for _, value := range of[0].q.open.viaAWSService(len(p.values) > 0, keys) {
			all = append(all, point{values: append(slices.Clone(p.values), contextValue{via.term, ast.StringTerm(value)})})
		}
	}
	a.add(all, of)
}

// cross are the choices of two keys together.
func cross(a, b []point) []point {
	var out []point
	for _, x := range a {
		for _, y := range b {
			out = append(out, point{values: slices.Concat(x.values, y.values)})
		}
	}
	return out
}

func (a *atomsOf) add(points []point, of []*atom) {
	a.groups = append(a.groups, group{size: len(points), points: points})
	for _, at := range of {
		at.group = len(a.groups) - 1
	}
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

// groupPairs groups all that is about the encryption context when something is about the whole of it.
func (a *atomsOf) groupPairs() {
	if !slices.ContainsFunc(a.list, func(at *atom) bool { return at.onPairs }) {
		return
	}
	var (
		of     []*atom
		names  []pattern
		values = map[string][]pattern{}
	)
	for _, at := range a.list {
		name, ofPair := "", false
		if at.key != nil {
			name, ofPair = strings.CutPrefix(at.key.folded, encryptionContextPrefix)
		}
		switch {
		case at.el.ReadsEncryptionContext:
			for name, value := range at.constraint() {
				names = append(names, literalPattern(name, false))
				folded := policy.FoldKey(name)
				values[folded] = append(values[folded], literalPattern(value, false))
			}
		case at.onPairs && at.comparison.kind <= textKind:
			names = append(names, at.comparison.patterns...)
		case ofPair && at.comparison.kind <= textKind:
			values[name] = append(values[name], at.comparison.patterns...)
		default:
			continue
		}
		of = append(of, at)
	}
	if len(of) == 0 { // what there is compares in ways of which nothing is known
		return
	}
	if points, ok := of[0].q.open.encryptionContextToTry(names, values); ok {
		a.add(points, of)
	}
}

// constraint are the pairs of a grant's constraint.
func (at *atom) constraint() map[string]string {
	if at.el.Operator == "EncryptionContextEquals" {
		return at.st.grant.EncryptionContextEquals
	}
	return at.st.grant.EncryptionContextSubset
}

// evaluate asks OPA for the truth of every atom at every point of its group.
func (a *atomsOf) evaluate() error {
	for _, at := range a.list {
		g := a.groups[at.group]
		if g.points == nil {
			continue
		}
		at.truth = newBits(g.size)
		known := slices.Clone(at.q.contextValues(at.st.keys))
		for i, p := range g.points {
			matched, err := a.e.matches(a.ctx, at.st.compiler, at.el.body, at.q.inputAt(p, known))
			if err != nil {
				return err
			}
			if matched {
				at.truth.set(i)
			}
		}
	}
	return nil
}

// inputAt is the input for the known values of condition keys and those of a point.
func (q *query) inputAt(p point, known []contextValue) *ast.Term {
	values := slices.Concat(known, p.values) // of the same key the later
	if p.pairs == nil {
		return q.makeInput(allMembers, values)
	}
	return q.makeInputWith(allMembers, values, p.pairs)
}

// bits is a set of points.
type bits []uint64

const wordSize = 64

func newBits(size int) bits { return make(bits, (size+wordSize-1)/wordSize) }

func (b bits) set(i int) { b[i/wordSize] |= 1 << (i % wordSize) }

// full is the set of all points.
func full(size int) bits {
	b := newBits(size)
	for i := range size {
		b.set(i)
	}
	return b
}

func (b bits) empty() bool { return !slices.ContainsFunc(b, func(w uint64) bool { return w != 0 }) }

func (b bits) and(c bits) bits {
	out := make(bits, len(b))
	for i := range b {
		out[i] = b[i] & c[i]
	}
	return out
}

func (b bits) without(c bits) bits {
	out := make(bits, len(b))
	for i := range b {
		out[i] = b[i] &^ c[i]
	}
	return out
}

// in reports whether c has all points of b.
func (b bits) in(c bits) bool { return b.without(c).empty() }
