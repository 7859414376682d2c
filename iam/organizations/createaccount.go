package organizations

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var createAccountOperations = []operationOf{
	answers("CreateAccount", createAccount),
	answers("DescribeCreateAccountStatus", describeCreateAccountStatus),
	answers("ListCreateAccountStatus", listCreateAccountStatus),
}

type createAccountStatus struct {
	Id, AccountName, State, AccountId      string
	RequestedTimestamp, CompletedTimestamp timestamp
}

type createAccountOutput struct{ CreateAccountStatus createAccountStatus }

func newStatus(d *iam.Directory, id string) createAccountStatus {
	r := d.Requests[id]
	at := timestampOf(r.Requested)
	return createAccountStatus{
		Id: id, AccountName: r.Name, State: "SUCCEEDED", AccountId: r.Account, RequestedTimestamp: at, CompletedTimestamp: at,
	}
}

type createAccountInput struct {
	Email                  *string `org:"required,min=6,max=64,sensitive,pattern=email"`
	AccountName            *string `org:"required,min=1,max=50,sensitive,pattern=ascii"`
	RoleName               *string `org:"max=64,pattern=roleName"`
	IamUserAccessToBilling *string `org:"enum=billing"`
	Tags                   []tag   `org:""`
}

// createAccount makes an account below the root, with the role by which the management account gets into it
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html). It is there at once.
func createAccount(c *call, in *createAccountInput) (*createAccountOutput, error) {
	tags, err := tagged(in.Tags)
	if err != nil {
		return nil, err
	}
	out := &createAccountOutput{}
	err = c.change("CreateAccount", "*", nil, func(e *iam.Edit, d *iam.Directory) error {
		for _, m := range d.Accounts {
			if m.Email == *in.Email {
				return operation.Errorf(codeConstraint, "An account with that email address is already in the organization.")
			}
		}
		id, err := e.NewAccountID()
		if err != nil {
			return err
		}
		request, err := e.NewOrganizationID("car-", requestIDLength)
		if err != nil {
			return err
		}
		now := c.Time.UTC()
		d.Accounts[id] = &iam.Member{Name: *in.AccountName, Email: *in.Email, Parent: d.RootID, Joined: now, Created: true, Tags: tags}
		d.Requests[request] = &iam.AccountRequest{Account: id, Name: *in.AccountName, Requested: now}
		attachDefaults(d, id)
		out.CreateAccountStatus = newStatus(d, request)
		role := "OrganizationAccountAccessRole"
		if in.RoleName != nil {
			role = *in.RoleName
		}
		return cmp.Or(e.EnsureAccount(id, d.Partition), putAccessRole(e, d, id, role))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// putAccessRole makes the role of an account that the management account may assume, and that may do everything.
func putAccessRole(e *iam.Edit, d *iam.Directory, id, name string) error {
	trust, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Action": "sts:AssumeRole",
		"Principal": map[string]string{"AWS": "arn:" + d.Partition + ":iam::" + d.Management + ":root"},
	}}})
	if err != nil {
		return fmt.Errorf("writing a trust policy: %w", err)
	}
	return e.PutRole(&iam.RoleDetail{
		Account: id, Name: name, Trust: string(trust), Inline: []*iam.Policy{{
			Name: "AdministratorAccess",
			Text: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		}},
	})
}

type describeCreateAccountStatusInput struct {
	CreateAccountRequestId *string `org:"required,max=36,pattern=request"`
}

func describeCreateAccountStatus(c *call, in *describeCreateAccountStatusInput) (*createAccountOutput, error) {
	d, err := c.read("DescribeCreateAccountStatus", "*")
	if err != nil {
		return nil, err
	}
	if d.Requests[*in.CreateAccountRequestId] == nil {
		return nil, operation.Errorf("CreateAccountStatusNotFoundException",
			"We can't find an create account request with the CreateAccountRequestId that you specified.")
	}
	return &createAccountOutput{newStatus(d, *in.CreateAccountRequestId)}, nil
}

type listCreateAccountStatusInput struct {
	States []string `org:"each=enum=state"`
	pageInput
}

type listCreateAccountStatusOutput struct {
	CreateAccountStatuses []createAccountStatus
	NextToken             string `json:",omitempty"`
}

func listCreateAccountStatus(c *call, in *listCreateAccountStatusInput) (*listCreateAccountStatusOutput, error) {
	d, err := c.read("ListCreateAccountStatus", "*")
	if err != nil {
		return nil, err
	}
	all := map[string]createAccountStatus{}
	for id := range d.Requests {
		if len(in.States) == 0 || slices.Contains(in.States, "SUCCEEDED") {
			all[id] = newStatus(d, id)
		}
	}
	out := &listCreateAccountStatusOutput{}
	out.CreateAccountStatuses, out.NextToken, err = page("requests", &in.pageInput, all)
	return out, err
}
