package api

import (
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
)

var detailsOperations = []operationOf{
	answers("GetAccountAuthorizationDetails", getAccountAuthorizationDetails),
}

type getAccountAuthorizationDetailsInput struct {
	Filter []string `iam:"each=enum=entityType"`
	pageInput
}

type getAccountAuthorizationDetailsOutput struct {
	UserDetailList  []userDetail
	GroupDetailList []groupDetail
	RoleDetailList  []roleDetail
	Policies        []policyDetail
	pageOutput
}

type userDetail struct {
	Path, UserName, UserId, Arn string
	CreateDate                  time.Time
	UserPolicyList              []inlinePolicy
	GroupList                   []string
	AttachedManagedPolicies     []attachedPolicy
	PermissionsBoundary         *boundaryOutput
	Tags                        []tag
}

type groupDetail struct {
	Path, GroupName, GroupId, Arn string
	CreateDate                    time.Time
	GroupPolicyList               []inlinePolicy
	AttachedManagedPolicies       []attachedPolicy
}

type roleDetail struct {
	Path, RoleName, RoleId, Arn string
	CreateDate                  time.Time
	AssumeRolePolicyDocument    string
	InstanceProfileList         []item
	RolePolicyList              []inlinePolicy
	AttachedManagedPolicies     []attachedPolicy
	PermissionsBoundary         *boundaryOutput
	Tags                        []tag
}

type policyDetail struct {
	PolicyName, PolicyId, Arn, Path, DefaultVersionId string
	AttachmentCount, PermissionsBoundaryUsageCount    int32
	IsAttachable                                      bool
	Description                                       string
	CreateDate, UpdateDate                            time.Time
	PolicyVersionList                                 []versionDetail
}

type versionDetail struct {
	Document, VersionId string
	IsDefaultVersion    bool
	CreateDate          time.Time
}

type inlinePolicy struct{ PolicyName, PolicyDocument string }

type attachedPolicy struct{ PolicyName, PolicyArn string }

// entity is one entry of one of the lists.
type entity struct {
	user   *iam.UserDetail
	group  *iam.GroupDetail
	role   *iam.RoleDetail
	policy *iam.ManagedPolicyDetail
}

// getAccountAuthorizationDetails tells everything, in pages over all lists together. Of the policies that AWS manages
// it tells those that are used.
func getAccountAuthorizationDetails(c *call, in *getAccountAuthorizationDetailsInput) (*getAccountAuthorizationDetailsOutput, error) {
	if err := c.authorize("iam:GetAccountAuthorizationDetails", everything); err != nil {
		return nil, err
	}
	entities, more, err := page("details", &in.pageInput, c.entities(func(kind string) bool {
		return len(in.Filter) == 0 || slices.Contains(in.Filter, kind)
	}))
	if err != nil {
		return nil, err
	}
	out := &getAccountAuthorizationDetailsOutput{
		UserDetailList: []userDetail{}, GroupDetailList: []groupDetail{}, RoleDetailList: []roleDetail{},
		Policies: []policyDetail{}, pageOutput: more,
	}
	for _, e := range entities {
		switch {
		case e.user != nil:
			out.UserDetailList = append(out.UserDetailList, c.userDetail(e.user))
		case e.group != nil:
			out.GroupDetailList = append(out.GroupDetailList, c.groupDetail(e.group))
		case e.role != nil:
			out.RoleDetailList = append(out.RoleDetailList, c.roleDetail(e.role))
		default:
			out.Policies = append(out.Policies, c.policyDetail(e.policy))
		}
	}
	return out, nil
}

