package evaluator

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// The outcomes of a layer.
const (
	outcomeAllow         = "allow"
	outcomeDeny          = "deny"
	outcomeDelegates     = "delegates"
	outcomeNone          = "none"
	outcomeNotApplicable = "not-applicable"
)

// Explain decides a request and says of every statement of every policy that applies whether it matched
// and, if not, which of its elements did not. Its verdict is that of [Evaluator.Authorize].
func (e *Evaluator) Explain(ctx context.Context, req Request) (Decision, error) {
	d, b, err := e.authorize(ctx, &req)
	if err != nil {
		return d, err
	}
	// The decision was made from the same query and units: from here on an error is a mistake in the translation of
	// explanations, or the end of the context.
	q, err := e.newQuery(&req, b)
	if err != nil { // not where the request was decided before
		return failed(), err
	}
	input, err := q.fullInput()
	if err != nil { // not where the request was decided before
		return failed(), err
	}
	x := &explainer{e: e, q: q, f: q.flags, input: input}
	if err := x.run(ctx); err != nil {
		return failed(), err
	}
	v, err := e.combiner.verdict(ctx, x.f)
	if err != nil { // the context ended: the decision module answered before
		return failed(), err
	}
	same := v.decision == d.Decision && (q.reason(v) == d.Reason || len(req.open()) > 0) // for some of the open values
	if d.Decision != Conditional && !same {
		return failed(), fmt.Errorf("the explanation (%s, %s) disagrees with the decision (%s, %s): please report this",
			v.decision, q.reason(v), d.Decision, d.Reason)
	}
	d.Layers = x.layers(v)
	d.Assumptions = x.assumptions(v)
	if d.Decision != Conditional {
		hidden, err := x.hiddenAssumptions(ctx, &req, d, d.Assumptions)
		if err != nil { // the context ended: this request was decided before
			return failed(), err
		}
		d.Assumptions = append(d.Assumptions, hidden...)
		slices.Sort(d.Assumptions)
	}
	d.Warnings = q.warnings()
	return d, nil
}

// explainer holds every statement of every layer and how it met the request.
type explainer struct {
	e       *Evaluator
	q       *query
	f       facts
	input   *ast.Term
	results []result
}

// result is one statement or grant.
type result struct {
	layer       layerKind
	group       int
	doc         *policy.Document  // nil for a grant
	source      *policy.Statement // nil for a grant
	grant       *Grant
	classes     []class // in which it matched
	statement   Statement
	assumptions []rego.Assumption
}

func (r *result) matched() bool { return len(r.classes) > 0 }

// run evaluates all layers and collects the facts.
func (x *explainer) run(ctx context.Context) error {
	q := x.q
	lists := []struct {
		layer layerKind
		units [][]*unit
	}{
		{layerSCP, q.scps},
		{layerRCP, q.rcps},
		{layerEndpoint, [][]*unit{q.endpoint}},
		{layerIdentity, [][]*unit{q.principal.identity}},
		{layerBoundary, [][]*unit{q.principal.boundary}},
		{layerSession, [][]*unit{q.principal.session}},
	}
	if q.key != nil && q.req.resourcePolicy() != nil {
		lists = append(lists, struct {
			layer layerKind
			units [][]*unit
		}{layerKey, [][]*unit{q.key.policy}})
	}
	for _, list := range lists {
		for group, units := range list.units {
			for document, u := range units {
				if err := x.document(ctx, list.layer, group, q.documents(list.layer)[group][document], u); err != nil {
					return err
				}
			}
		}
	}
	for i := range q.grants {
		if err := x.grantGroup(ctx, i); err != nil {
			return err
		}
	}
	x.collect()
	return nil
}

// document explains one policy.
func (x *explainer) document(ctx context.Context, layer layerKind, group int, doc *policy.Document, u *unit) error {
	explanation, err := u.explanation(ctx)
	if err != nil {
		return err
	}
	met, err := explanation.met(ctx, x.input)
	if err != nil {
		return err
	}
	for _, st := range explanation.statements {
		source := statementAt(doc, st.Index)
		r := result{
			layer: layer, group: group, doc: doc, source: source,
			classes: classesMet(st, met), statement: statementOf(doc, source), assumptions: st.Assumptions,
		}
		if !r.matched() {
			r.statement.Unmet = x.unmet(doc, source, st, met)
		}
		r.statement.Matched = r.matched()
		x.results = append(x.results, r)
	}
	return nil
}

// collect turns the matching statements into facts.
func (x *explainer) collect() {
	levels := map[int]bool{}
	for i := range x.results {
		r := &x.results[i]
		for _, c := range r.classes {
			if r.layer == layerSCP && c == classAllow {
				levels[r.group] = true
				continue
			}
			if b, ok := factOf(r.layer, c); ok {
				x.f.set(b, true)
			}
		}
	}
	x.f.set(scpAllow, len(levels) == len(x.q.scps))
}

