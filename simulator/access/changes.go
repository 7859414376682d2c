package access

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// changes finds what a candidate can change by itself to be able to do the action.
func (p *paths) changes(ctx context.Context, i int) ([]Indirect, error) {
	var out []Indirect
	for _, find := range []func(context.Context, int) ([]Indirect, error){p.byKeyPolicy, p.byGrant, p.byIAMPolicy} {
		ways, err := find(ctx, i)
		if err != nil {
			return nil, err
		}
		out = append(out, ways...)
	}
	if slices.ContainsFunc(out, func(w Indirect) bool { return w.Verdict == Always }) {
		return out, nil // there is no need to become somebody else
	}
	ways, err := p.byPolicyOfAnother(ctx, i)
	return append(out, ways...), err
}

// then asks about the action once more, with what was changed. It returns no way when that does not help: when it is
// denied all the same, or hangs on policies that were not loaded, as before.
func (p *paths) then(ctx context.Context, i int, by Change, first Step, after string, caller *evaluator.Principal, key *evaluator.Key) ([]Indirect, error) {
	c := p.candidates[i]
	c.Principal = caller
	last, err := p.step(ctx, i, p.question(&c, p.action, key, ""), key.ARN)
	if err != nil {
		return nil, err
	}
	last.After = after
	way := p.indirect(i, by, first, last)
	if way.Verdict == Never || !p.adds(i, way.Steps) {
		return nil, nil
	}
	return []Indirect{way}, nil
}

// byKeyPolicy asks whether the candidate may write a key policy that allows it the action
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).
func (p *paths) byKeyPolicy(ctx context.Context, i int) ([]Indirect, error) {
	c := &p.candidates[i]
	put, _ := policy.LookupAction("kms:PutKeyPolicy")
	if put == p.action || !p.possible(c.Principal, p.key).Has(put) {
		return nil, nil
	}
	first, err := p.step(ctx, i, p.question(c, put, p.key, ""), p.key.ARN)
	if err != nil || first.Verdict == Never {
		return nil, err
	}
	return p.then(ctx, i, KeyPolicy, first, "the key policy that it wrote", c.Principal, withPolicy(p.key, anyKeyPolicy))
}

// byGrant asks whether the candidate may create a grant that allows the action, to itself or to somebody else
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html).
func (p *paths) byGrant(ctx context.Context, i int) ([]Indirect, error) {
	c := &p.candidates[i]
	grantee := granteeOf(c.Principal)
	if !p.action.Grantable || grantee == "" {
		return nil, nil
	}
	create, _ := policy.LookupAction("kms:CreateGrant")
	if create == p.action || !p.possible(c.Principal, p.key).Has(create) {
		return nil, nil
	}
	// A grant may have more operations than the one, which only matters to policies that ask for another one among them.
	for _, operations := range operationSets(p.action) {
		q := p.question(c, create, p.key, "")
		q.Context = with(q.Context, map[string][]string{"kms:GrantOperations": operations, "kms:GranteePrincipal": {grantee}})
		q.open = p.open(q.Context, create, c)
		first, err := p.step(ctx, i, q, p.key.ARN)
		if err != nil {
			return nil, err
		}
		if first.Verdict == Never {
			continue
		}
		grant := &policy.Grant{Name: "made", KeyARN: p.key.ARN, GranteePrincipal: grantee, IssuingAccount: c.Account, Operations: operations}
		return p.then(ctx, i, GrantMade, first, "the grant that it made to itself", c.Principal, withGrant(p.key, grant))
	}
	return nil, nil
}

// granteeOf is how a grant names a caller, empty for one that it cannot name.
func granteeOf(principal *evaluator.Principal) string {
	switch principal.Type {
	case evaluator.RoleSession:
		return principal.Issuer
	case evaluator.User, evaluator.Root, evaluator.FederatedUser:
		return principal.ARN
	default: // a service's grants are made for it, and whom a provider vouches for has no name of AWS
		return ""
	}
}

// operationSets are the operations of a grant for the action: itself alone, and with each other one.
func operationSets(action *policy.Action) [][]string {
	out := [][]string{{action.Operation()}}
	for _, other := range policy.Actions() {
		if other.Grantable && other != action {
			out = append(out, []string{action.Operation(), other.Operation()})
		}
	}
	return out
}

