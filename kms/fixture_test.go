package kms

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

// fixture is a service of a test's own, with a clock under the test's control.
type fixture struct {
	t       testing.TB
	store   store.Store
	config  Config
	service *Service

	mu  sync.Mutex
	now time.Time
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	root, err := material.NewRoot([]byte("a root key of a test, of 32 bytes"[:material.RootSizeInBytes]))
	require.NoError(t, err)
	f := &fixture{t: t, store: mem.New(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	f.config = Config{Store: f.store, Root: root, Clock: f.time, Clusters: &Clusters{}}
	f.start()
	t.Cleanup(func() { require.NoError(t, f.service.Close()) })
	return f
}

func (f *fixture) start() {
	f.t.Helper()
	service, err := New(f.t.Context(), f.config)
	require.NoError(f.t, err)
	f.service = service
}

// restart is a new service on the same store.
func (f *fixture) restart() {
	f.t.Helper()
	require.NoError(f.t, f.service.Close())
	f.start()
}

func (f *fixture) time() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// actor is who calls a fixture's service. It decides about its own calls and remembers what it was asked.
type actor struct {
	f    *fixture
	call Call

	mu    sync.Mutex
	asked []*Access
	keys  []*Key
	// deny says which accesses are not allowed; nil denies nothing.
	deny func(*Access) bool
	// would says what the answer to hypothetical questions is; nil allows.
	would func(*Access) bool
}

// as returns a actor of an account, in us-east-1.
func (f *fixture) as(account string) *actor {
	c := &actor{f: f}
	c.call = Call{
		Account: account, Partition: "aws", Region: "us-east-1", Principal: "arn:aws:iam::" + account + ":user/alice",
		Authorizer: c, Observer: c,
	}
	return c
}

func (f *fixture) alice() *actor { return f.as("111122223333") }

// inIreland makes the calls of a caller go to another Region.
func (c *actor) inIreland() *actor {
	c.call.Region = "eu-west-1"
	return c
}

func (c *actor) Authorize(_ context.Context, access *Access) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, access)
	if c.deny != nil && c.deny(access) {
		return &Error{Code: CodeAccessDenied, Message: "denied " + access.Action}
	}
	return nil
}

func (c *actor) Would(_ context.Context, access *Access) (bool, error) {
	return c.would == nil || c.would(access), nil
}

func (c *actor) Key(key *Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = append(c.keys, key)
}
func (c *actor) Material(string)  {}
func (c *actor) Note(string, any) {}

// actions are the actions that the last call was decided about, with the resource when it is an alias.
func (c *actor) actions() []string {
	out := []string{}
	for _, a := range c.asked {
		out = append(out, a.Action+a.Alias)
	}
	return out
}

// try runs an operation on an input that is marshalled, or given as JSON in a string.
func (c *actor) try(operation string, input any) (map[string]any, error) {
	c.f.t.Helper()
	c.mu.Lock()
	c.asked, c.keys = nil, nil
	c.mu.Unlock()
	src, isText := input.(string)
	if !isText {
		b, err := json.Marshal(input)
		require.NoError(c.f.t, err)
		src = string(b)
	}
	result, err := c.f.service.Do(context.Background(), &c.call, operation, []byte(src))
	if err != nil || result.Output == nil {
		return nil, err
	}
	b, err := json.Marshal(result.Output)
	require.NoError(c.f.t, err)
	var out map[string]any
	require.NoError(c.f.t, json.Unmarshal(b, &out))
	return out, nil
}

// do runs an operation that succeeds.
func (c *actor) do(operation string, input any) map[string]any {
	c.f.t.Helper()
	out, err := c.try(operation, input)
	require.NoError(c.f.t, err)
	return out
}

// fails runs an operation that does not.
func (c *actor) fails(operation string, input any, code, message string) {
	c.f.t.Helper()
	_, err := c.try(operation, input)
	require.Equal(c.f.t, &Error{Code: code, Message: message}, withoutCause(c.f.t, err))
}

func withoutCause(t testing.TB, err error) *Error {
	t.Helper()
	e, ok := err.(*Error) //nolint:errorlint // Do returns it
	require.True(t, ok, "%T: %v", err, err)
	return &Error{Code: e.Code, Message: e.Message}
}

// createKey makes a key and returns its id and ARN.
func (c *actor) createKey(input in) (id, arn string) {
	c.f.t.Helper()
	metadata := c.do("CreateKey", input)["KeyMetadata"].(map[string]any)
	return metadata["KeyId"].(string), metadata["Arn"].(string)
}

// describe returns what DescribeKey tells.
func (c *actor) describe(keyID string) map[string]any {
	c.f.t.Helper()
	return c.do("DescribeKey", in{"KeyId": keyID})["KeyMetadata"].(map[string]any)
}

// list pages through a list and returns a member of every entry, or the entries themselves when member is empty.
func (c *actor) list(operation, list, member string, input in) []string {
	c.f.t.Helper()
	out := []string{}
	for {
		answer := c.do(operation, input)
		for _, entry := range answer[list].([]any) {
			if member != "" {
				entry = entry.(map[string]any)[member]
			}
			out = append(out, entry.(string))
		}
		if answer["Truncated"] != true {
			require.NotContains(c.f.t, answer, "NextMarker")
			require.True(c.f.t, slices.IsSorted(out))
			return out
		}
		input["Marker"] = answer["NextMarker"]
	}
}

// keyByID returns a key of a Region that has an id, in whatever account.
func (s *snapshot) keyByID(id, region string) *Key { return s.keyOfMaterial(id, region, "") }
