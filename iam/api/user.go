package api

import (
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
)

var userOperations = []operationOf{
	answers("CreateUser", createUser),
	answers("GetUser", getUser),
	answers("ListUsers", listUsers),
	acts("UpdateUser", updateUser),
	acts("DeleteUser", deleteUser),
}

// maxUsers is how many users an account may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxUsers = 5000

// userOutput is a user as answers have it.
type userOutput struct {
	Path, UserName, UserId, Arn string
	CreateDate                  time.Time
	PermissionsBoundary         *boundaryOutput
	Tags                        []tag
}

// boundaryOutput is a permissions boundary as answers have it.
type boundaryOutput struct{ PermissionsBoundaryType, PermissionsBoundaryArn string }

// newBoundary returns the permissions boundary of a user or role, nil for none.
func newBoundary(arn string) *boundaryOutput {
	if arn == "" {
		return nil
	}
	return &boundaryOutput{"PermissionsBoundaryPolicy", arn}
}

// listed is a user as lists have it: without what only GetUser tells
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html).
func (c *call) listed(u *iam.UserDetail) userOutput {
	return userOutput{
		Path: u.Path, UserName: u.Name, UserId: u.ID, Arn: c.arn(iam.KindUser, u.Path, u.Name), CreateDate: u.Created,
	}
}

// whole is a user with all that is told about it.
func (c *call) whole(u *iam.UserDetail) userOutput {
	out := c.listed(u)
	out.PermissionsBoundary, out.Tags = newBoundary(u.Boundary), newTags(u.Tags)
	return out
}

// noSuch is the error for what does not exist, in AWS's words.
func noSuch(kind, name string) error {
	return iam.Errorf(iam.CodeNoSuchEntity, "The %s with name %s cannot be found.", kind, name)
}

type createUserInput struct {
	Path                *string `iam:"min=1,max=512,pattern=path"`
	UserName            *string `iam:"required,min=1,max=64,pattern=name"`
	PermissionsBoundary *string `iam:"min=20,max=2048"`
	Tags                []tag   `iam:"max=50"`
}

type createUserOutput struct{ User userOutput }

func createUser(c *call, in *createUserInput) (*createUserOutput, error) {
	u := &iam.UserDetail{Account: c.Account, Name: *in.UserName, Path: value(in.Path, "/")}
	on := resource{arn: c.arn(iam.KindUser, u.Path, u.Name)}
	var out createUserOutput
	err := c.edit(func(e *iam.Edit) error {
		if err := c.authorizeMaking("User", on, in.Tags, boundaryKey(value(in.PermissionsBoundary, ""))); err != nil {
			return err
		}
		if e.NameTaken(c.Account, iam.KindUser, u.Name) {
			return iam.Errorf(iam.CodeEntityAlreadyExists, "User with name %s already exists.", u.Name)
		}
		if count(e.View().Users(c.Account)) >= maxUsers {
			return quota("UsersPerAccount", maxUsers)
		}
		made := *u
		var err error
		if made.Boundary, err = c.checkBoundary(e, in.PermissionsBoundary); err != nil {
			return err
		}
		if made.Tags, err = withTags(nil, in.Tags); err != nil {
			return err
		}
		if err := e.PutUser(&made); err != nil {
			return err
		}
		out.User = c.whole(&made)
		return nil
	})
	return &out, err
}

// quota is the error for more than an account may have, in AWS's words.
func quota(name string, most int) error {
	return iam.Errorf(iam.CodeLimitExceeded, "Cannot exceed quota for %s: %d", name, most)
}

// value is a member of an input that may be left out.
func value[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}

type getUserInput struct {
	UserName *string `iam:"min=1,max=128,pattern=name"`
}

type getUserOutput struct{ User userOutput }

func getUser(c *call, in *getUserInput) (*getUserOutput, error) {
	if in.UserName == nil && c.isRoot() {
		return getRootUser(c)
	}
	name, err := c.userName(in.UserName)
	if err != nil {
		return nil, err
	}
	u := c.view.User(c.Account, name)
	if err := c.authorize("iam:GetUser", c.user(u, name)); err != nil {
		return nil, err
	}
	if u == nil {
		return nil, noSuch("user", name)
	}
	return &getUserOutput{c.whole(u)}, nil
}

