package awsjson

import (
	"context"
	"errors"
	"net/http"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/sigv4"
)

// Error is an exception as a client of AWS KMS gets it.
type Error struct {
	// Status is the status of the HTTP response.
	Status int
	Code   string
	// Message is AWS's sentence; the answer of an exception without one has no such member.
	Message string
}

// The codes that are not those of an operation. AWS documents them without Exception
// (https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html) and sends them with it.
const (
	codeExpiredToken       = "ExpiredTokenException"
	codeUnrecognizedClient = "UnrecognizedClientException"
	codeTooLarge           = "RequestEntityTooLargeException"
	codeTimeout            = "RequestTimeoutException"
)

// ErrTooLarge and ErrTimeout are refusals of a request for its body.
var (
	ErrTooLarge = errors.New("the request body is too large")
	ErrTimeout  = errors.New("the request did not arrive in time")
)

// ErrorOf returns what a client is told about an error. What is not meant for clients becomes an internal error, and
// stays in the log of whoever asks.
func ErrorOf(err error) Error {
	if e, ok := errors.AsType[*kms.Error](err); ok {
		return ofService(e)
	}
	if e, ok := errors.AsType[*operation.Error](err); ok {
		return ofAPI(e)
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		return Error{http.StatusBadRequest, e.Code, e.Message}
	}
	switch {
	case errors.Is(err, iam.ErrExpiredToken):
		return Error{http.StatusBadRequest, codeExpiredToken, "The security token included in the request is expired"}
	case errors.Is(err, iam.ErrUnknownAccessKey), errors.Is(err, iam.ErrInactiveAccessKey), errors.Is(err, iam.ErrInvalidToken):
		return Error{http.StatusBadRequest, codeUnrecognizedClient, "The security token included in the request is invalid."}
	case errors.Is(err, ErrTooLarge):
		return Error{http.StatusRequestEntityTooLarge, codeTooLarge, ""}
	case errors.Is(err, ErrTimeout):
		return Error{http.StatusRequestTimeout, codeTimeout, ""}
	default:
		return Error{http.StatusInternalServerError, kms.CodeInternal, ""}
	}
}

// apiCodes are the codes that package operation has from the Query protocol, as this protocol has them.
var apiCodes = map[string]string{
	operation.CodeAccessDenied: kms.CodeAccessDenied, operation.CodeInternalFailure: "InternalServerException",
	operation.CodeInvalidAction: kms.CodeUnknownOperation, operation.CodeMalformedInput: kms.CodeSerialization,
	operation.CodeValidation: kms.CodeValidation,
}

// ofAPI returns an exception of a service beside AWS KMS.
func ofAPI(e *operation.Error) Error {
	code, ok := apiCodes[e.Code]
	switch {
	case e.Code == operation.CodeInternalFailure:
		return Error{http.StatusInternalServerError, code, ""}
	case ok:
		return Error{http.StatusBadRequest, code, e.Message}
	default:
		return Error{http.StatusBadRequest, e.Code, e.Message}
	}
}

// IsInternal reports whether an error is one that somebody has to look into.
func IsInternal(err error) bool {
	return ErrorOf(err).Code == kms.CodeInternal && !errors.Is(err, context.Canceled)
}

// ofService returns an exception of an operation. The status follows from who is at fault, as in the API's model:
// exceptions that are marked fault are the server's.
func ofService(e *kms.Error) Error {
	switch e.Code {
	case kms.CodeInternal:
		return Error{http.StatusInternalServerError, e.Code, ""} // the message may tell of the inside
	case kms.CodeDependencyTimeout, kms.CodeKeyUnavailable:
		return Error{http.StatusInternalServerError, e.Code, e.Message}
	default:
		return Error{http.StatusBadRequest, e.Code, e.Message}
	}
}
