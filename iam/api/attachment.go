package api

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

var attachmentOperations = []operationOf{
	acts("AttachUserPolicy", attachUserPolicy),
	acts("DetachUserPolicy", detachUserPolicy),
	answers("ListAttachedUserPolicies", listAttachedUserPolicies),
	acts("AttachGroupPolicy", attachGroupPolicy),
	acts("DetachGroupPolicy", detachGroupPolicy),
	answers("ListAttachedGroupPolicies", listAttachedGroupPolicies),
	acts("AttachRolePolicy", attachRolePolicy),
	acts("DetachRolePolicy", detachRolePolicy),
	answers("ListAttachedRolePolicies", listAttachedRolePolicies),
}

// maxAttached is how many managed policies a user, a group or a role may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxAttached = 10

// within is the call with what was stored as an edit began in the place of what was stored as the call began.
func (c *call) within(e *iam.Edit) *call {
	out := *c
	out.view = e.View()
	return &out
}

// policyKey is the condition key of the policy that is attached or detached.
func policyKey(arn string) keys { return keys{"iam:PolicyARN": {arn}} }

// withAttached returns attached policies with one added. One that is there already stays as it is. kind is in the name
// of the quota, for example Users.
func (c *call) withAttached(e *iam.Edit, attached []string, arn, quotaName string) ([]string, error) {
	parsed, ok := policy.ParseARN(arn)
	if !ok || parsed.Service != "iam" || !strings.HasPrefix(parsed.Resource, "policy/") {
		return nil, iam.Errorf(iam.CodeInvalidInput, "ARN %s is not valid.", arn)
	}
	p := e.ManagedPolicy(arn)
	switch {
	case p == nil || p.Account != c.Account && p.Account != iam.AWS:
		return nil, iam.Errorf(iam.CodeNoSuchEntity, "Policy %s does not exist or is not attachable.", arn)
	case !attachable(p):
		return nil, iam.Errorf("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
	case slices.Contains(attached, arn):
		return attached, nil
	case len(attached) >= maxAttached:
		return nil, quota(quotaName, maxAttached)
	default:
		return append(attached, arn), nil
	}
}

// withoutAttached returns attached policies without one.
func withoutAttached(attached []string, arn string) ([]string, error) {
	at := slices.Index(attached, arn)
	if at < 0 {
		return nil, noSuchManaged(arn)
	}
	return slices.Delete(attached, at, at+1), nil
}

type listAttachedOutput struct {
	AttachedPolicies []attachedPolicy
	pageOutput
}

// listAttached is a page of attached policies.
func listAttached(arns []string, prefix *string, in *pageInput) (*listAttachedOutput, error) {
	var wanted []string
	for _, arn := range arns {
		parsed, _ := policy.ParseARN(arn)
		if strings.HasPrefix(strings.TrimPrefix(parsed.Resource, "policy"), value(prefix, "/")) {
			wanted = append(wanted, arn)
		}
	}
	slices.Sort(wanted)
	var out listAttachedOutput
	var err error
	out.AttachedPolicies, out.pageOutput, err = page("attached", in, named(newAttached(wanted), func(p attachedPolicy) string { return p.PolicyArn }))
	return &out, err
}

type userAttachmentInput struct {
	UserName  *string `iam:"required,min=1,max=64,pattern=name"`
	PolicyArn *string `iam:"required,min=20,max=2048"`
}

func attachUserPolicy(c *call, in *userAttachmentInput) error {
	return c.changeBounded("iam:AttachUserPolicy", *in.UserName, func(e *iam.Edit, u *iam.UserDetail) (err error) {
		u.Attached, err = c.withAttached(e, u.Attached, *in.PolicyArn, "PoliciesPerUser")
		return err
	}, policyKey(*in.PolicyArn))
}

func detachUserPolicy(c *call, in *userAttachmentInput) error {
	return c.changeBounded("iam:DetachUserPolicy", *in.UserName, func(_ *iam.Edit, u *iam.UserDetail) (err error) {
		u.Attached, err = withoutAttached(u.Attached, *in.PolicyArn)
		return err
	}, policyKey(*in.PolicyArn))
}

type listAttachedUserPoliciesInput struct {
	UserName   *string `iam:"required,min=1,max=64,pattern=name"`
	PathPrefix *string `iam:"min=1,max=512,pattern=policyPath"`
	pageInput
}

func listAttachedUserPolicies(c *call, in *listAttachedUserPoliciesInput) (*listAttachedOutput, error) {
	u, err := c.readUser("iam:ListAttachedUserPolicies", *in.UserName)
	if err != nil {
		return nil, err
	}
	return listAttached(u.Attached, in.PathPrefix, &in.pageInput)
}

type groupAttachmentInput struct {
	GroupName *string `iam:"required,min=1,max=128,pattern=name"`
	PolicyArn *string `iam:"required,min=20,max=2048"`
}

// changeGroupPolicies changes the attached policies of a group.
func (c *call) changeGroupPolicies(action string, in *groupAttachmentInput, change func(*iam.Edit, []string) ([]string, error)) error {
	return c.edit(func(e *iam.Edit) error {
		g := e.Group(c.Account, *in.GroupName)
		if err := c.authorize(action, c.group(g, *in.GroupName), policyKey(*in.PolicyArn)); err != nil {
			return err
		}
		if g == nil {
			return noSuch("group", *in.GroupName)
		}
		var err error
		if g.Attached, err = change(e, g.Attached); err != nil {
			return err
		}
		return e.PutGroup(g)
	})
}

func attachGroupPolicy(c *call, in *groupAttachmentInput) error {
	return c.changeGroupPolicies("iam:AttachGroupPolicy", in, func(e *iam.Edit, attached []string) ([]string, error) {
		return c.withAttached(e, attached, *in.PolicyArn, "PoliciesPerGroup")
	})
}

func detachGroupPolicy(c *call, in *groupAttachmentInput) error {
	return c.changeGroupPolicies("iam:DetachGroupPolicy", in, func(_ *iam.Edit, attached []string) ([]string, error) {
		return withoutAttached(attached, *in.PolicyArn)
	})
}

type listAttachedGroupPoliciesInput struct {
	GroupName  *string `iam:"required,min=1,max=128,pattern=name"`
	PathPrefix *string `iam:"min=1,max=512,pattern=policyPath"`
	pageInput
}

func listAttachedGroupPolicies(c *call, in *listAttachedGroupPoliciesInput) (*listAttachedOutput, error) {
	g, err := c.readGroup("iam:ListAttachedGroupPolicies", *in.GroupName)
	if err != nil {
		return nil, err
	}
	return listAttached(g.Attached, in.PathPrefix, &in.pageInput)
}

type roleAttachmentInput struct {
	RoleName  *string `iam:"required,min=1,max=64,pattern=name"`
	PolicyArn *string `iam:"required,min=20,max=2048"`
}

func attachRolePolicy(c *call, in *roleAttachmentInput) error {
	return c.changeRole("iam:AttachRolePolicy", *in.RoleName, func(e *iam.Edit, r *iam.RoleDetail) (err error) {
		r.Attached, err = c.withAttached(e, r.Attached, *in.PolicyArn, "PoliciesPerRole")
		return err
	}, policyKey(*in.PolicyArn), c.bounded(*in.RoleName))
}

func detachRolePolicy(c *call, in *roleAttachmentInput) error {
	return c.changeRole("iam:DetachRolePolicy", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) (err error) {
		r.Attached, err = withoutAttached(r.Attached, *in.PolicyArn)
		return err
	}, policyKey(*in.PolicyArn), c.bounded(*in.RoleName))
}

type listAttachedRolePoliciesInput struct {
	RoleName   *string `iam:"required,min=1,max=64,pattern=name"`
	PathPrefix *string `iam:"min=1,max=512,pattern=policyPath"`
	pageInput
}

func listAttachedRolePolicies(c *call, in *listAttachedRolePoliciesInput) (*listAttachedOutput, error) {
	r, err := c.readRole("iam:ListAttachedRolePolicies", *in.RoleName)
	if err != nil {
		return nil, err
	}
	return listAttached(r.Attached, in.PathPrefix, &in.pageInput)
}
