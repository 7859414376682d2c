package kms

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store/mem"
)

// The bench that the tests of cryptographic operations work at: one service for the test binary with the keys that are
// slow to make, and for each test a caller of its own.

const (
	cryptoAccount = "111122223333"
	cryptoOther   = "444455556666"
	cryptoRegion  = "us-east-1"
)

// cryptoService is the service of all tests of this kind.
var cryptoService = sync.OnceValues(func() (*Service, error) {
	root, err := material.NewRoot(make([]byte, material.RootSizeInBytes))
	if err != nil {
		return nil, err
	}
	return New(context.Background(), Config{Store: mem.New(), Root: root})
})

// cryptoKeys are the ARNs of the keys that tests share, by spec and usage. No test changes them.
var cryptoKeys = struct {
	sync.Mutex
	arns map[[2]string]string
}{arns: map[[2]string]string{}}

// bench is what a test calls a service with. It is the call's Authorizer and Observer: it does what the test says and
// remembers what it was asked and told.
type bench struct {
	t       testing.TB
	service *Service
	call    Call

	decide    func(*Access) error // nil allows
	asked     []*Access
	keys      []*Key
	materials []string
	notes     map[string]any
}

func newBench(t testing.TB) *bench {
	t.Helper()
	service, err := cryptoService()
	require.NoError(t, err)
	b := &bench{t: t, service: service, notes: map[string]any{}}
	b.call = Call{
		Account: cryptoAccount, Partition: "aws", Region: cryptoRegion,
		Principal: "arn:aws:iam::" + cryptoAccount + ":user/alice", Authorizer: b, Observer: b,
	}
	return b
}

func (b *bench) Authorize(_ context.Context, access *Access) error {
	b.asked = append(b.asked, access)
	if b.decide == nil {
		return nil
	}
	return b.decide(access)
}

func (b *bench) Would(context.Context, *Access) (bool, error) { return true, nil }

func (b *bench) Key(key *Key)                { b.keys = append(b.keys, key) }
func (b *bench) Material(id string)          { b.materials = append(b.materials, id) }
func (b *bench) Note(name string, value any) { b.notes[name] = value }

// in is an input by the names of the API.
type in map[string]any

// do runs an operation with nothing remembered but what it does.
func (b *bench) do(operation string, input in) (Result, error) {
	b.t.Helper()
	b.asked, b.keys, b.materials, b.notes = nil, nil, nil, map[string]any{}
	src, err := json.Marshal(input)
	require.NoError(b.t, err)
	return b.service.Do(b.t.Context(), &b.call, operation, src)
}

// must runs an operation that succeeds.
func must[Out any](b *bench, operation string, input in) *Out {
	b.t.Helper()
	result, err := b.do(operation, input)
	require.NoError(b.t, err)
	out, ok := result.Output.(*Out)
	require.True(b.t, ok, "%T", result.Output)
	return out
}

// refused runs an operation that fails with an exception.
func (b *bench) refused(operation string, input in, code, message string) {
	b.t.Helper()
	result, err := b.do(operation, input)
	require.Error(b.t, err)
	require.Nil(b.t, result.Output)
	refusal, ok := err.(*Error) //nolint:errorlint // Do returns it
	require.True(b.t, ok, "%T", err)
	require.Equal(b.t, code, refusal.Code, refusal.Message)
	require.Equal(b.t, message, refusal.Message)
}

// newKey makes a key of the test's own and returns its ARN.
func (b *bench) newKey(spec, usage string) string {
	b.t.Helper()
	result, err := b.do("CreateKey", in{"KeySpec": spec, "KeyUsage": usage})
	require.NoError(b.t, err)
	var out struct{ KeyMetadata struct{ Arn string } }
	remarshal(b.t, result.Output, &out)
	require.NotEmpty(b.t, out.KeyMetadata.Arn)
	return out.KeyMetadata.Arn
}

// sharedKey returns a key that no test may change.
func (b *bench) sharedKey(spec, usage string) string {
	b.t.Helper()
	cryptoKeys.Lock()
	defer cryptoKeys.Unlock()
	name := [2]string{spec, usage}
	if cryptoKeys.arns[name] == "" {
		cryptoKeys.arns[name] = newBench(b.t).newKey(spec, usage)
	}
	return cryptoKeys.arns[name]
}

// symmetric returns the shared symmetric key.
func (b *bench) symmetric() string {
	b.t.Helper()
	return b.sharedKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
}

// remarshal reads what the wire would have.
func remarshal(t testing.TB, from, to any) {
	t.Helper()
	encoded, err := json.Marshal(from)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, to))
}

// deny returns a decision that denies some actions.
func deny(actions ...string) func(*Access) error {
	return func(access *Access) error {
		for _, action := range actions {
			if access.Action == action {
				return failf(CodeAccessDenied, "denied %s", action)
			}
		}
		return nil
	}
}

// allowing is an Authorizer that allows everything and remembers nothing.
type allowing struct{}

func (allowing) Authorize(context.Context, *Access) error     { return nil }
func (allowing) Would(context.Context, *Access) (bool, error) { return true, nil }
