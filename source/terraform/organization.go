package terraform

import (
	"slices"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// organization is what the plan tells about an organization
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/organizations_organization).
type organization struct {
	id, root, management string
	hasSCPs              bool
	full                 *policy.Document
	parents              map[string]string // of units and accounts
	members              []string
	scps, rcps           map[string][]*policy.Document // by target
}

// organizations loads the accounts of an organization with their SCPs and RCPs. AWS's own policy that allows everything
// is attached to every level that does without another, as AWS does it.
func (b *builder) organizations() {
	o := &organization{
		parents: map[string]string{}, scps: map[string][]*policy.Document{}, rcps: map[string][]*policy.Document{},
	}
	for _, r := range b.order {
		if r.typ == typeOrganization {
			b.describe(o, r)
		}
	}
	for _, r := range b.of(typeUnit, typeAccount) {
		id := r.ownID()
		parent, known := b.reference(r, "parent_id", anOrgAccount)
		switch {
		case known && parent != "":
			o.parents[id] = parent
		case r.typ == typeAccount && r.get("parent_id").kind != textValue && o.root != "" && !r.isSet("parent_id"):
			o.parents[id] = o.root // where a new account is without one
		default:
			b.warn(r.offset, "unresolved-property", "the parent of %s is unknown", r.id)
		}
		if r.typ == typeAccount && !slices.Contains(o.members, id) {
			o.members = append(o.members, id)
		}
	}
	for _, r := range b.of(typeTarget) {
		b.target(o, r)
	}
	b.accountsOf(o)
}

// describe reads the organization itself, a resource or a data source.
func (b *builder) describe(o *organization, r *resource) {
	o.id = r.ownID()
	o.management = r.get("master_account_id").text
	for _, root := range r.get("roots").list() {
		o.root = root.get("id").text
	}
	if o.root == "" {
		o.root = r.id
	}
	for _, account := range r.get("accounts").list() {
		if id := account.get("id").text; policy.IsAccountID(id) && !slices.Contains(o.members, id) {
			o.members = append(o.members, id)
		}
	}
	for _, t := range r.get("enabled_policy_types").list() {
		o.hasSCPs = o.hasSCPs || t.text == "SERVICE_CONTROL_POLICY"
	}
}

// target attaches a policy to the root, a unit or an account.
func (b *builder) target(o *organization, r *resource) {
	target, known := b.reference(r, "target_id", anOrgAccount)
	if !known {
		b.warn(r.offset, "unresolved-property", "the target of %s is unknown: it is not loaded: %s", r.id, target)
		return
	}
	from := b.policyBehind(r)
	if from == nil {
		b.warn(r.offset, "unknown-policy", "the policy of %s is not in the plan: it is not loaded", r.id)
		return
	}
	kind, to := policy.ServiceControlPolicy, o.scps
	switch typ := from.get("type").text; typ {
	case "", "SERVICE_CONTROL_POLICY":
		o.hasSCPs = true
	case "RESOURCE_CONTROL_POLICY":
		kind, to = policy.ResourceControlPolicy, o.rcps
	default:
		return // of another kind, such as for tags
	}
	name := from.get("name").text
	if name == "" {
		name = from.id
	}
	doc, taken := b.policy(from, from.get("content"), from.expression("content"), wanted{kind, name, from.get("arn").text})
	for _, text := range taken {
		b.warn(from.offset, "looked-up", "%s", text)
	}
	if doc != nil {
		to[target] = append(to[target], doc)
	}
}

// policyBehind finds the policy that is attached, nil when it is not in the plan.
func (b *builder) policyBehind(r *resource) *resource {
	v := r.get("policy_id")
	if v.kind == laterValue {
		origins := b.origins(r.expression("policy_id"), r)
		if len(origins) == 1 && origins[0].resource != nil && origins[0].resource.typ == typeOrganizationPolicy {
			return origins[0].resource
		}
		return nil
	}
	for _, other := range b.of(typeOrganizationPolicy) {
		if v.text != "" && other.get("id").text == v.text {
			return other
		}
	}
	return nil
}

// accountsOf makes the accounts.
func (b *builder) accountsOf(o *organization) {
	for _, id := range o.members {
		if !policy.IsAccountID(id) {
			if len(o.scps)+len(o.rcps) > 0 {
				b.warn(0, "unknown-account", "the id of the account %s is not known before it is made: its policies are not loaded", id)
			}
			continue
		}
		if b.world.Accounts[id] != nil {
			continue // told by a file before
		}
		a := &evaluator.Account{ID: id, OrganizationID: o.id, Management: id == o.management}
		levels, whole := o.above(id)
		if whole {
			a.OrganizationPath = o.id + "/"
			for _, level := range levels[:len(levels)-1] {
				a.OrganizationPath += level + "/"
			}
		}
		for i, level := range levels {
			if o.hasSCPs {
				a.SCPs = append(a.SCPs, append([]*policy.Document{b.fullAccess(o)}, o.scps[level]...))
			}
			a.RCPs = append(a.RCPs, o.rcps[level])
			if !whole && i == 0 && o.unitsHavePolicies() {
				const why = "the units above the account are not in the plan"
				a.SCPs = append(a.SCPs, []*policy.Document{
					b.fullAccess(o), source.UnknownPolicy(policy.ServiceControlPolicy, "policies of the units above "+id, "", why, b.at(0)),
				})
				b.warn(0, "unknown-account", "the units above the account %s are not in the plan: their policies are unknown", id)
			}
		}
		b.accounts[id] = a
	}
}

// above are the levels from the root to an account. whole is false when the plan does not tell all of them.
func (o *organization) above(id string) (levels []string, whole bool) {
	levels = []string{id}
	for at := id; ; {
		parent, ok := o.parents[at]
		if !ok || slices.Contains(levels, parent) {
			return []string{o.root, id}, false
		}
		levels = append([]string{parent}, levels...)
		if parent == o.root {
			return levels, true
		}
		at = parent
	}
}

// unitsHavePolicies reports whether a policy is attached to anything but the root and accounts.
func (o *organization) unitsHavePolicies() bool {
	for target := range o.scps {
		if target != o.root && !policy.IsAccountID(target) {
			return true
		}
	}
	return false
}

// fullAccess is the service control policy that AWS attaches to every level
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html).
func (b *builder) fullAccess(o *organization) *policy.Document {
	if o.full == nil {
		doc, diags := policy.Parse(policy.ServiceControlPolicy, "FullAWSAccess",
			[]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`), policy.WithFile(b.file.Name))
		for _, d := range diags {
			b.report(d)
		}
		o.full = doc
	}
	return o.full
}
