package organizations

import (
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var policyOperations = []operationOf{
	answers("CreatePolicy", createPolicy),
	answers("DescribePolicy", describePolicy),
	answers("UpdatePolicy", updatePolicy),
	acts("DeletePolicy", deletePolicy),
	answers("ListPolicies", listPolicies),
}

type policySummary struct {
	Id, Arn, Name, Description, Type string
	AwsManaged                       bool
}

type policyDocument struct {
	PolicySummary policySummary
	Content       string
}

type policyOutput struct{ Policy policyDocument }

// newSummary tells about a policy; it is not told about one of another type than the API's.
func newSummary(d *iam.Directory, id string) policySummary {
	p := d.Find(id)
	s := policySummary{Id: id, Name: p.Policy.Name, Description: p.Description, Type: p.Type}
	if d.Policies[id] == nil {
		s.Arn, s.AwsManaged = managedARN(d, id, p.Type), true
	} else {
		s.Arn = arnOf(d, id)
	}
	return s
}

func newPolicy(d *iam.Directory, id string) policyDocument {
	return policyDocument{newSummary(d, id), d.Find(id).Policy.Text}
}

func noPolicy() error {
	return operation.Errorf("PolicyNotFoundException", "We can't find a policy with the PolicyId that you specified.")
}

// kindOf is the type of a policy as a condition key, nothing for one that is not there.
func (c *call) kindOf(id string) []string {
	if d := c.view.Directory(c.Account); d != nil && d.Find(id) != nil {
		return []string{d.Find(id).Type}
	}
	return nil
}

type createPolicyInput struct {
	Content     *string `org:"required,min=1"`
	Description *string `org:"required,max=512"`
	Name        *string `org:"required,min=1,max=128"`
	Type        *string `org:"required,enum=policyType"`
	Tags        []tag   `org:""`
}

func createPolicy(c *call, in *createPolicyInput) (*policyOutput, error) {
	tags, err := tagged(in.Tags)
	if err != nil {
		return nil, err
	}
	out := &policyOutput{}
	err = c.change("CreatePolicy", "*", []string{*in.Type}, func(e *iam.Edit, d *iam.Directory) error {
		if err := supported(*in.Type); err != nil {
			return err
		}
		if policyNamed(d, *in.Type, *in.Name) {
			return duplicatePolicy()
		}
		id, err := e.NewOrganizationID("p-", policyIDLength)
		if err != nil {
			return err
		}
		d.Policies[id] = &iam.OrganizationPolicy{
			Type: *in.Type, Description: *in.Description, Policy: &iam.Policy{Name: *in.Name, Text: *in.Content}, Tags: tags,
		}
		out.Policy = newPolicy(d, id)
		return checkSize(in.Content)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// maxContent is how many characters a policy may have
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html).
const maxContent = 10240

func checkSize(content *string) error {
	if len(*content) > maxContent {
		return operation.Errorf(codeConstraint, "You have exceeded the maximum policy size of %d characters.", maxContent)
	}
	return nil
}

// policyNamed reports whether a policy of a type has a name.
func policyNamed(d *iam.Directory, kind, name string) bool {
	if managed := d.Find(defaults[kind]); managed != nil && managed.Policy.Name == name {
		return true
	}
	for _, p := range d.Policies {
		if p.Type == kind && p.Policy.Name == name {
			return true
		}
	}
	return false
}

func duplicatePolicy() error {
	return operation.Errorf("DuplicatePolicyException", "A policy with the specified name and type already exists.")
}

type policyInput struct {
	PolicyId *string `org:"required,max=130,pattern=policy"`
}

func describePolicy(c *call, in *policyInput) (*policyOutput, error) {
	d, err := c.read("DescribePolicy", *in.PolicyId, c.kindOf(*in.PolicyId)...)
	if err != nil {
		return nil, err
	}
	if d.Find(*in.PolicyId) == nil {
		return nil, noPolicy()
	}
	return &policyOutput{newPolicy(d, *in.PolicyId)}, nil
}

type updatePolicyInput struct {
	policyInput
	Name        *string `org:"min=1,max=128"`
	Description *string `org:"max=512"`
	Content     *string `org:"min=1"`
}

func updatePolicy(c *call, in *updatePolicyInput) (*policyOutput, error) {
	out := &policyOutput{}
	id := *in.PolicyId
	err := c.change("UpdatePolicy", id, c.kindOf(id), func(_ *iam.Edit, d *iam.Directory) error {
		p := d.Policies[id]
		switch {
		case p == nil && d.Find(id) != nil:
			return operation.Errorf(codeInvalidInput, "You can't modify an AWS managed policy.")
		case p == nil:
			return noPolicy()
		case in.Name != nil && *in.Name != p.Policy.Name && policyNamed(d, p.Type, *in.Name):
			return duplicatePolicy()
		}
		changed := &iam.Policy{Name: p.Policy.Name, Text: p.Policy.Text}
		if in.Name != nil {
			changed.Name = *in.Name
		}
		if in.Description != nil {
			p.Description = *in.Description
		}
		if in.Content != nil {
			if err := checkSize(in.Content); err != nil {
				return err
			}
			changed.Text = *in.Content
		}
		p.Policy = changed
		out.Policy = newPolicy(d, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func deletePolicy(c *call, in *policyInput) error {
	id := *in.PolicyId
	return c.change("DeletePolicy", id, c.kindOf(id), func(_ *iam.Edit, d *iam.Directory) error {
		switch {
		case d.Policies[id] == nil && d.Find(id) != nil:
			return operation.Errorf(codeInvalidInput, "You can't delete an AWS managed policy.")
		case d.Policies[id] == nil:
			return noPolicy()
		case len(targetsOf(d, id)) > 0:
			return operation.Errorf("PolicyInUseException", "The policy is attached to one or more entities. "+
				"You must detach it from all roots, OUs, and accounts before performing this operation.")
		}
		delete(d.Policies, id)
		return nil
	})
}

type listPoliciesInput struct {
	Filter *string `org:"required,enum=policyType"`
	pageInput
}

type listPoliciesOutput struct {
	Policies  []policySummary
	NextToken string `json:",omitempty"`
}

func listPolicies(c *call, in *listPoliciesInput) (*listPoliciesOutput, error) {
	d, err := c.read("ListPolicies", "*", *in.Filter)
	if err != nil {
		return nil, err
	}
	all := map[string]policySummary{}
	if id := defaults[*in.Filter]; id != "" {
		all[id] = newSummary(d, id)
	}
	for id, p := range d.Policies {
		if p.Type == *in.Filter {
			all[id] = newSummary(d, id)
		}
	}
	out := &listPoliciesOutput{}
	out.Policies, out.NextToken, err = page("policies "+*in.Filter, &in.pageInput, all)
	return out, err
}
