package evaluator

import (
	"context"
	"slices"

	"github.com/strictkms/strictkms/rego"
)

// maxWays bounds the ways that an answer lists.
const maxWays = 64

// resolved is the answer under one reading of unresolved values.
type resolved struct {
	Residual
	unresolved bool
	// doubts are the unresolved values of statements that matter.
	doubts []Condition
}

// resolve decides requests of which all must be allowed, under one reading of unresolved values. With brief the ways are
// not written down.
func (e *Evaluator) resolve(ctx context.Context, reqs []Request, u Unknown, b bound, brief bool) (resolved, error) {
	var best, worst reading
	out := resolved{}
	atoms := &atomsOf{ctx: ctx, e: e}
	var parts []*collector
	failure := resolved{Residual: Residual{Decision: failed()}}
	for i := range reqs {
		var err error
		if best, worst, err = e.bothWays(ctx, &reqs[i], u, b); err != nil {
			return failure, err
		}
		out.unresolved = out.unresolved || best.unresolved || worst.unresolved
		out.doubts = slices.Concat(out.doubts, best.conditions, worst.conditions)
		if best.decision.Decision == Deny {
			out.Decision = best.decision
			return out, nil
		}
		if len(parts) == 0 { // of the first part that is not allowed, or else of the last
			out.Decision = worst.decision
		}
		if worst.decision.Decision == Allow {
			continue
		}
		q, err := e.openQuery(&reqs[i], u, b)
		if err != nil { // not where the request was decided before
			return failure, err
		}
		defer q.release()
		c, err := e.collect(ctx, q, atoms)
		if err != nil {
			return failure, err
		}
		parts = append(parts, c)
	}
	if len(parts) == 0 {
		return out, nil
	}
	m := &maker{atoms: atoms, brief: brief}
	ways, err := m.ways(ctx, parts)
	switch {
	case err != nil:
		return failure, err
	case m.none(ways):
	case m.always(ways):
		out.Decision = best.decision
	case brief:
		out.Decision = Decision{Decision: Conditional}
	default:
		m.write(&out, ways)
	}
	for _, c := range parts {
		out.doubts = append(out.doubts, c.doubts()...)
	}
	return out, nil
}

// none reports that there is no way: what allows and what does not deny exclude each other.
func (m *maker) none(ways []cube) bool { return len(ways) == 0 && !m.cut }

// always reports that the ways leave nothing out.
func (m *maker) always(ways []cube) bool { return m.within(m.everything().box, ways) }

// bothWays decides a request with all that is open read in favour of it, and if that allows, against it.
func (e *Evaluator) bothWays(ctx context.Context, req *Request, u Unknown, b bound) (best, worst reading, err error) {
	best, err = e.leaning(ctx, req, u, b, inFavour)
	if err != nil || best.decision.Decision == Deny {
		return best, best, err
	}
	worst, err = e.leaning(ctx, req, u, b, against)
	return best, worst, err
}

// ways makes the conjunctions of which one must hold.
func (m *maker) ways(ctx context.Context, parts []*collector) ([]cube, error) {
	if err := m.atoms.classify(); err != nil {
		return nil, err
	}
	all := []cube{m.everything()}
	for _, c := range parts {
		ways, err := m.waysOf(ctx, c)
		if err != nil {
			return nil, err
		}
		all = m.product(all, ways)
	}
	if m.brief {
		return all, nil
	}
	all = m.simplify(all)
	if len(all) > maxWays {
		m.cut = true
		all = all[:maxWays]
	}
	return all, nil
}

// waysOf makes those of one request.
func (m *maker) waysOf(ctx context.Context, c *collector) ([]cube, error) {
	paths, err := c.paths(ctx, nil, c.f, c.openFacts())
	if err != nil {
		return nil, err
	}
	var out []cube
	for i := range paths {
		ways := []cube{m.everything()}
		for _, f := range paths[i].helping {
			ways = m.product(ways, m.good(c, f))
		}
		for _, way := range ways {
			way.paths = []*path{&paths[i]}
			out = m.add(out, way)
		}
	}
	return out, nil
}