// byIAMPolicy asks whether the candidate may give itself an IAM policy that allows the action.
func (p *paths) byIAMPolicy(ctx context.Context, i int) ([]Indirect, error) {
	c := &p.candidates[i]
	if c.Note != "" {
		return nil, nil // whether they may write them is for the same policies to say
	}
	calls := p.ownPolicyCalls(i)
	if len(calls) == 0 {
		return nil, nil
	}
	caller := withIdentity(c.Principal, anyIdentityPolicy)
	var found []Indirect
	for _, call := range calls {
		q := p.question(c, call.action, nil, "")
		q.Resource, q.ResourceTags = call.on, call.tags
		first, err := p.step(ctx, i, q, call.on)
		if err != nil {
			return nil, err
		}
		if first.Verdict == Never {
			continue
		}
		ways, err := p.then(ctx, i, IAMPolicy, first, "the IAM policy that it gave itself", caller, p.key)
		if err != nil {
			return nil, err
		}
		if len(ways) == 0 {
			return nil, nil // no IAM policy would help
		}
		found = append(found, ways...)
		if first.Verdict == Always {
			break
		}
	}
	best(found)
	return found[:min(1, len(found))], nil
}

// call is one call of another service than KMS.
type call struct {
	action *policy.Action
	on     string
	tags   map[string]string
}

// ownPolicyCalls are the calls that change what the identity policies of a candidate allow, as far as its own policies
// may allow them.
func (p *paths) ownPolicyCalls(i int) []call {
	c := &p.candidates[i]
	var out []call
	add := func(on string, tags map[string]string, names ...string) {
		for _, name := range names {
			if action, ok := policy.LookupAction(name); ok && p.may(i, action, on) {
				out = append(out, call{action, on, tags})
			}
		}
	}
	switch c.Kind {
	case source.CandidateUser:
		add(c.Principal.ARN, c.Principal.Tags, "iam:PutUserPolicy", "iam:AttachUserPolicy")
		for _, group := range c.Groups {
			add(group, nil, "iam:PutGroupPolicy", "iam:AttachGroupPolicy")
		}
	case source.CandidateRole, source.CandidateSession:
		if role := c.Principal.Issuer; !strings.HasSuffix(role, "*") {
			add(role, c.Principal.Tags, "iam:PutRolePolicy", "iam:AttachRolePolicy")
		}
	default:
		return nil
	}
	for _, arn := range c.Attached {
		add(arn, nil, "iam:CreatePolicyVersion")
	}
	return out
}

// anyKeyPolicy and anyIdentityPolicy allow everything: the most that somebody who may write policies can write.
var (
	anyKeyPolicy = mustParse(policy.KeyPolicy, "the key policy that it could write",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`)
	anyIdentityPolicy = mustParse(policy.IdentityPolicy, "the IAM policy that it could write",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`)
)

func mustParse(kind policy.Kind, name, text string) *policy.Document {
	nowhere := func(int) policy.Position { return policy.Position{} }
	doc, diags := policy.Parse(kind, name, []byte(text), policy.WithLocator(nowhere))
	if diags.HasErrors() {
		panic(diags) // a broken build
	}
	return doc
}

// withPolicy is the key with another policy.
func withPolicy(k *evaluator.Key, doc *policy.Document) *evaluator.Key {
	return &evaluator.Key{
		ARN: k.ARN, Policy: doc, Grants: k.Grants, Aliases: k.Aliases, Tags: k.Tags, Spec: k.Spec, Usage: k.Usage,
		Origin: k.Origin, MultiRegion: k.MultiRegion, MultiRegionKeyType: k.MultiRegionKeyType, AWSManaged: k.AWSManaged,
	}
}

// withGrant is the key with one more grant.
func withGrant(k *evaluator.Key, g *policy.Grant) *evaluator.Key {
	out := withPolicy(k, k.Policy)
	out.Grants = append(slices.Clip(k.Grants), g)
	return out
}

// withIdentity is the principal with one more identity policy.
func withIdentity(p *evaluator.Principal, doc *policy.Document) *evaluator.Principal {
	return &evaluator.Principal{
		Type: p.Type, ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, UniqueID: p.UniqueID, Name: p.Name,
		Provider: p.Provider, ServiceLinked: p.ServiceLinked, Tags: p.Tags,
		Identity: append(slices.Clip(p.Identity), doc), Boundary: p.Boundary, HasSession: p.HasSession, Session: p.Session,
	}
}

// with is a context with further keys, which it does not have yet.
func with(c evaluator.Context, more map[string][]string) evaluator.Context {
	out := evaluator.Context{}
	maps.Copy(out, more)
	for name, values := range c {
		for known := range more {
			if strings.EqualFold(name, known) {
				delete(out, known)
			}
		}
		out[name] = values
	}
	return out
}
