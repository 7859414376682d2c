package terraform

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// group loads aws_iam_group (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_group).
func (b *builder) group(r *resource) {
	g := &source.Group{Account: r.where().account, Path: r.path(), Name: r.calledAs(), LogicalID: r.id, Pos: b.at(r.offset)}
	b.declare(r.offset, identity(g.Account, "group", g.Name), "the group "+g.Name)
	g.Unknown = b.unnamed(r)
	b.groups = append(b.groups, g)
}

// user loads aws_iam_user (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_user).
func (b *builder) user(r *resource) {
	u := &source.User{
		Account: r.where().account, Path: r.path(), Name: r.calledAs(), LogicalID: r.id, Pos: b.at(r.offset),
		UniqueID: r.uniqueID("AIDA"),
	}
	b.declare(r.offset, identity(u.Account, "user", u.Name), "the user "+u.Name)
	var unknown []string
	u.Tags, unknown, u.Open = b.tags(r, principalTag)
	u.Unknown = append(b.unnamed(r), unknown...)
	if len(u.Unknown) > len(unknown) {
		u.Open = append(u.Open, "aws:PrincipalArn", "aws:username")
	}
	u.Boundary = b.boundary(r)
	b.users = append(b.users, u)
}

// role loads aws_iam_role (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role).
func (b *builder) role(r *resource) {
	role := &source.Role{
		Account: r.where().account, Path: r.path(), Name: r.calledAs(), LogicalID: r.id, Pos: b.at(r.offset),
		UniqueID: r.uniqueID("AROA"),
	}
	b.declare(r.offset, identity(role.Account, "role", role.Name), "the role "+role.Name)
	var unknown []string
	role.Tags, unknown, role.Open = b.tags(r, principalTag)
	role.Unknown = append(b.unnamed(r), unknown...)
	if len(role.Unknown) > len(unknown) {
		role.Open = append(role.Open, "aws:PrincipalArn")
	}
	role.Boundary = b.boundary(r)
	b.trust(r, role)
	b.roles = append(b.roles, role)
	b.attachedToRole(r, role)
	b.inlineInRole(r, role)
}

// unnamed says in words what is made up in the name of a user, group or role.
func (b *builder) unnamed(r *resource) []string {
	var unknown []string
	for _, name := range []string{"name", "path"} {
		v := r.get(name)
		if v.kind != laterValue || r.isUnset(name) {
			continue
		}
		why := later(b.origins(r.expression(name), r))
		b.warn(v.offset, "unresolved-name", "the %s of %s is unknown: %s", name, r.id, why)
		unknown = append(unknown, "the "+name+" of "+r.id+" is unknown ("+b.at(v.offset).String()+"): "+why)
	}
	return unknown
}

// boundary is the ARN of the permissions boundary. One that is unknown stays in words: that there is a boundary is known,
// and so it is judged as one that is not loaded.
func (b *builder) boundary(r *resource) string {
	text, known := b.reference(r, "permissions_boundary", aPolicyARN)
	if !known {
		b.warn(r.get("permissions_boundary").offset, "unresolved-property", "the permissions boundary of %s is unknown: %s", r.id, text)
	}
	return text
}

// trust reads the trust policy. It does not decide about keys: what is wrong with it as a policy is a warning, and the
// role is then one that nobody may assume.
func (b *builder) trust(r *resource, role *source.Role) {
	v := r.get("assume_role_policy")
	if v.kind == noValue {
		return
	}
	known, warned := len(b.errors), len(b.warnings)
	doc, taken := b.policy(r, v, r.expression("assume_role_policy"), wanted{policy.TrustPolicy, "trust policy of " + r.id, ""})
	role.Trust = doc
	role.Unknown = append(role.Unknown, taken...)
	b.warnings = slices.DeleteFunc(b.warnings, func(d policy.Diagnostic) bool {
		at := slices.IndexFunc(b.warnings, func(o policy.Diagnostic) bool { return o.Pos == d.Pos && o.Message == d.Message })
		return at >= warned && d.Code == "unresolved-policy"
	})
	for _, d := range b.errors[known:] {
		d.Severity = policy.SeverityWarning
		role.Unknown = append(role.Unknown, "nobody may assume the role "+role.Name+": "+d.Message)
		b.warnings = append(b.warnings, d)
	}
	b.errors = b.errors[:known]
}

// attachedToRole reads managed_policy_arns. What the configuration does not set lists what was attached before the plan,
// also by other resources: what they take away is not attached any more.
func (b *builder) attachedToRole(r *resource, role *source.Role) {
	v := r.get("managed_policy_arns")
	if v.kind == laterValue && r.isUnset("managed_policy_arns") {
		return
	}
	gone := map[string]bool{}
	if !r.isSet("managed_policy_arns") {
		for _, former := range b.replaced {
			if former.names("role", role.Name) && former.typ == typeRoleAttachment ||
				former.typ == typeAttachment && slices.ContainsFunc(former.get("roles").items, func(v value) bool { return v.text == role.Name }) {
				gone[former.get("policy_arn").text] = true
			}
		}
	}
	for _, t := range b.texts(r, "managed_policy_arns", aPolicyARN) {
		switch {
		case t.unknown:
			b.warn(t.offset, "unresolved-property", "a managed policy of %s is unknown: %s", r.id, t.text)
			b.attachUnknown(holder{role: role}, "a managed policy of "+r.id, t.text, t.offset)
		case !gone[t.text]:
			role.Attached = append(role.Attached, t.text)
		}
	}
}

// names reports whether an argument of the resource is a name, which IAM compares without case.
func (r *resource) names(argument, name string) bool {
	return strings.EqualFold(r.get(argument).text, name)
}