// getRootUser answers GetUser without a name to the root user.
func getRootUser(c *call) (*getUserOutput, error) {
	root := userOutput{UserId: c.Account, Arn: c.arn("root", "", "")}
	if err := c.authorize("iam:GetUser", resource{arn: root.Arn}); err != nil {
		return nil, err
	}
	if a := c.view.Account(c.Account); a != nil {
		root.CreateDate, root.UserName = a.Created, a.Alias
	}
	return &getUserOutput{root}, nil
}

// isRoot reports whether the account itself calls: its root user, or in mode off nobody who is known.
func (c *call) isRoot() bool { return c.Principal == nil || c.Principal.Type == iam.Root }

// userName is the user that an operation is about: the caller when the request names none.
func (c *call) userName(given *string) (string, error) {
	switch {
	case given != nil:
		return *given, nil
	case c.Principal != nil && c.Principal.Type == iam.User:
		return c.Principal.Name, nil
	default:
		return "", iam.Errorf(iam.CodeValidation, "Must specify userName when calling with non-User credentials")
	}
}

type listUsersInput struct {
	PathPrefix *string `iam:"min=1,max=512,pattern=prefix"`
	pageInput
}

type listUsersOutput struct {
	Users []userOutput
	pageOutput
}

func listUsers(c *call, in *listUsersInput) (*listUsersOutput, error) {
	prefix := value(in.PathPrefix, "/")
	if err := c.authorize("iam:ListUsers", resource{arn: c.arn(iam.KindUser, prefix, "")}); err != nil {
		return nil, err
	}
	var out listUsersOutput
	var err error
	out.Users, out.pageOutput, err = page("users", &in.pageInput, mapped(c.view.Users(c.Account), func(u *iam.UserDetail) (userOutput, bool) {
		return c.listed(u), strings.HasPrefix(u.Path, prefix)
	}))
	return &out, err
}

type updateUserInput struct {
	UserName    *string `iam:"required,min=1,max=128,pattern=name"`
	NewPath     *string `iam:"min=1,max=512,pattern=path"`
	NewUserName *string `iam:"min=1,max=64,pattern=name"`
}

// updateUser needs the permission on the user as it is and as it will be
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_users_manage.html#id_users_renaming).
func updateUser(c *call, in *updateUserInput) error {
	name := *in.UserName
	return c.edit(func(e *iam.Edit) error {
		u := e.User(c.Account, name)
		if err := c.authorize("iam:UpdateUser", c.user(u, name)); err != nil {
			return err
		}
		if u == nil {
			return noSuch("user", name)
		}
		newName := value(in.NewUserName, name)
		u.Path = value(in.NewPath, u.Path)
		if in.NewPath != nil || newName != name {
			if err := c.authorize("iam:UpdateUser", resource{arn: c.arn(iam.KindUser, u.Path, newName), tags: u.Tags}); err != nil {
				return err
			}
		}
		if !strings.EqualFold(newName, name) && e.NameTaken(c.Account, iam.KindUser, newName) {
			return iam.Errorf(iam.CodeEntityAlreadyExists, "User with name %s already exists.", newName)
		}
		if err := e.PutUser(u); err != nil {
			return err
		}
		if newName == name {
			return nil
		}
		return e.RenameUser(c.Account, name, newName)
	})
}

type deleteUserInput struct {
	UserName *string `iam:"required,min=1,max=128,pattern=name"`
}

func deleteUser(c *call, in *deleteUserInput) error {
	return c.edit(func(e *iam.Edit) error {
		u := e.User(c.Account, *in.UserName)
		if err := c.authorize("iam:DeleteUser", c.user(u, *in.UserName)); err != nil {
			return err
		}
		switch {
		case u == nil:
			return noSuch("user", *in.UserName)
		case len(e.AccessKeys(iam.UserOwner(c.Account, u.Name))) > 0:
			return conflict("must delete access keys first")
		case len(u.Inline) > 0:
			return conflict("must delete policies first")
		case len(u.Attached) > 0:
			return conflict("must detach all policies first")
		case len(u.Groups) > 0:
			return conflict("must remove users from group first")
		}
		return e.DeleteUser(c.Account, u.Name)
	})
}

// conflict is the error for deleting what others depend on, in AWS's words.
func conflict(what string) error {
	return iam.Errorf(iam.CodeDeleteConflict, "Cannot delete entity, %s.", what)
}
