package organizations

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
}

// Service is the API of AWS Organizations. It is safe for concurrent use.
type Service struct {
	config Config
}

var _ operation.API = (*Service)(nil)

// New returns the API on identities.
func New(config Config) (*Service, error) {
	if config.Identities == nil {
		return nil, errors.New("the Organizations API needs identities")
	}
	return &Service{config: config}, nil
}

var description = operation.Description{
	Name: "organizations", Source: "organizations.amazonaws.com", Version: "2016-11-28",
	Target: "AWSOrganizationsV20161128", Global: true,
}

// Description implements [operation.API].
func (*Service) Description() *operation.Description { return &description }

// operations are the tables on top of the file of each family.
var operations = operation.NewTable(rules,
	organizationOperations, policyTypeOperations, unitOperations, treeOperations, accountOperations, createAccountOperations,
	policyOperations, attachmentOperations, targetOperations,
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
	return result, inWords(err)
}

// inWords gives an error from below the words of AWS Organizations.
func inWords(err error) error {
	switch e, ok := errors.AsType[*iam.Error](err); {
	case ok && e.Code == iam.CodeMalformedPolicyDocument:
		return &operation.Error{
			Code: "MalformedPolicyDocumentException", Cause: err,
			Message: "The provided policy document does not meet the requirements of the specified policy type.",
		}
	case ok:
		return &operation.Error{Code: codeInvalidInput, Message: e.Message, Cause: err}
	case errors.Is(err, store.ErrInvalidTx):
		return &operation.Error{Code: codeConstraint, Message: "The organization has reached the limit of what it can hold.", Cause: err}
	case errors.Is(err, store.ErrConflict):
		return &operation.Error{
			Code: "ConcurrentModificationException", Cause: err,
			Message: "The target of the operation is currently being modified by a different request. Try again later.",
		}
	}
	if e, ok := errors.AsType[*operation.Error](err); ok && e.Code == operation.CodeValidation {
		return &operation.Error{Code: codeInvalidInput, Message: e.Message, Cause: err}
	}
	return err
}

// The codes of exceptions that several operations have.
const (
	codeInvalidInput = "InvalidInputException"
	codeConstraint   = "ConstraintViolationException"
	codeNotInUse     = "AWSOrganizationsNotInUseException"
)

// call is one call of the API.
type call struct {
	*operation.Call
	ctx     context.Context //nolint:containedctx // a call is a context with what it is about
	service *Service
	view    *iam.View
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
