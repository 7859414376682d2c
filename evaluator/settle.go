package evaluator

import "context"

// Settle decides a request that leaves condition keys open, at the cost of a few decisions: Allow or Deny when that is
// the answer whatever they are, else Conditional. It may say Conditional where [Evaluator.Resolve], which looks at what
// the conditions have to do with each other, finds that the answer is always the same.
func (e *Evaluator) Settle(ctx context.Context, req Request, u Unknown) (Verdict, error) {
	v, _, err := e.settle(ctx, &req, u)
	return v, err
}

// settle is Settle, and reports whether unresolved values have a say.
func (e *Evaluator) settle(ctx context.Context, req *Request, u Unknown) (v Verdict, unresolved bool, err error) {
	q, err := e.openQuery(req, u, permissive)
	if err != nil {
		return Deny, false, err
	}
	defer func() { q.release() }()
	best, err := e.verdictOf(ctx, q, inFavour)
	if err != nil || best == Deny {
		return Deny, false, err
	}
	if unresolved = q.unresolved(); unresolved {
		q.release()
		if q, err = e.openQuery(req, u, strict); err != nil { // not where the request was decided before
			return Deny, true, err
		}
	}
	worst, err := e.verdictOf(ctx, q, against)
	if err != nil || worst == Allow {
		return worst, unresolved, err
	}
	return Conditional, unresolved, nil
}

// SettleExactly gives the verdict of [Evaluator.Resolve] without the ways, which costs less.
func (e *Evaluator) SettleExactly(ctx context.Context, req Request, u Unknown) (Verdict, error) {
	v, unresolved, err := e.settle(ctx, &req, u)
	if err != nil || v != Conditional {
		return v, err
	}
	if !unresolved {
		return e.exactly(ctx, &req, u)
	}
	strictly, err := e.resolve(ctx, []Request{req}, u, strict, true)
	if err != nil || strictly.Decision.Decision == Allow || !strictly.unresolved {
		return strictly.Decision.Decision, err
	}
	permissively, err := e.resolve(ctx, []Request{req}, u, permissive, true)
	if err != nil || permissively.Decision.Decision == Deny {
		return permissively.Decision.Decision, err
	}
	return Conditional, nil
}

// exactly finds the verdict of a request without unresolved values that settles as Conditional.
func (e *Evaluator) exactly(ctx context.Context, req *Request, u Unknown) (Verdict, error) {
	q, err := e.openQuery(req, u, strict)
	if err != nil { // not where the request was decided before
		return Deny, err
	}
	defer q.release()
	atoms := &atomsOf{ctx: ctx, e: e}
	c, err := e.collect(ctx, q, atoms)
	if err != nil {
		return Deny, err
	}
	m := &maker{atoms: atoms, brief: true}
	ways, err := m.ways(ctx, []*collector{c})
	switch {
	case err != nil, m.none(ways):
		return Deny, err
	case m.always(ways):
		return Allow, nil
	}
	return Conditional, nil
}

// verdictOf decides a request with all that is open read in one way.
func (e *Evaluator) verdictOf(ctx context.Context, q *query, l lean) (Verdict, error) {
	q.lean(l)
	f, _, err := e.gather(ctx, q)
	if err != nil {
		return Deny, err
	}
	v, err := e.combiner.verdict(ctx, f)
	if err != nil {
		return Deny, err
	}
	return v.decision, nil
}

// leaning decides a request with all that is open read in one way.
func (e *Evaluator) leaning(ctx context.Context, req *Request, u Unknown, b bound, l lean) (reading, error) {
	q, err := e.openQuery(req, u, b)
	if err != nil {
		return reading{decision: failed()}, err
	}
	defer q.release()
	q.lean(l)
	return e.evaluate(ctx, q, b)
}

// openQuery looks up what a request with open condition keys needs.
func (e *Evaluator) openQuery(req *Request, u Unknown, b bound) (*query, error) {
	q, err := e.begin(req, b)
	if err != nil {
		return nil, err
	}
	o, err := q.checkUnknown(u)
	if err != nil {
		return nil, err
	}
	o.bound, o.find = b, e.witnesses
	q.open = o
	return q, e.complete(q, b)
}

// lean reads what is open in one way. When it is open whether a service makes the call, the policy of the VPC endpoint
// is read as one that does not apply or does.
func (q *query) lean(l lean) {
	q.open.lean = l
	if q.throughEndpoint() && q.open.mayForward() {
		q.flags &^= 1 << endpointApplies
		q.flags.set(endpointApplies, l == against)
	}
}

// leans decides a rule that open condition keys decide.
func (g *gatherer) leans(h hit, u *unit, rule *candidate) bool {
	st, err := g.e.openStatement(g.q, h, u)
	if err != nil {
		g.err = err
		return false
	}
	matches := (h.class == classDeny) == (g.q.open.lean == against) // when it is open
	if !matches && st.surelyOpen(g.q) {
		return false
	}
	state, _, err := g.e.meet(g.ctx, g.q, st, h.class, rule.indexed)
	if g.err = err; err != nil {
		return false
	}
	return state == isTrue || state == isOpen && matches
}
