package cloudformation

import (
	"slices"
	"strings"

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
	// doubt is what makes it unknown whether this is the holder that is meant, nil when it is.
	doubt *doubt
}

// doubt says in words, and where, what is unknown about an attachment.
type doubt struct {
	why string
	pos policy.Position
}

// cast returns the policy as one that is in doubt, or as it is when there is no doubt.
func (d *doubt) cast(doc *policy.Document) *policy.Document {
	if d == nil || doc == nil {
		return doc
	}
	return source.InDoubt(doc, d.why, d.pos)
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

// called reports whether the holder has the name, which IAM compares without case
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
func (h holder) called(name string) bool {
	return h.user != nil && strings.EqualFold(h.user.Name, name) || h.group != nil && strings.EqualFold(h.group.Name, name) ||
		h.role != nil && strings.EqualFold(h.role.Name, name)
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

// all lists the users, groups or roles of the account, in this template or loaded before. It is asked
// when all of this template are known.
func (s *stack) all(kind string) []holder {
	if found, ok := s.everybody[kind]; ok {
		return found
	}
	var found []holder
	account := s.t.opts.Account
	switch kind {
	case "user":
		for i, u := range slices.Concat(s.users, s.world.Users) {
			if u.Account == account {
				found = append(found, holder{user: u, old: i >= len(s.users)})
			}
		}
	case "group":
		for i, g := range slices.Concat(s.groups, s.world.Groups) {
			if g.Account == account {
				found = append(found, holder{group: g, old: i >= len(s.groups)})
			}
		}
	default:
		for i, r := range slices.Concat(s.roles, s.world.Roles) {
			if r.Account == account {
				found = append(found, holder{role: r, old: i >= len(s.roles)})
			}
		}
	}
	s.everybody[kind] = found
	return found
}

// find finds the user, group or role that a name means. A name that is unknown may mean all of them.
func (s *stack) find(kind string, v value, r *resource) []holder {
	everybody := s.all(kind)
	if v.unresolved() {
		s.t.warn(v.pos, "unresolved-property", "a %s of %s is unknown: it may be any %s of the account", kind, r.id, kind)
		unknown := &doubt{why: "a " + kind + " of " + r.id + ", which is " + readable(v.text), pos: v.pos}
		everybody = slices.Clone(everybody)
		for i := range everybody {
			everybody[i].doubt = unknown
			if !s.t.budget.spend() {
				s.t.tooLarge()
				return nil
			}
		}
		return everybody
	}
	name := readable(v.text)
	if at := slices.IndexFunc(everybody, func(h holder) bool { return h.called(name) }); at >= 0 {
		return everybody[at : at+1]
	}
	s.t.warn(v.pos, "unknown-principal", "%s is not attached to the %s %s: it is in no file that was loaded before", r.id, kind, quote(name))
	return nil
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
			found = append(found, s.find(kind, v, r)...)
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
		s.attachUnknown(h, "the inline policies of "+r.id, v)
		return
	case v.kind != listValue:
		s.t.fail(v.pos, "wrong-type", "expected Policies of %s as a list, found %s", r.id, v.kind)
		return
	}
	for _, item := range v.items {
		if item.unresolved() {
			s.t.warn(item.pos, "unresolved-property", "an inline policy of %s is unknown", r.id)
			s.attachUnknown(h, "an inline policy of "+r.id, item)
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
	doc = s.doubtful(r).cast(doc)
	for _, h := range s.holders(r) {
		s.inline(name, r.pos, h, doc, unknown)
	}
}

// doubtful says that a resource may not exist, nil for most.
func (s *stack) doubtful(r *resource) *doubt {
	if maybe := s.t.maybe(r); maybe != "" {
		return &doubt{why: maybe, pos: r.pos}
	}
	return nil
}

// attachUnknown gives a holder a policy that is unknown.
func (s *stack) attachUnknown(h holder, what string, v value) {
	doc := source.UnknownPolicy(policy.IdentityPolicy, what, "", readable(v.text), v.pos)
	inline, _, _ := h.lists()
	s.change(h, func() { *inline = append(*inline, doc) })
}

// inline gives a holder an inline policy under a name that says whose it is.
func (s *stack) inline(name string, pos policy.Position, h holder, doc *policy.Document, unknown []string) {
	if h.doubt == nil {
		s.declare(pos, s.t.opts.Account+" inline "+h.name()+" "+name, "the policy "+quote(name)+" of "+h.name())
	}
	s.tell(h, unknown...)
	if doc == nil {
		return
	}
	own := *h.doubt.cast(doc)
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
	if doc = s.doubtful(r).cast(doc); doc != nil {
		s.managed = append(s.managed, doc)
	}
	for _, h := range s.holders(r) {
		inline, attached, _ := h.lists()
		if h.doubt != nil {
			if inDoubt := h.doubt.cast(doc); inDoubt != nil {
				s.change(h, func() { *inline = append(*inline, inDoubt) })
			}
			s.tell(h, unknown...)
			continue
		}
		s.change(h, func() { *attached = append(*attached, arn) })
		if h.old { // the others are told by spreadUnknown
			s.tell(h, unknown...)
		}
	}
}
