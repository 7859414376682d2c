package terraform

import (
	"cmp"
	"slices"
	"strings"

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
	// whole is true when the members are all accounts of the organization.
	whole      bool
	scps, rcps map[string][]*policy.Document // by target
	// anywhere are policies whose target is not known, in doubt.
	anywhere []*policy.Document
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
	if o.management == "" && !r.data {
		o.management = r.where().account // whoever makes an organization manages it
	}
	for _, root := range r.get("roots").list() {
		o.root = root.get("id").text
	}
	if o.root == "" {
		o.root = r.id
	}
	accounts := r.get("accounts")
	isNew := !r.data && r.get("id").kind == laterValue // one that is made has the accounts that are made in it
	o.whole = isNew || accounts.kind == listValue && !accounts.hasLater()
	for _, account := range accounts.list() {
		if id := account.get("id").text; policy.IsAccountID(id) && !slices.Contains(o.members, id) {
			o.members = append(o.members, id)
		}
	}
	for _, t := range r.get("enabled_policy_types").list() {
		o.hasSCPs = o.hasSCPs || t.text == "SERVICE_CONTROL_POLICY"
	}
}

// allowsEverything are the policies of AWS that are attached where there is no other
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html).
var allowsEverything = []string{"p-FullAWSAccess", "p-RCPFullAWSAccess"}

// target attaches a policy to the root, a unit or an account.
func (b *builder) target(o *organization, r *resource) {
	if slices.Contains(allowsEverything, r.get("policy_id").text) {
		return
	}
	docs := b.attachedPolicy(r)
	for _, doc := range docs {
		o.hasSCPs = o.hasSCPs || doc.Kind == policy.ServiceControlPolicy
	}
	target, known := b.reference(r, "target_id", anOrgAccount)
	if !known {
		if len(docs) > 0 {
			b.warn(r.offset, "unresolved-property", "the target of %s is unknown, it may be any account: %s", r.id, target)
		}
		for _, doc := range docs {
			o.anywhere = append(o.anywhere, source.InDoubt(doc, "the target of "+r.id+", which is "+target, b.at(r.offset)))
		}
		return
	}
	switch {
	case policy.IsAccountID(target) && !slices.Contains(o.members, target) && len(docs) > 0:
		o.members = append(o.members, target)
	case strings.HasPrefix(target, "r-") && o.root == "":
		o.root = target
	}
	for _, doc := range docs {
		to := o.scps
		if doc.Kind == policy.ResourceControlPolicy {
			to = o.rcps
		}
		to[target] = append(to[target], doc)
	}
}

// attachedPolicy is the policy that is attached: none when it is neither a service control policy nor a resource control
// policy, and one of each when it may be either.
func (b *builder) attachedPolicy(r *resource) []*policy.Document {
	either := func(why string) (docs []*policy.Document) {
		for _, kind := range []policy.Kind{policy.ServiceControlPolicy, policy.ResourceControlPolicy} {
			docs = append(docs, source.UnknownPolicy(kind, "the policy of "+r.id, "", why, b.at(r.offset)))
		}
		return docs
	}
	from := b.policyBehind(r)
	if from == nil {
		b.warn(r.offset, "unknown-policy", "the policy of %s is not in the plan: it is unknown", r.id)
		return either("the policy of " + r.id + " is not in the plan")
	}
	var kind policy.Kind
	switch typ := from.get("type"); {
	case typ.kind == laterValue:
		b.warn(typ.offset, "unresolved-property", "the type of %s is unknown", from.id)
		return either("the type of " + from.id + " is unknown")
	case typ.text == "", typ.text == "SERVICE_CONTROL_POLICY":
		kind = policy.ServiceControlPolicy
	case typ.text == "RESOURCE_CONTROL_POLICY":
		kind = policy.ResourceControlPolicy
	default:
		return nil // of another kind, such as for tags
	}
	name := cmp.Or(from.get("name").text, from.id)
	doc, taken := b.policy(from, from.get("content"), from.expression("content"), wanted{kind, name, from.get("arn").text})
	for _, text := range taken {
		b.warn(from.offset, "looked-up", "%s", text)
	}
	if doc == nil {
		return nil
	}
	return []*policy.Document{doc}
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
