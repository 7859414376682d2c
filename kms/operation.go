package kms

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"github.com/strictkms/strictkms/store"
)

// operation is one operation of the API: how its input is made and what it does.
type operation struct {
	name string
	// input returns a pointer to an empty input struct.
	input func() any
	// run does the operation; the output is nil for one that answers nothing. It is run again, with a newer snapshot,
	// when its transaction conflicts with another: it has no effect but by its one commit.
	run func(c *call, input any) (output any, err error)
	// output returns a pointer to an empty output struct; nil for an operation that answers nothing.
	output func() any
	// isUse is true when GetKeyLastUsage tells about it.
	isUse bool
}

// answers makes an operation from a function that returns an output.
func answers[In, Out any](name string, run func(c *call, in *In) (*Out, error)) operation {
	do := func(c *call, input any) (any, error) {
		out, err := run(c, input.(*In))
		if err != nil {
			return nil, err
		}
		return out, nil
	}
	return operation{
		name: name, input: func() any { return new(In) }, run: do, output: func() any { return new(Out) },
		isUse: slices.Contains(trackedOperations, name),
	}
}

// acts makes an operation from a function that answers nothing.
func acts[In any](name string, run func(c *call, in *In) error) operation {
	do := func(c *call, input any) (any, error) { return nil, run(c, input.(*In)) }
	return operation{name: name, input: func() any { return new(In) }, run: do}
}

// operations are the operations by name: the tables on top of the file of each family.
var operations = tabulate(
	keyOperations,
	keyStateOperations,
	deletionOperations,
	descriptionOperations,
	aliasOperations,
	rotationOperations,
	keyPolicyOperations,
	tagOperations,
	grantOperations,
	encryptOperations,
	decryptOperations,
	reEncryptOperations,
	dataKeyOperations,
	dataKeyPairOperations,
	randomOperations,
	signOperations,
	macOperations,
	publicKeyOperations,
	agreeOperations,
	encapsulateOperations,
	importOperations,
	customKeyStoreOperations,
	multiRegionOperations,
)

// tabulate panics when two operations have one name.
func tabulate(families ...[]operation) map[string]*operation {
	table := map[string]*operation{}
	for _, family := range families {
		for i := range family {
			if table[family[i].name] != nil {
				panic("kms: two operations are called " + family[i].name)
			}
			table[family[i].name] = &family[i]
		}
	}
	return table
}

// Operations returns the names of the operations that Do knows, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(operations)) }

// Result is what an operation answered.
type Result struct {
	// Output is a pointer to the operation's output struct, nil for an operation that answers nothing; it is
	// marshalled with encoding/json.
	Output any
	// Input is a pointer to the operation's input struct as it was decoded, nil when it could not be.
	Input any
}

// Do runs an operation, for example Encrypt, on the JSON of its input. The error is an [*Error] with AWS's code and
// message; [CodeInternal] for what went wrong inside. The Authorizer and the Observer of the call can be asked and
// told the same again, when the operation is done over because the state changed under it.
func (s *Service) Do(ctx context.Context, call *Call, operation string, input []byte) (Result, error) {
	op := operations[operation]
	if op == nil {
		return Result{}, &Error{Code: CodeUnknownOperation}
	}
	in := op.input()
	if err := decode(input, in); err != nil {
		return Result{}, err
	}
	result := Result{Input: in}
	err := validate(in)
	if err == nil {
		result.Output, err = s.run(ctx, call, op, in)
	}
	if err != nil {
		return result, s.exception(ctx, operation, err)
	}
	return result, nil
}

// maxConflicts is how often an operation is done over. Of the writers that conflict, one wins each time.
const maxConflicts = 100

// run runs an operation on the snapshot of the moment, and again on a newer one when its transaction conflicts.
func (s *Service) run(ctx context.Context, of *Call, op *operation, in any) (any, error) {
	if err := s.Err(); err != nil {
		return nil, err // a snapshot that is not kept current is not to be served from
	}
	s.settle(ctx)
	first := &call{Call: of, ctx: ctx, service: s, operation: op.name}
	if err := first.throttle(in); err != nil {
		return nil, err
	}
	for conflicts := 0; ; conflicts++ {
		c := &call{Call: of, ctx: ctx, service: s, snapshot: s.state.current.Load(), operation: op.name}
		out, err := op.run(c, in)
		if err == nil && op.isUse {
			c.used() //nolint:contextcheck // what is written later is not the call's
		}
		if conflicts >= maxConflicts || !errors.Is(err, store.ErrConflict) {
			return out, err
		}
		if err := s.refresh(ctx); err != nil {
			return nil, err
		}
	}
}

// exception makes every error one of the API. What went wrong inside is logged, and never sent.
func (s *Service) exception(ctx context.Context, operation string, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	s.log.ErrorContext(ctx, "operation failed inside", slog.String("operation", operation), slog.Any("error", err))
	// The sentence is that of https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html, Errors.
	return &Error{
		Code: CodeInternal, Cause: err,
		Message: "The request was rejected because an internal exception occurred. The request can be retried.",
	}
}