// entities are the entries of all lists that are wanted, in the order of their names, which begin with the list's.
func (c *call) entities(wanted func(kind string) bool) func(yield func(string, entity) bool) {
	return func(yield func(string, entity) bool) {
		lists := []struct {
			kind string
			each func(prefix string) bool
		}{
			{"User", func(at string) bool {
				return each(c.view.Users(c.Account), at, func(u *iam.UserDetail) entity { return entity{user: u} }, yield)
			}},
			{"Group", func(at string) bool {
				return each(c.view.Groups(c.Account), at, func(g *iam.GroupDetail) entity { return entity{group: g} }, yield)
			}},
			{"Role", func(at string) bool {
				return each(c.view.Roles(c.Account), at, func(r *iam.RoleDetail) entity { return entity{role: r} }, yield)
			}},
			{"LocalManagedPolicy", func(at string) bool {
				return each(c.view.ManagedPolicies(c.Account), at, func(p *iam.ManagedPolicyDetail) entity { return entity{policy: p} }, yield)
			}},
			{"AWSManagedPolicy", func(at string) bool {
				return each(c.used(), at, func(p *iam.ManagedPolicyDetail) entity { return entity{policy: p} }, yield)
			}},
		}
		for i, list := range lists {
			if wanted(list.kind) && !list.each(string(rune('a'+i))+" ") {
				return
			}
		}
	}
}

// each passes on the entries of a list; false when no more are wanted.
func each[T any](list func(func(string, T) bool), at string, of func(T) entity, yield func(string, entity) bool) bool {
	for name, value := range list {
		if !yield(at+name, of(value)) {
			return false
		}
	}
	return true
}

// used are the policies of AWS that something in the account has.
func (c *call) used() func(func(string, *iam.ManagedPolicyDetail) bool) {
	return func(yield func(string, *iam.ManagedPolicyDetail) bool) {
		for name, p := range c.view.ManagedPolicies(iam.AWS) {
			if attached, boundaries := c.attachments(p.ARN()); attached+boundaries > 0 && !yield(name, p) {
				return
			}
		}
	}
}

func (c *call) userDetail(u *iam.UserDetail) userDetail {
	return userDetail{
		Path: u.Path, UserName: u.Name, UserId: u.ID, Arn: c.arn(iam.KindUser, u.Path, u.Name), CreateDate: u.Created,
		UserPolicyList: newInline(u.Inline), GroupList: append([]string{}, u.Groups...),
		AttachedManagedPolicies: newAttached(u.Attached), PermissionsBoundary: newBoundary(u.Boundary), Tags: newTags(u.Tags),
	}
}

func (c *call) groupDetail(g *iam.GroupDetail) groupDetail {
	return groupDetail{
		Path: g.Path, GroupName: g.Name, GroupId: g.ID, Arn: c.arn(iam.KindGroup, g.Path, g.Name), CreateDate: g.Created,
		GroupPolicyList: newInline(g.Inline), AttachedManagedPolicies: newAttached(g.Attached),
	}
}

func (c *call) roleDetail(r *iam.RoleDetail) roleDetail {
	return roleDetail{
		Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: c.arn(iam.KindRole, r.Path, r.Name), CreateDate: r.Created,
		AssumeRolePolicyDocument: encodedDocument(c.service.config.Identities.ShownTrust(r)), InstanceProfileList: []item{}, RolePolicyList: newInline(r.Inline),
		AttachedManagedPolicies: newAttached(r.Attached), PermissionsBoundary: newBoundary(r.Boundary), Tags: newTags(r.Tags),
	}
}

func (c *call) policyDetail(p *iam.ManagedPolicyDetail) policyDetail {
	out := policyDetail{
		PolicyName: p.Name, PolicyId: p.ID, Arn: p.ARN(), Path: p.Path, DefaultVersionId: p.Default, IsAttachable: true,
		Description: p.Description, CreateDate: p.Created, UpdateDate: p.Updated, PolicyVersionList: []versionDetail{},
	}
	out.AttachmentCount, out.PermissionsBoundaryUsageCount = c.attachments(out.Arn)
	for _, v := range p.Versions {
		out.PolicyVersionList = append(out.PolicyVersionList, versionDetail{encodedDocument(v.Policy.Text), v.ID, v.ID == p.Default, v.Created})
	}
	return out
}

// newInline are inline policies as answers have them.
func newInline(policies []*iam.Policy) []inlinePolicy {
	out := []inlinePolicy{}
	for _, p := range policies {
		out = append(out, inlinePolicy{p.Name, encodedDocument(p.Text)})
	}
	return out
}

// newAttached are attached managed policies as answers have them.
func newAttached(arns []string) []attachedPolicy {
	out := []attachedPolicy{}
	for _, arn := range arns {
		out = append(out, attachedPolicy{arn[strings.LastIndexByte(arn, '/')+1:], arn})
	}
	return out
}
