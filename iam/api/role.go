package api

import (
	"cmp"
	"strings"
	"time"

	"github.com/strictkms/strictkms/iam"
)

var roleOperations = []operationOf{
	answers("CreateRole", createRole),
	answers("GetRole", getRole),
	answers("ListRoles", listRoles),
	acts("DeleteRole", deleteRole),
}

// maxRoles is how many roles an account may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxRoles = 1000

// defaultMaxSession is how long a session may last of a role that does not say
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html, MaxSessionDuration).
const defaultMaxSession = time.Hour

// roleOutput is a role as answers have it.
type roleOutput struct {
	Path, RoleName, RoleId, Arn string
	CreateDate                  time.Time
	AssumeRolePolicyDocument    string
	Description                 string
	MaxSessionDuration          int32
	PermissionsBoundary         *boundaryOutput
	Tags                        []tag
	RoleLastUsed                *lastUsed
}

// lastUsed is always empty: when a role was used is not kept.
type lastUsed struct{}

// listedRole is a role as lists have it: without what only GetRole tells
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html).
func (c *call) listedRole(r *iam.RoleDetail) roleOutput {
	return roleOutput{
		Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: c.arn(iam.KindRole, r.Path, r.Name), CreateDate: r.Created,
		AssumeRolePolicyDocument: encodedDocument(c.service.config.Identities.ShownTrust(r)), Description: r.Description,
		MaxSessionDuration: int32(cmp.Or(r.MaxSession, defaultMaxSession) / time.Second), //nolint:gosec // twelve hours at most
	}
}

// wholeRole is a role with all that is told about it.
func (c *call) wholeRole(r *iam.RoleDetail) roleOutput {
	out := c.listedRole(r)
	out.PermissionsBoundary, out.Tags, out.RoleLastUsed = newBoundary(r.Boundary), newTags(r.Tags), &lastUsed{}
	return out
}

// role is a role as a resource; r is nil for one that is not there.
func (c *call) role(r *iam.RoleDetail, name string) resource {
	if r == nil {
		return resource{arn: c.arn(iam.KindRole, "/", name), named: "role " + name}
	}
	return resource{arn: c.arn(iam.KindRole, r.Path, r.Name), named: "role " + r.Name, tags: r.Tags}
}

type createRoleInput struct {
	Path                     *string `iam:"min=1,max=512,pattern=path"`
	RoleName                 *string `iam:"required,min=1,max=64,pattern=name"`
	AssumeRolePolicyDocument *string `iam:"required,min=1,max=131072,pattern=document"`
	Description              *string `iam:"max=1000,pattern=description"`
	MaxSessionDuration       *int32  `iam:"min=3600,max=43200"`
	PermissionsBoundary      *string `iam:"min=20,max=2048"`
	Tags                     []tag   `iam:"max=50"`
}

type createRoleOutput struct{ Role roleOutput }

func createRole(c *call, in *createRoleInput) (*createRoleOutput, error) {
	r := iam.RoleDetail{
		Account: c.Account, Name: *in.RoleName, Path: value(in.Path, "/"), Description: value(in.Description, ""),
		MaxSession: time.Duration(value(in.MaxSessionDuration, 0)) * time.Second,
	}
	on := resource{arn: c.arn(iam.KindRole, r.Path, r.Name)}
	var out createRoleOutput
	err := c.edit(func(e *iam.Edit) error {
		if err := c.authorizeMaking("Role", on, in.Tags, boundaryKey(value(in.PermissionsBoundary, ""))); err != nil {
			return err
		}
		if err := c.newRole(e, &r); err != nil {
			return err
		}
		made := r
		var err error
		if made.Boundary, err = c.checkBoundary(e, in.PermissionsBoundary); err != nil {
			return err
		}
		if made.Tags, err = withTags(nil, in.Tags); err != nil {
			return err
		}
		if err := c.setTrust(&made, *in.AssumeRolePolicyDocument); err != nil {
			return err
		}
		if err := e.PutRole(&made); err != nil {
			return err
		}
		out.Role = c.wholeRole(&made)
		out.Role.RoleLastUsed = nil
		return nil
	})
	return &out, err
}

