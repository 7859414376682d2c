package evaluator

import (
	"context"
	"slices"

	"github.com/strictkms/strictkms/policy"
)

// Authorize decides a request. The layers of the decision hold the deciding statements only;
// [Evaluator.Explain] gives all of them.
//
// An error means that no decision could be made: a [RequestError] when the request is at fault. The
// caller must then deny.
func (e *Evaluator) Authorize(ctx context.Context, req Request) (Decision, error) {
	d, _, err := e.authorize(ctx, &req)
	return d, err
}

// authorize decides a request and says under which reading of unresolved values its reasons hold: they may decide
// a denial. If reading them in favour of the request changes the answer, it is conditional; if it is a denial even
// then, the reasons are those of that reading, because they hold whatever the values are.
func (e *Evaluator) authorize(ctx context.Context, req *Request) (Decision, bound, error) {
	if len(req.open()) > 0 {
		r, err := e.ResolveAll(ctx, []Request{*req}, Unknown{})
		return r.Decision, strict, err
	}
	strictly, err := e.decide(ctx, req, strict)
	if err != nil || strictly.decision.Decision == Allow || !strictly.unresolved {
		return strictly.decision, strict, err
	}
	permissively, err := e.decide(ctx, req, permissive)
	if err != nil || permissively.decision.Decision == Deny {
		return permissively.decision, permissive, err
	}
	d := strictly.decision
	d.Decision, d.Reason, d.Message = Conditional, unresolvedValue, ""
	d.Conditions = inWords(slices.Concat(strictly.conditions, permissively.conditions))
	return d, strict, nil
}

// reading is the decision under one reading of unresolved values.
type reading struct {
	decision   Decision
	unresolved bool        // some policy has such values
	conditions []Condition // those in matching statements
}

func (e *Evaluator) decide(ctx context.Context, req *Request, b bound) (reading, error) {
	q, err := e.begin(req, b)
	if err != nil {
		return reading{decision: failed()}, err
	}
	defer q.release()
	if known := e.memo.recall(q, b); known != nil {
		return *known, nil
	}
	if err := e.complete(q, b); err != nil {
		return reading{decision: failed()}, err
	}
	r, err := e.evaluate(ctx, q, b)
	if err == nil {
		e.memo.keep(q, b, &r)
	}
	return r, err
}

// evaluate asks the policies.
func (e *Evaluator) evaluate(ctx context.Context, q *query, b bound) (reading, error) {
	f, hits, err := e.gather(ctx, q)
	if err != nil {
		return reading{decision: failed()}, err
	}
	v, err := e.combiner.verdict(ctx, f)
	if err != nil {
		return reading{decision: failed()}, err
	}
	r := reading{decision: Decision{Decision: v.decision, Reason: q.reason(v), Layers: q.decidingLayers(v, f, hits)}}
	if v.decision == Deny {
		r.decision.Message = q.message(v, hits)
	}
	if v.decision == Deny || b == permissive {
		if r.unresolved = q.unresolved(); r.unresolved {
			r.conditions = q.unresolvedConditions(hits)
		}
	}
	return r, nil
}

// failed is the decision that goes with an error.
func failed() Decision { return Decision{Decision: Deny, Reason: "error"} }

// deciding reports whether the verdict rests on a matching statement.
func (v *verdict) deciding(h hit, f facts) bool {
	if h.class == classDeny {
		return v.reason == "explicit-deny"
	}
	half := h.class == classDelegate || h.class == classLimited && !f.limitedSuffices()
	foreign := !f.has(callerSameAccount) && !f.has(callerService)
	// What needs no other policy comes first: it alone decides.
	names := func(direct, limited fact) bool {
		return h.class == classDirect ||
			!f.has(direct) && (h.class == classLimited || h.class == classDelegate && f.has(callerRoot) && !f.has(limited))
	}
	switch v.reason {
	case "direct-key-policy":
		return h.layer == layerKey && names(keyDirect, keyLimited)
	case "grant":
		return h.layer == layerGrant && names(grantDirect, grantLimited)
	case "key-policy-and-iam":
		return h.layer == layerIdentity || h.layer == layerKey && (half || foreign)
	case "grant-and-iam":
		return h.layer == layerIdentity || h.layer == layerGrant && half
	case "iam-policy":
		return h.layer == layerIdentity
	default:
		return false
	}
}

// decidingLayers lists the deciding statements by layer.
func (q *query) decidingLayers(v *verdict, f facts, hits []hit) []Layer {
	var layers []Layer
	for _, h := range hits {
		if !v.deciding(h, f) {
			continue
		}
		name := q.layerName(h.layer)
		at := slices.IndexFunc(layers, func(l Layer) bool { return l.Layer == name })
		if at < 0 {
			if layers == nil {
				layers = make([]Layer, 0, 2)
			}
			at = len(layers)
			layers = append(layers, Layer{Layer: name, Outcome: h.outcome(f)})
		}
		st := q.statementOf(h)
		if !slices.ContainsFunc(layers[at].Statements, st.same) {
			layers[at].Statements = append(layers[at].Statements, st)
		}
	}
	return layers
}

func (s Statement) same(t Statement) bool {
	return s.Policy == t.Policy && s.Index == t.Index && s.Source == t.Source
}

func (h hit) outcome(f facts) string {
	switch {
	case h.class == classDeny:
		return outcomeDeny
	case h.class == classDelegate && !f.has(callerRoot), h.class == classLimited && !f.limitedSuffices():
		return outcomeDelegates
	case h.layer == layerKey && h.class != classDelegate && !f.has(callerSameAccount) && !f.has(callerService):
		return outcomeDelegates // the account of whom it names must allow as well
	default:
		return outcomeAllow
	}
}

// statementOf describes a matching statement.
func (q *query) statementOf(h hit) Statement {
	if h.layer == layerGrant {
		return grantStatement(q.grants[h.group].grants[h.statement], h.statement)
	}
	doc := q.documents(h.layer)[h.group][h.document]
	st := statementOf(doc, statementAt(doc, h.statement))
	st.Matched, st.Deciding = true, true
	return st
}

// statementAt finds a statement by its index.
func statementAt(doc *policy.Document, index int) *policy.Statement {
	at := slices.IndexFunc(doc.Statements, func(s *policy.Statement) bool { return s.Index == index })
	return doc.Statements[at]
}

func statementOf(doc *policy.Document, s *policy.Statement) Statement {
	return Statement{
		Policy: doc.Name, Sid: s.Sid, Index: s.Index, Source: s.Pos, Effect: s.Effect.String(),
	}
}

func grantStatement(g *Grant, index int) Statement {
	return Statement{
		Policy: grantName(g), Sid: g.Name, Index: index, Source: g.Pos, Effect: policy.Allow.String(),
		Matched: true, Deciding: true,
	}
}

// documents are the policies of a layer, in the order of the query's units.
func (q *query) documents(layer layerKind) [][]*policy.Document {
	p := q.req.Principal
	switch layer {
	case layerSCP:
		return q.account.SCPs
	case layerRCP:
		return q.owner.RCPs
	case layerEndpoint:
		return [][]*policy.Document{q.req.EndpointPolicies}
	case layerKey:
		return [][]*policy.Document{{q.req.resourcePolicy()}}
	case layerIdentity:
		return [][]*policy.Document{p.Identity}
	case layerBoundary:
		return [][]*policy.Document{{p.Boundary}}
	case layerSession:
		return [][]*policy.Document{p.Session}
	default: // not reached: grants are no documents
		return nil
	}
}
