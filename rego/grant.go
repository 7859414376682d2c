package rego

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

const (
	retireGrant  = "kms:RetireGrant"
	sourceARNKey = "aws:sourcearn"
)

// Grants translates grants into a unit whose package is strictkms.unit.<name>, with every assumption read as by
// default. The statement index of a grant is its place in the list. Grants only allow:
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func Grants(grants []*policy.Grant, name string) *Unit { return Readings{}.Grants(grants, name) }

// Grants is like [Grants] for other readings.
func (r Readings) Grants(grants []*policy.Grant, name string) *Unit {
	s := newScope(policy.KindUnknown, policy.Version2012, r)
	var (
		statements  []statement
		assumptions [][]Assumption
	)
	for i, g := range grants {
		use := s.useGrant(g, i)
		assumptions = append(assumptions, s.takeAssumptions(), nil)
		statements = append(statements, use, retire(g, i))
	}
	return s.unit(name, "Grants", statements, assumptions)
}

// useGrant translates what the grantee may do.
func (s *scope) useGrant(g *policy.Grant, index int) statement {
	st := statement{index: index, comment: []string{"Grant " + g.ID}, namings: s.granteeNamings(g)}
	for _, op := range g.Operations {
		if a, ok := policy.LookupAction("kms:" + op); ok && a.Name != retireGrant {
			st.actions.Add(a)
		}
	}
	st.elements = append(st.elements, elementTest{
		Element: Element{ID: fmt.Sprintf("%d.action", index), Kind: ElementAction},
		body:    actionBody(st.actions, policy.ServiceActions("kms")),
		dead:    st.actions.Len() == 0,
	})
	if g.EncryptionContextEquals != nil {
		st.elements = append(st.elements, s.constraint(st, "EncryptionContextEquals", g.EncryptionContextEquals, equalContext))
	}
	if g.EncryptionContextSubset != nil {
		st.elements = append(st.elements, s.constraint(st, "EncryptionContextSubset", g.EncryptionContextSubset, containsContext))
	}
	if g.SourceArn != "" {
		st.elements = append(st.elements, elementTest{
			Element: Element{
				ID: fmt.Sprintf("%d.SourceArn", index), Kind: ElementConstraint,
				Key: "aws:SourceArn", Operator: "SourceArn", Wanted: []string{g.SourceArn}, Keys: []string{sourceARNKey},
			},
			body: body{equals(s.context(sourceARNKey), g.SourceArn)},
		})
	}
	st.keys = st.readKeys()
	return st
}

// constraint translates an encryption context constraint, which applies only to operations that have
// an encryption context: https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
func (s *scope) constraint(st statement, name string, pairs map[string]string, met func(pairs map[string]string, fold bool) body) elementTest {
	fold := s.assume(GrantConstraintCase) == readFoldedKeys
	t := test{met(pairs, fold)}
	var without []string
	for _, a := range st.actions.Actions() {
		if !TakesEncryptionContext(a) {
			without = append(without, a.Name)
		}
	}
	if len(without) > 0 {
		t = append(test{body{isOneOf("input.action", without)}}, t...)
	}
	wanted := make([]string, 0, len(pairs))
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		wanted = append(wanted, k+"="+pairs[k])
	}
	return elementTest{
		Element: Element{
			ID: fmt.Sprintf("%d.%s", st.index, name), Kind: ElementConstraint,
			Key: "kms:EncryptionContext", Operator: name, Wanted: wanted, ReadsEncryptionContext: true,
		},
		body: s.conjunction(fmt.Sprintf("constraint_%d_%s", st.index, name), t),
	}
}

// TakesEncryptionContext reports whether the operation has an encryption context that a constraint
// is compared with. CreateGrant carries constraints of its own instead.
func TakesEncryptionContext(a *policy.Action) bool {
	return a.Name != "kms:CreateGrant" && a.Name != retireGrant && a.Populates("kms:EncryptionContextKeys")
}

