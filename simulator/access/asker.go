package access

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
)

// Verdict says whether somebody can do something.
type Verdict string

// The verdicts.
const (
	Always      Verdict = "always"      // whatever else the request carries
	Conditional Verdict = "conditional" // it depends on what the request carries, or on what was not loaded
	Never       Verdict = "never"
)

// verdictOf says in terms of access what the evaluator decides.
func verdictOf(v evaluator.Verdict) Verdict {
	switch v {
	case evaluator.Allow:
		return Always
	case evaluator.Conditional:
		return Conditional
	default:
		return Never
	}
}

// Way is one way in which somebody can do something.
type Way struct {
	// Reason is that of the decision, for example direct-key-policy or grant.
	Reason string `json:"reason"`
	// If are the conditions that must all hold.
	If []evaluator.Condition `json:"if,omitempty"`
	// Statements are those that the way rests on.
	Statements []evaluator.Statement `json:"statements"`
}

// Access is what somebody can do, and how.
type Access struct {
	Verdict Verdict `json:"access"`
	// Reason is why it is never; empty otherwise: the ways have theirs.
	Reason string `json:"reason,omitempty"`
	Ways   []Way  `json:"ways,omitempty"`
	// WaysOmitted is true when there are more ways than are listed.
	WaysOmitted bool `json:"ways_omitted,omitempty"`
}

// Settings say how a question is meant.
type Settings struct {
	// Context returns what is known about the requests about a key, nil for actions without a key.
	Context func(key *evaluator.Key) evaluator.Context
	// EndpointPolicies are those of the VPC endpoint that the requests come through, nil for none.
	EndpointPolicies []*policy.Document
	// Open are the condition keys that are left open besides those that the context does not give.
	Open []string
	// Closed asks what a request can do that carries what Context says and nothing else.
	Closed bool
}

// Asker asks questions about everybody in one world. It is safe for concurrent use.
type Asker struct {
	world    *source.World
	ev       *evaluator.Evaluator
	settings Settings
	callers  sync.Map // of *callerReach by *evaluator.Principal
	keys     sync.Map // of *keyReach by *evaluator.Key
	// strangers are the callers of candidates who stand for others, by *evaluator.Principal.
	strangers sync.Map
	// testOnlyPlain asks the evaluator about everything.
	testOnlyPlain bool
}

// caller returns what can be allowed to a caller.
func (a *Asker) caller(p *evaluator.Principal) *callerReach {
	if known, ok := a.callers.Load(p); ok {
		return known.(*callerReach) //nolint:forcetypeassert // there is nothing else in it
	}
	r := &callerReach{p, allowsOf(p.Identity)}
	a.callers.Store(p, r)
	return r
}

// key returns what a key policy and grants can allow.
func (a *Asker) key(k *evaluator.Key) *keyReach {
	if known, ok := a.keys.Load(k); ok {
		return known.(*keyReach) //nolint:forcetypeassert // there is nothing else in it
	}
	r := reachOf(k)
	a.keys.Store(k, r)
	return r
}

// possible returns the actions on a key that may be allowed to a caller.
func (a *Asker) possible(p *evaluator.Principal, k *evaluator.Key) policy.ActionSet {
	if a.testOnlyPlain || k == nil {
		return policy.AllActions()
	}
	return a.caller(p).on(k, a.key(k))
}

// New returns an asker for a world, which ev decides about.
func New(world *source.World, ev *evaluator.Evaluator, s Settings) *Asker {
	if s.Context == nil {
		s.Context = func(*evaluator.Key) evaluator.Context { return nil }
	}
	return &Asker{world: world, ev: ev, settings: s}
}

// question asks whether a candidate can do an action with a key.
func (a *Asker) question(c *source.Candidate, action *policy.Action, key *evaluator.Key, alias string) question {
	q := question{
		Question: simulator.Question{
			Principal: a.confined(c), Action: action.Name, Key: key, Alias: alias,
			Context: a.settings.Context(key), EndpointPolicies: a.settings.EndpointPolicies,
		},
	}
	q.open = a.open(q.Context, action, c)
	return q
}

// question is a question with what it leaves open.
type question struct {
	simulator.Question
	open evaluator.Unknown
}

// unsigned reports whether there can be no such request: whom an identity provider vouches for has no credentials of AWS
// to sign it with, but can only assume a role.
func (q *question) unsigned() bool {
	return q.Principal.Type == evaluator.WebIdentity && q.Role == nil
}

// open returns what a question leaves open: what the context does not give, and of what would follow from the action and
// the caller, what need not be so. A request may give another value to a parameter than the operation's default.
func (a *Asker) open(given evaluator.Context, action *policy.Action, c *source.Candidate) evaluator.Unknown {
	u := evaluator.Unknown{Others: !a.settings.Closed, Keys: a.settings.Open}
	if a.settings.Closed {
		return u
	}
	names := slices.Concat(u.Keys, c.Open)
	for name := range action.Defaults {
		names = append(names, name)
	}
	u.Keys = slices.DeleteFunc(names, func(name string) bool { return isGiven(given, name) })
	return u
}

