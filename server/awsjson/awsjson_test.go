package awsjson_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/awsjson"
	"github.com/strictkms/strictkms/server/sigv4"
)

func TestOperation(t *testing.T) {
	for target, want := range map[string]string{
		"TrentService.Encrypt": "Encrypt", "TrentService.": "", "TrentService": "", "": "", "trentservice.Encrypt": "",
		"DynamoDB_20120810.ListTables": "", "TrentService.TrentService.Encrypt": "TrentService.Encrypt",
	} {
		name, ok := awsjson.Operation(target)
		require.Equal(t, want != "", ok, target)
		if ok {
			require.Equal(t, want, name)
		}
	}
}

func TestErrorOf(t *testing.T) {
	inside := errors.New("inside")
	for _, test := range []struct {
		err      error
		want     awsjson.Error
		internal bool
	}{
		{&kms.Error{Code: kms.CodeNotFound, Message: "gone", Cause: inside}, awsjson.Error{400, kms.CodeNotFound, "gone"}, false},
		{fmt.Errorf("wrapped: %w", &kms.Error{Code: kms.CodeDisabled}), awsjson.Error{400, kms.CodeDisabled, ""}, false},
		{&kms.Error{Code: kms.CodeInternal, Message: "inside", Cause: inside}, awsjson.Error{500, kms.CodeInternal, ""}, true},
		{&kms.Error{Code: kms.CodeDependencyTimeout, Message: "m"}, awsjson.Error{500, kms.CodeDependencyTimeout, "m"}, false},
		{&kms.Error{Code: kms.CodeKeyUnavailable}, awsjson.Error{500, kms.CodeKeyUnavailable, ""}, false},
		{&sigv4.Error{Code: sigv4.CodeInvalidSignature, Message: "m"}, awsjson.Error{400, sigv4.CodeInvalidSignature, "m"}, false},
		{
			fmt.Errorf("key: %w", iam.ErrUnknownAccessKey),
			awsjson.Error{400, "UnrecognizedClientException", "The security token included in the request is invalid."},
			false,
		},
		{
			iam.ErrInactiveAccessKey,
			awsjson.Error{400, "UnrecognizedClientException", "The security token included in the request is invalid."},
			false,
		},
		{
			iam.ErrInvalidToken,
			awsjson.Error{400, "UnrecognizedClientException", "The security token included in the request is invalid."},
			false,
		},
		{
			iam.ErrExpiredToken,
			awsjson.Error{400, "ExpiredTokenException", "The security token included in the request is expired"},
			false,
		},
		{awsjson.ErrTooLarge, awsjson.Error{413, "RequestEntityTooLargeException", ""}, false},
		{awsjson.ErrTimeout, awsjson.Error{408, "RequestTimeoutException", ""}, false},
		{inside, awsjson.Error{500, kms.CodeInternal, ""}, true},
		{fmt.Errorf("the client left: %w", context.Canceled), awsjson.Error{500, kms.CodeInternal, ""}, false},
	} {
		t.Run(test.err.Error(), func(t *testing.T) {
			require.Equal(t, test.want, awsjson.ErrorOf(test.err))
			require.Equal(t, test.internal, awsjson.IsInternal(test.err))
		})
	}
}

func TestWrite(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(w http.ResponseWriter) error
		code  int
		body  string
	}{
		{"nothing", func(w http.ResponseWriter) error { return awsjson.WriteOutput(w, "id", nil) }, 200, ""},
		{
			"an output", func(w http.ResponseWriter) error {
				return awsjson.WriteOutput(w, "id", &struct{ Plaintext []byte }{[]byte("<&>")})
			}, 200, `{"Plaintext":"PCY+"}`,
		},
		{
			"an exception", func(w http.ResponseWriter) error {
				awsjson.WriteError(w, "id", awsjson.Error{Status: 400, Code: "A", Message: `<"é`})
				return nil
			}, 400, `{"__type":"A","message":"<\"é"}`,
		},
		{
			"an exception without a message", func(w http.ResponseWriter) error {
				awsjson.WriteError(w, "id", awsjson.Error{Status: 500, Code: "A"})
				return nil
			}, 500, `{"__type":"A"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			require.NoError(t, test.write(w))
			require.Equal(t, test.code, w.Code)
			require.Equal(t, test.body, w.Body.String())
			require.Equal(t, "id", w.Header().Get("x-amzn-RequestId"))
			require.Equal(t, "application/x-amz-json-1.1", w.Header().Get("Content-Type"))
			require.Equal(t, strconv.Itoa(len(test.body)), w.Header().Get("Content-Length"))
			require.Contains(t, w.Header().Get("Cache-Control"), "no-store")
		})
	}
}

// TestWriteFails writes nothing of an output that is no JSON.
func TestWriteFails(t *testing.T) {
	w := httptest.NewRecorder()
	require.Error(t, awsjson.WriteOutput(w, "id", struct {
		A string
		F func()
	}{A: "secret"}))
	require.Empty(t, w.Body.String())
	require.Empty(t, w.Header())
	require.NoError(t, awsjson.WriteOutput(w, "id", map[string]int{"a": 1}))
	require.Equal(t, `{"a":1}`, w.Body.String())
}

// TestWriteAtTheSameTime shares buffers.
func TestWriteAtTheSameTime(t *testing.T) {
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			text := strings.Repeat(strconv.Itoa(i), 1+i*30_000)
			for range 50 {
				w := httptest.NewRecorder()
				if err := awsjson.WriteOutput(w, "id", text); err != nil || w.Body.String() != `"`+text+`"` {
					t.Errorf("%d: %v", i, err)
				}
			}
		})
	}
	group.Wait()
}
