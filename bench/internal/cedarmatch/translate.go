package cedarmatch

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/strictkms/strictkms/bench/internal/scenario"
)

// keyPolicies translates the key policy and the grants. The statements that delegate to the account are
// returned apart, for [identityPolicies].
func keyPolicies(s *scenario.Scenario) (policies []*cedar.Policy, delegations []scenario.Statement, err error) {
	for _, st := range s.KeyPolicy {
		if !st.Deny && slices.Contains(st.Principals, scenario.Root) {
			delegations = append(delegations, st)
			continue
		}
		p := scope(st)
		p = limitPrincipal(p, st.Principals)
		if p, err = limit(p, st); err != nil {
			return nil, nil, err
		}
		policies = append(policies, cedar.NewPolicyFromAST(p))
	}
	for _, g := range s.Grants {
		policies = append(policies, cedar.NewPolicyFromAST(grantPolicy(g, s.Key)))
	}
	return policies, delegations, nil
}

// identityPolicies translates what the caller brings: a forbid for each Deny, a permit for each Allow
// with each statement of the key policy that delegates.
func identityPolicies(caller scenario.Principal, delegations []scenario.Statement) ([]*cedar.Policy, error) {
	var policies []*cedar.Policy
	for _, st := range slices.Concat(caller.Identity...) {
		with := delegations
		if st.Deny {
			with = []scenario.Statement{{Actions: []string{"kms:*"}, Resources: []string{"*"}}}
		}
		for _, delegation := range with {
			p := limitResource(scope(st), st.Resources)
			var err error
			if p, err = limit(p, st); err != nil {
				return nil, err
			}
			if actions, all := scenario.ExpandActions(delegation.Actions); !all {
				p = p.When(set(actions, func(a string) types.Value { return actionUID(a) }).Contains(ast.Action()))
			}
			if p, err = limit(p, delegation); err != nil {
				return nil, err
			}
			policies = append(policies, cedar.NewPolicyFromAST(p))
		}
	}
	return policies, nil
}

// scope starts a policy with its effect and actions.
func scope(st scenario.Statement) *ast.Policy {
	p := ast.Permit()
	if st.Deny {
		p = ast.Forbid()
	}
	actions, all := scenario.ExpandActions(st.Actions)
	if all {
		return p
	}
	uids := make([]types.EntityUID, len(actions))
	for i, a := range actions {
		uids[i] = actionUID(a)
	}
	return p.ActionInSet(uids...)
}

func limitPrincipal(p *ast.Policy, principals []string) *ast.Policy {
	switch {
	case slices.Contains(principals, "*"):
		return p
	case len(principals) == 1:
		return p.PrincipalIn(principalUID(principals[0]))
	}
	return p.When(ast.Principal().In(set(principals, func(name string) types.Value { return principalUID(name) })))
}

func limitResource(p *ast.Policy, resources []string) *ast.Policy {
	if slices.Contains(resources, "*") {
		return p
	}
	if len(resources) == 1 && !strings.HasSuffix(resources[0], "*") {
		return p.ResourceEq(keyUID(resources[0]))
	}
	return p.When(anyOf(resources, func(r string) ast.Node { return ast.Resource().Access("arn").Like(pattern(r)) }))
}

// limit adds the conditions of a statement.
func limit(p *ast.Policy, st scenario.Statement) (*ast.Policy, error) {
	for _, c := range st.Conditions {
		node, err := condition(c)
		if err != nil {
			return nil, fmt.Errorf("statement %s: %w", st.Sid, err)
		}
		p = p.When(node)
	}
	return p, nil
}

// condition translates one operator. A missing key makes it false, or true where AWS says so.
func condition(c scenario.Condition) (ast.Node, error) {
	has, actual := ast.Context().Has(types.String(c.Key)), ast.Context().Access(types.String(c.Key))
	equal := func(v string) ast.Node { return actual.Equal(ast.String(v)) }
	switch c.Operator {
	case "StringEquals", "Bool":
		return has.And(anyOf(c.Values, equal)), nil
	case "StringNotEquals":
		return ast.Not(has).Or(ast.Not(anyOf(c.Values, equal))), nil
	case "StringLike", "ArnLike":
		return has.And(anyOf(c.Values, func(v string) ast.Node { return actual.Like(pattern(v)) })), nil
	case "ForAllValues:StringEquals":
		return ast.Not(has).Or(set(c.Values, text).ContainsAll(actual)), nil
	case "IpAddress", "NotIpAddress":
		for _, v := range c.Values {
			if _, err := netip.ParsePrefix(v); err != nil {
				return ast.Node{}, err
			}
		}
		in := anyOf(c.Values, func(v string) ast.Node { return actual.IsInRange(ast.IPAddr(netip.MustParsePrefix(v))) })
		if c.Operator == "NotIpAddress" {
			return ast.Not(has).Or(ast.Not(in)), nil
		}
		return has.And(in), nil
	case "DateLessThan", "DateGreaterThan":
		at, err := types.ParseDatetime(c.Values[0])
		if err != nil {
			return ast.Node{}, err
		}
		if c.Operator == "DateLessThan" {
			return has.And(actual.LessThan(ast.Value(at))), nil
		}
		return has.And(actual.GreaterThan(ast.Value(at))), nil
	}
	return ast.Node{}, fmt.Errorf("operator %s is not in the benchmark", c.Operator)
}

func grantPolicy(g scenario.Grant, key string) *ast.Policy {
	actions := make([]types.EntityUID, len(g.Operations))
	for i, o := range g.Operations {
		actions[i] = actionUID("kms:" + o)
	}
	p := ast.Permit().PrincipalIn(principalUID(g.Grantee)).ActionInSet(actions...).ResourceEq(keyUID(key))
	pairs := g.Subset
	if g.Equals != nil {
		pairs = g.Equals
		names := types.String("kms:EncryptionContextKeys")
		keys := set(slices.Sorted(maps.Keys(pairs)), text)
		p = p.When(ast.Context().Has(names).And(ast.Context().Access(names).Equal(keys)))
	}
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		name := types.String("kms:EncryptionContext:" + k)
		p = p.When(ast.Context().Has(name).And(ast.Context().Access(name).Equal(ast.String(pairs[k]))))
	}
	return p
}

// set is a set literal, built once.
func set(values []string, value func(string) types.Value) ast.Node {
	list := make([]types.Value, len(values))
	for i, v := range values {
		list[i] = value(v)
	}
	return ast.Value(types.NewSet(list...))
}

func text(v string) types.Value { return types.String(v) }

func anyOf(values []string, test func(string) ast.Node) ast.Node {
	node := test(values[0])
	for _, v := range values[1:] {
		node = node.Or(test(v))
	}
	return node
}

// pattern translates * of AWS to that of Cedar.
func pattern(text string) types.Pattern {
	var parts []any
	for i, part := range strings.Split(text, "*") {
		if i > 0 {
			parts = append(parts, types.Wildcard{})
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	return types.NewPattern(parts...)
}
