package enforce

import (
	"context"
	"errors"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/kms"
)

// Config is what an [Enforcer] works with. World and Mode are required; see [World] for that of package iam.
type Config struct {
	// World knows the accounts and their organization policies.
	World evaluator.World
	Mode  Mode
	// Readings are how what AWS's documents leave open is read; the zero value reads it as by default.
	Readings evaluator.Readings
	// Describe puts an explanation in words for the log of mode soft; nil logs it as it is.
	Describe func(req evaluator.Request, explained evaluator.Decision) string
	// Clock tells the time of calls whose [Connection] does not say it; nil is time.Now.
	Clock func() time.Time
	// Logger is nil for no log.
	Logger *slog.Logger
}

// decider is what an [evaluator.Evaluator] does for an enforcer.
type decider interface {
	Authorize(ctx context.Context, req evaluator.Request) (evaluator.Decision, error)
	Explain(ctx context.Context, req evaluator.Request) (evaluator.Decision, error)
	Suggest(ctx context.Context, req evaluator.Request) ([]string, error)
}

// Enforcer decides calls. It is safe for concurrent use.
type Enforcer struct {
	mode      Mode
	world     evaluator.World
	evaluator decider
	describe  func(evaluator.Request, evaluator.Decision) string
	clock     func() time.Time
	logger    *slog.Logger
	causes    *lru.Cache[cause, struct{}]
}

// New returns an enforcer.
func New(config Config) (*Enforcer, error) {
	if config.World == nil {
		return nil, errors.New("enforcement needs a world")
	}
	if _, ok := modeNames[config.Mode]; !ok {
		return nil, errors.New("enforcement needs a mode: strict, soft or off")
	}
	causes, err := lru.New[cause, struct{}](maxCauses)
	if err != nil {
		return nil, err
	}
	e := &Enforcer{
		mode: config.Mode, world: config.World, evaluator: evaluator.New(config.World).Assuming(config.Readings).Remembering(),
		describe: config.Describe, clock: config.Clock, logger: config.Logger, causes: causes,
	}
	if e.clock == nil {
		e.clock = time.Now //nolint:forbidigo // the default of the clock that everybody else is given
	}
	if e.logger == nil {
		e.logger = slog.New(slog.DiscardHandler)
	}
	return e, nil
}

// Mode returns what happens to calls that AWS would deny.
func (e *Enforcer) Mode() Mode { return e.mode }

// Explain decides a request of a past call again and says of every statement that applied whether it matched, and of
// a denial what would turn it. The policies are those of the time of the call, except for those of the organization,
// which are today's.
func (e *Enforcer) Explain(ctx context.Context, req evaluator.Request) (evaluator.Decision, error) {
	d, err := e.evaluator.Explain(ctx, req)
	if err == nil && d.Decision == evaluator.Deny {
		d.Suggestions, err = e.evaluator.Suggest(ctx, req)
	}
	return d, err
}

// Call begins a call. It is not safe for concurrent use: one call is one goroutine.
func (e *Enforcer) Call(connection Connection) *Call {
	if connection.Time.IsZero() {
		connection.Time = e.clock()
	}
	c := &Call{enforcer: e, connection: connection, caller: connection.caller()}
	c.decisions, c.keys = c.few.decisions[:0], c.few.keys[:0]
	return c
}

var (
	_ kms.Authorizer = (*Call)(nil)
	_ kms.Observer   = (*Call)(nil)
)
