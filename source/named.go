package source

import (
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// named is whom policies and grants name.
type named struct {
	accounts  map[string]bool // also those that only a condition, or the ARN of something in them, names
	arns      map[string]bool // of users, roles and sessions
	services  map[string]bool
	providers map[string]bool // that trust policies name
	// sessionProviders are those that other policies name: they mean sessions.
	sessionProviders map[string]bool
	anyone           bool // "*", or everybody but some
	// accountPatterns are the accounts that conditions name with wildcards.
	accountPatterns map[string]bool
}

func newNamed() named {
	return named{
		accounts: map[string]bool{}, arns: map[string]bool{}, services: map[string]bool{},
		providers: map[string]bool{}, sessionProviders: map[string]bool{}, accountPatterns: map[string]bool{},
	}
}

// named returns whom the key policies, grants and trust policies name, and the accounts of what was loaded.
func (w *World) named() named {
	n := newNamed()
	for _, k := range w.Keys {
		arn, _ := policy.ParseARN(k.ARN)
		n.account(arn.Account)
		if k.Policy != nil {
			n.policy(k.Policy)
		}
		for _, g := range k.Grants {
			n.grantee(g.GranteePrincipal + g.GranteeServicePrincipal)
			for _, name := range []string{g.RetiringPrincipal, g.RetiringServicePrincipal, g.IssuingAccount} {
				n.grantee(name)
			}
		}
	}
	for _, u := range w.Users {
		n.account(u.Account)
	}
	for _, r := range w.Roles {
		n.account(r.Account)
		if r.Trust != nil {
			n.policy(r.Trust)
		}
	}
	for id, account := range w.Accounts {
		n.account(id)
		for _, level := range account.RCPs {
			for _, doc := range level {
				n.conditions(doc)
			}
		}
	}
	return n
}

// namedBy returns whom one policy names.
func namedBy(doc *policy.Document) named {
	n := newNamed()
	n.policy(doc)
	return n
}

func (n *named) account(id string) {
	if policy.IsAccountID(id) {
		n.accounts[id] = true
	}
}

// policy adds the principals of all statements: those whom a Deny names or spares, too, are not like the others in
// their account.
func (n *named) policy(doc *policy.Document) {
	for _, s := range doc.Statements {
		if s.Principals != nil {
			n.anyone = n.anyone || s.Principals.Negated && s.Effect == policy.Allow
			for _, p := range s.Principals.Values {
				n.principal(p, doc.Kind)
			}
		}
	}
	n.conditions(doc)
}

// conditions adds the accounts that the conditions of a policy name: resource control policies, which are for everybody,
// except some so.
func (n *named) conditions(doc *policy.Document) {
	for _, s := range doc.Statements {
		for _, c := range s.Conditions {
			n.condition(c)
		}
	}
}

func (n *named) principal(p policy.Principal, kind policy.Kind) {
	n.account(p.Account)
	switch p.Form {
	case policy.PrincipalAny:
		n.anyone = true
	case policy.PrincipalUser, policy.PrincipalRole, policy.PrincipalRoleSession, policy.PrincipalFederatedUser:
		n.arns[p.Text] = true
	case policy.PrincipalService:
		n.services[p.Text] = true
	case policy.PrincipalFederated:
		if kind == policy.TrustPolicy {
			n.providers[p.Text] = true
		} else {
			n.sessionProviders[p.Text] = true
		}
	default: // an account by itself, what is left of somebody deleted, and nobody that calls
	}
}

// grantee adds the grantee of a grant.
func (n *named) grantee(name string) {
	if p, ok := policy.ParsePrincipal(name); ok {
		n.principal(p, policy.KeyPolicy)
	}
}

// accountKeys are the condition keys whose values name accounts of callers.
var accountKeys = []string{"kms:calleraccount", "aws:principalaccount", "aws:principalarn"}

// condition adds the accounts that a condition on the caller names. Who is meant of them is for the evaluator to say.
func (n *named) condition(c policy.Condition) {
	if !slices.Contains(accountKeys, policy.FoldKey(c.Key.Text)) {
		return
	}
	for _, v := range c.Values {
		n.account(v.Text)
		if strings.ContainsAny(v.Text, "*?") && strings.Trim(v.Text, "0123456789*?") == "" && strings.Trim(v.Text, "*") != "" && v.Text != anyAccount {
			n.accountPatterns[v.Text] = true
		}
		if arn, ok := policy.ParseARN(v.Text); ok {
			n.account(arn.Account)
		}
	}
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
