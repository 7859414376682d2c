package evaluator

import (
	"context"
	"slices"
)

// literal is an atom that must hold or, negated, must not.
type literal struct {
	atom    int
	negated bool
}

// cube is a conjunction of literals, with the points at which they hold by group; a nil set is all points.
type cube struct {
	literals []literal
	box      []bits
	takes    []claim
	paths    []*path // one for each request of the question
}

// claim is a matching statement that a cube takes.
type claim struct {
	of  *collector
	hit hit
}

// maxCubes bounds the conjunctions that are kept.
const maxCubes = 256

// maker makes the ways in which a request is allowed.
type maker struct {
	atoms *atomsOf
	cut   bool // conjunctions were left out
	brief bool // only whether there are ways is asked
}

func (m *maker) holds(l literal) bits {
	a := m.atoms.list[l.atom]
	if l.negated {
		return full(m.atoms.groups[a.group].size).without(a.truth)
	}
	return a.truth
}

// with returns the cube with one literal more, false when nothing is left.
func (m *maker) with(c cube, l literal) (cube, bool) {
	if slices.Contains(c.literals, l) {
		return c, true
	}
	at := m.atoms.list[l.atom].group
	points := m.holds(l)
	if known := c.box[at]; known != nil {
		if known.in(points) {
			return c, true // it follows
		}
		points = points.and(known)
	}
	if points.empty() {
		return cube{}, false
	}
	out := c
	out.literals = append(slices.Clip(c.literals), l)
	out.box = slices.Clone(c.box)
	out.box[at] = points
	return out, true
}

// everything is the cube without literals.
func (m *maker) everything() cube { return cube{box: make([]bits, len(m.atoms.groups))} }

// join is the conjunction of two cubes.
func (m *maker) join(a, b cube) (cube, bool) {
	out := a
	out.takes = append(slices.Clip(a.takes), b.takes...)
	out.paths = append(slices.Clip(a.paths), b.paths...)
	for _, l := range b.literals {
		var ok bool
		if out, ok = m.with(out, l); !ok {
			return cube{}, false
		}
	}
	return out, true
}

// covers reports whether a holds wherever b does.
func (m *maker) covers(a, b cube) bool {
	for at, points := range a.box {
		if points == nil {
			continue
		}
		other := b.box[at]
		if other == nil {
			other = full(m.atoms.groups[at].size)
		}
		if !other.in(points) {
			return false
		}
	}
	return true
}

// add adds a cube to a disjunction unless it is covered, and drops what it covers.
func (m *maker) add(list []cube, c cube) []cube {
	if slices.ContainsFunc(list, func(known cube) bool { return m.covers(known, c) }) {
		return list
	}
	list = slices.DeleteFunc(list, func(known cube) bool { return m.covers(c, known) })
	return append(list, c)
}

// product is the conjunction of two disjunctions.
func (m *maker) product(a, b []cube) []cube {
	var out []cube
	for _, x := range a {
		for _, y := range b {
			if c, ok := m.join(x, y); ok {
				out = m.add(out, c)
			}
			if len(out) > maxCubes {
				m.cut = true
				return out[:maxCubes]
			}
		}
	}
	return out
}

// matching is the disjunction of rules.
func (m *maker) matching(of *collector, rules []openRule) []cube {
	var out []cube
	for _, rule := range rules {
		c, ok := m.everything(), true
		c.takes = []claim{{of, rule.hit}}
		for _, a := range rule.atoms {
			if c, ok = m.with(c, literal{atom: a}); !ok {
				break
			}
		}
		if ok {
			out = m.add(out, c)
		}
	}
	return out
}

// unmatched says that none of the rules matches, or that one of the exceptions does.
func (m *maker) unmatched(of *collector, rules, exceptions []openRule) []cube {
	out := []cube{m.everything()}
	for _, rule := range rules {
		var ways []cube
		for _, a := range rule.atoms {
			if c, ok := m.with(m.everything(), literal{atom: a, negated: true}); ok {
				ways = m.add(ways, c)
			}
		}
		for _, c := range m.matching(of, exceptions) {
			ways = m.add(ways, c)
		}
		out = m.product(out, ways)
	}
	return out
}

// good is what it takes that a fact helps the request: that no Deny matches, or that something allows.
func (m *maker) good(c *collector, f fact) []cube {
	switch {
	case f == denyEndpoint:
		return m.unmatched(c, c.rules[f], c.rules[endpointApplies])
	case f.hurts() && f != endpointApplies:
		return m.unmatched(c, c.rules[f], nil)
	case f == scpAllow:
		out := []cube{m.everything()}
		for _, level := range c.scps {
			out = m.product(out, m.matching(c, level))
		}
		return out
	default: // for endpointApplies the rules by which it does not
		return m.matching(c, c.rules[f])
	}
}

// hurts reports whether a fact speaks against a request.
func (f fact) hurts() bool { return f >= denySCP && f <= denySession || f == endpointApplies }

// help sets a fact so that it speaks for a request, or else against it.
func (f *facts) help(b fact, helps bool) {
	*f &^= 1 << b
	f.set(b, helps != b.hurts())
}

// openFacts are the facts that open condition keys decide, those that hurt first.
func (c *collector) openFacts() []fact {
	var out []fact
	for f := range factCount {
		switch {
		case c.f.has(f) && f != endpointApplies: // another rule settles it
		case f == scpAllow && len(c.scps) > 0, f != scpAllow && len(c.rules[f]) > 0:
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b fact) int {
		switch {
		case a.hurts() == b.hurts():
			return 0
		case a.hurts():
			return -1
		default:
			return 1
		}
	})
	return out
}

// path is a smallest choice of open facts that must help for the request to be allowed, with the answer then.
type path struct {
	of      *collector
	helping []fact
	facts   facts
	verdict *verdict
}

// paths asks the decision module which choices allow. A fact that helps never turns an Allow into a Deny, so that the
// choices in which all that is not yet decided helps, or does not, tell whether to go on.
func (c *collector) paths(ctx context.Context, chosen []fact, f facts, rest []fact) ([]path, error) {
	worst, best := f, f
	for _, b := range rest {
		worst.help(b, false)
		best.help(b, true)
	}
	v, err := c.e.combiner.verdict(ctx, worst)
	if err != nil {
		return nil, err
	}
	if v.decision == Allow {
		return []path{{of: c, helping: slices.Clone(chosen), facts: worst, verdict: v}}, nil
	}
	if v, err = c.e.combiner.verdict(ctx, best); err != nil || v.decision == Deny {
		return nil, err
	}
	without, with := f, f
	without.help(rest[0], false)
	with.help(rest[0], true)
	out, err := c.paths(ctx, chosen, without, rest[1:])
	if err != nil {
		return nil, err
	}
	more, err := c.paths(ctx, append(chosen, rest[0]), with, rest[1:])
	for _, p := range more {
		smaller := func(q path) bool {
			return !slices.ContainsFunc(q.helping, func(b fact) bool { return !slices.Contains(p.helping, b) })
		}
		if !slices.ContainsFunc(out, smaller) {
			out = append(out, p)
		}
	}
	return out, err
}
