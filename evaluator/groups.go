package evaluator

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
)

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
	texts, ok := s.of[0].q.open.valuesToTry(s.key, s.kind, comparisons)
	if !ok {
		return nil, false
	}
	points, ok := pointsOf(s.key, texts)
	return points, ok && len(points) <= maxPoints
}

// groupForwarding groups what is about the keys of a call that a service makes when something is about
// aws:ViaAWSService: it follows from the others.
func (a *atomsOf) groupForwarding() error {
	var (
		of     []*atom
		keys   []string
		others []*atomSet
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
			return nil
		}
		of, keys, others = append(of, s.of...), append(keys, s.key.folded), append(others, s)
	}
	if via == nil {
		return nil
	}
	open := of[0].q.open
	absent := open.viaAWSService(false, keys)
	return a.add(strings.Join(absent, "|"), of, func() ([]point, bool) {
		points := []point{{}}
		for _, s := range others {
			more, ok := s.points()
			if points = cross(points, more); !ok || len(points) > maxPoints {
				return nil, false
			}
		}
		var all []point
		for _, p := range points {
			values := absent
			if len(p.values) > 0 {
				values = open.viaAWSService(true, keys)
			}
			for _, value := range values {
				all = append(all, point{values: append(slices.Clone(p.values), contextValue{via.term, ast.StringTerm(value)})})
			}
		}
		return all, true
	})
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

// table is what OPA said of the elements of a group at its points. ok is false when there are too many.
type table struct {
	points []point
	ok     bool
	truth  []bits // of the atoms in order
}

// ofRequest marks a table that depends on what else the request has.
const ofRequest = "request"

// maxTables bounds the tables that are kept.
const maxTables = 1024

// add groups atoms, unless there are too many points. The table of atoms that read nothing but their open key is the same
// for every request, and kept; mark tells apart what the points depend on besides.
func (a *atomsOf) add(mark string, of []*atom, points func() ([]point, bool)) error {
	id, keep := tableID(mark, of)
	t, ok := a.e.tables.Get(id)
	if !keep || !ok {
		t = &table{}
		if t.points, t.ok = points(); t.ok {
			for _, at := range of {
				truth, err := a.evaluate(at, t.points)
				if err != nil {
					return err
				}
				t.truth = append(t.truth, truth)
			}
		}
		if keep {
			a.e.tables.Add(id, t)
		}
	}
	if !t.ok {
		return nil
	}
	a.groups = append(a.groups, group{size: len(t.points)})
	for i, at := range of {
		at.group, at.truth = len(a.groups)-1, t.truth[i]
	}
	return nil
}

// tableID identifies what a table is about, false when it is not to be kept.
func tableID(mark string, of []*atom) (string, bool) {
	id := []byte(mark)
	for _, at := range of {
		if len(at.el.keys) != 1 || mark == ofRequest {
			return "", false
		}
		id = binary.AppendUvarint(append(id, '|'), at.el.number)
	}
	return string(id), true
}

// groupPairs groups all that is about the encryption context when something is about the whole of it.
func (a *atomsOf) groupPairs() error {
	if !slices.ContainsFunc(a.list, func(at *atom) bool { return at.onPairs }) {
		return nil
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
		return nil
	}
	return a.add(ofRequest, of, func() ([]point, bool) { return of[0].q.open.encryptionContextToTry(names, values) })
}

// evaluate asks OPA for the truth of an atom at every point.
func (a *atomsOf) evaluate(at *atom, points []point) (bits, error) {
	truth := newBits(len(points))
	known := slices.Clone(at.q.contextValues(at.st.keys))
	for i, p := range points {
		matched, err := a.e.matches(a.ctx, at.st.compiler, at.el.body, at.q.inputAt(p, known))
		if err != nil { // the context ended, or the translation is wrong
			return nil, err
		}
		if matched {
			truth.set(i)
		}
	}
	return truth, nil
}

// inputAt is the input for the known values of condition keys and those of a point.
func (q *query) inputAt(p point, known []contextValue) *ast.Term {
	values := slices.Concat(known, p.values) // of the same key the later
	if p.pairs == nil {
		return q.makeInput(allMembers, values)
	}
	return q.makeInputWith(allMembers, values, p.pairs)
}