// isGiven reports whether the context gives a key, or one of a family.
func isGiven(c evaluator.Context, name string) bool {
	family, isFamily := strings.CutSuffix(policy.FoldKey(name), "*")
	for key := range c {
		if folded := policy.FoldKey(key); folded == family || isFamily && strings.HasPrefix(folded, family) {
			return true
		}
	}
	return false
}

// verdict answers whether, and no more.
func (a *Asker) verdict(ctx context.Context, q *question) (Verdict, error) {
	if q.unsigned() {
		return Never, nil
	}
	requests, err := q.Requests()
	if err != nil {
		return Never, err
	}
	out := Always
	for _, req := range requests {
		v, err := a.ev.SettleExactly(ctx, req, q.open)
		if err != nil {
			return Never, err
		}
		switch verdictOf(v) {
		case Never:
			return Never, nil
		case Conditional:
			out = Conditional
		case Always:
		}
	}
	return out, nil
}

// access answers how.
func (a *Asker) access(ctx context.Context, q *question) (Access, error) {
	if q.unsigned() {
		return Access{Verdict: Never}, nil
	}
	requests, err := q.Requests()
	if err != nil {
		return Access{}, err
	}
	var out Access
	for i, req := range requests {
		part, err := a.resolve(ctx, req, q.open)
		if err != nil {
			return Access{}, err
		}
		if i == 0 {
			out = part
		} else {
			out = both(out, part)
		}
	}
	return out, nil
}

// resolve answers how for one decision.
func (a *Asker) resolve(ctx context.Context, req evaluator.Request, open evaluator.Unknown) (Access, error) {
	r, err := a.ev.Resolve(ctx, req, open)
	if err != nil {
		return Access{}, err
	}
	if r.Decision.Decision != evaluator.Conditional {
		return settledAccess(&r.Decision), nil
	}
	out := Access{Verdict: Conditional, WaysOmitted: r.Omitted}
	for _, w := range r.Ways {
		out.Ways = append(out.Ways, Way{Reason: w.Reason, If: conditions(w.Conditions, w.Reason), Statements: statements(w.Layers)})
	}
	if len(out.Ways) == 1 && len(out.Ways[0].If) == 0 && !out.WaysOmitted { // all that was left is whose name it is
		out.Verdict = Always
	}
	return out, nil
}

func settledAccess(d *evaluator.Decision) Access {
	if d.Decision == evaluator.Allow {
		return Access{Verdict: Always, Ways: []Way{{Reason: d.Reason, Statements: statements(d.Layers)}}}
	}
	return Access{Verdict: Never, Reason: d.Reason}
}

// statements are the deciding statements of the layers, but for those that only stand for policies that were not loaded
// or that somebody could write: they stand nowhere.
func statements(layers []evaluator.Layer) []evaluator.Statement {
	out := []evaluator.Statement{}
	for _, l := range layers {
		for _, s := range l.Statements {
			if s.Deciding && (s.Source.IsValid() || l.Layer == "grant") {
				out = append(out, s)
			}
		}
	}
	return out
}

// conditions are those of a way, in words that name the policies that were not loaded. Where one of them is what allows
// it, it does not deny it either; where something else allows it, that is all that matters of them.
func conditions(list []evaluator.Condition, reason string) []evaluator.Condition {
	var out []evaluator.Condition
	byIAM := strings.Contains(reason, "iam")
	allows := func(c evaluator.Condition) bool { return isStandIn(&c) && !c.Unless }
	denies := func(c evaluator.Condition) bool { return isStandIn(&c) && c.Unless }
	for _, c := range list {
		switch {
		case c.Policy == confinement:
			continue
		case allows(c) && !byIAM && slices.ContainsFunc(list, denies), denies(c) && byIAM && slices.ContainsFunc(list, allows):
			continue
		case denies(c):
			c.Text = c.Policy + " do not deny it"
		case allows(c):
			c.Text = c.Policy + " allow it"
		}
		if !slices.ContainsFunc(out, func(o evaluator.Condition) bool { return o.Text == c.Text }) {
			out = append(out, c)
		}
	}
	return out
}

// isStandIn reports whether a condition is that of a policy of which nothing is known but whose it is.
func isStandIn(c *evaluator.Condition) bool {
	return c.Element == "Unresolved" && strings.HasPrefix(c.Policy, source.UnknownIAM)
}

// both is the access to what two decisions must allow: a way of each.
func both(x, y Access) Access {
	switch {
	case x.Verdict == Never:
		return x
	case y.Verdict == Never:
		return y
	}
	out := Access{Verdict: Always, WaysOmitted: x.WaysOmitted || y.WaysOmitted}
	if x.Verdict == Conditional || y.Verdict == Conditional {
		out.Verdict = Conditional
	}
	for _, one := range x.Ways {
		for _, other := range y.Ways {
			out.Ways = append(out.Ways, Way{
				Reason: other.Reason, If: slices.Concat(one.If, other.If), Statements: slices.Concat(one.Statements, other.Statements),
			})
		}
	}
	return out
}
