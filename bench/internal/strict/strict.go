// Package strict asks strictkms the questions of a scenario, through the same functions that the server and
// the command line use.
package strict

import (
	"context"
	"fmt"

	"github.com/strictkms/strictkms/bench/internal/scenario"
	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// Authorizer decides requests of one scenario.
type Authorizer struct {
	evaluator  *evaluator.Evaluator
	keys       map[string]*evaluator.Key
	principals map[string]*evaluator.Principal
}

// World knows no organization: the benchmark has no SCPs.
type World struct{}

// Account returns nil: nothing is known about any account.
func (World) Account(string) *evaluator.Account { return nil }

// New parses the policies of a scenario.
func New(s *scenario.Scenario) (*Authorizer, error) {
	key, err := NewKey(s.Key, scenario.Document(s.KeyPolicy))
	if err != nil {
		return nil, err
	}
	for _, g := range s.Grants {
		key.Grants = append(key.Grants, &evaluator.Grant{
			ID: g.ID, GranteePrincipal: g.Grantee, RetiringPrincipal: scenario.Root, IssuingAccount: scenario.Account,
			Operations: g.Operations, EncryptionContextEquals: g.Equals, EncryptionContextSubset: g.Subset,
		})
	}
	a := &Authorizer{
		evaluator:  evaluator.New(World{}),
		keys:       map[string]*evaluator.Key{s.Key: key},
		principals: map[string]*evaluator.Principal{},
	}
	for _, p := range s.Principals {
		if a.principals[p.ARN], err = newPrincipal(p); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// NewKey parses a key policy and returns the key that has it.
func NewKey(arn string, text []byte) (*evaluator.Key, error) {
	document, diagnostics := policy.Parse(policy.KeyPolicy, "key policy of "+arn, text, policy.WithoutSizeLimit())
	if document == nil {
		return nil, diagnostics
	}
	return &evaluator.Key{ARN: arn, Policy: document}, nil
}

func newPrincipal(p scenario.Principal) (*evaluator.Principal, error) {
	out := &evaluator.Principal{Type: evaluator.User, ARN: p.ARN, Account: scenario.Account, Name: p.Name}
	if p.Role != "" {
		out.Type, out.Issuer = evaluator.RoleSession, p.Role
	}
	for i, statements := range p.Identity {
		name := fmt.Sprintf("policy %d of %s", i, p.Name)
		document, diagnostics := policy.Parse(policy.IdentityPolicy, name, scenario.Document(statements), policy.WithoutSizeLimit())
		if document == nil {
			return nil, diagnostics
		}
		out.Identity = append(out.Identity, document)
	}
	return out, nil
}

// Decide reports whether the request is allowed.
func (a *Authorizer) Decide(r *scenario.Request) (bool, error) {
	key, principal := a.keys[r.Key], a.principals[r.Principal]
	if key == nil || principal == nil {
		return false, fmt.Errorf("unknown key %s or principal %s", r.Key, r.Principal)
	}
	decision, err := a.evaluator.Authorize(context.Background(), evaluator.Request{
		Principal: principal, Action: r.Action, Key: key, Context: evaluator.Context(r.Context),
	})
	return decision.Decision == evaluator.Allow, err
}

// Evaluator returns the evaluator, for questions about other keys.
func (a *Authorizer) Evaluator() *evaluator.Evaluator { return a.evaluator }

// Principal returns a principal of the scenario.
func (a *Authorizer) Principal(arn string) *evaluator.Principal { return a.principals[arn] }
