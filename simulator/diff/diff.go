// Package diff compares two worlds by what they allow: which principal gains or loses which action on which key, under
// which condition. It compares no text. Every answer is a decision of the evaluator, with everything that a request may
// carry left open; policies that are written otherwise and mean the same are no difference.
package diff

import (
	"context"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
)

// Side is one of the two worlds, and what decides in it.
type Side struct {
	World     *source.World
	Evaluator *evaluator.Evaluator
}

// Verdict says what all changes come to.
type Verdict string

// The verdicts. Wider is also the verdict when access may be wider and it could not be proved that it is not.
const (
	Same     Verdict = "same"
	Narrower Verdict = "narrower"
	Wider    Verdict = "wider"
)

// Kind says how the access of a principal to a key changes.
type Kind string

// The kinds of change, the most important first.
const (
	Gained    Kind = "gained"    // never before
	Widened   Kind = "widened"   // under more conditions than before
	MayWiden  Kind = "may-widen" // under other conditions than before; that they are no wider was not proved
	Narrowed  Kind = "narrowed"  // under fewer conditions than before
	Lost      Kind = "lost"      // never any more
	unchanged Kind = ""
)

// IsWider reports whether somebody may do more than before.
func (k Kind) IsWider() bool { return k == Gained || k == Widened || k == MayWiden }

// Access is what somebody can do, on one side.
type Access struct {
	// Access is always, conditional or never.
	Access string `json:"access"`
	// Reason is that of the decision, when it is not conditional.
	Reason string `json:"reason,omitempty"`
	// If are ways in words, when it is conditional: one of them must hold. When both sides are conditional they are those
	// that the other side does not have, or all if there are none of them.
	If []string `json:"if,omitempty"`
	// MoreWays is true when there are more of them.
	MoreWays bool `json:"more_ways,omitempty"`
	// Statements are those that it rests on.
	Statements []evaluator.Statement `json:"statements,omitempty"`
}

// Change is the same change for some principals, actions and resources.
type Change struct {
	Change     Kind     `json:"change"`
	Principals []string `json:"principals"`
	Actions    []string `json:"actions"`
	// Resources are the keys, by ARN, and what else an action acts on: roles, aliases, or * for none.
	Resources []string `json:"resources"`
	// Endpoint is the VPC endpoint that the requests come through, empty for those that come through none.
	Endpoint string `json:"endpoint,omitempty"`
	Before   Access `json:"before"`
	After    Access `json:"after"`

	// shown are the resources as people call them.
	shown []string
	// all is true when the actions are all that there are for the resources.
	all bool
}

// Names are what only one of the worlds has.
type Names struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
}

// Report is what changes. Its JSON form is stable.
type Report struct {
	Verdict Verdict `json:"verdict"`
	// Unproved counts the changes of kind may-widen.
	Unproved int      `json:"unproved"`
	Changes  []Change `json:"changes"`
	// Principals are users and roles that were loaded on one side only, Keys the keys.
	Principals Names `json:"principals"`
	Keys       Names `json:"keys"`
	// Compared counts the decisions that were compared, one for each side.
	Compared int `json:"compared"`
}

// Compare compares what two worlds allow.
func Compare(ctx context.Context, before, after Side) (*Report, error) {
	c := newComparer(before, after)
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	return c.report(), nil
}

// report sums up what was found.
func (c *comparer) report() *Report {
	r := &Report{
		Verdict: Same, Changes: c.grouped(), Compared: int(c.compared.Load()),
		Principals: c.principalNames(), Keys: c.keyNames(),
	}
	for i := range r.Changes {
		k := r.Changes[i].Change
		if k.IsWider() {
			r.Verdict = Wider
		} else if r.Verdict == Same {
			r.Verdict = Narrower
		}
		if k == MayWiden {
			r.Unproved++
		}
	}
	return r
}
