package api

import (
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
)

var groupOperations = []operationOf{
	answers("CreateGroup", createGroup),
	answers("GetGroup", getGroup),
	answers("ListGroups", listGroups),
	acts("UpdateGroup", updateGroup),
	acts("DeleteGroup", deleteGroup),
}

// maxGroups is how many groups an account may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxGroups = 300

// groupOutput is a group as answers have it.
type groupOutput struct {
	Path, GroupName, GroupId, Arn string
	CreateDate                    time.Time
}

func (c *call) newGroup(g *iam.GroupDetail) groupOutput {
	return groupOutput{
		Path: g.Path, GroupName: g.Name, GroupId: g.ID, Arn: c.arn(iam.KindGroup, g.Path, g.Name), CreateDate: g.Created,
	}
}

type createGroupInput struct {
	Path      *string `iam:"min=1,max=512,pattern=path"`
	GroupName *string `iam:"required,min=1,max=128,pattern=name"`
}

type createGroupOutput struct{ Group groupOutput }

func createGroup(c *call, in *createGroupInput) (*createGroupOutput, error) {
	path := value(in.Path, "/")
	var out createGroupOutput
	err := c.edit(func(e *iam.Edit) error {
		if err := c.authorize("iam:CreateGroup", resource{arn: c.arn(iam.KindGroup, path, *in.GroupName)}); err != nil {
			return err
		}
		if e.NameTaken(c.Account, iam.KindGroup, *in.GroupName) {
			return iam.Errorf(iam.CodeEntityAlreadyExists, "Group with name %s already exists.", *in.GroupName)
		}
		if count(e.View().Groups(c.Account)) >= maxGroups {
			return quota("GroupsPerAccount", maxGroups)
		}
		g := &iam.GroupDetail{Account: c.Account, Name: *in.GroupName, Path: path}
		if err := e.PutGroup(g); err != nil {
			return err
		}
		out.Group = c.newGroup(g)
		return nil
	})
	return &out, err
}

// changeGroup changes a group that the caller may do the action on.
func (c *call) changeGroup(action, name string, change func(*iam.Edit, *iam.GroupDetail) error) error {
	return c.edit(func(e *iam.Edit) error {
		g := e.Group(c.Account, name)
		if err := c.authorize(action, c.group(g, name)); err != nil {
			return err
		}
		if g == nil {
			return noSuch("group", name)
		}
		return change(e, g)
	})
}

// readGroup returns a group that the caller may do the action on.
func (c *call) readGroup(action, name string) (*iam.GroupDetail, error) {
	g := c.view.Group(c.Account, name)
	if err := c.authorize(action, c.group(g, name)); err != nil {
		return nil, err
	}
	if g == nil {
		return nil, noSuch("group", name)
	}
	return g, nil
}

type getGroupInput struct {
	GroupName *string `iam:"required,min=1,max=128,pattern=name"`
	pageInput
}

type getGroupOutput struct {
	Group groupOutput
	Users []userOutput
	pageOutput
}

func getGroup(c *call, in *getGroupInput) (*getGroupOutput, error) {
	g, err := c.readGroup("iam:GetGroup", *in.GroupName)
	if err != nil {
		return nil, err
	}
	out := &getGroupOutput{Group: c.newGroup(g)}
	out.Users, out.pageOutput, err = page("group "+g.Name, &in.pageInput, mapped(c.view.Users(c.Account), func(u *iam.UserDetail) (userOutput, bool) {
		return c.listed(u), slices.Contains(u.Groups, g.Name)
	}))
	return out, err
}

type listGroupsInput struct {
	PathPrefix *string `iam:"min=1,max=512,pattern=prefix"`
	pageInput
}

type listGroupsOutput struct {
	Groups []groupOutput
	pageOutput
}

func listGroups(c *call, in *listGroupsInput) (*listGroupsOutput, error) {
	prefix := value(in.PathPrefix, "/")
	if err := c.authorize("iam:ListGroups", resource{arn: c.arn(iam.KindGroup, prefix, "")}); err != nil {
		return nil, err
	}
	var out listGroupsOutput
	var err error
	out.Groups, out.pageOutput, err = page("groups", &in.pageInput, mapped(c.view.Groups(c.Account), func(g *iam.GroupDetail) (groupOutput, bool) {
		return c.newGroup(g), strings.HasPrefix(g.Path, prefix)
	}))
	return &out, err
}

type updateGroupInput struct {
	GroupName    *string `iam:"required,min=1,max=128,pattern=name"`
	NewPath      *string `iam:"min=1,max=512,pattern=path"`
	NewGroupName *string `iam:"min=1,max=128,pattern=name"`
}

// updateGroup needs the permission on the group as it is and as it will be
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups_manage_rename.html).
func updateGroup(c *call, in *updateGroupInput) error {
	name := *in.GroupName
	return c.changeGroup("iam:UpdateGroup", name, func(e *iam.Edit, g *iam.GroupDetail) error {
		newName := value(in.NewGroupName, name)
		g.Path = value(in.NewPath, g.Path)
		if err := c.authorize("iam:UpdateGroup", resource{arn: c.arn(iam.KindGroup, g.Path, newName)}); err != nil {
			return err
		}
		if !strings.EqualFold(newName, name) && e.NameTaken(c.Account, iam.KindGroup, newName) {
			return iam.Errorf(iam.CodeEntityAlreadyExists, "Group with name %s already exists.", newName)
		}
		if err := e.PutGroup(g); err != nil {
			return err
		}
		if newName == name {
			return nil
		}
		return e.RenameGroup(c.Account, name, newName)
	})
}

type deleteGroupInput struct {
	GroupName *string `iam:"required,min=1,max=128,pattern=name"`
}

func deleteGroup(c *call, in *deleteGroupInput) error {
	return c.changeGroup("iam:DeleteGroup", *in.GroupName, func(e *iam.Edit, g *iam.GroupDetail) error {
		for _, u := range e.View().Users(c.Account) {
			if slices.Contains(u.Groups, g.Name) {
				return conflict("must remove users from group first")
			}
		}
		switch {
		case len(g.Inline) > 0:
			return conflict("must delete policies first")
		case len(g.Attached) > 0:
			return conflict("must detach all policies first")
		}
		return e.DeleteGroup(c.Account, g.Name)
	})
}
