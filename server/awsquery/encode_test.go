package awsquery

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/awsjson"
	"github.com/strictkms/strictkms/server/sigv4"
)

var testAPI = operation.Description{Name: "iam", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/"}

type userOutput struct {
	UserName, Path string
	CreateDate     time.Time
	Tags           []tag
	Secret         operation.Secret
}

type pageOutput struct {
	IsTruncated bool
	Marker      string
}

type output struct {
	Users  []userOutput
	Counts map[string]int32
	Blob   []byte
	Known  *bool
	pageOutput
}

func TestOutput(t *testing.T) {
	t.Parallel()
	document, err := Output(&testAPI, "ListUsers", "id-1", &output{
		Users: []userOutput{
			{UserName: "a<b>&\x00", CreateDate: time.Date(2026, 5, 1, 12, 0, 0, 5, time.FixedZone("x", 3600)), Tags: []tag{{new("k"), new("")}}},
			{UserName: "c", Tags: []tag{}, Secret: operation.NewSecret("s3cr3t")},
		},
		Counts: map[string]int32{"b": 0, "a": 1}, Blob: []byte("hi"),
	})
	require.NoError(t, err)
	require.Equal(t, `<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult>`+
		`<Users><member><UserName>a&lt;b&gt;&amp;`+"\uFFFD"+`</UserName><CreateDate>2026-05-01T11:00:00Z</CreateDate>`+
		`<Tags><member><Key>k</Key><Value></Value></member></Tags></member>`+
		`<member><UserName>c</UserName><Tags></Tags><Secret>s3cr3t</Secret></member></Users>`+
		`<Counts><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>0</value></entry></Counts>`+
		`<Blob>aGk=</Blob><IsTruncated>false</IsTruncated></ListUsersResult>`+
		`<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></ListUsersResponse>`, string(document))
	requireXML(t, string(document))

	document, err = Output(&testAPI, "DeleteUser", "id-2", nil)
	require.NoError(t, err)
	require.Equal(t, `<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata>`+
		`<RequestId>id-2</RequestId></ResponseMetadata></DeleteUserResponse>`, string(document))

	_, err = Output(&testAPI, "Wrong", "id", &struct{ Number float64 }{1})
	require.ErrorContains(t, err, "Number: the type float64 has no form in XML")
}

func requireXML(t *testing.T, document string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(document))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func TestWriteError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err     error
		status  int
		code    string
		message string
	}{
		{iam.Errorf(iam.CodeNoSuchEntity, "The user with name <a> cannot be found."), 404, "NoSuchEntity", "The user with name &lt;a&gt; cannot be found."},
		{iam.Errorf(iam.CodeEntityAlreadyExists, "x"), 409, "EntityAlreadyExists", "x"},
		{iam.Errorf(iam.CodeDeleteConflict, "x"), 409, "DeleteConflict", "x"},
		{iam.Errorf(iam.CodeLimitExceeded, "x"), 409, "LimitExceeded", "x"},
		{iam.Errorf(iam.CodeMalformedPolicyDocument, "x"), 400, "MalformedPolicyDocument", "x"},
		{operation.Errorf(operation.CodeValidation, "x"), 400, "ValidationError", "x"},
		{&operation.Error{Code: operation.CodeAccessDenied, Message: "x", Cause: errors.New("inside")}, 403, "AccessDenied", "x"},
		{&sigv4.Error{Code: sigv4.CodeMissingToken, Message: "x"}, 403, "MissingAuthenticationToken", "x"},
		{&sigv4.Error{Code: sigv4.CodeInvalidSignature, Message: "x"}, 403, "SignatureDoesNotMatch", "x"},
		{&sigv4.Error{Code: sigv4.CodeIncompleteSignature, Message: "x"}, 400, "IncompleteSignature", "x"},
		{fmt.Errorf("x: %w", iam.ErrUnknownAccessKey), 403, "InvalidClientTokenId", "The security token included in the request is invalid."},
		{iam.ErrInvalidToken, 403, "InvalidClientTokenId", "The security token included in the request is invalid."},
		{iam.ErrExpiredToken, 403, "ExpiredToken", "The security token included in the request is expired"},
		{&kms.Error{Code: kms.CodeAccessDenied, Message: "x"}, 403, "AccessDenied", "x"},
		{&kms.Error{Code: kms.CodeSerialization}, 400, "MalformedQueryString", "The request body cannot be read."},
		{awsjson.ErrTooLarge, 413, "RequestEntityTooLarge", "The request body is too large."},
		{awsjson.ErrTimeout, 408, "RequestTimeout", "The request did not arrive in time."},
		{errors.New("the disk is on fire"), 500, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."},
	} {
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			WriteError(w, &testAPI, "id-1", ErrorOf(test.err))
			kind := "Sender"
			if test.status == http.StatusInternalServerError {
				kind = "Receiver"
			}
			require.Equal(t, test.status, w.Code)
			require.Equal(t, test.status >= 500, IsInternal(test.err))
			require.Equal(t, "text/xml", w.Header().Get("Content-Type"))
			require.Equal(t, `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>`+kind+`</Type><Code>`+test.code+
				`</Code><Message>`+test.message+`</Message></Error><RequestId>id-1</RequestId></ErrorResponse>`, w.Body.String())
			requireXML(t, w.Body.String())
		})
	}
	w := httptest.NewRecorder()
	WriteError(w, nil, "id-1", ErrorOf(operation.Errorf(operation.CodeInvalidAction, "")))
	require.Equal(t, `<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"><Error><Type>Sender</Type><Code>InvalidAction</Code></Error><RequestId>id-1</RequestId></ErrorResponse>`, w.Body.String())
}
