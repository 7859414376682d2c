package cloudformation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/store"
)

// Calls are the calls that AWS CloudFormation makes for a caller of its own, with that caller's permissions.
type Calls interface {
	// KMS does an operation of AWS KMS on the JSON of its input.
	KMS(ctx context.Context, of *operation.Call, name string, input []byte) (output any, err error)
	// IAM does an operation of IAM on the JSON of its input.
	IAM(ctx context.Context, of *operation.Call, name string, input []byte) (output any, err error)
}

// Sealer encrypts what must not lie in the store in the clear: parameters, properties and outputs of stacks may be
// secret. material.Root is one.
type Sealer interface {
	Seal(label string, secret []byte) ([]byte, error)
	Open(label string, sealed []byte) ([]byte, error)
}

// Config is what a [Service] works with. Store, Sealer and Calls are required.
type Config struct {
	Store  store.Store
	Sealer Sealer
	Calls  Calls
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Rand gives random bytes; nil is crypto/rand.Reader.
	Rand io.Reader
	// Logger is nil for no log.
	Logger *slog.Logger
}

// Service is the AWS CloudFormation API. It is safe for concurrent use.
type Service struct {
	config Config
	// changes is held while a stack is made, changed or deleted.
	changes sync.Mutex
}

var _ operation.API = (*Service)(nil)

// New returns the API on a store. Stacks that a former process left half done are marked as failed.
func New(ctx context.Context, config Config) (*Service, error) {
	if config.Store == nil || config.Sealer == nil || config.Calls == nil {
		return nil, errors.New("stacks need a store, a sealer, and calls of other services")
	}
	if config.Clock == nil {
		config.Clock = time.Now //nolint:forbidigo // the default of the clock that everything is given
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: config}
	if err := s.endInterrupted(ctx); err != nil {
		return nil, fmt.Errorf("reading stacks: %w", err)
	}
	return s, nil
}

var description = operation.Description{
	Name: "cloudformation", Source: "cloudformation.amazonaws.com", Version: "2010-05-15",
	Namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
}

// Description implements [operation.API].
func (*Service) Description() *operation.Description { return &description }

// operations are the tables on top of the file of each family.
var operations = operation.NewTable(rules,
	templateOperations,
	stackOperations,
	describeOperations,
	resourceOperations,
	changeSetOperations,
	exportOperations,
)

// Operations implements [operation.API].
func (*Service) Operations() []string { return operations.Names() }

// Do implements [operation.API].
func (s *Service) Do(ctx context.Context, of *operation.Call, name string, decode operation.Decode) (operation.Result, error) {
	return operations.Do(&call{Call: of, ctx: ctx, service: s}, name, decode)
}

// call is one call of the API.
type call struct {
	*operation.Call
	ctx     context.Context //nolint:containedctx // a call is a context with what it is about
	service *Service
}

// changing begins a change of a stack. It goes on when the client leaves: half a stack is of use to nobody.
func (c *call) changing() (*call, func()) {
	c.service.changes.Lock()
	changed := *c
	changed.ctx = context.WithoutCancel(c.ctx)
	return &changed, c.service.changes.Unlock
}

// now is the time in UTC, without the part below a millisecond, which AWS does not tell either.
func (c *call) now() time.Time { return c.service.config.Clock().UTC().Truncate(time.Millisecond) }

// answers and acts make operations of package operation.
func answers[In, Out any](name string, run func(c *call, in *In) (*Out, error)) operation.Operation[*call] {
	return operation.Answers(name, run)
}

func acts[In any](name string, run func(c *call, in *In) error) operation.Operation[*call] {
	return operation.Acts(name, run)
}

// operationOf is an operation of this API.
type operationOf = operation.Operation[*call]

// value is a member of an input that may be left out.
func value[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}
