package cloudformation

import (
	"cmp"
	"slices"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// group loads AWS::IAM::Group
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-group.html).
func (s *stack) group(r *resource) {
	g := &source.Group{Account: s.t.opts.Account, Path: s.t.path(r), Name: s.t.physicalName(r), LogicalID: r.id, Pos: r.pos}
	s.declare(r.pos, identity(g.Account, "group", g.Name), "the group "+g.Name)
	g.Unknown = s.unless(r)
	s.groups = append(s.groups, g)
	g.Attached = s.attached(r, holder{group: g})
	s.ownPolicies(r, holder{group: g})
	if maybe := s.doubtful(r); maybe != nil {
		s.doubtfulGroups = append(s.doubtfulGroups, doubtfulGroup{g, maybe})
	}
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
	u.Tags, unknown, u.Open = s.t.tags(r, principalTag)
	u.Unknown = append(s.unless(r), unknown...)
	if s.isUnnamed(r) {
		u.Open = append(u.Open, "aws:PrincipalArn", "aws:username")
	}
	u.Attached = s.attached(r, holder{user: u})
	u.Boundary = s.boundary(r)
	for _, g := range s.t.textList(r, "Groups") {
		if g.unresolved() {
			s.t.warn(g.pos, "unresolved-property", "a group of the user %s is unknown", r.id)
			s.attachUnknown(holder{user: u}, "a group of "+r.id, g)
			continue
		}
		u.Groups = append(u.Groups, readable(g.text))
	}
	s.users = append(s.users, u)
	s.ownPolicies(r, holder{user: u})
}

// role loads AWS::IAM::Role
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html).
func (s *stack) role(r *resource) {
	role := &source.Role{
		Account: s.t.opts.Account, Path: s.t.path(r), Name: s.t.physicalName(r), LogicalID: r.id, Pos: r.pos,
		UniqueID: s.t.uniqueID("AROA", r),
	}
	s.declare(r.pos, identity(role.Account, "role", role.Name), "the role "+role.Name)
	var unknown []string
	role.Tags, unknown, role.Open = s.t.tags(r, principalTag)
	role.Unknown = append(s.unless(r), unknown...)
	if s.isUnnamed(r) {
		role.Open = append(role.Open, "aws:PrincipalArn")
	}
	role.Attached = s.attached(r, holder{role: role})
	role.Boundary = s.boundary(r)
	s.trust(r, role)
	s.roles = append(s.roles, role)
	s.ownPolicies(r, holder{role: role})
}

// trust computes the trust policy. It does not decide about keys: what is wrong with it as a policy is a warning, and
// the role is then one that nobody may assume, and what is unknown of it is worth no warning.
func (s *stack) trust(r *resource, role *source.Role) {
	s.t.quiet++
	defer func() { s.t.quiet-- }()
	v := s.t.property(r, "AssumeRolePolicyDocument")
	switch v.kind {
	case noValue:
		s.t.fail(r.pos, "missing-property", "the role %s needs AssumeRolePolicyDocument", r.id)
		return
	case mapValue, textValue:
	default:
		return // reported already
	}
	known := len(s.t.errors)
	role.Trust, _ = s.t.policy(policy.TrustPolicy, "trust policy of role/"+role.Name, "", v)
	for _, d := range s.t.errors[known:] {
		if d.Severity == policy.SeverityError {
			d.Severity = policy.SeverityWarning
			role.Unknown = append(role.Unknown, "nobody may assume the role "+role.Name+": "+d.Message)
		}
		s.t.warnings = append(s.t.warnings, d)
	}
	s.t.errors = s.t.errors[:known]
}

// unless says in words that a resource may not exist, or may be called otherwise.
func (s *stack) unless(r *resource) []string {
	var unknown []string
	if maybe := s.t.maybe(r); maybe != "" {
		unknown = append(unknown, maybe)
	}
	for _, name := range []string{r.kind.name, "Path"} {
		if v := s.t.property(r, name); v.unresolved() {
			unknown = append(unknown, s.t.unknownAt(v, name+" of "+r.id))
		}
	}
	return unknown
}

