package evaluator

import (
	"context"
	"slices"
)

// openRule is a rule that depends on open condition keys: all its atoms must hold.
type openRule struct {
	hit   hit
	atoms []int
}

// collector finds what all layers say to a request with open condition keys. Other than [gatherer] it looks at every
// rule that the index finds.
type collector struct {
	gatherer
	atoms *atomsOf
	// rules are the open ones by the fact that they establish; those of the levels of SCPs are apart.
	rules map[fact][]openRule
	scps  [][]openRule // of levels that no other rule allows
}

func (e *Evaluator) collect(ctx context.Context, q *query, atoms *atomsOf) (*collector, error) {
	c := &collector{
		gatherer: gatherer{ctx: ctx, e: e, q: q, f: q.flags},
		atoms:    atoms,
		rules:    map[fact][]openRule{},
	}
	c.collectLevels()
	c.layer(layerEndpoint, 0, q.endpoint, classDeny, classAllow)
	if c.mayForward() && c.f.has(denyEndpoint) { // it denies unless a service makes the call
		c.f &^= 1 << denyEndpoint
		c.rules[denyEndpoint] = []openRule{{hit: hit{layer: layerEndpoint, class: classDeny, statement: -1}}}
	}
	if q.key != nil {
		c.layer(layerKey, 0, q.key.policy, classDeny, classDirect, classLimited, classDelegate)
	}
	for i, group := range q.grants {
		u, err := group.unitOf()
		if err != nil { // the translation of a grant is wrong
			return nil, err
		}
		c.layer(layerGrant, i, []*unit{u}, classDirect, classLimited, classDelegate)
	}
	p := q.principal
	c.layer(layerIdentity, 0, p.identity, classDeny, classAllow)
	c.layer(layerBoundary, 0, p.boundary, classDeny, classAllow)
	c.layer(layerSession, 0, p.session, classDeny, classAllow)
	if c.err != nil {
		return nil, c.err
	}
	c.forwarding()
	return c, c.err
}

// collectLevels asks the policies of the organization. Every level of SCPs must allow.
func (c *collector) collectLevels() {
	all := true
	for i, level := range c.q.scps {
		c.layer(layerSCP, i, level, classDeny)
		found, open := c.class(layerSCP, i, level, classAllow)
		if !found && len(open) == 0 {
			all = false
		}
		if !found {
			c.scps = append(c.scps, open)
		}
	}
	c.f.set(scpAllow, c.q.scps != nil && len(c.scps) == 0)
	if !all {
		c.scps = nil
	}
	for i, level := range c.q.rcps {
		c.layer(layerRCP, i, level, classDeny)
	}
}

// layer asks the policies of one layer for rules of some classes.
func (c *collector) layer(layer layerKind, group int, units []*unit, of ...class) {
	for _, cl := range of {
		established, _ := factOf(layer, cl) // there is one for each that is asked
		found, open := c.class(layer, group, units, cl)
		c.f.set(established, found)
		if !c.f.has(established) {
			c.rules[established] = append(c.rules[established], open...)
		}
	}
}

// class finds the matching rules of a class, and those that are open.
func (c *collector) class(layer layerKind, group int, units []*unit, cl class) (found bool, open []openRule) {
	for document, u := range units {
		u.classes[cl].each(c.q, func(rule *candidate) bool {
			h := hit{layer: layer, group: group, document: document, class: cl, statement: rule.statement}
			if rule.residual >= 0 && c.q.readsOpen(u, rule) {
				if c.open(h, u, rule, &open) {
					found = true
					c.add(h)
				}
			} else if c.matches(h, u, rule) {
				found = true
				c.add(h)
			}
			return c.err == nil
		})
	}
	return found, open
}

// open tests a rule that open condition keys may decide, and reports whether it matches whatever they are.
func (c *collector) open(h hit, u *unit, rule *candidate, open *[]openRule) bool {
	if slices.ContainsFunc(*open, func(r openRule) bool { return r.hit == h }) {
		return false // another of the statement's rules
	}
	st, err := c.e.openStatement(c.q, h, u)
	if err != nil {
		c.err = err
		return false
	}
	state, elements, err := c.e.meet(c.ctx, c.q, st, h.class, rule.indexed)
	if err != nil {
		c.err = err
		return false
	}
	if state == isOpen {
		depends := openRule{hit: h}
		for _, el := range elements {
			depends.atoms = append(depends.atoms, c.atoms.intern(c.q, h, st, el))
		}
		*open = append(*open, depends)
	}
	return state == isTrue
}

// mayForward reports whether it is open that the policy of the VPC endpoint applies.
func (c *collector) mayForward() bool { return c.f.has(endpointApplies) && c.q.open.mayForward() }

// forwarding adds the rules by which the policy of the VPC endpoint does not apply.
func (c *collector) forwarding() {
	if !c.mayForward() {
		return
	}
	for _, key := range forwardingKeys {
		st, err := c.e.forwardingStatement(key)
		if err != nil { // not reached: it is always the same
			c.err = err
			return
		}
		if len(c.q.openAmong(st.keys)) > 0 {
			h := hit{layer: layerEndpoint, class: classAllow, statement: -1}
			c.rules[endpointApplies] = append(c.rules[endpointApplies], openRule{hit: h, atoms: []int{c.atoms.intern(c.q, h, st, &st.elements[len(st.elements)-1])}})
		}
	}
}
