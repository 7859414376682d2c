package access

import (
	"slices"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// An action on a key is only ever allowed by a statement of the key policy or by a grant that names the caller, or that
// names its account and leaves it to its IAM policies, one of which must then allow it too
// (https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html). What is here tells from the policies
// alone which actions no request of a caller can be allowed, so that most of a large matrix need not be asked about. It
// never says that something is allowed: that is for the evaluator. A property test holds it to asking about everything.

// allow is what one statement, or a grant, can allow at most.
type allow struct {
	actions policy.ActionSet
	// resources are the ARNs that it can be about, nil for any.
	resources []string
}

// about reports whether the statement can be about a resource.
func (a *allow) about(arn string) bool {
	return a.resources == nil || slices.Contains(a.resources, arn)
}

// allowsOf are what policies can allow, whatever their conditions and unresolved values are.
func allowsOf(docs []*policy.Document) []allow {
	var out []allow
	for _, doc := range docs {
		for _, s := range doc.Bound(true).Statements {
			if s.Effect == policy.Allow && s.Actions != nil {
				out = append(out, allow{s.Actions.ActionSet(), literals(s.Resources, doc.Version)})
			}
		}
	}
	return out
}

// literals returns the resources when each is one only, else nil.
func literals(s *policy.Strings, v policy.Version) []string {
	if s == nil || s.Negated {
		return nil
	}
	out := make([]string, 0, len(s.Values))
	for _, value := range s.Values {
		text, ok := policy.ParsePattern(value.Text, v).IsLiteral()
		if !ok {
			return nil
		}
		out = append(out, text)
	}
	return out
}

// trusted is whom a statement, or the Allow statements of a policy, name, as far as that can be told without a request.
type trusted struct {
	anyone   bool
	accounts map[string]bool
	names    map[string]bool
}

func newTrusted() *trusted { return &trusted{accounts: map[string]bool{}, names: map[string]bool{}} }

func (t *trusted) add(principals *policy.Principals) {
	if principals == nil {
		return
	}
	t.anyone = t.anyone || principals.Negated
	for _, p := range principals.Values {
		t.addOne(p)
	}
}

func (t *trusted) addOne(p policy.Principal) {
	switch {
	case p.Unresolved || p.Form == policy.PrincipalAny:
		t.anyone = true
	case p.Form == policy.PrincipalAccount:
		t.accounts[p.Account] = true
	default:
		t.names[p.Text] = true
	}
}

// mayName reports whether a statement may name the caller itself.
func (t *trusted) mayName(p *evaluator.Principal) bool {
	return t.anyone || t.names[p.ARN] || t.names[p.Issuer] || t.names[p.UniqueID] || t.names[p.Provider]
}

// keyReach is what the policy of a key and its grants can allow, and to whom.
type keyReach struct {
	allows []allow
	to     []*trusted
}

func reachOf(k *evaluator.Key) *keyReach {
	r := &keyReach{}
	if k.Policy != nil {
		for _, s := range k.Policy.Bound(true).Statements {
			if s.Effect == policy.Allow && s.Actions != nil {
				t := newTrusted()
				t.add(s.Principals)
				r.allows, r.to = append(r.allows, allow{actions: s.Actions.ActionSet()}), append(r.to, t)
			}
		}
	}
	for _, g := range k.Grants {
		t, a := newTrusted(), allow{}
		if p, ok := policy.ParsePrincipal(g.GranteePrincipal + g.GranteeServicePrincipal); ok {
			t.addOne(p)
		} else {
			t.anyone = true // not to be told
		}
		for _, operation := range g.Operations {
			if action, ok := policy.LookupAction("kms:" + operation); ok {
				a.actions.Add(action)
			}
		}
		r.allows, r.to = append(r.allows, a), append(r.to, t)
	}
	return r
}

// callerReach is what the identity policies of a caller can allow.
type callerReach struct {
	principal *evaluator.Principal
	allows    []allow
}

// may returns the actions that the identity policies can allow on a resource. A root user needs none.
func (c *callerReach) may(arn string) policy.ActionSet {
	var set policy.ActionSet
	if c.principal.Type == evaluator.Root {
		return policy.AllActions()
	}
	for i := range c.allows {
		if c.allows[i].about(arn) {
			set = set.Union(c.allows[i].actions)
		}
	}
	return set
}

// anywhere returns the actions that the identity policies can allow on some resource.
func (c *callerReach) anywhere() policy.ActionSet {
	var set policy.ActionSet
	if c.principal.Type == evaluator.Root {
		return policy.AllActions()
	}
	for i := range c.allows {
		set = set.Union(c.allows[i].actions)
	}
	return set
}

// retireGrant is allowed by what a grant says about itself
// (https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html).
var retireGrant, _ = policy.LookupAction("kms:RetireGrant")

// on returns the actions on a key that may be allowed to the caller.
func (c *callerReach) on(k *evaluator.Key, r *keyReach) policy.ActionSet {
	var direct, delegated policy.ActionSet
	direct.Add(retireGrant)
	for i := range r.allows {
		switch t := r.to[i]; {
		case t.mayName(c.principal):
			direct = direct.Union(r.allows[i].actions)
		case t.accounts[c.principal.Account]:
			delegated = delegated.Union(r.allows[i].actions)
		}
	}
	if delegated.IsEmpty() {
		return direct
	}
	return direct.Union(delegated.Intersect(c.may(k.ARN)))
}