// isUnnamed reports whether the name or the path of a user or role is unknown.
func (s *stack) isUnnamed(r *resource) bool {
	return s.t.property(r, r.kind.name).unresolved() || s.t.property(r, "Path").unresolved()
}

// attached computes ManagedPolicyArns. What is unknown of them is a policy that is unknown.
func (s *stack) attached(r *resource, h holder) []string {
	var arns []string
	for _, v := range s.t.textList(r, "ManagedPolicyArns") {
		if v.unresolved() {
			s.t.warn(v.pos, "unresolved-property", "a managed policy of %s is unknown", r.id)
			s.attachUnknown(h, "a managed policy of "+r.id, v)
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
	group := s.t.property(r, "GroupName")
	if group.kind != textValue {
		s.t.fail(cmpPos(group, r), "missing-property", "%s needs GroupName, a string", r.id)
		return
	}
	if group.unresolved() {
		s.t.warn(group.pos, "unresolved-property", "GroupName of %s is unknown", r.id)
	}
	maybe := s.doubtful(r)
	for _, v := range s.t.textList(r, "Users") {
		for _, h := range s.find("user", v, r) {
			switch {
			case group.unresolved():
				s.attachUnknown(h, "the group of "+r.id, group)
			case maybe != nil || h.doubt != nil:
				s.memberships = append(s.memberships, doubtfulMembership{h, readable(group.text), cmp.Or(h.doubt, maybe)})
			default:
				s.change(h, func() { h.user.Groups = append(h.user.Groups, readable(group.text)) })
			}
		}
	}
}

// doubtfulMembership says that a user may be in a group.
type doubtfulMembership struct {
	user  holder
	group string
	doubt *doubt
}

// doubtMemberships gives users the policies of the groups that they may be in, as policies that are in
// doubt. The groups are complete by then.
func (s *stack) doubtMemberships() {
	for _, m := range s.memberships {
		groups := s.all("group")
		at := slices.IndexFunc(groups, func(h holder) bool { return h.called(m.group) })
		if at < 0 {
			s.attachUnknown(m.user, "the group "+m.group+", which is not loaded", textAt(m.doubt.pos, m.doubt.why))
			continue
		}
		g := groups[at].group
		docs := s.inDoubt(g, m.doubt)
		_, _, unknown := m.user.lists()
		s.change(m.user, func() {
			m.user.user.Policies = append(m.user.user.Policies, docs...)
			*unknown = append(*unknown, g.Unknown...)
		})
	}
	for _, g := range s.doubtfulGroups {
		g.group.Policies, g.group.Attached = s.inDoubt(g.group, g.doubt), nil
	}
}

// doubtfulGroup is a group that may not exist.
type doubtfulGroup struct {
	group *source.Group
	doubt *doubt
}

// inDoubt returns the policies of a group as policies in doubt.
func (s *stack) inDoubt(g *source.Group, d *doubt) []*policy.Document {
	var docs []*policy.Document
	for _, doc := range g.Policies {
		docs = append(docs, d.cast(doc))
	}
	managed := slices.Concat(s.managed, s.world.ManagedPolicies)
	for _, arn := range g.Attached {
		at := slices.IndexFunc(managed, func(doc *policy.Document) bool { return doc.ARN == arn })
		doc := source.ProvidedPolicy(arn) // one that AWS manages
		if at >= 0 {
			doc = managed[at]
		}
		if doc == nil {
			docs = append(docs, source.UnknownPolicy(policy.IdentityPolicy, "the managed policy "+arn+", which is not loaded", "", d.why, d.pos))
			continue
		}
		docs = append(docs, d.cast(doc))
	}
	if len(docs) > 0 && !s.t.budget.spend() {
		s.t.tooLarge()
	}
	return docs
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
	if v.unresolved() {
		s.t.warn(v.pos, "unresolved-property", "UserName of %s is unknown: the access key is not loaded", r.id)
		return
	}
	key := source.AccessKey{LogicalID: r.id, Inactive: status == "Inactive", Pos: r.pos}
	for _, h := range s.find("user", v, r) {
		s.change(h, func() { h.user.AccessKeys = append(h.user.AccessKeys, key) })
	}
}
