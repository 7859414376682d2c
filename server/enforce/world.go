package enforce

import (
	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
)

// Organizations knows accounts as their organization sees them; [iam.Service] does.
type Organizations interface {
	// Organization returns what is known about the place of an account, nil when nothing is.
	Organization(account string) *iam.Organization
}

// World returns what the evaluator needs to know about accounts. It follows changes at once.
func World(organizations Organizations) evaluator.World { return world{organizations} }

type world struct{ organizations Organizations }

// Account implements [evaluator.World].
func (w world) Account(id string) *evaluator.Account {
	o := w.organizations.Organization(id)
	if o == nil {
		return nil
	}
	account, _ := o.Memo(func(o *iam.Organization) any { return newAccount(id, o) }).(*evaluator.Account)
	return account
}

func newAccount(id string, o *iam.Organization) *evaluator.Account {
	return &evaluator.Account{
		ID: id, OrganizationID: o.ID, OrganizationPath: o.Path, Management: o.Management,
		SCPs: o.SCPDocuments(), RCPs: o.RCPDocuments(),
	}
}
