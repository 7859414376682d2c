package diff

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// comparer compares two worlds.
type comparer struct {
	worlds     [sides]*source.World
	evaluators [sides]*evaluator.Evaluator
	candidates []*candidate
	resources  []*resource
	// endpoints are the ids of VPC endpoints whose policies differ, and "" for requests that come through none.
	endpoints []string
	// sameAccount says of which accounts the organization is the same.
	sameAccount map[string]bool
	// solver proves what follows from what.
	solver *solver
	// plain is true for comparing everything: property tests hold the shortcuts to it.
	plain bool

	compared atomic.Int64
	lock     sync.Mutex
	found    []found
}

// found is one change.
type found struct {
	candidate *candidate
	resource  *resource
	action    *policy.Action
	endpoint  string
	kind      Kind
	before    Access
	after     Access
}

func newComparer(before, after Side) *comparer {
	c := &comparer{
		worlds:      [sides]*source.World{before.World, after.World},
		evaluators:  [sides]*evaluator.Evaluator{before.Evaluator, after.Evaluator},
		sameAccount: map[string]bool{},
		solver:      newSolver(after.Evaluator),
	}
	c.candidates = candidates(c.worlds)
	c.resources = resources(c.worlds)
	c.endpoints = append([]string{""}, c.changedEndpoints()...)
	accounts := map[string]bool{}
	for _, w := range c.worlds {
		for id := range w.Accounts {
			accounts[id] = true
		}
	}
	for id := range accounts {
		c.sameAccount[id] = accountPrint(c.worlds[old].Account(id)) == accountPrint(c.worlds[new_].Account(id))
	}
	return c
}

