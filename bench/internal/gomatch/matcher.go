// Package gomatch is the floor of the benchmark: the policies of a scenario as Go values, matched one
// after the other by code written for exactly the operators that the scenarios use. It knows
// nothing of positions, reasons or the rest of the policy language.
package gomatch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/bench/internal/scenario"
)

// Matcher decides requests of one scenario.
type Matcher struct {
	keys    map[string]*key
	callers map[string]*caller
}

type key struct {
	statements []statement
	grants     []grant
}

type caller struct {
	arn, role string
	identity  []statement
}

type statement struct {
	deny       bool
	delegates  bool // names the account
	anyone     bool // names *
	principals []string
	anyAction  bool
	actions    []string
	anyKey     bool
	resources  []string
	conditions []condition
}

type grant struct {
	grantee    string
	operations []string // with kms:
	equals     bool
	pairs      []pair
}

type pair struct{ key, value string }

// New builds the matcher of a scenario.
func New(s *scenario.Scenario) (*Matcher, error) {
	k := &key{}
	var err error
	if k.statements, err = statements(s.KeyPolicy); err != nil {
		return nil, err
	}
	for _, g := range s.Grants {
		k.grants = append(k.grants, newGrant(g))
	}
	m := &Matcher{keys: map[string]*key{s.Key: k}, callers: map[string]*caller{}}
	for _, p := range s.Principals {
		c := &caller{arn: p.ARN, role: p.Role}
		for _, policy := range p.Identity {
			list, err := statements(policy)
			if err != nil {
				return nil, err
			}
			c.identity = append(c.identity, list...)
		}
		m.callers[p.ARN] = c
	}
	return m, nil
}

func statements(list []scenario.Statement) ([]statement, error) {
	var out []statement
	for _, s := range list {
		t := statement{deny: s.Deny}
		for _, p := range s.Principals {
			switch p {
			case "*":
				t.anyone = true
			case scenario.Root:
				t.delegates = true
			default:
				t.principals = append(t.principals, p)
			}
		}
		t.actions, t.anyAction = scenario.ExpandActions(s.Actions)
		t.resources, t.anyKey = s.Resources, slices.Contains(s.Resources, "*")
		for _, c := range s.Conditions {
			match, err := newCondition(c)
			if err != nil {
				return nil, fmt.Errorf("statement %s: %w", s.Sid, err)
			}
			t.conditions = append(t.conditions, match)
		}
		out = append(out, t)
	}
	return out, nil
}

func newGrant(g scenario.Grant) grant {
	out := grant{grantee: g.Grantee, equals: g.Equals != nil}
	for _, o := range g.Operations {
		out.operations = append(out.operations, "kms:"+o)
	}
	for k, v := range g.Equals {
		out.pairs = append(out.pairs, pair{"kms:EncryptionContext:" + k, v})
	}
	for k, v := range g.Subset {
		out.pairs = append(out.pairs, pair{"kms:EncryptionContext:" + k, v})
	}
	return out
}

// Decide reports whether the request is allowed.
func (m *Matcher) Decide(r *scenario.Request) (bool, error) {
	k, c := m.keys[r.Key], m.callers[r.Principal]
	if k == nil || c == nil {
		return false, fmt.Errorf("unknown key %s or principal %s", r.Key, r.Principal)
	}
	direct, delegated := false, false
	for i := range k.statements {
		s := &k.statements[i]
		if !s.anyone && !s.delegates && !s.names(c) || !s.applies(r) {
			continue
		}
		switch {
		case s.deny:
			return false, nil
		case s.anyone || s.names(c):
			direct = true
		default:
			delegated = true
		}
	}
	identity := false
	for i := range c.identity {
		s := &c.identity[i]
		if !s.applies(r) {
			continue
		}
		if s.deny {
			return false, nil
		}
		identity = true
	}
	return direct || delegated && identity || k.granted(c, r), nil
}

func (s *statement) names(c *caller) bool {
	for _, p := range s.principals {
		if p == c.arn || p == c.role {
			return true
		}
	}
	return false
}

func (s *statement) applies(r *scenario.Request) bool {
	if !s.anyAction && !slices.Contains(s.actions, r.Action) {
		return false
	}
	if !s.anyKey && !slices.ContainsFunc(s.resources, func(pattern string) bool { return prefixMatch(pattern, r.Key) }) {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].met(r.Context) {
			return false
		}
	}
	return true
}

func (k *key) granted(c *caller, r *scenario.Request) bool {
	for i := range k.grants {
		g := &k.grants[i]
		if (g.grantee == c.role || g.grantee == c.arn) && slices.Contains(g.operations, r.Action) && g.met(r.Context) {
			return true
		}
	}
	return false
}

func (g *grant) met(context map[string][]string) bool {
	if g.equals && len(context["kms:EncryptionContextKeys"]) != len(g.pairs) {
		return false
	}
	for _, p := range g.pairs {
		if v := context[p.key]; len(v) != 1 || v[0] != p.value {
			return false
		}
	}
	return true
}

func prefixMatch(pattern, text string) bool {
	prefix, wild := strings.CutSuffix(pattern, "*")
	return pattern == text || wild && strings.HasPrefix(text, prefix)
}
