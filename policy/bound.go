package policy

import (
	"crypto/sha256"
	"fmt"
	"slices"
)

// HasUnresolved reports whether the document has values that a source could not compute.
func (d *Document) HasUnresolved() bool {
	return slices.ContainsFunc(d.Statements, (*Statement).hasUnresolved)
}

func (s *Statement) hasUnresolved() bool {
	return s.Principals != nil && slices.ContainsFunc(s.Principals.Values, principalUnresolved) ||
		s.Actions.hasUnresolved() || s.Resources.hasUnresolved() ||
		slices.ContainsFunc(s.Conditions, Condition.hasUnresolved)
}

func (s *Strings) hasUnresolved() bool {
	return s != nil && slices.ContainsFunc(s.Values, unresolved)
}

func (c Condition) hasUnresolved() bool {
	return c.Key.Unresolved || slices.ContainsFunc(c.Values, unresolved)
}

func unresolved(v Value) bool              { return v.Unresolved }
func principalUnresolved(p Principal) bool { return p.Unresolved }

// Bound returns a document without unresolved values that bounds the document from one side:
// whatever the unresolved values are, the permissive bound allows at least what the document
// allows, and denies at most what it denies; the other bound is the mirror image. When both
// bounds lead to the same decision, the unresolved values do not matter.
//
// Statements that cannot match are left out of a bound; [Statement.Index] stays what it was.
func (d *Document) Bound(permissive bool) *Document {
	out := *d
	out.Digest = sha256.Sum256(fmt.Appendf(nil, "strictkms bound %x %t\n", d.Digest, permissive))
	out.Statements = nil
	for _, s := range d.Statements {
		switch {
		case !s.hasUnresolved():
			out.Statements = append(out.Statements, s)
		case (s.Effect == Allow) == permissive:
			out.Statements = append(out.Statements, s.widened())
		default:
			if n := s.narrowed(); n != nil {
				out.Statements = append(out.Statements, n)
			}
		}
	}
	return &out
}

// widened returns a statement that matches whenever s can match.
func (s *Statement) widened() *Statement {
	out := *s
	if p := s.Principals; p != nil && slices.ContainsFunc(p.Values, principalUnresolved) {
		known := slices.DeleteFunc(slices.Clone(p.Values), principalUnresolved)
		if !p.Negated || len(known) == 0 {
			out.Principals = &Principals{Pos: p.Pos, Values: []Principal{
				{Form: PrincipalAny, Value: Value{Text: "*", Pos: p.Pos}},
			}}
		} else {
			out.Principals = &Principals{Negated: true, Pos: p.Pos, Values: known}
		}
	}
	out.Actions, out.Resources = s.Actions.widened(), s.Resources.widened()
	out.Conditions = slices.DeleteFunc(slices.Clone(s.Conditions), Condition.hasUnresolved)
	return &out
}

func (s *Strings) widened() *Strings {
	if !s.hasUnresolved() {
		return s
	}
	known := slices.DeleteFunc(slices.Clone(s.Values), unresolved)
	if !s.Negated || len(known) == 0 {
		return &Strings{Pos: s.Pos, Values: []Value{{Text: "*", Pos: s.Pos}}}
	}
	return &Strings{Negated: true, Pos: s.Pos, Values: known}
}

// narrowed returns a statement that matches only when s must match, nil when there is none.
func (s *Statement) narrowed() *Statement {
	out := *s
	if p := s.Principals; p != nil && slices.ContainsFunc(p.Values, principalUnresolved) {
		known := slices.DeleteFunc(slices.Clone(p.Values), principalUnresolved)
		if p.Negated || len(known) == 0 {
			return nil
		}
		out.Principals = &Principals{Pos: p.Pos, Values: known}
	}
	var actions, resources bool
	out.Actions, actions = s.Actions.narrowed()
	out.Resources, resources = s.Resources.narrowed()
	if !actions || !resources {
		return nil
	}
	out.Conditions = slices.Clone(s.Conditions)
	for i, c := range out.Conditions {
		if !c.hasUnresolved() {
			continue
		}
		// Only an "or" of values is met less often when it loses some of them. The values of a
		// negated comparison act as "nor".
		known := slices.DeleteFunc(slices.Clone(c.Values), unresolved)
		if c.Key.Unresolved || c.Operator.Comparison.Negated() || len(known) == 0 {
			return nil
		}
		out.Conditions[i].Values = known
	}
	return &out
}

func (s *Strings) narrowed() (*Strings, bool) {
	if !s.hasUnresolved() {
		return s, true
	}
	known := slices.DeleteFunc(slices.Clone(s.Values), unresolved)
	if s.Negated || len(known) == 0 {
		return nil, false
	}
	return &Strings{Pos: s.Pos, Values: known}, true
}

// Unresolved returns the values of the statement that a source could not compute.
func (s *Statement) Unresolved() []Value {
	var out []Value
	add := func(values []Value) {
		for _, v := range values {
			if v.Unresolved {
				out = append(out, v)
			}
		}
	}
	if s.Principals != nil {
		for _, p := range s.Principals.Values {
			add([]Value{p.Value})
		}
	}
	for _, list := range []*Strings{s.Actions, s.Resources} {
		if list != nil {
			add(list.Values)
		}
	}
	for _, c := range s.Conditions {
		add([]Value{c.Key})
		add(c.Values)
	}
	return out
}
