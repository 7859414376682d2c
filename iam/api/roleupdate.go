package api

import (
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

var roleUpdateOperations = []operationOf{
	answers("UpdateRole", updateRole),
	answers("UpdateRoleDescription", updateRoleDescription),
	acts("UpdateAssumeRolePolicy", updateAssumeRolePolicy),
	acts("PutRolePermissionsBoundary", putRolePermissionsBoundary),
	acts("DeleteRolePermissionsBoundary", deleteRolePermissionsBoundary),
	acts("TagRole", tagRole),
	acts("UntagRole", untagRole),
	answers("ListRoleTags", listRoleTags),
}

type updateRoleInput struct {
	RoleName           *string `iam:"required,min=1,max=64,pattern=name"`
	Description        *string `iam:"max=1000,pattern=description"`
	MaxSessionDuration *int32  `iam:"min=3600,max=43200"`
}

type updateRoleOutput struct{}

// updateRole sets what it is given. A MaxSessionDuration that is not given becomes the default, a Description none
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html).
func updateRole(c *call, in *updateRoleInput) (*updateRoleOutput, error) {
	return &updateRoleOutput{}, c.changeRole("iam:UpdateRole", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) error {
		r.Description = value(in.Description, "")
		r.MaxSession = time.Duration(value(in.MaxSessionDuration, int32(defaultMaxSession/time.Second))) * time.Second
		return nil
	}, c.bounded(*in.RoleName))
}

type updateRoleDescriptionInput struct {
	RoleName    *string `iam:"required,min=1,max=64,pattern=name"`
	Description *string `iam:"required,max=1000,pattern=description"`
}

type updateRoleDescriptionOutput struct{ Role roleOutput }

// updateRoleDescription works on service-linked roles, too: their description is the customer's
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html#edit-service-linked-role).
func updateRoleDescription(c *call, in *updateRoleDescriptionInput) (*updateRoleDescriptionOutput, error) {
	var out updateRoleDescriptionOutput
	err := c.changeAnyRole("iam:UpdateRoleDescription", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) error {
		r.Description = *in.Description
		out.Role = c.wholeRole(r)
		return nil
	}, c.bounded(*in.RoleName))
	return &out, err
}

type updateAssumeRolePolicyInput struct {
	RoleName       *string `iam:"required,min=1,max=64,pattern=name"`
	PolicyDocument *string `iam:"required,min=1,max=131072,pattern=document"`
}

func updateAssumeRolePolicy(c *call, in *updateAssumeRolePolicyInput) error {
	return c.changeRole("iam:UpdateAssumeRolePolicy", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) error {
		return c.setTrust(r, *in.PolicyDocument)
	}, c.bounded(*in.RoleName))
}

// maxTrustPolicy is the size of a trust policy in characters without white space
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length).
const maxTrustPolicy = 2048

// setTrust gives a role a trust policy. The users and roles that it names must be there, and it means those: not others
// that are made under their names later
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
func (c *call) setTrust(r *iam.RoleDetail, text string) error {
	if sizeOf(text) > maxTrustPolicy {
		return quota("ACLSizePerRole", maxTrustPolicy)
	}
	document, diags := policy.Parse(policy.TrustPolicy, "trust policy", []byte(text), policy.WithoutSizeLimit())
	if errs := diags.Errors(); len(errs) > 0 {
		return iam.Errorf(iam.CodeMalformedPolicyDocument, "%s", errs[0].Message)
	}
	ids, missing := document.PrincipalIDs(c.service.config.Identities.Lookup)
	if missing != nil {
		return iam.Errorf(iam.CodeMalformedPolicyDocument, `Invalid principal in policy: "AWS":"%s"`, missing.Text)
	}
	r.Trust, r.TrustIDs = text, ids
	return nil
}

type putRolePermissionsBoundaryInput struct {
	RoleName            *string `iam:"required,min=1,max=64,pattern=name"`
	PermissionsBoundary *string `iam:"required,min=20,max=2048"`
}

func putRolePermissionsBoundary(c *call, in *putRolePermissionsBoundaryInput) error {
	return c.changeRole("iam:PutRolePermissionsBoundary", *in.RoleName, func(e *iam.Edit, r *iam.RoleDetail) (err error) {
		r.Boundary, err = c.checkBoundary(e, in.PermissionsBoundary)
		return err
	}, boundaryKey(*in.PermissionsBoundary))
}

func deleteRolePermissionsBoundary(c *call, in *roleInput) error {
	return c.changeRole("iam:DeleteRolePermissionsBoundary", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) error {
		if r.Boundary == "" {
			return iam.Errorf(iam.CodeNoSuchEntity, "Role %s does not have a permissions boundary.", r.Name)
		}
		r.Boundary = ""
		return nil
	}, c.bounded(*in.RoleName))
}

type tagRoleInput struct {
	RoleName *string `iam:"required,min=1,max=64,pattern=name"`
	Tags     []tag   `iam:"required,max=50"`
}

func tagRole(c *call, in *tagRoleInput) error {
	return c.changeRole("iam:TagRole", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) (err error) {
		r.Tags, err = withTags(r.Tags, in.Tags)
		return err
	}, requestTags(in.Tags))
}

type untagRoleInput struct {
	RoleName *string  `iam:"required,min=1,max=64,pattern=name"`
	TagKeys  []string `iam:"required,max=50,each=min=1;max=128;pattern=tagKey"`
}

func untagRole(c *call, in *untagRoleInput) error {
	return c.changeRole("iam:UntagRole", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) error {
		r.Tags = withoutTags(r.Tags, in.TagKeys)
		return nil
	}, tagKeys(in.TagKeys))
}

type listOfRoleInput struct {
	RoleName *string `iam:"required,min=1,max=64,pattern=name"`
	pageInput
}

func listRoleTags(c *call, in *listOfRoleInput) (*listTagsOutput, error) {
	r, err := c.readRole("iam:ListRoleTags", *in.RoleName)
	if err != nil {
		return nil, err
	}
	return listTags(r.Tags, &in.pageInput)
}
