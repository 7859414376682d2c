package api

import "github.com/strictkms/strictkms/iam"

// instanceProfileOperations read instance profiles, of which there are none: whoever deletes a role asks for them.
var instanceProfileOperations = []operationOf{
	answers("ListInstanceProfilesForRole", listInstanceProfilesForRole),
	answers("ListInstanceProfiles", listInstanceProfiles),
	answers("GetInstanceProfile", getInstanceProfile),
}

const instanceProfile = "instance-profile"

type listInstanceProfilesOutput struct {
	InstanceProfiles []item
	pageOutput
}

func listInstanceProfilesForRole(c *call, in *listOfRoleInput) (*listInstanceProfilesOutput, error) {
	if _, err := c.readRole("iam:ListInstanceProfilesForRole", *in.RoleName); err != nil {
		return nil, err
	}
	return &listInstanceProfilesOutput{InstanceProfiles: []item{}}, nil
}

type listInstanceProfilesInput struct {
	PathPrefix *string `iam:"min=1,max=512,pattern=prefix"`
	pageInput
}

func listInstanceProfiles(c *call, in *listInstanceProfilesInput) (*listInstanceProfilesOutput, error) {
	on := resource{arn: c.arn(instanceProfile, value(in.PathPrefix, "/"), "")}
	if err := c.authorize("iam:ListInstanceProfiles", on); err != nil {
		return nil, err
	}
	return &listInstanceProfilesOutput{InstanceProfiles: []item{}}, nil
}

type getInstanceProfileInput struct {
	InstanceProfileName *string `iam:"required,min=1,max=128,pattern=name"`
}

type getInstanceProfileOutput struct{ InstanceProfile item }

func getInstanceProfile(c *call, in *getInstanceProfileInput) (*getInstanceProfileOutput, error) {
	name := *in.InstanceProfileName
	if err := c.authorize("iam:GetInstanceProfile", resource{arn: c.arn(instanceProfile, "/", name), named: "instance profile " + name}); err != nil {
		return nil, err
	}
	return nil, iam.Errorf(iam.CodeNoSuchEntity, "Instance Profile %s cannot be found.", name)
}
