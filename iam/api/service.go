package api

import (
	"context"
	"errors"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/store"
)

// Config is what a [Service] works with. Identities is required.
type Config struct {
	Identities *iam.Service
	// Simulator decides simulations; nil for an API without them.
	Simulator Simulator
}

// Service is the IAM API. It is safe for concurrent use.
type Service struct {
	config Config
}

var _ operation.API = (*Service)(nil)

// New returns the API on identities.
func New(config Config) (*Service, error) {
	if config.Identities == nil {
		return nil, errors.New("the IAM API needs identities")
	}
	return &Service{config: config}, nil
}

var description = operation.Description{
	Name: "iam", Source: "iam.amazonaws.com", Version: "2010-05-08",
	Namespace: "https://iam.amazonaws.com/doc/2010-05-08/", Global: true,
}

// Description implements [operation.API].
func (*Service) Description() *operation.Description { return &description }

// operations are the tables on top of the file of each family.
var operations = operation.NewTable(rules,
	userOperations,
	userTagOperations,
	groupOperations,
	membershipOperations,
	accessKeyOperations,
	inlinePolicyOperations,
	boundaryOperations,
	userCredentialOperations,
	accountOperations,
	detailsOperations,
	roleOperations,
	roleUpdateOperations,
	rolePolicyOperations,
	instanceProfileOperations,
	managedPolicyOperations,
	policyVersionOperations,
	attachmentOperations,
	policyEntityOperations,
	serviceLinkedRoleOperations,
	virtualMFAOperations,
	simulateOperations,
)

// Operations implements [operation.API].
func (*Service) Operations() []string { return operations.Names() }

// Do implements [operation.API].
func (s *Service) Do(ctx context.Context, of *operation.Call, name string, decode operation.Decode) (operation.Result, error) {
	view, err := s.config.Identities.View()
	if err != nil {
		return operation.Result{}, err
	}
	result, err := operations.Do(&call{Call: of, ctx: ctx, service: s, view: view}, name, decode)
	if errors.Is(err, store.ErrConflict) {
		return result, &operation.Error{
			Code: "ConcurrentModification", Cause: err,
			Message: "The request was rejected because multiple requests to change this object were submitted simultaneously.",
		}
	}
	return result, err
}

// call is one call of the API.
type call struct {
	*operation.Call
	ctx     context.Context //nolint:containedctx // a call is a context with what it is about
	service *Service
	// view is what is stored as the call begins, for operations that change nothing.
	view *iam.View
}

// edit makes a change. What it reads, decides and writes is one transaction.
func (c *call) edit(change func(e *iam.Edit) error) error {
	return c.service.config.Identities.Edit(c.ctx, change)
}

// arn is the ARN of a resource of the caller's account.
func (c *call) arn(kind, path, name string) string {
	partition := c.Partition
	if a := c.view.Account(c.Account); a != nil {
		partition = a.Partition
	}
	return iam.ARN(partition, c.Account, kind, path, name)
}

// answers and acts make operations of package operation.
func answers[In, Out any](name string, run func(c *call, in *In) (*Out, error)) operation.Operation[*call] {
	return operation.Answers(name, run)
}

func acts[In any](name string, run func(c *call, in *In) error) operation.Operation[*call] {
	return operation.Acts(name, run)
}

// operationOf is an operation of this API.
type operationOf = operation.Operation[*call]
