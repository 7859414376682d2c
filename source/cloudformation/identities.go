package cloudformation

import (
	"github.com/strictkms/strictkms/source"
)

// group loads AWS::IAM::Group
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-group.html).
func (s *stack) group(r *resource) {
	g := &source.Group{Account: s.t.opts.Account, Path: s.t.path(r), Name: s.t.physicalName(r), LogicalID: r.id, Pos: r.pos}
	s.declare(r.pos, identity(g.Account, "group", g.Name), "the group "+g.Name)
	g.Unknown = s.unless(r)
	g.Attached = s.attached(r, &g.Unknown)
	s.groups = append(s.groups, g)
	s.ownPolicies(r, holder{group: g})
}

// user loads AWS::IAM::User
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-user.html).
func (s *stack) user(r *resource) {
	u := &source.User{
		Account: s.t.opts.Account, Path: s.t.path(r), Name: s.t.physicalName(r), LogicalID: r.id, Pos: r.pos,
		UniqueID: s.t.uniqueID("AIDA", r),
	}
	s.declare(r.pos, identity(u.Account, "user", u.Name), "the user "+u.Name)
	var unknown []string
	u.Tags, unknown = s.t.tags(r)
	u.Unknown = append(s.unless(r), unknown...)
	u.Attached = s.attached(r, &u.Unknown)
	u.Boundary = s.boundary(r)
	for _, g := range s.t.textList(r, "Groups") {
		if g.unresolved() {
			s.t.warn(g.pos, "unresolved-property", "a group of the user %s is unknown", r.id)
			u.Unknown = append(u.Unknown, "a group of "+u.Name+" is unknown: "+readable(g.text))
			continue
		}
		u.Groups = append(u.Groups, readable(g.text))
	}
	s.users = append(s.users, u)
	s.ownPolicies(r, holder{user: u})
}

// role loads AWS::IAM::Role
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html).
// Its trust policy does not decide about keys; it is only resolved, for its mistakes.
func (s *stack) role(r *resource) {
	role := &source.Role{
		Account: s.t.opts.Account, Path: s.t.path(r), Name: s.t.physicalName(r), LogicalID: r.id, Pos: r.pos,
		UniqueID: s.t.uniqueID("AROA", r),
	}
	s.declare(r.pos, identity(role.Account, "role", role.Name), "the role "+role.Name)
	var unknown []string
	role.Tags, unknown = s.t.tags(r)
	role.Unknown = append(s.unless(r), unknown...)
	role.Attached = s.attached(r, &role.Unknown)
	role.Boundary = s.boundary(r)
	s.t.quiet++
	if trust := s.t.property(r, "AssumeRolePolicyDocument"); trust.kind == noValue {
		s.t.fail(r.pos, "missing-property", "the role %s needs AssumeRolePolicyDocument", r.id)
	}
	s.t.quiet--
	s.roles = append(s.roles, role)
	s.ownPolicies(r, holder{role: role})
}

// unless says in words that a resource may not exist.
func (s *stack) unless(r *resource) []string {
	if maybe := s.t.maybe(r); maybe != "" {
		return []string{maybe}
	}
	return nil
}

// attached computes ManagedPolicyArns. An ARN that is unknown stays in the list in words, so that
// it is reported as a policy that is not loaded.
func (s *stack) attached(r *resource, unknown *[]string) []string {
	var arns []string
	for _, v := range s.t.textList(r, "ManagedPolicyArns") {
		if v.unresolved() {
			s.t.warn(v.pos, "unresolved-property", "a managed policy of %s is unknown", r.id)
			*unknown = append(*unknown, "a managed policy of "+r.id+" is unknown: "+readable(v.text))
			continue
		}
		arns = append(arns, readable(v.text))
	}
	return arns
}

// boundary computes PermissionsBoundary. One that is unknown stays in words: that there is a
// boundary is known, and so it is judged as one that is not loaded.
func (s *stack) boundary(r *resource) string {
	text, pos, ok := s.t.textProperty(r, "PermissionsBoundary")
	if ok && (value{kind: textValue, text: text}).unresolved() {
		s.t.warn(pos, "unresolved-property", "the permissions boundary of %s is unknown", r.id)
	}
	return readable(text)
}

// membership loads AWS::IAM::UserToGroupAddition
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-usertogroupaddition.html).
func (s *stack) membership(r *resource) {
	group, unknown := s.t.knownText(r, "GroupName")
	if group == "" && unknown == "" {
		s.t.fail(r.pos, "missing-property", "%s needs GroupName", r.id)
		return
	}
	if maybe := s.t.maybe(r); maybe != "" {
		unknown = maybe
	}
	for _, v := range s.t.textList(r, "Users") {
		h, ok := s.holder("user", v, r)
		if !ok {
			continue
		}
		if unknown != "" {
			s.tell(h, "a group of "+h.user.Name+" is unknown: "+unknown)
			continue
		}
		s.change(h, func() { h.user.Groups = append(h.user.Groups, group) })
	}
}

// accessKey loads AWS::IAM::AccessKey
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-accesskey.html).
func (s *stack) accessKey(r *resource) {
	v := s.t.property(r, "UserName")
	if v.kind != textValue {
		s.t.fail(r.pos, "missing-property", "the access key %s needs UserName, a string", r.id)
		return
	}
	status, _ := s.t.knownText(r, "Status")
	if status != "" && status != "Active" && status != "Inactive" {
		s.t.fail(s.t.property(r, "Status").pos, "wrong-type", "expected Status of %s as Active or Inactive", r.id)
	}
	s.t.maybe(r)
	h, ok := s.holder("user", v, r)
	if !ok {
		return
	}
	key := source.AccessKey{LogicalID: r.id, Inactive: status == "Inactive", Pos: r.pos}
	s.change(h, func() { h.user.AccessKeys = append(h.user.AccessKeys, key) })
}