// inlineInRole reads the inline_policy blocks. What the configuration does not set lists what there was before the plan:
// those that are resources of their own are loaded as such, or not there any more.
func (b *builder) inlineInRole(r *resource, role *source.Role) {
	v := r.get("inline_policy")
	h := holder{role: role}
	set := r.isSet("inline_policy")
	if v.kind == laterValue {
		if set {
			why := later(b.origins(r.expression("inline_policy"), r))
			b.warn(v.offset, "unresolved-property", "the inline policies of %s are unknown: %s", r.id, why)
			b.attachUnknown(h, "the inline policies of "+r.id, why, v.offset)
		}
		return
	}
	own := map[string]bool{}
	for _, other := range slices.Concat(b.of(typeRolePolicy), b.replaced) {
		if !set && other.typ == typeRolePolicy && other.names("role", role.Name) {
			own[other.get("name").text] = true
		}
	}
	for i, in := range matched(v.list(), blocks(r.expression("inline_policy"))) {
		text, name := in.get("policy"), in.get("name").text
		if text.kind == noValue || text.kind == textValue && text.text == "" || own[name] {
			continue // a block without anything in it says that there are none
		}
		if name == "" {
			name = "inline_policy " + strings.TrimPrefix(label(i), "statement ")
		}
		doc, taken := b.policy(r, text, in.expression("policy"), wanted{policy.IdentityPolicy, "policy " + name + " of role " + role.Name, ""})
		b.inline(name, in.offset, h, doc, taken)
	}
}

// serviceLinkedRole loads aws_iam_service_linked_role. AWS gives it a policy that is not in the plan.
func (b *builder) serviceLinkedRole(r *resource) {
	arn, ok := policy.ParseARN(r.get("arn").text)
	service := r.get("aws_service_name").text
	role := &source.Role{
		Account: r.where().account, Path: "/aws-service-role/" + service + "/", Name: r.get("name").text, LogicalID: r.id,
		ServiceLinked: true, Pos: b.at(r.offset), UniqueID: r.uniqueID("AROA"),
	}
	if !ok || role.Name == "" {
		b.warn(r.offset, "unresolved-name", "the name of %s is unknown: it is not loaded", r.id)
		return
	}
	role.Account = arn.Account
	b.declare(r.offset, identity(role.Account, "role", role.Name), "the role "+role.Name)
	b.roles = append(b.roles, role)
	b.attachUnknown(holder{role: role}, "the policy of "+r.id, "AWS gives the role a policy that is not in the plan", r.offset)
}

// accessKey loads aws_iam_access_key
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_access_key).
func (b *builder) accessKey(r *resource) {
	name, known := b.reference(r, "user", aName)
	if !known {
		b.warn(r.get("user").offset, "unresolved-property", "the user of %s is unknown: the access key is not loaded: %s", r.id, name)
		return
	}
	key := source.AccessKey{LogicalID: r.id, Inactive: r.get("status").text == "Inactive", Pos: b.at(r.offset)}
	for _, h := range b.find("user", r, resolved{text: name, offset: r.get("user").offset}) {
		b.change(h, func() { h.user.AccessKeys = append(h.user.AccessKeys, key) })
	}
}

// membership loads aws_iam_user_group_membership and aws_iam_group_membership
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_group_membership).
func (b *builder) membership(r *resource) {
	one := func(name string) []resolved {
		text, known := b.reference(r, name, aName)
		return []resolved{{text: text, offset: r.get(name).offset, unknown: !known}}
	}
	users, groups := one("user"), b.texts(r, "groups", aName)
	if r.typ == typeGroupUsers {
		users, groups = b.texts(r, "users", aName), one("group")
	}
	for _, u := range users {
		for _, h := range b.find("user", r, u) {
			for _, g := range groups {
				b.join(r, h, g)
			}
		}
	}
}

// join puts a user into a group.
func (b *builder) join(r *resource, h holder, group resolved) {
	switch {
	case group.unknown:
		b.warn(group.offset, "unresolved-property", "a group of %s is unknown: %s", r.id, group.text)
		b.attachUnknown(h, "a group of "+r.id, group.text, group.offset)
	case h.doubt != nil:
		b.memberships = append(b.memberships, doubtfulMembership{h, group.text})
	default:
		b.change(h, func() {
			if !slices.Contains(h.user.Groups, group.text) {
				h.user.Groups = append(h.user.Groups, group.text)
			}
		})
	}
}

// doubtfulMembership says that a user may be in a group.
type doubtfulMembership struct {
	user  holder
	group string
}

// doubtMemberships gives users the policies of the groups that they may be in, as policies that are in doubt. The
// groups are complete by then.
func (b *builder) doubtMemberships() {
	for _, m := range b.memberships {
		h, ok := b.holdersOf("group")[identity(m.user.account(), "group", m.group)]
		if !ok {
			b.change(m.user, func() {
				m.user.user.Policies = append(m.user.user.Policies, source.UnknownPolicy(policy.IdentityPolicy,
					"the group "+m.group+", which is not loaded", "", m.user.doubt.why, m.user.doubt.pos))
			})
			continue
		}
		docs := b.inDoubt(h.group, m.user.doubt)
		b.change(m.user, func() {
			m.user.user.Policies = append(m.user.user.Policies, docs...)
			m.user.user.Unknown = append(m.user.user.Unknown, h.group.Unknown...)
		})
	}
}

// inDoubt returns the policies of a group as policies in doubt.
func (b *builder) inDoubt(g *source.Group, d *doubt) []*policy.Document {
	var docs []*policy.Document
	for _, doc := range g.Policies {
		docs = append(docs, d.cast(doc))
	}
	for _, arn := range g.Attached {
		docs = append(docs, b.managedInDoubt(arn, d))
	}
	return docs
}
