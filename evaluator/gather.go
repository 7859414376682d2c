package evaluator

import (
	"context"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
)

// layerKind is a layer that statements belong to.
type layerKind int

const (
	layerSCP layerKind = iota
	layerRCP
	layerEndpoint
	layerKey
	layerGrant
	layerIdentity
	layerBoundary
	layerSession
	layerCount
)

var layerNames = [layerCount]string{
	layerSCP: policy.ServiceControlPolicy.String(), layerRCP: policy.ResourceControlPolicy.String(),
	layerEndpoint: policy.VPCEndpointPolicy.String(), layerKey: policy.KeyPolicy.String(),
	layerGrant: "grant", layerIdentity: policy.IdentityPolicy.String(),
	layerBoundary: policy.PermissionsBoundary.String(), layerSession: policy.SessionPolicy.String(),
}

// sideOf says which units a layer's are made input for together with.
var sideOf = [layerCount]side{
	layerSCP: resourceSide, layerRCP: resourceSide, layerEndpoint: resourceSide, layerKey: resourceSide,
	layerGrant: resourceSide, layerIdentity: identitySide, layerBoundary: identitySide, layerSession: identitySide,
}

// hit is a matching statement.
type hit struct {
	layer     layerKind
	group     int // level of an SCP or RCP, group of grants
	document  int
	class     class
	statement int
}

// gatherer finds the matching statements of one request.
type gatherer struct {
	ctx  context.Context //nolint:containedctx // lives for one call of gather
	e    *Evaluator
	q    *query
	f    facts
	hits []hit
	err  error

	inputs [sideCount][2]*ast.Term // by side, nested or flat
}

// gather asks the layers until the rest cannot change the decision: first every explicit deny, then
// the maximums of organization and endpoint, then what allows, in the order of the decision module.
func (e *Evaluator) gather(ctx context.Context, q *query) (facts, []hit, error) {
	g := gatherer{ctx: ctx, e: e, q: q, f: q.flags, hits: q.scratch.hits[:0]}
	g.run()
	q.scratch.hits = g.hits
	return g.f, g.hits, g.err
}

func (g *gatherer) run() {
	if g.f.has(actionUnchecked) {
		return
	}
	if g.denies() || g.err != nil {
		return
	}
	if !g.maximums() || g.err != nil {
		return
	}
	withinSCP := !g.f.has(scpApplies) || g.f.has(scpAllow)
	suffices := g.f.has(callerSameAccount) || g.f.has(callerService)
	if !suffices && !g.f.has(actionCrossAccount) && withinSCP {
		return
	}
	if !g.f.has(actionRetireGrant) && g.q.key != nil && withinSCP {
		g.f.set(keyDirect, g.unit(layerKey, 0, g.q.key.policy, classDirect))
		if g.f.has(keyDirect) && suffices {
			return
		}
		g.f.set(keyLimited, g.unit(layerKey, 0, g.q.key.policy, classLimited))
		if g.f.has(keyLimited) && suffices && !g.f.has(boundaryApplies) && !g.f.has(sessionApplies) && g.f.limitedSuffices() {
			return
		}
		g.f.set(keyDelegate, g.unit(layerKey, 0, g.q.key.policy, classDelegate))
	}
	g.grants()
	g.identity()
}

// denies looks for explicit denies in all layers.
func (g *gatherer) denies() bool {
	q := g.q
	found := false
	look := func(b fact, layer layerKind, group int, units []*unit) {
		if g.unit(layer, group, units, classDeny) {
			g.f.set(b, true)
			found = true
		}
	}
	for i, level := range q.scps {
		look(denySCP, layerSCP, i, level)
	}
	for i, level := range q.rcps {
		look(denyRCP, layerRCP, i, level)
	}
	if q.open == nil || g.f.has(endpointApplies) {
		look(denyEndpoint, layerEndpoint, 0, q.endpoint)
	}
	if q.key != nil {
		look(denyKey, layerKey, 0, q.key.policy)
	}
	look(denyIdentity, layerIdentity, 0, q.principal.identity)
	look(denyBoundary, layerBoundary, 0, q.principal.boundary)
	look(denySession, layerSession, 0, q.principal.session)
	return found
}

// maximums asks what must allow whatever else does. It returns false when nothing else matters. Where a grant may
// survive an SCP, the grants decide whether it is the SCP that is missing.
func (g *gatherer) maximums() bool {
	if g.q.scps != nil {
		all := true
		for i, level := range g.q.scps {
			all = g.unit(layerSCP, i, level, classAllow) && all
		}
		g.f.set(scpAllow, all)
		if !all && !g.f.has(grantSurvivesSCP) {
			return false
		}
	}
	if g.f.has(endpointApplies) {
		g.f.set(endpointAllow, g.unit(layerEndpoint, 0, g.q.endpoint, classAllow))
		return g.f.has(endpointAllow) || g.f.has(scpApplies) && !g.f.has(scpAllow)
	}
	return true
}

func (g *gatherer) grants() {
	for i, group := range g.q.grants {
		u, err := group.unitOf()
		if err != nil { // the translation of a grant is wrong
			g.err = err
			return
		}
		units := []*unit{u}
		g.f.set(grantDirect, g.unit(layerGrant, i, units, classDirect))
		g.f.set(grantLimited, g.unit(layerGrant, i, units, classLimited))
		g.f.set(grantDelegate, g.unit(layerGrant, i, units, classDelegate))
	}
}

// identity asks the caller's own policies; boundary and session policy only where they apply.
func (g *gatherer) identity() {
	p := g.q.principal
	g.f.set(identityAllow, g.unit(layerIdentity, 0, p.identity, classAllow))
	if g.f.has(boundaryApplies) {
		g.f.set(boundaryAllow, g.unit(layerBoundary, 0, p.boundary, classAllow))
	}
	if g.f.has(sessionApplies) {
		g.f.set(sessionAllow, g.unit(layerSession, 0, p.session, classAllow))
	}
}

// unit decides the rules of one class and reports whether one matches.
func (g *gatherer) unit(layer layerKind, group int, units []*unit, c class) bool {
	found := false
	for document, u := range units {
		u.classes[c].each(g.q, func(rule *candidate) bool {
			h := hit{layer: layer, group: group, document: document, class: c, statement: rule.statement}
			if g.matches(h, u, rule) {
				found = true
				g.add(h)
			}
			return g.err == nil
		})
	}
	return found && g.err == nil
}

// matches decides a rule that the index found: OPA evaluates what the index left open of it.
func (g *gatherer) matches(h hit, u *unit, rule *candidate) bool {
	if rule.residual < 0 {
		return true
	}
	if g.q.open != nil && g.q.readsOpen(u, rule) {
		return g.leans(h, u, rule)
	}
	flat := 0
	if u.reads == 0 {
		flat = 1
	}
	input := &g.inputs[sideOf[h.layer]][flat]
	if *input == nil {
		if *input, g.err = g.q.projectedInput(sideOf[h.layer], flat == 1); g.err != nil {
			return false
		}
	}
	matched, err := g.e.matches(g.ctx, u.compiler, u.residuals[rule.residual].body, *input)
	g.err = err
	return matched
}

// add keeps a hit, once per statement: several rules may be one statement's.
func (g *gatherer) add(h hit) {
	if slices.Contains(g.hits, h) {
		return
	}
	g.hits = append(g.hits, h)
}
