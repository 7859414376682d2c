package api

import "github.com/strictkms/strictkms/iam"

var rolePolicyOperations = []operationOf{
	acts("PutRolePolicy", putRolePolicy),
	answers("GetRolePolicy", getRolePolicy),
	acts("DeleteRolePolicy", deleteRolePolicy),
	answers("ListRolePolicies", listRolePolicies),
}

// maxRolePolicies is the size of all inline policies of a role together, in characters without white space
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length).
const maxRolePolicies = 10240

type putRolePolicyInput struct {
	RoleName       *string `iam:"required,min=1,max=64,pattern=name"`
	PolicyName     *string `iam:"required,min=1,max=128,pattern=name"`
	PolicyDocument *string `iam:"required,min=1,max=131072,pattern=document"`
}

func putRolePolicy(c *call, in *putRolePolicyInput) error {
	return c.changeRole("iam:PutRolePolicy", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) (err error) {
		r.Inline, err = withPolicy(r.Inline, *in.PolicyName, *in.PolicyDocument, "role "+r.Name, maxRolePolicies)
		return err
	}, c.bounded(*in.RoleName))
}

type rolePolicyInput struct {
	RoleName   *string `iam:"required,min=1,max=64,pattern=name"`
	PolicyName *string `iam:"required,min=1,max=128,pattern=name"`
}

type getRolePolicyOutput struct{ RoleName, PolicyName, PolicyDocument string }

func getRolePolicy(c *call, in *rolePolicyInput) (*getRolePolicyOutput, error) {
	r, err := c.readRole("iam:GetRolePolicy", *in.RoleName)
	if err != nil {
		return nil, err
	}
	text, err := findPolicy(r.Inline, iam.KindRole, *in.PolicyName)
	return &getRolePolicyOutput{r.Name, *in.PolicyName, text}, err
}

func deleteRolePolicy(c *call, in *rolePolicyInput) error {
	return c.changeRole("iam:DeleteRolePolicy", *in.RoleName, func(_ *iam.Edit, r *iam.RoleDetail) (err error) {
		r.Inline, err = withoutPolicy(r.Inline, iam.KindRole, *in.PolicyName)
		return err
	}, c.bounded(*in.RoleName))
}

func listRolePolicies(c *call, in *listOfRoleInput) (*listPoliciesOutput, error) {
	r, err := c.readRole("iam:ListRolePolicies", *in.RoleName)
	if err != nil {
		return nil, err
	}
	return listPolicies(r.Inline, &in.pageInput)
}
