package instance

import (
	"github.com/strictkms/strictkms/iam/api"
	"github.com/strictkms/strictkms/iam/organizations"
	"github.com/strictkms/strictkms/iam/sts"
	"github.com/strictkms/strictkms/internal/operation"
)

// apis are the services beside AWS KMS.
func (i *Instance) apis() ([]operation.API, error) {
	identities, err := api.New(api.Config{Identities: i.iam, Simulator: i.enforcer.Simulator(i.kms)})
	if err != nil {
		return nil, err
	}
	tokens, err := sts.New(sts.Config{
		Identities: i.iam, Providers: i.config.Providers, Messages: sts.NewMessages(i.root), Clock: i.config.Clock,
	})
	if err != nil {
		return nil, err
	}
	accounts, err := organizations.New(organizations.Config{Identities: i.iam})
	if err != nil {
		return nil, err
	}
	return []operation.API{identities, tokens, accounts}, nil
}
