package trail

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
)

var testAPI = operation.Description{Name: "iam", Source: "iam.amazonaws.com"}

type pageInput struct{ MaxItems *int32 }

type testInput struct {
	UserName    *string
	NewPassword *string
	pageInput
}

type testOutput struct {
	AccessKey struct {
		AccessKeyId     string //nolint:staticcheck // the name of the API
		SecretAccessKey operation.Secret
		CreateDate      time.Time
	}
}

// apiCall is a call of IAM in mode off.
func apiCall(t *testing.T, name string, err error) *Entry {
	t.Helper()
	user, password, most := "alice", "hunter2", int32(7)
	out := &testOutput{}
	out.AccessKey.AccessKeyId, out.AccessKey.SecretAccessKey, out.AccessKey.CreateDate = "AKIANEW", operation.NewSecret("hunter2"), now
	call := enforcer(t, enforce.Off).Call(by(alice(t, account)))
	require.NoError(t, call.AuthorizeAction(t.Context(), &operation.Access{Action: "iam:" + name, Resource: "arn:aws:iam::111122223333:user/alice"}))
	return &Entry{
		Call: call, Operation: name, Service: &testAPI, AccessKeyID: "AKIAEXAMPLE", Err: err,
		Result: kms.Result{Input: &testInput{&user, &password, pageInput{&most}}, Output: out},
	}
}

func TestRecordOfAnotherService(t *testing.T) {
	t.Parallel()
	r := newRecord(apiCall(t, "CreateAccessKey", nil))
	line, err := r.line()
	require.NoError(t, err)
	require.NotContains(t, string(line), "hunter")
	require.Equal(t, "iam.amazonaws.com", r.EventSource)
	require.Equal(t, "CreateAccessKey", r.EventName)
	require.False(t, r.ReadOnly)
	require.Equal(t, map[string]any{"userName": "alice", "maxItems": int64(7)}, r.RequestParameters)
	require.Equal(t, map[string]any{"accessKey": map[string]any{"accessKeyId": "AKIANEW", "createDate": "Mar 4, 2026, 5:06:07 AM"}}, r.ResponseElements)
	var decoded struct{ Resources []any }
	require.NoError(t, json.Unmarshal(line, &decoded))
	require.Empty(t, decoded.Resources)

	r = newRecord(apiCall(t, "ListAccessKeys", nil))
	require.True(t, r.ReadOnly)
	require.Nil(t, r.ResponseElements, "what only reads is not written down")
	require.Nil(t, newRecord(apiCall(t, "CreateAccessKey", iam.Errorf(iam.CodeLimitExceeded, "x"))).ResponseElements)
}

// TestErrorCodesOfAnotherService holds the codes to those of CloudTrail: AccessDenied, and the names of exceptions.
func TestErrorCodesOfAnotherService(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		code string
	}{
		{iam.Errorf(iam.CodeNoSuchEntity, "m"), "NoSuchEntityException"},
		{operation.Errorf(operation.CodeValidation, "m"), "ValidationException"},
		{operation.Errorf(operation.CodeAccessDenied, "m"), "AccessDenied"},
		{operation.Errorf("AlreadyExistsException", "m"), "AlreadyExistsException"},
	} {
		r := newRecord(apiCall(t, "CreateUser", test.err))
		require.Equal(t, test.code, r.ErrorCode)
		require.Equal(t, "m", r.ErrorMessage)
	}
}
