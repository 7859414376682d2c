package access

import (
	"context"
	"slices"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// byPolicyOfAnother asks whether a candidate may give somebody a policy that allows the action and then become them: the
// role that it may assume, or the user that it may make credentials of.
func (p *paths) byPolicyOfAnother(ctx context.Context, i int) ([]Indirect, error) {
	if p.candidates[i].Note != "" { // that is for the policies to say that are not known
		return nil, nil
	}
	if !p.testOnlyPlain && p.callers[i].anywhere().Intersect(giving).IsEmpty() {
		return nil, nil
	}
	var found []Indirect
	for t := range p.candidates {
		if t == i || !p.isTarget(t) || p.direct[t].Verdict == Always {
			continue
		}
		way, err := p.empower(ctx, i, t)
		if err != nil {
			return nil, err
		}
		if way == nil {
			continue
		}
		found = append(found, *way)
		if way.Verdict == Always {
			break
		}
	}
	best(found)
	return found[:min(1, len(found))], nil
}

// The actions that give a user or a role a policy.
var (
	givingToRole = actionsNamed("iam:PutRolePolicy", "iam:AttachRolePolicy")
	givingToUser = actionsNamed("iam:PutUserPolicy", "iam:AttachUserPolicy")
	giving       = setOf(slices.Concat(givingToRole, givingToUser))
)

func actionsNamed(names ...string) []*policy.Action {
	var out []*policy.Action
	for _, name := range names {
		if action, ok := policy.LookupAction(name); ok {
			out = append(out, action)
		}
	}
	return out
}

func setOf(actions []*policy.Action) policy.ActionSet {
	var set policy.ActionSet
	for _, action := range actions {
		set.Add(action)
	}
	return set
}

// givingTo are the actions that give a candidate a policy.
func givingTo(c *source.Candidate) []*policy.Action {
	if c.Kind == source.CandidateUser {
		return givingToUser
	}
	return givingToRole
}

// empower asks whether a candidate may give another one a policy and become it, nil for no.
func (p *paths) empower(ctx context.Context, from, to int) (*Indirect, error) {
	target := &p.candidates[to]
	on := target.Principal.ARN
	if target.Role != nil {
		on = target.Role.ARN
	}
	for _, action := range givingTo(target) {
		if !p.may(from, action, on) {
			continue
		}
		become, err := p.become(ctx, from, to, trustedBy(target.Role))
		if err != nil || become == nil {
			return nil, err
		}
		q := p.question(&p.candidates[from], action, nil, "")
		q.Resource, q.ResourceTags = on, target.Principal.Tags
		first, err := p.step(ctx, from, q, on)
		if err != nil {
			return nil, err
		}
		if first.Verdict == Never {
			continue
		}
		last, err := p.withAnyPolicy(ctx, to)
		if err != nil || last.Verdict == Never {
			return nil, err
		}
		last.After = "the IAM policy that it was given"
		steps := append([]Step{first}, append(become, last)...)
		if !p.adds(from, steps) {
			return nil, nil
		}
		way := p.indirect(from, PolicyOfAnother, steps...)
		return &way, nil
	}
	return nil, nil
}

// withAnyPolicy asks about the action when a candidate has a policy that allows everything.
func (p *paths) withAnyPolicy(ctx context.Context, i int) (Step, error) {
	c := p.candidates[i]
	c.Principal = withIdentity(c.Principal, anyIdentityPolicy)
	return p.step(ctx, i, p.question(&c, p.action, p.key, ""), p.key.ARN)
}
