package evaluator

import (
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// preparedPrincipal caches, inside a Principal, what decisions derive from it.
type preparedPrincipal struct {
	bounds [2]atomic.Pointer[principalUnits]
}

// preparedKey caches, inside a Key or a Role, what decisions derive from it.
type preparedKey struct {
	bounds [2]atomic.Pointer[keyUnits]
	grants atomic.Pointer[grantIndex]
}

// principalUnits are the compiled policies of a principal and its part of the input.
type principalUnits struct {
	owner    *variant
	number   uint64 // of this version, not of any other
	term     *ast.Term
	fields   []fieldValue
	identity []*unit
	boundary []*unit
	session  []*unit
}

// keyUnits are the compiled policy of a key or a role and its part of the input.
type keyUnits struct {
	owner  *variant
	arn    policy.ARN
	number uint64 // of this version, not of any other
	term   *ast.Term
	policy []*unit
}

// fieldValue is a member of input.principal.
type fieldValue struct {
	field rego.Field
	value string
}

// principalTypes are the values of input.principal.type.
var principalTypes = map[PrincipalType]string{
	User: "user", RoleSession: "role-session", FederatedUser: "federated-user", Root: "root", Service: "service",
	WebIdentity: "web-identity",
}

// outside reports whether the principal belongs to no account: a service, or whom an identity provider vouches for.
func (p *Principal) outside() bool { return p.Type == Service || p.Type == WebIdentity }

func (p *Principal) fields() []fieldValue {
	return []fieldValue{
		{rego.FieldARN, p.ARN},
		{rego.FieldIssuer, p.Issuer},
		{rego.FieldAccount, p.Account},
		{rego.FieldID, p.UniqueID},
		{rego.FieldProvider, p.Provider},
	}
}

// input is the principal as the units see it.
func (p *Principal) input() *ast.Term {
	o := ast.NewObject()
	for _, f := range p.fields() {
		o.Insert(ast.InternedTerm(string(f.field)), ast.StringTerm(f.value))
	}
	o.Insert(ast.StringTerm("type"), ast.StringTerm(principalTypes[p.Type]))
	o.Insert(ast.StringTerm("boundary"), ast.BooleanTerm(p.Boundary != nil))
	o.Insert(ast.StringTerm("service_linked"), ast.BooleanTerm(p.ServiceLinked))
	return ast.NewTerm(o)
}

func (s *variant) principal(p *Principal, b bound) (*principalUnits, error) {
	if u := p.prepared.bounds[b].Load(); u != nil && u.owner == s {
		return u, nil
	}
	if err := checkTags(p.ARN, p.Tags); err != nil {
		return nil, err
	}
	u := &principalUnits{owner: s, number: s.numbers.Add(1), term: p.input(), fields: p.fields()}
	var err error
	if u.identity, err = s.unitsOf(p.Identity, b); err != nil {
		return nil, err
	}
	if p.Boundary != nil {
		if u.boundary, err = s.unitsOf([]*policy.Document{p.Boundary}, b); err != nil {
			return nil, err
		}
	}
	if p.HasSession {
		if u.session, err = s.unitsOf(p.Session, b); err != nil {
			return nil, err
		}
	}
	p.prepared.bounds[b].Store(u)
	return u, nil
}

func (s *variant) unitsOf(docs []*policy.Document, b bound) ([]*unit, error) {
	units := make([]*unit, 0, len(docs))
	for _, doc := range docs {
		u, err := s.unitOf(doc, b)
		if err != nil {
			return nil, err
		}
		units = append(units, u)
	}
	return units, nil
}

func (s *variant) key(k *Key, b bound) (*keyUnits, error) {
	if u := k.prepared.bounds[b].Load(); u != nil && u.owner == s {
		return u, nil
	}
	return s.resourceUnits(&k.prepared, k.ARN, k.Tags, k.Policy, b)
}

// resourceUnits prepares a resource that has a policy of its own.
func (s *variant) resourceUnits(
	prepared *preparedKey, arn string, tags map[string]string, doc *policy.Document, b bound,
) (*keyUnits, error) {
	if err := checkTags(arn, tags); err != nil {
		return nil, err
	}
	u := &keyUnits{owner: s, number: s.numbers.Add(1), term: resourceInput(arn)}
	u.arn, _ = policy.ParseARN(arn)
	if doc != nil {
		var err error
		if u.policy, err = s.unitsOf([]*policy.Document{doc}, b); err != nil {
			return nil, err
		}
	}
	prepared.bounds[b].Store(u)
	return u, nil
}

// resourceInput is the resource as the units see it. The parts of "*" are empty.
func resourceInput(text string) *ast.Term {
	arn, _ := policy.ParseARN(text)
	kind, _, _ := strings.Cut(arn.Resource, "/")
	o := ast.NewObject()
	for name, value := range map[string]string{
		"arn": text, "partition": arn.Partition, "service": arn.Service, "region": arn.Region,
		"account": arn.Account, "type": kind, "name": arn.Resource,
	} {
		o.Insert(ast.StringTerm(name), ast.StringTerm(value))
	}
	return ast.NewTerm(o)
}

// grantIndex finds the grants of a key that may concern a principal.
type grantIndex struct {
	owner *variant
	// byName are the grants by the names of their grantee; all is every grant with its unit.
	byName map[string]*grantGroup
	all    *grantGroup
}

// grantGroup is a list of grants with one unit, compiled when it is first needed.
type grantGroup struct {
	owner  *variant
	grants []*Grant
	unit   atomic.Pointer[unit]
}

// grantsFor returns the grants that may allow the action to the principal: those that name it as
// grantee, or every grant when the action is to retire one.
func (s *variant) grantsFor(k *Key, p *Principal, action *policy.Action, id string) []*grantGroup {
	if len(k.Grants) == 0 {
		return nil
	}
	index := k.prepared.grants.Load()
	if index == nil || index.owner != s {
		index = newGrantIndex(s, k.Grants)
		k.prepared.grants.Store(index)
	}
	if action.Name == retireGrant {
		return index.toRetire(id)
	}
	var groups []*grantGroup
	for _, name := range [...]string{p.ARN, p.Issuer, p.UniqueID, p.Provider, p.Account} {
		if group := index.byName[name]; name != "" && group != nil {
			groups = append(groups, group)
		}
	}
	return groups
}

func newGrantIndex(s *variant, grants []*Grant) *grantIndex {
	index := &grantIndex{owner: s, byName: map[string]*grantGroup{}, all: &grantGroup{owner: s, grants: grants}}
	for _, g := range grants {
		name := g.GranteePrincipal + g.GranteeServicePrincipal
		if p, ok := policy.ParsePrincipal(name); ok && p.Form == policy.PrincipalAccount {
			name = p.Account
		}
		if index.byName[name] == nil {
			index.byName[name] = &grantGroup{owner: s}
		}
		index.byName[name].grants = append(index.byName[name].grants, g)
	}
	return index
}

// toRetire returns the one grant, or all when none is named.
func (x *grantIndex) toRetire(id string) []*grantGroup {
	if id == "" {
		return []*grantGroup{x.all}
	}
	for _, g := range x.all.grants {
		if g.ID == id {
			return []*grantGroup{{owner: x.owner, grants: []*Grant{g}}}
		}
	}
	return nil
}

// unitOf compiles the group.
func (g *grantGroup) unitOf() (*unit, error) {
	if u := g.unit.Load(); u != nil {
		return u, nil
	}
	u, err := g.owner.compile(func() *rego.Unit { return g.owner.readings.Grants(g.grants, unitName) })
	if err != nil {
		return nil, err
	}
	g.unit.Store(u)
	return u, nil
}

// name is how explanations call a grant.
func grantName(g *Grant) string {
	if g.ID == "" {
		return "grant " + strconv.Quote(g.Name)
	}
	return "grant " + g.ID
}
