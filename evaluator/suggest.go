package evaluator

import (
	"context"
	"slices"
	"strings"
)

const (
	// maxSuggestions bounds how many ways to an allowed request are shown.
	maxSuggestions = 3
	// maxSteps bounds how many changes one suggestion may consist of.
	maxSteps = 4
)

// The weights of changes: how much more than this one request they touch.
const (
	weightRequest   = 1 // the request is made differently
	weightStatement = 2 // a statement that names the caller, or an identity policy, gains an element
	weightNew       = 3 // a policy gains a statement of its own
	weightMore      = 4 // the caller gains more actions than the one
	weightEveryone  = 6 // a statement that names everyone, or a whole account, gains an element
)

// change is one step towards an allowed request.
type change struct {
	text   string
	weight int
	apply  func(scenario) scenario
}

// Suggest returns the smallest changes that would allow a denied request, best first. Each was tried: with
// the change the decision is allow.
func (e *Evaluator) Suggest(ctx context.Context, req Request) ([]string, error) {
	plans, err := e.plans(ctx, req)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, p := range plans {
		if text := p.text(); !slices.Contains(texts, text) && len(texts) < maxSuggestions {
			texts = append(texts, text)
		}
	}
	return texts, nil
}

// plans finds changes that allow a denied request, best first.
func (e *Evaluator) plans(ctx context.Context, req Request) ([]plan, error) {
	start := scenario{req: req, world: e.world}
	first, err := e.changes(ctx, start)
	if err != nil {
		return nil, err
	}
	var out []plan
	for _, c := range first {
		p, ok, err := e.follow(ctx, start, c)
		if err != nil { // see follow
			return nil, err
		}
		if ok {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b plan) int { return a.weight - b.weight })
	return out, nil
}

// plan is a list of changes, in words, that together allow a request.
type plan struct {
	texts  []string
	weight int
	end    scenario // with all changes
}

func (p plan) text() string { return strings.Join(p.texts, "; and ") }

// follow applies a change and then the best one for whatever denies next, until the request is allowed.
func (e *Evaluator) follow(ctx context.Context, s scenario, c change) (plan, bool, error) {
	var p plan
	for range maxSteps {
		p.texts, p.weight = append(p.texts, c.text), p.weight+c.weight
		s = c.apply(s)
		d, err := e.In(s.world).Authorize(ctx, s.req)
		if err != nil { // the context ended: changes only remove from policies or add what compiles
			return plan{}, false, err
		}
		if d.Decision == Allow {
			p.end = s
			return p, true, nil
		}
		next, err := e.changes(ctx, s)
		if err != nil || len(next) == 0 {
			return plan{}, false, err
		}
		c = slices.MinFunc(next, func(a, b change) int { return a.weight - b.weight })
	}
	return plan{}, false, nil
}

// changes lists what could be changed about the reason of a denial, best first.
func (e *Evaluator) changes(ctx context.Context, s scenario) ([]change, error) {
	in := e.In(s.world)
	q, err := in.newQuery(&s.req, strict)
	if err != nil {
		return nil, err
	}
	input, err := q.fullInput()
	if err != nil { // not where the request was decided before
		return nil, err
	}
	x := &explainer{e: in, q: q, f: q.flags, input: input}
	if err := x.run(ctx); err != nil {
		return nil, err
	}
	v, err := e.combiner.verdict(ctx, x.f)
	if err != nil || v.decision == Allow || v.reason == "no-cross-account" {
		return nil, err
	}
	if v.reason == "explicit-deny" {
		return x.againstDeny(), nil
	}
	return x.towardsAllow(v), nil
}