// place is a class of statements of a layer.
type place struct {
	layer layerKind
	class class
}

// factsOf are the facts that matching statements establish.
var factsOf = map[place]fact{
	{layerSCP, classDeny}: denySCP, {layerRCP, classDeny}: denyRCP, {layerEndpoint, classDeny}: denyEndpoint,
	{layerKey, classDeny}: denyKey, {layerIdentity, classDeny}: denyIdentity,
	{layerBoundary, classDeny}: denyBoundary, {layerSession, classDeny}: denySession,
	{layerKey, classDirect}: keyDirect, {layerKey, classLimited}: keyLimited, {layerKey, classDelegate}: keyDelegate,
	{layerGrant, classDirect}: grantDirect, {layerGrant, classLimited}: grantLimited,
	{layerGrant, classDelegate}: grantDelegate, {layerIdentity, classAllow}: identityAllow,
	{layerBoundary, classAllow}: boundaryAllow, {layerSession, classAllow}: sessionAllow,
	{layerEndpoint, classAllow}: endpointAllow,
}

// factOf is the fact that a matching statement of a class establishes for its layer.
func factOf(layer layerKind, c class) (fact, bool) {
	b, ok := factsOf[place{layer, c}]
	return b, ok
}

// layers lists every layer with its statements: deciding ones first, then the nearest misses.
func (x *explainer) layers(v *verdict) []Layer {
	out := make([]Layer, 0, layerCount)
	for layer := range layerCount {
		l := Layer{Layer: x.q.layerName(layer), Outcome: x.outcome(layer), Statements: []Statement{}}
		for i := range x.results {
			r := &x.results[i]
			if r.layer != layer {
				continue
			}
			for _, c := range r.classes {
				r.statement.Deciding = r.statement.Deciding || v.deciding(hit{layer: layer, class: c}, x.f)
			}
			l.Statements = append(l.Statements, r.statement)
		}
		slices.SortStableFunc(l.Statements, byNearness)
		out = append(out, l)
	}
	return out
}

// byNearness sorts deciding statements before matching ones before near misses.
func byNearness(a, b Statement) int {
	return a.Distance() - b.Distance()
}

// How far a statement is from matching by an element that is not met: a condition is nearer than what the
// statement is about, and that is nearer than whom it is about.
const (
	distanceCondition = 1
	distanceAbout     = 2
	distanceCaller    = 4
	distanceDeny      = 1 << 16 // a Deny that does not match explains nothing
)

// Distance says how near a statement is to deciding: the nearest miss explains a denial best.
func (s Statement) Distance() int {
	switch {
	case s.Deciding:
		return -2
	case s.Matched:
		return -1
	case s.Effect == policy.Deny.String():
		return distanceDeny
	}
	distance := 0
	for _, u := range s.Unmet {
		switch u.Element {
		case "Condition", "Constraints":
			distance += distanceCondition
		case "Principal", "NotPrincipal", "GranteePrincipal":
			distance += distanceCaller
		default:
			distance += distanceAbout
		}
	}
	return distance
}

// assumptions lists the named assumptions of the verdict and of the statements that made it or, by one
// element, did not.
func (x *explainer) assumptions(v *verdict) []string {
	var out []string
	for _, name := range v.assumptions {
		out = append(out, x.q.readings.Label(rego.Assumption(name)))
	}
	for i := range x.results {
		r := &x.results[i]
		helps := (r.statement.Effect == policy.Allow.String()) == (v.decision == Allow)
		nearly := len(r.statement.Unmet) == 1 || r.statement.Matched
		if r.statement.Deciding || !helps && nearly {
			for _, a := range r.assumptions {
				out = append(out, x.q.readings.Label(a))
			}
			if x.lacksViaService(r) {
				out = append(out, x.q.readings.Label(rego.ServiceRoleViaService))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lacksViaService reports whether a role's session missed the statement for want of kms:ViaService, which the
// session of a service role might have had.
func (x *explainer) lacksViaService(r *result) bool {
	return x.q.req.Principal.Type == RoleSession && slices.ContainsFunc(r.statement.Unmet, func(u Unmet) bool {
		return policy.FoldKey(u.Key) == "kms:viaservice" && len(u.Actual) == 0
	})
}

// warnings say what the decision could not take into account.
func (q *query) warnings() []string {
	var out []string
	out = append(out, q.req.Principal.Unknown...)
	if q.req.Key != nil {
		out = append(out, q.req.Key.Unknown...)
	}
	if q.req.Role != nil {
		out = append(out, q.req.Role.Unknown...)
	}
	for _, name := range q.ignored() {
		out = append(out, fmt.Sprintf("condition key %s was ignored: requests for %s never have it", name, q.action.Name))
	}
	return out
}