// write writes the ways down.
func (m *maker) write(out *resolved, ways []cube) {
	out.Decision = Decision{Decision: Conditional, Reason: unknownContext}
	out.Omitted = m.cut
	for _, c := range ways {
		w := Way{Conditions: []Condition{}}
		for _, p := range c.paths {
			hits := slices.Clone(p.of.hits)
			for _, claim := range c.takes {
				if claim.of == p.of {
					hits = append(hits, claim.hit)
				}
			}
			w.Reason = p.of.q.reason(p.verdict)
			w.Layers = addLayers(w.Layers, p.of.q.decidingLayers(p.verdict, p.facts, hits))
			w.doubts = append(w.doubts, p.of.q.unresolvedConditions(hits)...)
		}
		for _, unless := range []bool{false, true} {
			for _, l := range c.literals {
				if l.negated == unless {
					w.Conditions = append(w.Conditions, m.condition(l))
				}
			}
		}
		out.Ways = append(out.Ways, w)
	}
	out.Assumptions = m.assumptions(ways)
	for _, p := range ways[0].paths {
		out.Warnings = append(out.Warnings, p.of.q.warnings()...)
	}
	slices.Sort(out.Warnings)
	out.Warnings = slices.Compact(out.Warnings)
	out.finish()
}

// assumptions lists the named assumptions that the ways rest on: those of the verdicts and of the statements that the
// conditions come from.
func (m *maker) assumptions(ways []cube) []string {
	var out []string
	add := func(q *query, names []rego.Assumption) {
		for _, name := range names {
			out = append(out, q.readings.Label(name))
		}
	}
	for _, c := range ways {
		for _, p := range c.paths {
			for _, name := range p.verdict.assumptions {
				add(p.of.q, []rego.Assumption{rego.Assumption(name)})
			}
		}
		for _, l := range c.literals {
			a := m.atoms.list[l.atom]
			add(a.q, a.st.assumptions)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// finish makes the parts of a conditional answer that follow from the ways.
func (r *resolved) finish() {
	r.Conditions, r.Layers = nil, nil
	for _, w := range r.Ways {
		if text := w.String(); !slices.Contains(r.Conditions, text) {
			r.Conditions = append(r.Conditions, text)
		}
		r.Layers = addLayers(r.Layers, w.Layers)
	}
}

// addLayers adds the statements of layers to those of others.
func addLayers(to, layers []Layer) []Layer {
	for _, l := range layers {
		at := slices.IndexFunc(to, func(known Layer) bool { return known.Layer == l.Layer })
		if at < 0 {
			l.Statements = slices.Clone(l.Statements)
			to = append(to, l)
			continue
		}
		for _, st := range l.Statements {
			if !slices.ContainsFunc(to[at].Statements, st.same) {
				to[at].Statements = append(to[at].Statements, st)
			}
		}
	}
	return to
}

// doubts are the unresolved values of rules that deny for some values of the open keys.
func (c *collector) doubts() []Condition {
	var hits []hit
	for _, f := range c.openFacts() {
		for _, rule := range c.rules[f] {
			if rule.hit.class == classDeny {
				hits = append(hits, rule.hit)
			}
		}
	}
	return c.q.unresolvedConditions(hits)
}

// mergeBounds combines the answers under both readings of unresolved values: what allows when they speak against the
// request allows in any case; what else allows when they speak for it depends on them.
func mergeBounds(strictly, permissively resolved) Residual {
	out := resolved{Residual: Residual{
		Decision: Decision{Decision: Conditional, Reason: unknownContext},
		Ways:     slices.Clone(strictly.Ways), Omitted: strictly.Omitted || permissively.Omitted,
	}}
	more := permissively.Ways
	if permissively.Decision.Decision == Allow {
		more = []Way{{Reason: permissively.Reason, Layers: permissively.Layers, doubts: permissively.doubts}}
	}
	if strictly.Decision.Decision == Deny && permissively.Decision.Decision == Allow {
		out.Reason = unresolvedValue
	}
	for _, w := range more {
		if slices.ContainsFunc(strictly.Ways, func(known Way) bool { return known.follows(w) }) {
			continue
		}
		w.Conditions = append(slices.Clone(w.Conditions), uniqueDoubts(slices.Concat(w.doubts, strictly.doubts))...)
		out.Ways = append(out.Ways, w)
	}
	out.finish()
	return out.Residual
}

// uniqueDoubts lists each unresolved value once. There is always one where the two readings differ: that none of a
// statement that was looked at has any would hide that an answer depends on them.
func uniqueDoubts(doubts []Condition) []Condition {
	var out []Condition
	for _, d := range doubts {
		if !slices.ContainsFunc(out, d.same) {
			out = append(out, d)
		}
	}
	if len(out) == 0 { // not reached, as far as is known
		out = append(out, Condition{Element: elementUnresolved, Values: []string{}, Text: "what the policies' source could not compute allows it"})
	}
	return out
}
