package sts

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/iam/oidc"
	"github.com/strictkms/strictkms/internal/operation"
)

// Config is what a [Service] works with. Identities is required.
type Config struct {
	Identities *iam.Service
	// Providers are the identity providers whose tokens are taken; nil for none.
	Providers *oidc.Providers
	// Messages opens encoded authorization messages; nil knows none.
	Messages *Messages
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
}

// Service is the API of AWS STS. It is safe for concurrent use.
type Service struct {
	config Config
}

var _ operation.API = (*Service)(nil)

// New returns the API on identities.
func New(config Config) (*Service, error) {
	if config.Identities == nil {
		return nil, errors.New("the STS API needs identities")
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // the default of the clock that everything is given
	}
	return &Service{config: config}, nil
}

var description = operation.Description{
	Name: "sts", Source: "sts.amazonaws.com", Version: "2011-06-15",
	Namespace: "https://sts.amazonaws.com/doc/2011-06-15/", Anonymous: []string{"AssumeRoleWithWebIdentity"},
}

// Description implements [operation.API].
func (*Service) Description() *operation.Description { return &description }

// operations are the tables on top of the file of each family.
var operations = operation.NewTable(rules, callerOperations, roleOperations, webIdentityOperations, userOperations, messageOperations)

// Operations implements [operation.API].
func (*Service) Operations() []string { return operations.Names() }

// Do implements [operation.API].
func (s *Service) Do(ctx context.Context, of *operation.Call, name string, decode operation.Decode) (operation.Result, error) {
	if err := limited(of.Principal, name); err != nil {
		return operation.Result{}, err
	}
	view, err := s.config.Identities.View()
	if err != nil {
		return operation.Result{}, err
	}
	result, err := operations.Do(&call{Call: of, ctx: ctx, service: s, view: view}, name, decode)
	return result, ofSTS(err)
}

// limited refuses what the temporary credentials of a user may not do, whatever its policies say
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html#stsapi_comparison).
func limited(p *iam.Principal, name string) error {
	if p == nil || !p.Temporary || name == "GetCallerIdentity" || slices.Contains(description.Anonymous, name) {
		return nil
	}
	switch {
	case p.Type == iam.FederatedUser, (p.Type == iam.User || p.Type == iam.Root) && name != "AssumeRole":
		return denied("Cannot call %s with session credentials", name)
	default:
		return nil
	}
}

// ofSTS gives an error of package iam a code that AWS STS has: its API has no others for what a parameter holds.
func ofSTS(err error) error {
	e, ok := errors.AsType[*iam.Error](err)
	if ok && (e.Code == iam.CodeInvalidInput || e.Code == iam.CodeLimitExceeded) {
		return iam.Errorf(iam.CodeValidation, "%s", e.Message)
	}
	if errors.Is(err, iam.ErrUnknownPrincipal) { // it went while it called, or mode off believed in it
		return &operation.Error{Code: operation.CodeAccessDenied, Message: "The caller does not exist.", Cause: err}
	}
	return err
}

// call is one call of the API.
type call struct {
	*operation.Call
	ctx     context.Context //nolint:containedctx // a call is a context with what it is about
	service *Service
	view    *iam.View
}

// answers makes an operation of package operation.
func answers[In, Out any](name string, run func(c *call, in *In) (*Out, error)) operation.Operation[*call] {
	return operation.Answers(name, run)
}

// operationOf is an operation of this API.
type operationOf = operation.Operation[*call]

// authorize asks whether the caller may do an action on a resource.
func (c *call) authorize(action, resource string, context map[string][]string) error {
	return c.Authorizer.AuthorizeAction(c.ctx, &operation.Access{Action: action, Resource: resource, Context: context})
}

// denied is a refusal that does not come from a policy.
func denied(format string, args ...any) error {
	return operation.Errorf(operation.CodeAccessDenied, format, args...)
}
