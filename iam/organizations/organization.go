package organizations

import (
	"slices"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var organizationOperations = []operationOf{
	answers("CreateOrganization", createOrganization),
	answers("DescribeOrganization", describeOrganization),
	answers("ListRoots", listRoots),
}

type organization struct {
	Id, Arn, FeatureSet                                   string
	MasterAccountArn, MasterAccountId, MasterAccountEmail string
	AvailablePolicyTypes                                  []policyType
}

type policyType struct{ Type, Status string }

type root struct {
	Id, Arn, Name string
	PolicyTypes   []policyType
}

type organizationOutput struct{ Organization *organization }

func newOrganization(d *iam.Directory) *organizationOutput {
	email := ""
	if m := d.Accounts[d.Management]; m != nil {
		email = m.Email
	}
	return &organizationOutput{&organization{
		Id: d.ID, Arn: "arn:" + d.Partition + ":organizations::" + d.Management + ":organization/" + d.ID, FeatureSet: "ALL",
		MasterAccountArn: arnOf(d, d.Management), MasterAccountId: d.Management, MasterAccountEmail: email,
		AvailablePolicyTypes: policyTypes(d),
	}}
}

// policyTypes are the types of policy that are enabled.
func policyTypes(d *iam.Directory) []policyType {
	out := []policyType{}
	for _, kind := range slices.Sorted(slices.Values(d.Enabled)) {
		out = append(out, policyType{kind, "ENABLED"})
	}
	return out
}

type describeOrganizationInput struct{}

// describeOrganization is answered to every account of the organization.
func describeOrganization(c *call, _ *describeOrganizationInput) (*organizationOutput, error) {
	d := c.view.Directory(c.Account)
	if err := c.ask(d, "DescribeOrganization", "*"); err != nil {
		return nil, err
	}
	if d == nil {
		return nil, notMember()
	}
	return newOrganization(d), nil
}

type listRootsInput struct{ pageInput }

type listRootsOutput struct {
	Roots     []root
	NextToken string `json:",omitempty"`
}

func newRoot(d *iam.Directory) root {
	return root{Id: d.RootID, Arn: arnOf(d, d.RootID), Name: "Root", PolicyTypes: policyTypes(d)}
}

func listRoots(c *call, in *listRootsInput) (*listRootsOutput, error) {
	d, err := c.read("ListRoots", "*")
	if err != nil {
		return nil, err
	}
	out := &listRootsOutput{}
	out.Roots, out.NextToken, err = page("roots", &in.pageInput, map[string]root{d.RootID: newRoot(d)})
	return out, err
}

type createOrganizationInput struct {
	FeatureSet *string `org:"enum=featureSet"`
}

// The lengths of ids behind their prefixes
// (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html, API_Root, API_PolicySummary).
const (
	organizationIDLength = 10
	rootIDLength         = 4
	unitIDLength         = 8
	policyIDLength       = 8
	requestIDLength      = 32
)

// createOrganization makes an organization whose management account is the caller's. Service control policies are not
// enabled in one that the API makes
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_enable-disable.html).
func createOrganization(c *call, in *createOrganizationInput) (*organizationOutput, error) {
	if err := c.ask(nil, "CreateOrganization", "*"); err != nil {
		return nil, err
	}
	if in.FeatureSet != nil && *in.FeatureSet != "ALL" {
		return nil, operation.Errorf(codeInvalidInput, "The feature set %s is not supported.", *in.FeatureSet)
	}
	var made *iam.Directory
	err := c.service.config.Identities.Edit(c.ctx, func(e *iam.Edit) error {
		there, err := e.Directory(c.Account)
		switch {
		case err != nil:
			return err
		case there != nil:
			return operation.Errorf("AlreadyInOrganizationException", "The AWS account is already a member of an organization.")
		}
		made, err = c.newDirectory(e)
		if err != nil {
			return err
		}
		return e.PutDirectory(made)
	})
	if err != nil {
		return nil, err
	}
	return newOrganization(made), nil
}

func (c *call) newDirectory(e *iam.Edit) (*iam.Directory, error) {
	id, err := e.NewOrganizationID("o-", organizationIDLength)
	if err != nil {
		return nil, err
	}
	rootID, err := e.NewOrganizationID("r-", rootIDLength)
	if err != nil {
		return nil, err
	}
	name := c.Account
	if a := e.Account(c.Account); a != nil && a.Alias != "" {
		name = a.Alias
	}
	return &iam.Directory{
		ID: id, Partition: c.Partition, Management: c.Account, Created: c.Time.UTC(), RootID: rootID,
		Units:    map[string]*iam.Unit{},
		Accounts: map[string]*iam.Member{c.Account: {Name: name, Email: "root@" + c.Account + ".example.com", Parent: rootID, Joined: c.Time.UTC()}},
		Policies: map[string]*iam.OrganizationPolicy{}, Requests: map[string]*iam.AccountRequest{}, Attached: map[string][]string{},
	}, nil
}
