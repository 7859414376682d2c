package cloudformation

import (
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// holder is what a policy is attached to: exactly one is set.
type holder struct {
	user  *source.User
	group *source.Group
	role  *source.Role
	// old is true for a holder that was in the world before; it changes only when the whole
	// template is without mistakes.
	old bool
}

// name names the holder for people.
func (h holder) name() string {
	switch {
	case h.user != nil:
		return "user " + h.user.Name
	case h.group != nil:
		return "group " + h.group.Name
	default:
		return "role " + h.role.Name
	}
}

// lists are the holder's inline policies, attached policies and unknowns.
func (h holder) lists() (inline *[]*policy.Document, attached, unknown *[]string) {
	switch {
	case h.user != nil:
		return &h.user.Policies, &h.user.Attached, &h.user.Unknown
	case h.group != nil:
		return &h.group.Policies, &h.group.Attached, &h.group.Unknown
	default:
		return &h.role.Policies, &h.role.Attached, &h.role.Unknown
	}
}

// change changes a holder, now or when the stack is added.
func (s *stack) change(h holder, do func()) {
	if h.old {
		s.late = append(s.late, do)
		return
	}
	do()
}

// tell notes what is unknown about a holder.
func (s *stack) tell(h holder, unknown ...string) {
	if len(unknown) == 0 {
		return
	}
	_, _, list := h.lists()
	s.change(h, func() { *list = append(*list, unknown...) })
}

// holder finds the user, group or role that a name means, in this template or loaded before.
func (s *stack) holder(kind string, v value, r *resource) (holder, bool) {
	if v.unresolved() {
		s.t.warn(v.pos, "unresolved-property", "a %s of %s is unknown: it is not attached there", kind, r.id)
		return holder{}, false
	}
	name, account := readable(v.text), s.t.opts.Account
	switch kind {
	case "user":
		for i, users := range [][]*source.User{s.users, s.world.Users} {
			for _, u := range users {
				if u.Name == name && u.Account == account {
					return holder{user: u, old: i == 1}, true
				}
			}
		}
	case "group":
		for i, groups := range [][]*source.Group{s.groups, s.world.Groups} {
			for _, g := range groups {
				if g.Name == name && g.Account == account {
					return holder{group: g, old: i == 1}, true
				}
			}
		}
	default:
		for i, roles := range [][]*source.Role{s.roles, s.world.Roles} {
			for _, role := range roles {
				if role.Name == name && role.Account == account {
					return holder{role: role, old: i == 1}, true
				}
			}
		}
	}
	s.t.warn(v.pos, "unknown-principal", "%s is not attached to the %s %s: it is in no file that was loaded before", r.id, kind, quote(name))
	return holder{}, false
}

// holders finds everything a policy resource is attached to.
func (s *stack) holders(r *resource) []holder {
	var found []holder
	one := map[string]string{"UserName": "user", "GroupName": "group", "RoleName": "role"}
	for _, property := range []string{"Users", "Groups", "Roles", "UserName", "GroupName", "RoleName"} {
		var names []value
		kind, single := one[property]
		if single {
			if v := s.t.property(r, property); v.kind == textValue {
				names = []value{v}
			}
		} else {
			kind = map[string]string{"Users": "user", "Groups": "group", "Roles": "role"}[property]
			names = s.t.textList(r, property)
		}
		for _, v := range names {
			if h, ok := s.holder(kind, v, r); ok {
				found = append(found, h)
			}
		}
	}
	return found
}

// ownPolicies reads the Policies property of a user, group or role.
func (s *stack) ownPolicies(r *resource, h holder) {
	v := s.t.property(r, "Policies")
	switch {
	case v.kind == noValue:
		return
	case v.unresolved():
		s.t.warn(v.pos, "unresolved-property", "the inline policies of %s are unknown", r.id)
		s.tell(h, "the inline policies of "+r.id+" are unknown: "+readable(v.text))
		return
	case v.kind != listValue:
		s.t.fail(v.pos, "wrong-type", "expected Policies of %s as a list, found %s", r.id, v.kind)
		return
	}
	for _, item := range v.items {
		if item.unresolved() {
			s.t.warn(item.pos, "unresolved-property", "an inline policy of %s is unknown", r.id)
			s.tell(h, "an inline policy of "+r.id+" is unknown: "+readable(item.text))
			continue
		}
		name, _ := item.get("PolicyName")
		document, ok := item.get("PolicyDocument")
		if !ok || name.kind != textValue {
			s.t.fail(item.pos, "missing-property", "expected an inline policy of %s as a mapping of PolicyName and PolicyDocument", r.id)
			continue
		}
		doc, unknown := s.t.policy(policy.IdentityPolicy, "policy "+readable(name.text)+" of "+h.name(), "", document)
		s.inline(readable(name.text), name.pos, h, doc, unknown)
	}
}

// inlinePolicy loads AWS::IAM::Policy, UserPolicy, GroupPolicy and RolePolicy
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html).
func (s *stack) inlinePolicy(r *resource) {
	document := s.t.property(r, "PolicyDocument")
	if document.kind == noValue {
		s.t.fail(r.pos, "missing-property", "the policy %s needs PolicyDocument", r.id)
		return
	}
	if s.t.property(r, "PolicyName").kind == noValue {
		s.t.fail(r.pos, "missing-property", "the policy %s needs PolicyName", r.id)
		return
	}
	name := s.t.physicalName(r)
	doc, unknown := s.t.policy(policy.IdentityPolicy, "policy "+name, "", document)
	if maybe := s.t.maybe(r); maybe != "" { // one that may not exist is not counted
		doc, unknown = nil, []string{"the policy " + name + " is not counted: " + maybe}
	}
	for _, h := range s.holders(r) {
		s.inline(name, r.pos, h, doc, unknown)
	}
}

// inline gives a holder an inline policy under a name that says whose it is.
func (s *stack) inline(name string, pos policy.Position, h holder, doc *policy.Document, unknown []string) {
	s.declare(pos, s.t.opts.Account+" inline "+h.name()+" "+name, "the policy "+quote(name)+" of "+h.name())
	s.tell(h, unknown...)
	if doc == nil {
		return
	}
	own := *doc
	own.Name = "policy " + name + " of " + h.name()
	inline, _, _ := h.lists()
	s.change(h, func() { *inline = append(*inline, &own) })
}

// managedPolicy loads AWS::IAM::ManagedPolicy
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html).
func (s *stack) managedPolicy(r *resource) {
	document := s.t.property(r, "PolicyDocument")
	if document.kind == noValue {
		s.t.fail(r.pos, "missing-property", "the policy %s needs PolicyDocument", r.id)
		return
	}
	arn := s.t.reference(r)
	s.declare(r.pos, arn, "the managed policy "+arn)
	doc, unknown := s.t.policy(policy.IdentityPolicy, "managed policy "+s.t.physicalName(r), arn, document)
	s.unknownPolicies[arn] = append(s.unknownPolicies[arn], unknown...)
	maybe := s.t.maybe(r)
	if maybe != "" {
		s.unknownPolicies[arn] = append(s.unknownPolicies[arn], maybe)
	} else if doc != nil {
		s.managed = append(s.managed, doc)
	}
	for _, h := range s.holders(r) {
		_, attached, _ := h.lists()
		s.change(h, func() { *attached = append(*attached, arn) })
		if h.old { // the others are told by spreadUnknown
			s.tell(h, s.unknownPolicies[arn]...)
		}
	}
}