// changedEndpoints are the VPC endpoints of both worlds whose policies differ. One that is new is no way to do more than
// without it.
func (c *comparer) changedEndpoints() []string {
	var ids []string
	for id, after := range c.worlds[new_].Endpoints {
		if before, ok := c.worlds[old].Endpoints[id]; ok && documentPrint(before) != documentPrint(after) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// unchangedAccount reports whether what an account's organization says is the same in both worlds.
func (c *comparer) unchangedAccount(id string) bool {
	same, known := c.sameAccount[id]
	return same || !known
}

// run compares everybody, on all processors.
func (c *comparer) run(ctx context.Context) error {
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, candidate := range c.candidates {
		if groupContext.Err() != nil {
			break
		}
		group.Go(func() error { return c.candidate(groupContext, candidate) })
	}
	return errors.Join(group.Wait(), context.Cause(ctx))
}

// candidate compares what one candidate can do.
func (c *comparer) candidate(ctx context.Context, who *candidate) error {
	for _, endpoint := range c.endpoints {
		for _, r := range c.resources {
			if endpoint == "" && !c.plain && who.same && r.same && c.unchangedAccount(who.account()) && c.unchangedAccount(r.account()) {
				continue
			}
			if who.kind == source.CandidateWebIdentity && r.side[old].role == nil && r.side[new_].role == nil {
				continue // who has no credentials of AWS yet can only assume a role
			}
			for _, action := range r.actions {
				if err := c.one(ctx, who, r, action, endpoint); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// account is the account of the candidate.
func (c *candidate) account() string {
	for _, side := range c.side {
		if side != nil {
			return side.Account
		}
	}
	return ""
}

// one compares one action.
func (c *comparer) one(ctx context.Context, who *candidate, r *resource, action *policy.Action, endpoint string) error {
	c.compared.Add(1)
	q := question{who: who, resource: r, action: action, endpoint: endpoint}
	var verdicts [sides]evaluator.Verdict
	for side := range sides {
		v, err := c.settle(ctx, &q, side)
		if err != nil {
			return err
		}
		verdicts[side] = v
	}
	if verdicts[old] == verdicts[new_] && verdicts[old] != evaluator.Conditional {
		return nil
	}
	var answers [sides]*answer
	for side := range sides {
		a, err := c.answer(ctx, &q, side, verdicts[side])
		if err != nil {
			return err
		}
		answers[side] = a
	}
	kind, before, after, err := c.change(ctx, c.about(&q), answers[old], answers[new_])
	if err != nil || kind == unchanged {
		return err
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	c.found = append(c.found, found{
		candidate: who, resource: r, action: action, endpoint: endpoint, kind: kind, before: before, after: after,
	})
	return nil
}

// question is one comparison.
type question struct {
	who      *candidate
	resource *resource
	action   *policy.Action
	endpoint string
}

// request is the request in one world, and what it leaves open; false when principal or resource are not there.
func (c *comparer) request(q *question, side int) (evaluator.Request, evaluator.Unknown, bool) {
	who, on := q.who.side[side], q.resource.side[side]
	if who == nil || !on.present {
		return evaluator.Request{}, evaluator.Unknown{}, false
	}
	req := evaluator.Request{Principal: who.Principal, Action: q.action.Name, Key: on.key, Role: on.role, Alias: on.alias}
	open := evaluator.Unknown{Others: true, Keys: slices.Clone(who.Open)}
	if q.action.IsKMS() {
		open.Keys = append(open.Keys, "aws:ViaAWSService")
	}
	// A request may give another value to a parameter than the operation's default.
	open.Keys = slices.AppendSeq(open.Keys, maps.Keys(q.action.Defaults))
	if q.endpoint != "" {
		req.EndpointPolicies = []*policy.Document{c.worlds[side].Endpoints[q.endpoint]}
		req.Context = evaluator.Context{"aws:SourceVpce": {q.endpoint}}
	}
	return req, open, true
}

// settle decides quickly; Conditional may turn out to be settled.
func (c *comparer) settle(ctx context.Context, q *question, side int) (evaluator.Verdict, error) {
	req, open, ok := c.request(q, side)
	if !ok {
		return evaluator.Deny, nil
	}
	return c.evaluators[side].Settle(ctx, req, open)
}

// answer is what a question came to in one world.
type answer struct {
	verdict evaluator.Verdict
	reason  string
	ways    []evaluator.Way
	omitted bool
	layers  []evaluator.Layer
}

// answer is resolve without what cannot be of who asks, and of the types of condition keys.
func (c *comparer) answer(ctx context.Context, q *question, side int, settled evaluator.Verdict) (*answer, error) {
	a, err := c.resolve(ctx, q, side, settled)
	if err != nil || a.verdict != evaluator.Conditional {
		return a, err
	}
	if a.ways, err = c.solver.possible(ctx, c.about(q), a.ways); err != nil || len(a.ways) > 0 || a.omitted {
		return a, err
	}
	return c.resolve(ctx, q, side, evaluator.Deny)
}

// about is what a question is about.
func (c *comparer) about(q *question) subject {
	return subject{action: q.action, facts: c.facts(q.who)}
}

// facts are what is known of those for whom nobody in particular stands: their account.
func (c *comparer) facts(who *candidate) []evaluator.Condition {
	inAccount := func(id string, unless bool) evaluator.Condition {
		return evaluator.Condition{
			Element: elementCondition, Operator: "ArnLike", Key: "aws:PrincipalArn", Values: []string{"arn:*:*::" + id + ":*"}, Unless: unless,
		}
	}
	var out []evaluator.Condition
	for _, side := range who.side {
		if side != nil && side.Within != "" {
			out = append(out, inAccount(side.Within, false))
			for _, id := range side.Without {
				out = append(out, inAccount(id, true))
			}
		}
	}
	return out
}

// The reasons for what is not there.
const (
	noPrincipal = "no-principal"
	noResource  = "no-resource"
)

// resolve decides exactly, with the statements that it rests on.
func (c *comparer) resolve(ctx context.Context, q *question, side int, settled evaluator.Verdict) (*answer, error) {
	req, open, ok := c.request(q, side)
	switch {
	case !ok && q.who.side[side] == nil:
		return &answer{verdict: evaluator.Deny, reason: noPrincipal}, nil
	case !ok:
		return &answer{verdict: evaluator.Deny, reason: noResource}, nil
	case settled != evaluator.Conditional:
		// A request that carries nothing of what is open shows why.
		d, err := c.evaluators[side].Authorize(ctx, req)
		return &answer{verdict: settled, reason: d.Reason, layers: d.Layers}, err
	}
	r, err := c.evaluators[side].Resolve(ctx, req, open)
	if err != nil {
		return nil, err
	}
	return &answer{
		verdict: r.Decision.Decision, reason: r.Reason, ways: r.Ways, omitted: r.Omitted, layers: r.Layers,
	}, nil
}