// newRole checks whether there can be one more role of a name. Roles with the path and the name of service-linked ones
// are made by CreateServiceLinkedRole only: they have rights that no policy of the account limits
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html).
func (c *call) newRole(e *iam.Edit, r *iam.RoleDetail) error {
	switch {
	case r.IsServiceLinked():
		return iam.Errorf(iam.CodeInvalidInput, "The role %s%s is reserved for service-linked roles.", r.Path, r.Name)
	case e.NameTaken(c.Account, iam.KindRole, r.Name):
		return iam.Errorf(iam.CodeEntityAlreadyExists, "Role with name %s already exists.", r.Name)
	case count(e.View().Roles(c.Account)) >= maxRoles:
		return quota("RolesPerAccount", maxRoles)
	default:
		return nil
	}
}

// changeRole changes a role that the caller may do the action on. Service-linked roles are only for their service to
// change.
func (c *call) changeRole(action, name string, change func(*iam.Edit, *iam.RoleDetail) error, more ...keys) error {
	return c.changeAnyRole(action, name, func(e *iam.Edit, r *iam.RoleDetail) error {
		if r.IsServiceLinked() {
			return protected(r)
		}
		return change(e, r)
	}, more...)
}

// changeAnyRole is changeRole for what may be changed of service-linked roles, too.
func (c *call) changeAnyRole(action, name string, change func(*iam.Edit, *iam.RoleDetail) error, more ...keys) error {
	return c.edit(func(e *iam.Edit) error {
		r := e.Role(c.Account, name)
		if err := c.authorize(action, c.role(r, name), more...); err != nil {
			return err
		}
		if r == nil {
			return noSuch("role", name)
		}
		if err := change(e, r); err != nil {
			return err
		}
		return e.PutRole(r)
	})
}

// codeUnmodifiable is the code for changes of what belongs to a service
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html).
const codeUnmodifiable = "UnmodifiableEntity"

// protected is the error for changing a service-linked role, in AWS's words.
func protected(r *iam.RoleDetail) error {
	return iam.Errorf(codeUnmodifiable, "Cannot perform the operation on the protected role '%s' - this role is only modifiable by AWS", r.Name)
}

// readRole returns a role that the caller may do the action on.
func (c *call) readRole(action, name string, more ...keys) (*iam.RoleDetail, error) {
	r := c.view.Role(c.Account, name)
	if err := c.authorize(action, c.role(r, name), more...); err != nil {
		return nil, err
	}
	if r == nil {
		return nil, noSuch("role", name)
	}
	return r, nil
}

// bounded is the condition key of the permissions boundary that a role has, for the actions with it.
func (c *call) bounded(role string) keys {
	if r := c.view.Role(c.Account, role); r != nil {
		return boundaryKey(r.Boundary)
	}
	return nil
}

type roleInput struct {
	RoleName *string `iam:"required,min=1,max=64,pattern=name"`
}

type getRoleOutput struct{ Role roleOutput }

func getRole(c *call, in *roleInput) (*getRoleOutput, error) {
	r, err := c.readRole("iam:GetRole", *in.RoleName, c.bounded(*in.RoleName))
	if err != nil {
		return nil, err
	}
	return &getRoleOutput{c.wholeRole(r)}, nil
}

type listRolesInput struct {
	PathPrefix *string `iam:"min=1,max=512,pattern=prefix"`
	pageInput
}

type listRolesOutput struct {
	Roles []roleOutput
	pageOutput
}

func listRoles(c *call, in *listRolesInput) (*listRolesOutput, error) {
	prefix := value(in.PathPrefix, "/")
	if err := c.authorize("iam:ListRoles", resource{arn: c.arn(iam.KindRole, prefix, "")}); err != nil {
		return nil, err
	}
	var out listRolesOutput
	var err error
	out.Roles, out.pageOutput, err = page("roles", &in.pageInput, mapped(c.view.Roles(c.Account), func(r *iam.RoleDetail) (roleOutput, bool) {
		return c.listedRole(r), strings.HasPrefix(r.Path, prefix)
	}))
	return &out, err
}

func deleteRole(c *call, in *roleInput) error {
	return c.edit(func(e *iam.Edit) error {
		r := e.Role(c.Account, *in.RoleName)
		if err := c.authorize("iam:DeleteRole", c.role(r, *in.RoleName), c.bounded(*in.RoleName)); err != nil {
			return err
		}
		switch {
		case r == nil:
			return noSuch("role", *in.RoleName)
		case r.IsServiceLinked():
			return protected(r)
		case len(r.Inline) > 0:
			return conflict("must delete policies first")
		case len(r.Attached) > 0:
			return conflict("must detach all policies first")
		}
		return e.DeleteRole(c.Account, r.Name)
	})
}
