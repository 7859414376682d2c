package replay

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Change is the same change for some calls.
type Change struct {
	Principal string `json:"principal"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	// Was and Now are allow or deny.
	Was evaluator.Verdict `json:"was"`
	Now evaluator.Verdict `json:"now"`
	// Reason is that of the decision now, Statements those that it rests on, and Misses those that would have allowed the
	// call and come nearest, when nothing denies it.
	Reason     string                `json:"reason"`
	Statements []evaluator.Statement `json:"statements,omitempty"`
	Misses     []evaluator.Statement `json:"near_misses,omitempty"`
	Count      int                   `json:"count"`
	First      time.Time             `json:"first"`
	Last       time.Time             `json:"last"`
	// Event is the first event of them, by its id and place.
	Event  string          `json:"event"`
	Source policy.Position `json:"source,omitzero"`
}

// Untold are events that do not tell enough to be decided, for the same reason.
type Untold struct {
	Why   string `json:"why"`
	Count int    `json:"count"`
	// Event is the first event of them, by its id and place.
	Event  string          `json:"event"`
	Source policy.Position `json:"source,omitzero"`
}

// Report is what would change. Its JSON form is stable.
type Report struct {
	// Events counts all events; it is Same, those of Changes and those of Undecided together.
	Events int `json:"events"`
	// Same counts the calls that would be decided as they were.
	Same      int      `json:"same"`
	Changes   []Change `json:"changes"`
	Undecided []Untold `json:"undecided"`
}

// Changed counts the calls that would be decided otherwise.
func (r *Report) Changed() int {
	n := 0
	for _, c := range r.Changes {
		n += c.Count
	}
	return n
}

// Replayer decides events in one world.
type Replayer struct {
	world   *source.World
	ev      *evaluator.Evaluator
	events  int
	same    int
	changes map[changeID]*Change
	untold  map[string]*Untold
}

// changeID is what changes have in common that are counted together.
type changeID struct{ principal, action, resource, was, reason string }

// New returns a replayer for a world, which ev decides about.
func New(world *source.World, ev *evaluator.Evaluator) *Replayer {
	return &Replayer{world: world, ev: ev, changes: map[changeID]*Change{}, untold: map[string]*Untold{}}
}

// Add decides one event.
func (r *Replayer) Add(ctx context.Context, e *Event) error {
	r.events++
	c, err := e.call(r.world)
	if err != nil {
		return r.undecided(e, err)
	}
	for i := range c.requests {
		req := &c.requests[i]
		d, err := r.ev.Resolve(ctx, *req, c.untold)
		if err != nil {
			return r.undecided(e, err)
		}
		last := i == len(c.requests)-1
		switch {
		case d.Decision.Decision == evaluator.Conditional:
			return r.undecided(e, openError(c, &d))
		case d.Decision.Decision == evaluator.Deny || last:
			return r.decided(ctx, e, c, req, &d.Decision)
		}
	}
	return r.undecided(e, untold("it asked for nothing"))
}

// openError says what the answer to a call depends on.
func openError(c *call, d *evaluator.Residual) error {
	for _, w := range d.Ways {
		for _, condition := range w.Conditions {
			if strings.HasPrefix(condition.Policy, source.UnknownIAM) {
				return untold("it depends on the IAM policies of %s, which are not loaded", c.who())
			}
		}
	}
	return untold("it depends on what it does not tell: %s", strings.Join(shorten(d.Conditions), "; or "))
}

// maxShown bounds the conditions of a reason.
const maxShown = 2

func shorten(conditions []string) []string {
	if len(conditions) > maxShown {
		return append(slices.Clone(conditions[:maxShown]), "…")
	}
	return conditions
}

// undecided counts an event that was not decided. Everything but a reason of that is an error.
func (r *Replayer) undecided(e *Event, err error) error {
	_, tells := errors.AsType[*untoldError](err)
	if _, bad := errors.AsType[*evaluator.RequestError](err); !tells && !bad {
		return err
	}
	why := err.Error()
	if r.untold[why] == nil {
		r.untold[why] = &Untold{Why: why, Event: e.EventID, Source: e.Pos}
	}
	r.untold[why].Count++
	return nil
}

// decided counts a call that was decided.
func (r *Replayer) decided(ctx context.Context, e *Event, c *call, req *evaluator.Request, d *evaluator.Decision) error {
	if (d.Decision == evaluator.Allow) == c.allowed {
		r.same++
		return nil
	}
	was := evaluator.Deny
	if c.allowed {
		was = evaluator.Allow
	}
	who := c.who()
	id := changeID{who, req.Action, cmp.Or(req.Acted(), "*"), string(was), d.Reason}
	change := r.changes[id]
	if change == nil {
		explained, err := r.explain(ctx, req, d)
		if err != nil {
			return err
		}
		change = &Change{
			Principal: who, Action: req.Action, Resource: id.resource, Was: was, Now: d.Decision, Reason: d.Reason,
			Statements: explained.deciding, Misses: explained.misses, First: e.EventTime, Last: e.EventTime,
			Event: e.EventID, Source: e.Pos,
		}
		r.changes[id] = change
	}
	change.Count++
	if e.EventTime.Before(change.First) {
		change.First = e.EventTime
	}
	if e.EventTime.After(change.Last) {
		change.Last = e.EventTime
	}
	return nil
}

// who called: of a session the role, so that calls of all its sessions are counted together.
func (c *call) who() string {
	if p := c.principal; p.Type == evaluator.RoleSession {
		return p.Issuer
	}
	return c.principal.ARN
}

// explanation is what a decision rests on.
type explanation struct{ deciding, misses []evaluator.Statement }

// maxMisses bounds the statements that come nearest.
const maxMisses = 2

// explain explains a decision. What the event does not tell does not matter to it: it is explained as missing.
func (r *Replayer) explain(ctx context.Context, req *evaluator.Request, d *evaluator.Decision) (explanation, error) {
	full, err := r.ev.Explain(ctx, *req)
	if err != nil {
		return explanation{}, err
	}
	if full.Decision != d.Decision { // what is open was read in a derived way
		full = *d
	}
	var out explanation
	for _, layer := range full.Layers {
		for _, st := range layer.Statements {
			switch {
			case st.Deciding:
				out.deciding = append(out.deciding, st)
			case !st.Matched && st.Effect == policy.Allow.String() && len(st.Unmet) > 0 && d.Decision == evaluator.Deny:
				out.misses = append(out.misses, st)
			}
		}
	}
	slices.SortStableFunc(out.misses, func(a, b evaluator.Statement) int { return a.Distance() - b.Distance() })
	out.misses = out.misses[:min(len(out.misses), maxMisses)]
	if len(out.deciding) > 0 && d.Reason == "explicit-deny" {
		out.misses = nil
	}
	return out, nil
}

// Report sums up: what was allowed and would be denied first, then by how many calls it concerns.
func (r *Replayer) Report() *Report {
	out := &Report{Events: r.events, Same: r.same, Changes: []Change{}, Undecided: []Untold{}}
	for _, c := range r.changes {
		out.Changes = append(out.Changes, *c)
	}
	slices.SortFunc(out.Changes, func(a, b Change) int {
		return cmp.Or(
			strings.Compare(string(a.Was), string(b.Was)), cmp.Compare(b.Count, a.Count), strings.Compare(a.Principal, b.Principal),
			strings.Compare(a.Action, b.Action), strings.Compare(a.Resource, b.Resource), strings.Compare(a.Reason, b.Reason),
		)
	})
	for _, u := range r.untold {
		out.Undecided = append(out.Undecided, *u)
	}
	slices.SortFunc(out.Undecided, func(a, b Untold) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Why, b.Why))
	})
	return out
}
