package cloudformation

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

// noCalls is for tests that make no resources.
type noCalls struct{ Calls }

func newConfig(t *testing.T) Config {
	t.Helper()
	root, err := material.NewRoot(bytes.Repeat([]byte{7}, material.RootSizeInBytes))
	require.NoError(t, err)
	memory := mem.New()
	t.Cleanup(func() { require.NoError(t, memory.Close()) })
	return Config{Store: memory, Sealer: root, Calls: noCalls{}, Clock: func() time.Time { return time.Unix(1, 0) }}
}

func TestNewNeedsItsParts(t *testing.T) {
	t.Parallel()
	_, err := New(t.Context(), Config{})
	require.ErrorContains(t, err, "stacks need a store, a sealer, and calls of other services")
}

// TestInterruptedStacksAreFailed shows what becomes of stacks that a process left half done.
func TestInterruptedStacksAreFailed(t *testing.T) {
	t.Parallel()
	config := newConfig(t)
	service, err := New(t.Context(), config)
	require.NoError(t, err)
	c := &call{
		Call: &operation.Call{Account: "111122223333", Partition: "aws", Region: "us-east-1"}, ctx: t.Context(), service: service,
	}
	for status := range interrupted {
		s, err := c.newStack("s" + strings.ReplaceAll(status, "_", "-"))
		require.NoError(t, err)
		require.NoError(t, c.work(s, "").event(nil, status, ""))
	}
	require.NoError(t, func() error {
		s, err := c.newStack("done")
		require.NoError(t, err)
		return c.work(s, "").event(nil, statusReview, "")
	}())

	_, err = New(t.Context(), config)
	require.NoError(t, err)
	found, err := c.here()
	require.NoError(t, err)
	require.Len(t, found, len(interrupted)+1)
	for _, s := range found {
		want, ok := interrupted[strings.ReplaceAll(strings.TrimPrefix(s.Name, "s"), "-", "_")]
		if !ok {
			want = statusReview
		}
		require.Equal(t, want, s.Status)
		require.True(t, s.Status == statusReview || !strings.HasSuffix(s.Status, "_IN_PROGRESS"), s.Status)
	}
}

// TestDamagedStacksAreNoticed shows that what was changed in the store is not believed.
func TestDamagedStacksAreNoticed(t *testing.T) {
	t.Parallel()
	config := newConfig(t)
	_, err := config.Store.Commit(t.Context(), store.Tx{Changes: []store.Change{
		{Key: stackPrefix + "111122223333/us-east-1/s/0", Value: []byte(`{"Status":"CREATE_COMPLETE"}`)},
	}})
	require.NoError(t, err)
	_, err = New(t.Context(), config)
	require.ErrorContains(t, err, "reading stacks: reading cloudformation/stack/111122223333/us-east-1/s/0")
}

func TestNewName(t *testing.T) {
	t.Parallel()
	service, err := New(t.Context(), newConfig(t))
	require.NoError(t, err)
	for _, test := range []struct{ stack, logical, want string }{
		{"stack", "Role", `^stack-Role-[A-Za-z0-9]{12}$`},
		{strings.Repeat("s", 128), "Role", `^s{46}-Role-[A-Za-z0-9]{12}$`},
		{"stack", strings.Repeat("R", 255), `^stack-R{45}-[A-Za-z0-9]{12}$`},
		{strings.Repeat("s", 128), strings.Repeat("R", 255), `^s{25}-R{25}-[A-Za-z0-9]{12}$`},
	} {
		w := (&call{Call: &operation.Call{}, ctx: t.Context(), service: service}).work(&stackRecord{Name: test.stack}, "")
		name, err := w.newName(&resourceRecord{LogicalID: test.logical}, maxRoleName)
		require.NoError(t, err)
		require.Regexp(t, test.want, name)
		require.LessOrEqual(t, len(name), maxRoleName)
	}
}

// TestRequestsShowNoSecrets holds what the decision log is given of a request.
func TestRequestsShowNoSecrets(t *testing.T) {
	t.Parallel()
	secret := "very-secret"
	for _, input := range []any{
		createStackInput{TemplateBody: &secret, Parameters: []parameterInput{{ParameterValue: &secret}}},
		updateStackInput{TemplateBody: &secret, Parameters: []parameterInput{{ParameterValue: &secret}}},
		createChangeSetInput{TemplateBody: &secret, Parameters: []parameterInput{{ParameterValue: &secret}}},
		validateTemplateInput{TemplateBody: &secret},
		getTemplateSummaryInput{TemplateBody: &secret},
	} {
		text, err := json.Marshal(input)
		require.NoError(t, err)
		require.NotContains(t, string(text), secret)
	}
}

func TestReasonsTellNothingInside(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Internal Failure", reasonOf(store.ErrClosed))
	require.Equal(t, `Resource handler returned message: "No. (Error Code: AccessDenied, Request ID: 1)" (HandlerErrorCode: AccessDenied)`,
		reasonOf(&callError{"1", operation.Errorf(operation.CodeAccessDenied, "No.")}))
}

func TestMember(t *testing.T) {
	t.Parallel()
	type output struct {
		Key    *struct{ Secret operation.Secret }
		Number int
	}
	out := &output{Key: &struct{ Secret operation.Secret }{operation.NewSecret("s")}}
	text, err := member(out, "Key", "Secret")
	require.NoError(t, err)
	require.Equal(t, "s", text)
	for _, path := range [][]string{{"Nothing"}, {"Number"}, {"Number", "X"}, {"Key", "Nothing"}} {
		_, err := member(out, path...)
		require.Error(t, err)
	}
	_, err = member(&output{}, "Key", "Secret")
	require.Error(t, err)
}
