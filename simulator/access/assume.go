package access

import (
	"context"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// asRole asks whether a candidate may assume a role as its trust policy is, or after writing another one
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html).
func (p *paths) asRole(ctx context.Context, from, to int, by *trusted) ([]Step, error) {
	var conditional []Step
	caller := p.candidates[from].Principal
	if p.testOnlyPlain || by.mayName(caller) || by.accounts[caller.Account] && p.may(from, assumeRole, p.candidates[to].Role.ARN) {
		step, err := p.assume(ctx, from, to, p.candidates[to].Role)
		if err != nil || step.Verdict == Always {
			return []Step{step}, err
		}
		if step.Verdict == Conditional {
			conditional = []Step{step}
		}
	}
	if c := &p.candidates[from]; c.Note != "" || c.Kind == source.CandidateWebIdentity || !p.may(from, updateTrust, p.candidates[to].Role.ARN) {
		return conditional, nil
	}
	role := &p.candidates[to]
	q := p.question(&p.candidates[from], updateTrust, nil, "")
	q.Resource, q.ResourceTags = role.Role.ARN, role.Role.Tags
	first, err := p.step(ctx, from, q, role.Role.ARN)
	if err != nil || first.Verdict == Never {
		return conditional, err
	}
	second, err := p.assume(ctx, from, to, &evaluator.Role{ARN: role.Role.ARN, Trust: anyTrustPolicy, Tags: role.Role.Tags})
	if err != nil {
		return nil, err
	}
	second.After = "the trust policy that it wrote"
	if both := []Step{first, second}; weakest(both) == Always || conditional == nil && weakest(both) == Conditional {
		return both, nil
	}
	return conditional, nil
}

// assume asks whether a candidate may assume a role.
func (p *paths) assume(ctx context.Context, from, to int, role *evaluator.Role) (Step, error) {
	c, session := &p.candidates[from], &p.candidates[to]
	q := p.question(c, assumeAction(c), nil, "")
	q.Role = role
	if session.Kind == source.CandidateSession && session.Principal.Provider == "" { // under the one name
		q.Context = with(q.Context, map[string][]string{"sts:RoleSessionName": {session.Principal.Name}})
		q.open = p.open(q.Context, assumeAction(c), c)
	}
	return p.step(ctx, from, q, session.Name)
}

var (
	assumeRole, _     = policy.LookupAction("sts:AssumeRole")
	assumeWithSAML, _ = policy.LookupAction("sts:AssumeRoleWithSAML")
	assumeWithWeb, _  = policy.LookupAction("sts:AssumeRoleWithWebIdentity")
	updateTrust, _    = policy.LookupAction("iam:UpdateAssumeRolePolicy")

	anyTrustPolicy = mustParse(policy.TrustPolicy, "the trust policy that it could write",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)
)

// assumeAction is the call that makes a session of a role for a candidate.
func assumeAction(c *source.Candidate) *policy.Action {
	switch {
	case c.Kind != source.CandidateWebIdentity:
		return assumeRole
	case strings.Contains(c.Principal.Provider, ":saml-provider/"):
		return assumeWithSAML
	default:
		return assumeWithWeb
	}
}

// trustedBy is whom the Allow statements of a role's trust policy name: nobody else can be allowed to assume it.
func trustedBy(role *evaluator.Role) *trusted {
	t := newTrusted()
	if role == nil || role.Trust == nil {
		return t
	}
	for _, s := range role.Trust.Statements {
		if s.Effect == policy.Allow {
			t.add(s.Principals)
		}
	}
	return t
}
