package access

import (
	"context"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Who is one of those whom an answer is about.
type Who struct {
	// Principal is an ARN, the name of a service or a provider, or says in words who is meant.
	Principal string               `json:"principal"`
	Kind      source.CandidateKind `json:"kind"`
	Account   string               `json:"account,omitempty"`
	// Note says what is not known about them, for example that their IAM policies were not loaded.
	Note string `json:"note,omitempty"`
	// Unknown is what could not be loaded about somebody who was.
	Unknown []string `json:"unknown,omitempty"`
}

func whoOf(c *source.Candidate) Who {
	w := Who{Principal: c.Name, Kind: c.Kind, Account: c.Account, Note: c.Note}
	if c.Note == "" {
		w.Unknown = c.Principal.Unknown
	}
	return w
}

// Entry says of one of those who were asked about what they can do.
type Entry struct {
	Who
	Access
}

// WhoCan is the answer to the question who can do an action with a key. Its JSON form is stable.
type WhoCan struct {
	Action string `json:"action"`
	Key    string `json:"key,omitempty"`
	// Unknown is what could not be loaded about the key.
	Unknown []string `json:"unknown,omitempty"`
	// Asked is how many were asked about.
	Asked int `json:"asked"`
	// Principals are those who can, always or under conditions, and with [Options.All] those who never can.
	Principals []Entry `json:"principals"`
	// Doubtful are those who never can as far as is known, but of whom something could not be loaded.
	Doubtful []Who `json:"doubtful,omitempty"`
	// Indirect are the ways that take more than the one call: by changing what policies say, or as somebody else.
	Indirect []Indirect `json:"indirect"`
}

// Options say what an answer is to contain.
type Options struct {
	// All lists those who never can, too.
	All bool
	// Direct leaves out the indirect ways.
	Direct bool
}

// WhoCan answers who can do an action with a key, named by alias when alias is not empty (an ARN).
func (a *Asker) WhoCan(ctx context.Context, action *policy.Action, key *evaluator.Key, alias string, o Options) (*WhoCan, error) {
	candidates := a.world.Candidates()
	out := &WhoCan{Action: action.Name, Asked: len(candidates), Principals: []Entry{}, Indirect: []Indirect{}}
	if key != nil {
		out.Key, out.Unknown = key.ARN, key.Unknown
	}
	answers := make([]Access, len(candidates))
	err := each(ctx, len(candidates), func(ctx context.Context, i int) error {
		if !o.All && !a.possible(candidates[i].Principal, key).Has(action) {
			answers[i].Verdict = Never
			return nil
		}
		q := a.question(&candidates[i], action, key, alias)
		var err error
		answers[i], err = a.access(ctx, &q)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range candidates {
		who := whoOf(&candidates[i])
		switch {
		case who.Kind == source.CandidateWebIdentity: // who can only assume a role
			out.Asked--
		case answers[i].Verdict != Never || o.All:
			out.Principals = append(out.Principals, Entry{who, answers[i]})
		case len(who.Unknown) > 0:
			out.Doubtful = append(out.Doubtful, who)
		}
	}
	if key != nil && !o.Direct {
		p := paths{Asker: a, candidates: candidates, action: action, key: key, direct: answers}
		out.Indirect, err = p.find(ctx)
	}
	return out, err
}
