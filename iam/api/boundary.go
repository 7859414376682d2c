package api

import (
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

var boundaryOperations = []operationOf{
	acts("PutUserPermissionsBoundary", putUserPermissionsBoundary),
	acts("DeleteUserPermissionsBoundary", deleteUserPermissionsBoundary),
}

// checkBoundary returns the ARN of a permissions boundary, empty for none. The managed policy must be there, in the
// account or of AWS.
func (c *call) checkBoundary(e *iam.Edit, given *string) (string, error) {
	if given == nil {
		return "", nil
	}
	arn, ok := policy.ParseARN(*given)
	switch {
	case !ok || arn.Service != "iam":
		return "", iam.Errorf(iam.CodeInvalidInput, "ARN %s is not valid.", *given)
	case arn.Account != c.Account && arn.Account != iam.AWS, e.ManagedPolicy(*given) == nil:
		return "", iam.Errorf(iam.CodeNoSuchEntity, "Scope ARN: %s does not exist or is not attachable.", *given)
	default:
		return *given, nil
	}
}

type putUserPermissionsBoundaryInput struct {
	UserName            *string `iam:"required,min=1,max=64,pattern=name"`
	PermissionsBoundary *string `iam:"required,min=20,max=2048"`
}

func putUserPermissionsBoundary(c *call, in *putUserPermissionsBoundaryInput) error {
	return c.changeUser("iam:PutUserPermissionsBoundary", *in.UserName, func(e *iam.Edit, u *iam.UserDetail) (err error) {
		u.Boundary, err = c.checkBoundary(e, in.PermissionsBoundary)
		return err
	}, boundaryKey(*in.PermissionsBoundary))
}

type deleteUserPermissionsBoundaryInput struct {
	UserName *string `iam:"required,min=1,max=64,pattern=name"`
}

func deleteUserPermissionsBoundary(c *call, in *deleteUserPermissionsBoundaryInput) error {
	return c.changeBounded("iam:DeleteUserPermissionsBoundary", *in.UserName, func(_ *iam.Edit, u *iam.UserDetail) error {
		if u.Boundary == "" {
			return iam.Errorf(iam.CodeNoSuchEntity, "User %s does not have a permissions boundary.", u.Name)
		}
		u.Boundary = ""
		return nil
	})
}
