package organizations

import (
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

var accountOperations = []operationOf{
	answers("DescribeAccount", describeAccount),
	answers("ListAccounts", listAccounts),
	answers("ListAccountsForParent", listAccountsForParent),
	acts("MoveAccount", moveAccount),
}

type account struct {
	Id, Arn, Email, Name string
	Status, State        string
	Paths                []string
	JoinedMethod         string
	JoinedTimestamp      timestamp
}

func newAccount(d *iam.Directory, id string) account {
	m := d.Accounts[id]
	joined := "INVITED"
	if m.Created {
		joined = "CREATED"
	}
	return account{
		Id: id, Arn: arnOf(d, id), Email: m.Email, Name: m.Name, Status: "ACTIVE", State: "ACTIVE",
		Paths: []string{pathOf(d, id)}, JoinedMethod: joined, JoinedTimestamp: timestampOf(m.Joined),
	}
}

func noAccount() error {
	return operation.Errorf("AccountNotFoundException", "You specified an account that doesn't exist.")
}

type describeAccountInput struct {
	AccountId *string `org:"required,max=12,pattern=account"`
}

type describeAccountOutput struct{ Account account }

func describeAccount(c *call, in *describeAccountInput) (*describeAccountOutput, error) {
	d, err := c.read("DescribeAccount", *in.AccountId)
	if err != nil {
		return nil, err
	}
	if d.Accounts[*in.AccountId] == nil {
		return nil, noAccount()
	}
	return &describeAccountOutput{newAccount(d, *in.AccountId)}, nil
}

type listAccountsInput struct{ pageInput }

type listAccountsOutput struct {
	Accounts  []account
	NextToken string `json:",omitempty"`
}

func listAccounts(c *call, in *listAccountsInput) (*listAccountsOutput, error) {
	d, err := c.read("ListAccounts", "*")
	if err != nil {
		return nil, err
	}
	all := map[string]account{}
	for id := range d.Accounts {
		all[id] = newAccount(d, id)
	}
	out := &listAccountsOutput{}
	out.Accounts, out.NextToken, err = page("accounts", &in.pageInput, all)
	return out, err
}

func listAccountsForParent(c *call, in *parentInput) (*listAccountsOutput, error) {
	d, err := c.readParent("ListAccountsForParent", *in.ParentId)
	if err != nil {
		return nil, err
	}
	all := map[string]account{}
	for _, id := range children(d, *in.ParentId, "ACCOUNT") {
		all[id] = newAccount(d, id)
	}
	out := &listAccountsOutput{}
	out.Accounts, out.NextToken, err = page("accounts "+*in.ParentId, &in.pageInput, all)
	return out, err
}

type moveAccountInput struct {
	AccountId           *string `org:"required,max=12,pattern=account"`
	SourceParentId      *string `org:"required,max=100,pattern=parent"`
	DestinationParentId *string `org:"required,max=100,pattern=parent"`
}

// moveAccount moves an account. It asks about the account and about both parents, all of which a policy must cover.
func moveAccount(c *call, in *moveAccountInput) error {
	return c.change("MoveAccount", *in.AccountId, nil, func(_ *iam.Edit, d *iam.Directory) error {
		for _, parent := range []string{*in.SourceParentId, *in.DestinationParentId} {
			if err := c.authorize(d, "MoveAccount", parent); err != nil {
				return err
			}
		}
		m := d.Accounts[*in.AccountId]
		switch {
		case m == nil:
			return noAccount()
		case !isParent(d, *in.DestinationParentId):
			return operation.Errorf("DestinationParentNotFoundException", "You specified a destination parent that doesn't exist.")
		case m.Parent == *in.DestinationParentId:
			return operation.Errorf("DuplicateAccountException", "That account is already present in the specified destination.")
		case m.Parent != *in.SourceParentId:
			return operation.Errorf("SourceParentNotFoundException", "You specified a source parent that doesn't exist.")
		}
		m.Parent = *in.DestinationParentId
		return nil
	})
}
