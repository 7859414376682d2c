package instance

import (
	"context"

	"github.com/strictkms/strictkms/cloudformation"
	"github.com/strictkms/strictkms/iam/api"
	"github.com/strictkms/strictkms/iam/organizations"
	"github.com/strictkms/strictkms/iam/sts"
	"github.com/strictkms/strictkms/internal/operation"
)

// apis are the services beside AWS KMS.
func (i *Instance) apis(ctx context.Context) ([]operation.API, error) {
	identities, err := api.New(api.Config{Identities: i.iam, Simulator: i.enforcer.Simulator(i.kms)})
	if err != nil {
		return nil, err
	}
	i.roles.identities = identities
	tokens, err := sts.New(sts.Config{
		Identities: i.iam, Providers: i.config.Providers, Messages: i.messages, Clock: i.config.Clock,
	})
	if err != nil {
		return nil, err
	}
	accounts, err := organizations.New(organizations.Config{Identities: i.iam})
	if err != nil {
		return nil, err
	}
	stacks, err := cloudformation.New(ctx, cloudformation.Config{
		Store: i.store, Sealer: i.root, Calls: &forward{i, identities}, Clock: i.config.Clock, Logger: i.config.Logger,
	})
	if err != nil {
		return nil, err
	}
	return []operation.API{identities, tokens, accounts, stacks}, nil
}
