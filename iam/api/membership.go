package api

import (
	"slices"

	"github.com/strictkms/strictkms/iam"
)

var membershipOperations = []operationOf{
	acts("AddUserToGroup", addUserToGroup),
	acts("RemoveUserFromGroup", removeUserFromGroup),
	answers("ListGroupsForUser", listGroupsForUser),
}

// maxGroupsPerUser is in how many groups a user may be
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxGroupsPerUser = 10

type membershipInput struct {
	GroupName *string `iam:"required,min=1,max=128,pattern=name"`
	UserName  *string `iam:"required,min=1,max=128,pattern=name"`
}

// addUserToGroup adds a user who may be in the group already. The permission is one on the group
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagement.html).
func addUserToGroup(c *call, in *membershipInput) error {
	return c.changeGroup("iam:AddUserToGroup", *in.GroupName, func(e *iam.Edit, g *iam.GroupDetail) error {
		u := e.User(c.Account, *in.UserName)
		switch {
		case u == nil:
			return noSuch("user", *in.UserName)
		case slices.Contains(u.Groups, g.Name):
			return nil
		case len(u.Groups) >= maxGroupsPerUser:
			return quota("GroupsPerUser", maxGroupsPerUser)
		}
		u.Groups = append(u.Groups, g.Name)
		return e.PutUser(u)
	})
}

func removeUserFromGroup(c *call, in *membershipInput) error {
	return c.changeGroup("iam:RemoveUserFromGroup", *in.GroupName, func(e *iam.Edit, g *iam.GroupDetail) error {
		u := e.User(c.Account, *in.UserName)
		if u == nil {
			return noSuch("user", *in.UserName)
		}
		u.Groups = slices.DeleteFunc(u.Groups, func(name string) bool { return name == g.Name })
		return e.PutUser(u)
	})
}

type listGroupsForUserInput struct {
	UserName *string `iam:"required,min=1,max=128,pattern=name"`
	pageInput
}

func listGroupsForUser(c *call, in *listGroupsForUserInput) (*listGroupsOutput, error) {
	u, err := c.readUser("iam:ListGroupsForUser", *in.UserName)
	if err != nil {
		return nil, err
	}
	var out listGroupsOutput
	out.Groups, out.pageOutput, err = page("groups of "+u.Name, &in.pageInput, mapped(c.view.Groups(c.Account), func(g *iam.GroupDetail) (groupOutput, bool) {
		return c.newGroup(g), slices.Contains(u.Groups, g.Name)
	}))
	return &out, err
}
