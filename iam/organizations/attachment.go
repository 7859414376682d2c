package organizations

import (
	"slices"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var attachmentOperations = []operationOf{
	acts("AttachPolicy", attachPolicy),
	acts("DetachPolicy", detachPolicy),
}

// maxAttached is how many policies of a type a target may have
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html).
const maxAttached = 5

type attachmentInput struct {
	policyInput
	TargetId *string `org:"required,max=100,pattern=target"`
}

func attachPolicy(c *call, in *attachmentInput) error {
	return c.attachment("AttachPolicy", in, func(d *iam.Directory, kind string) error {
		switch attached := attachedTo(d, *in.TargetId, kind); {
		case slices.Contains(attached, *in.PolicyId):
			return operation.Errorf("DuplicatePolicyAttachmentException", "The selected policy is already attached to the specified target.")
		case !d.Uses(kind):
			return operation.Errorf("PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types.")
		case len(attached) >= maxAttached:
			return operation.Errorf(codeConstraint, "You have attached the maximum number of policies to the specified target.")
		}
		d.Attached[*in.TargetId] = append(d.Attached[*in.TargetId], *in.PolicyId)
		return nil
	})
}

// detachPolicy takes a policy away from a target, which keeps one of each type at least
// (https://docs.aws.amazon.com/organizations/latest/APIReference/API_DetachPolicy.html).
func detachPolicy(c *call, in *attachmentInput) error {
	return c.attachment("DetachPolicy", in, func(d *iam.Directory, kind string) error {
		attached := attachedTo(d, *in.TargetId, kind)
		switch {
		case !slices.Contains(attached, *in.PolicyId):
			return operation.Errorf("PolicyNotAttachedException", "The specified policy isn't attached to the specified target.")
		case *in.PolicyId == iam.RCPFullAWSAccessID:
			return operation.Errorf(codeConstraint, "The policy RCPFullAWSAccess cannot be detached.")
		case len(attached) == 1:
			return operation.Errorf(codeConstraint, "You cannot remove the last policy attached to the specified target. "+
				"You should have at least one attached at all times.")
		}
		d.Attached[*in.TargetId] = slices.DeleteFunc(d.Attached[*in.TargetId], func(id string) bool { return id == *in.PolicyId })
		return nil
	})
}

// attachment asks about the policy and about the target, both of which a policy must cover, and makes a change.
func (c *call) attachment(action string, in *attachmentInput, change func(d *iam.Directory, kind string) error) error {
	kinds := c.kindOf(*in.PolicyId)
	return c.change(action, *in.PolicyId, kinds, func(_ *iam.Edit, d *iam.Directory) error {
		if err := c.authorize(d, action, *in.TargetId, kinds...); err != nil {
			return err
		}
		p := d.Find(*in.PolicyId)
		switch {
		case p == nil:
			return noPolicy()
		case !isTarget(d, *in.TargetId):
			return noTarget()
		}
		return change(d, p.Type)
	})
}

func isTarget(d *iam.Directory, id string) bool { return isParent(d, id) || d.Accounts[id] != nil }

func noTarget() error {
	return operation.Errorf("TargetNotFoundException", "You specified a target that doesn't exist.")
}

// attachedTo are the ids of the policies of a type that are attached to a target.
func attachedTo(d *iam.Directory, target, kind string) []string {
	var out []string
	for _, id := range d.Attached[target] {
		if p := d.Find(id); p != nil && p.Type == kind {
			out = append(out, id)
		}
	}
	return out
}

// targetsOf are what a policy is attached to.
func targetsOf(d *iam.Directory, id string) []string {
	var out []string
	for target, attached := range d.Attached {
		if slices.Contains(attached, id) {
			out = append(out, target)
		}
	}
	return out
}
