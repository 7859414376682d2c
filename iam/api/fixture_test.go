package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store/mem"
)

const (
	home     = "111122223333"
	document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}]}`
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// fixture is the API on identities of its own.
type fixture struct {
	t          *testing.T
	identities *iam.Service
	service    *Service
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	root, err := material.NewRoot(bytes.Repeat([]byte{7}, material.RootSizeInBytes))
	require.NoError(t, err)
	memory := mem.New()
	identities, err := iam.New(t.Context(), iam.Config{Store: memory, Sealer: root, Clock: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, identities.Close()); require.NoError(t, memory.Close()) })
	require.NoError(t, identities.Edit(t.Context(), func(e *iam.Edit) error { return e.EnsureAccount(home, "") }))
	service, err := New(Config{Identities: identities})
	require.NoError(t, err)
	return &fixture{t, identities, service}
}

// caller makes calls, and notes what it was asked whether it may.
type caller struct {
	f         *fixture
	principal *iam.Principal // nil for the root user
	account   string
	asked     []operation.Access
	denies    string // an action that is denied, "*" for all, empty for none
}

var errDenied = errors.New("denied")

func (f *fixture) root() *caller { return &caller{f: f, account: home} }

// as is a user of the account.
func (f *fixture) as(name string) *caller {
	p, err := f.identities.Principal(f.t.Context(), "arn:aws:iam::"+home+":user/"+name)
	require.NoError(f.t, err)
	return &caller{f: f, account: home, principal: p}
}

// AuthorizeAction implements [operation.Authorizer].
func (c *caller) AuthorizeAction(_ context.Context, a *operation.Access) error {
	c.asked = append(c.asked, *a)
	if c.denies == "*" || a.Action == c.denies {
		return errDenied
	}
	return nil
}

type in map[string]any

func (c *caller) try(name string, input in) (any, error) {
	c.f.t.Helper()
	c.asked = nil
	text, err := json.Marshal(input)
	require.NoError(c.f.t, err)
	result, err := c.f.service.Do(c.f.t.Context(), &operation.Call{
		Account: c.account, Partition: "aws", Region: "us-east-1", Principal: c.principal, Time: now, Authorizer: c,
	}, name, operation.FromJSON(text))
	return result.Output, err
}

// do makes a call that succeeds.
func (c *caller) do(name string, input in) any {
	c.f.t.Helper()
	out, err := c.try(name, input)
	require.NoError(c.f.t, err, name)
	return out
}

// fails makes a call that ends with an exception.
func (c *caller) fails(name string, input in, code, message string) {
	c.f.t.Helper()
	_, err := c.try(name, input)
	coded, ok := errors.AsType[interface {
		error
		ErrorCode() string
		ErrorMessage() string
	}](err)
	require.True(c.f.t, ok, "%s: %v", name, err)
	require.Equal(c.f.t, code, coded.ErrorCode(), coded.ErrorMessage())
	require.Equal(c.f.t, message, coded.ErrorMessage())
}
