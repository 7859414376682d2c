package organizations

import (
	"slices"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var policyTypeOperations = []operationOf{
	answers("EnablePolicyType", enablePolicyType),
	answers("DisablePolicyType", disablePolicyType),
}

type policyTypeInput struct {
	RootId     *string `org:"required,max=34,pattern=root"`
	PolicyType *string `org:"required,enum=policyType"`
}

type policyTypeOutput struct{ Root root }

// defaults are the policies that AWS attaches everywhere when a type of policy is enabled.
var defaults = map[string]string{iam.TypeSCP: iam.FullAWSAccessID, iam.TypeRCP: iam.RCPFullAWSAccessID}

// enablePolicyType enables a type of policy: every target has the policy of AWS that allows everything then
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_enable-disable.html).
func enablePolicyType(c *call, in *policyTypeInput) (*policyTypeOutput, error) {
	return c.changeType("EnablePolicyType", in, func(d *iam.Directory, kind string) error {
		if d.Uses(kind) {
			return operation.Errorf("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.")
		}
		d.Enabled = append(d.Enabled, kind)
		for _, target := range targets(d) {
			d.Attached[target] = append(d.Attached[target], defaults[kind])
		}
		return nil
	})
}

// disablePolicyType disables a type of policy, and detaches all of its policies, as AWS does.
func disablePolicyType(c *call, in *policyTypeInput) (*policyTypeOutput, error) {
	return c.changeType("DisablePolicyType", in, func(d *iam.Directory, kind string) error {
		if !d.Uses(kind) {
			return operation.Errorf("PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types.")
		}
		d.Enabled = slices.DeleteFunc(d.Enabled, func(k string) bool { return k == kind })
		for target, attached := range d.Attached {
			d.Attached[target] = slices.DeleteFunc(attached, func(id string) bool {
				p := d.Find(id)
				return p == nil || p.Type == kind
			})
		}
		return nil
	})
}

func (c *call) changeType(action string, in *policyTypeInput, change func(d *iam.Directory, kind string) error) (*policyTypeOutput, error) {
	out := &policyTypeOutput{}
	err := c.change(action, *in.RootId, []string{*in.PolicyType}, func(_ *iam.Edit, d *iam.Directory) error {
		if d.RootID != *in.RootId {
			return operation.Errorf("RootNotFoundException", "You specified a root that doesn't exist.")
		}
		if err := supported(*in.PolicyType); err != nil {
			return err
		}
		err := change(d, *in.PolicyType)
		out.Root = newRoot(d)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// supported refuses the types of policy that decide nothing here.
func supported(kind string) error {
	if defaults[kind] == "" {
		return operation.Errorf("PolicyTypeNotAvailableForOrganizationException",
			"The policy type %s is not available here: it has no part in authorization.", kind)
	}
	return nil
}

// targets are what policies can be attached to.
func targets(d *iam.Directory) []string {
	out := []string{d.RootID}
	for id := range d.Units {
		out = append(out, id)
	}
	for id := range d.Accounts {
		out = append(out, id)
	}
	return out
}
