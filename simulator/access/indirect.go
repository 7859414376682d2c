package access

import (
	"cmp"
	"context"
	"slices"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Change says by what an indirect way leads to the key.
type Change string

// The kinds of indirect way. A way that passes through other roles first is named by what it ends with.
const (
	AsRole    Change = "assume-role"    // as a role that can
	KeyPolicy Change = "put-key-policy" // by another key policy
	GrantMade Change = "create-grant"   // by a grant
	IAMPolicy Change = "iam-policy"     // by another IAM policy of its own
	AsUser    Change = "as-user"        // with credentials of a user that can
	// PolicyOfAnother is by an IAM policy for a role or a user, and then as that.
	PolicyOfAnother Change = "iam-policy-of-another"
)

// Indirect is a way that takes more than the one call.
type Indirect struct {
	Who
	Verdict Verdict `json:"access"` // that of the step that is least certain
	By      Change  `json:"by"`
	// Steps are the calls, in order. The last is the action that was asked about, with what the steps before it made.
	Steps []Step `json:"steps"`
}

// Step is one call of an indirect way.
type Step struct {
	// Principal is who makes the call.
	Principal string `json:"principal"`
	Action    string `json:"action"`
	// On is the ARN that it acts on.
	On string `json:"on"`
	// After says in words what an earlier step changed for this one to be possible, empty for nothing.
	After string `json:"after,omitempty"`
	Access
}

// paths finds the indirect ways to do an action with a key.
type paths struct {
	*Asker
	candidates []source.Candidate
	action     *policy.Action
	key        *evaluator.Key
	direct     []Access // by candidate

	callers []*callerReach // by candidate
	own     [][]Indirect   // by candidate: what it can change by itself
}

// find returns the indirect ways, in the order of the candidates.
func (p *paths) find(ctx context.Context) ([]Indirect, error) {
	n := len(p.candidates)
	p.callers, p.own = make([]*callerReach, n), make([][]Indirect, n)
	err := each(ctx, n, func(_ context.Context, i int) error {
		p.callers[i] = p.caller(p.candidates[i].Principal)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, n, func(ctx context.Context, i int) error {
		if p.direct[i].Verdict == Always {
			return nil // more than always is not to be had
		}
		var err error
		p.own[i], err = p.changes(ctx, i)
		return err
	})
	if err != nil {
		return nil, err
	}
	chains, err := p.chains(ctx)
	if err != nil {
		return nil, err
	}
	out := []Indirect{}
	for i := range p.candidates {
		out = append(out, p.own[i]...)
		out = append(out, chains[i]...)
	}
	return out, nil
}

// may reports whether an action on a resource, which identity policies alone decide, can be allowed to a candidate at all.
func (p *paths) may(i int, action *policy.Action, on string) bool {
	return p.testOnlyPlain || p.callers[i].may(on).Has(action)
}

// step asks about one call.
func (p *paths) step(ctx context.Context, i int, q question, on string) (Step, error) {
	access, err := p.access(ctx, &q)
	return Step{Principal: p.candidates[i].Name, Action: q.Action, On: on, Access: access}, err
}

// indirect is a way of a candidate.
func (p *paths) indirect(i int, by Change, steps ...Step) Indirect {
	return Indirect{Who: whoOf(&p.candidates[i]), Verdict: weakest(steps), By: by, Steps: steps}
}

// weakest is the verdict on a way: that of its least certain step.
func weakest(steps []Step) Verdict {
	out := Always
	for _, s := range steps {
		switch s.Verdict {
		case Never:
			return Never
		case Conditional:
			out = Conditional
		case Always:
		}
	}
	return out
}

// best sorts ways: the more certain and the shorter ones first.
func best(ways []Indirect) {
	slices.SortStableFunc(ways, func(a, b Indirect) int {
		return cmp.Or(cmp.Compare(rank(a.Verdict), rank(b.Verdict)), cmp.Compare(len(a.Steps), len(b.Steps)))
	})
}

func rank(v Verdict) int {
	switch v {
	case Always:
		return 0
	case Conditional:
		return 1
	default:
		return 2
	}
}

// adds reports whether a sequence of calls adds to what a candidate can by the one call. Nothing is to be had beyond
// always. Of somebody whose policies are not known it is enough to say once that it depends on them. And a sequence adds
// nothing that needs all that the one call needs.
func (p *paths) adds(i int, steps []Step) bool {
	direct := &p.direct[i]
	verdict := weakest(steps)
	switch {
	case direct.Verdict == Never:
		return true
	case direct.Verdict == Always || p.candidates[i].Note != "" && verdict != Always:
		return false
	case verdict == Always:
		return true
	}
	before := map[string]bool{}
	last := &steps[len(steps)-1]
	for _, s := range steps[:len(steps)-1] {
		for _, w := range s.Ways {
			for _, c := range w.If {
				before[c.Text] = true
			}
		}
	}
	needsMore := func(w Way) bool {
		return slices.ContainsFunc(direct.Ways, func(d Way) bool {
			return !slices.ContainsFunc(d.If, func(c evaluator.Condition) bool {
				return !before[c.Text] && !slices.ContainsFunc(w.If, func(o evaluator.Condition) bool { return o.Text == c.Text })
			})
		})
	}
	return slices.ContainsFunc(last.Ways, func(w Way) bool { return !needsMore(w) })
}
