package evaluator

import "slices"

// maxSplits bounds the work of finding that conjunctions together leave nothing out.
const maxSplits = 20_000

// within reports whether at every point of the box one of the cubes holds. It answers false when that takes too long to
// tell.
func (m *maker) within(box []bits, list []cube) bool {
	budget := maxSplits
	return m.split(box, list, &budget)
}

func (m *maker) split(box []bits, list []cube, budget *int) bool {
	if *budget--; *budget < 0 { // not by any policy of the tests
		return false
	}
	var meeting []cube
	at := -1
	for _, c := range list {
		restricts, meets := m.compare(c, box)
		if !meets {
			continue
		}
		if restricts < 0 {
			return true
		}
		at = restricts
		meeting = append(meeting, c)
	}
	if at < 0 {
		return false
	}
	for _, class := range m.classes(box[at], at, meeting) {
		part := slices.Clone(box)
		part[at] = class
		if !m.split(part, meeting, budget) {
			return false
		}
	}
	return true
}

// compare says whether a cube holds at some point of the box, and names a group in which it does not hold at all points
// of it, -1 when there is none.
func (m *maker) compare(c cube, box []bits) (restricts int, meets bool) {
	restricts = -1
	for at, points := range c.box {
		if points == nil {
			continue
		}
		in := m.points(box, at)
		if points.and(in).empty() {
			return -1, false
		}
		if !in.in(points) {
			restricts = at
		}
	}
	return restricts, true
}

func (m *maker) points(box []bits, at int) bits {
	if box[at] == nil {
		return full(m.atoms.groups[at].size)
	}
	return box[at]
}

// classes splits points of a group into those that the cubes do not tell apart.
func (m *maker) classes(points bits, at int, list []cube) []bits {
	if points == nil {
		points = full(m.atoms.groups[at].size)
	}
	out := []bits{points}
	for _, c := range list {
		if c.box[at] == nil {
			continue
		}
		var next []bits
		for _, class := range out {
			for _, part := range []bits{class.and(c.box[at]), class.without(c.box[at])} {
				if !part.empty() {
					next = append(next, part)
				}
			}
		}
		out = next
	}
	return out
}

// simplify leaves out literals without which the cubes together say the same.
func (m *maker) simplify(list []cube) []cube {
	for i := range list {
		for {
			smaller, ok := m.drop(list[i], list)
			if !ok {
				break
			}
			list[i] = smaller
		}
	}
	var out []cube
	for _, c := range list {
		out = m.add(out, c)
	}
	slices.SortStableFunc(out, func(a, b cube) int { return len(a.literals) - len(b.literals) })
	return out
}

// drop leaves one literal out of a cube, first of those that must not hold.
func (m *maker) drop(c cube, list []cube) (cube, bool) {
	for _, negated := range []bool{true, false} {
		for i, l := range c.literals {
			if l.negated != negated {
				continue
			}
			smaller, ok := m.everything(), true
			smaller.takes, smaller.paths = c.takes, c.paths
			for j, other := range c.literals {
				if j != i && ok {
					smaller, ok = m.with(smaller, other)
				}
			}
			if ok && m.within(smaller.box, list) {
				return smaller, true
			}
		}
	}
	return cube{}, false
}
