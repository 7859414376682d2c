package api

var virtualMFAOperations = []operationOf{
	answers("ListVirtualMFADevices", listVirtualMFADevices),
}

type listVirtualMFADevicesInput struct {
	AssignmentStatus *string `iam:"enum=assignmentStatusType"`
	pageInput
}

type listVirtualMFADevicesOutput struct {
	VirtualMFADevices []item
	pageOutput
}

// listVirtualMFADevices lists nothing: there are none. Terraform asks before it deletes a user.
func listVirtualMFADevices(c *call, _ *listVirtualMFADevicesInput) (*listVirtualMFADevicesOutput, error) {
	return &listVirtualMFADevicesOutput{VirtualMFADevices: []item{}}, c.authorize("iam:ListVirtualMFADevices", everything)
}