// equalContext tests for the same pairs. fold says that the case of keys does not matter.
func equalContext(pairs map[string]string, fold bool) body {
	if fold {
		return conjunctionOf("{[lower(k), v] | some k, v in input.encryption_context} == " + foldedPairs(pairs))
	}
	parts := make([]string, 0, len(pairs))
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		parts = append(parts, quote(k)+": "+quote(pairs[k]))
	}
	return conjunctionOf("input.encryption_context == {" + strings.Join(parts, ", ") + "}")
}

// containsContext tests for all the pairs. fold says that the case of keys does not matter.
func containsContext(pairs map[string]string, fold bool) body {
	if fold && len(pairs) > 0 {
		return conjunctionOf("count(" + foldedPairs(pairs) + " - {[lower(k), v] | some k, v in input.encryption_context}) == 0")
	}
	b := body{}
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		b = append(b, equals(member("input.encryption_context", k), pairs[k]))
	}
	return b
}

// foldedPairs is the set of the pairs with their keys in lower case.
func foldedPairs(pairs map[string]string) string {
	if len(pairs) == 0 {
		return "set()"
	}
	parts := make([]string, 0, len(pairs))
	for k, v := range pairs {
		parts = append(parts, "["+quote(strings.ToLower(k))+", "+quote(v)+"]")
	}
	slices.Sort(parts)
	return "{" + strings.Join(slices.Compact(parts), ", ") + "}"
}

// granteeNamings says who may use the grant. A grant stands for the key-policy half: in another
// account than the key's it needs identity policies, unless it was issued there.
func (s *scope) granteeNamings(g *policy.Grant) []naming {
	grantee := g.GranteePrincipal
	if grantee == "" {
		grantee = g.GranteeServicePrincipal
	}
	p, ok := policy.ParsePrincipal(grantee)
	if !ok {
		return nil
	}
	namings := principalFields(p)
	key, ok := policy.ParseARN(g.KeyARN)
	if p.Form == policy.PrincipalAccount {
		switch s.assume(GrantAccountGrantee) {
		case readRootOnly:
			root := "arn:" + key.Partition + ":iam::" + p.Account + ":root"
			namings = []naming{{class: ClassDirect, field: FieldARN, values: []string{root}}}
		case readEveryone:
			namings[0].class = ClassDirect
		}
	}
	if ok && p.Account != "" && p.Account != key.Account {
		reading := s.assume(GrantCrossAccount)
		if p.Account != accountOf(g.IssuingAccount) && reading != readSuffices {
			for i := range namings {
				namings[i].class = ClassDelegate
			}
		}
	}
	return withTests(namings)
}

// retire translates who may retire the grant: the retiring principal, the grantee if the grant has the
// operation, and the account it was issued in, which may delegate that to its identities.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
func retire(g *policy.Grant, index int) statement {
	st := statement{index: index, prefix: "retire.", comment: []string{"Grant " + g.ID + ", retiring it"}}
	action, _ := policy.LookupAction(retireGrant)
	st.actions.Add(action)
	st.elements = []elementTest{{
		Element: Element{ID: fmt.Sprintf("%d.retire.action", index), Kind: ElementAction},
		body:    actionBody(st.actions, policy.ServiceActions("kms")),
	}}
	names := []string{g.RetiringPrincipal, g.RetiringServicePrincipal}
	if slices.Contains(g.Operations, "RetireGrant") {
		names = append(names, g.GranteePrincipal, g.GranteeServicePrincipal)
	}
	if account := accountOf(g.IssuingAccount); account != "" {
		names = append(names, account)
	}
	seen := map[string]bool{}
	for _, name := range names {
		if p, ok := policy.ParsePrincipal(name); ok && name != "" && !seen[name] {
			seen[name] = true
			st.namings = append(st.namings, principalFields(p)...)
		}
	}
	st.namings = withTests(st.namings)
	return st
}

// accountOf returns the account of an account id or an ARN.
func accountOf(principal string) string {
	p, ok := policy.ParsePrincipal(principal)
	if !ok {
		return ""
	}
	return p.Account
}

func withTests(namings []naming) []naming {
	for i, n := range namings {
		namings[i].test = body{isOneOf("input.principal."+string(n.field), n.values)}
	}
	return namings
}
