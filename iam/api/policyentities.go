package api

import (
	"iter"
	"slices"
	"strings"
)

var policyEntityOperations = []operationOf{
	answers("ListEntitiesForPolicy", listEntitiesForPolicy),
}

type listEntitiesForPolicyInput struct {
	PolicyArn         *string `iam:"required,min=20,max=2048"`
	EntityFilter      *string `iam:"enum=entityType"`
	PathPrefix        *string `iam:"min=1,max=512,pattern=path"`
	PolicyUsageFilter *string `iam:"enum=policyUsageType"`
	pageInput
}

type listEntitiesForPolicyOutput struct {
	PolicyGroups []policyGroup
	PolicyUsers  []policyUser
	PolicyRoles  []policyRole
	pageOutput
}

type policyGroup struct{ GroupName, GroupId string }

type policyUser struct{ UserName, UserId string }

type policyRole struct{ RoleName, RoleId string }

// listEntitiesForPolicy tells who has a policy, in pages over all kinds together.
func listEntitiesForPolicy(c *call, in *listEntitiesForPolicyInput) (*listEntitiesForPolicyOutput, error) {
	p, err := c.readPolicy("iam:ListEntitiesForPolicy", *in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := &listEntitiesForPolicyOutput{PolicyGroups: []policyGroup{}, PolicyUsers: []policyUser{}, PolicyRoles: []policyRole{}}
	var found []entity
	found, out.pageOutput, err = page("entities of "+p.ID, &in.pageInput, c.having(in))
	for _, e := range found {
		switch {
		case e.user != nil:
			out.PolicyUsers = append(out.PolicyUsers, policyUser{e.user.Name, e.user.ID})
		case e.group != nil:
			out.PolicyGroups = append(out.PolicyGroups, policyGroup{e.group.Name, e.group.ID})
		default:
			out.PolicyRoles = append(out.PolicyRoles, policyRole{e.role.Name, e.role.ID})
		}
	}
	return out, err
}

// having are the users, groups and roles that have the policy of a request, as it filters them.
func (c *call) having(in *listEntitiesForPolicyInput) iter.Seq2[string, entity] {
	uses := func(path string, attached []string, boundary string) bool {
		usage, arn := value(in.PolicyUsageFilter, ""), *in.PolicyArn
		return strings.HasPrefix(path, value(in.PathPrefix, "/")) &&
			(usage != "PermissionsBoundary" && slices.Contains(attached, arn) || usage != "PermissionsPolicy" && boundary == arn)
	}
	all := c.entities(func(kind string) bool {
		return (kind == "User" || kind == "Group" || kind == "Role") && value(in.EntityFilter, kind) == kind
	})
	return func(yield func(string, entity) bool) {
		for name, e := range all {
			var has bool
			switch {
			case e.user != nil:
				has = uses(e.user.Path, e.user.Attached, e.user.Boundary)
			case e.group != nil:
				has = uses(e.group.Path, e.group.Attached, "")
			case e.role != nil:
				has = uses(e.role.Path, e.role.Attached, e.role.Boundary)
			}
			if has && !yield(name, e) {
				return
			}
		}
	}
}
