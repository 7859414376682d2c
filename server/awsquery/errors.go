package awsquery

import (
	"context"
	"errors"
	"net/http"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/awsjson"
	"github.com/strictkms/strictkms/server/sigv4"
)

// Error is an exception as a client of the Query protocol gets it.
type Error struct {
	// Status is the status of the HTTP response: 500 and more for the service's own failures.
	Status  int
	Code    string
	Message string
}

// The codes of refusals before there is an operation
// (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html).
const (
	codeExpiredToken          = "ExpiredToken"
	codeIncompleteSignature   = "IncompleteSignature"
	codeInvalidClientTokenID  = "InvalidClientTokenId"
	codeMissingAuthentication = "MissingAuthenticationToken"
	codeRequestTooLarge       = "RequestEntityTooLarge"
	codeRequestTimeout        = "RequestTimeout"
	codeSignatureDoesNotMatch = "SignatureDoesNotMatch"
)

// statuses are the statuses of exceptions that are not 400, as the models of IAM, STS, and AWS CloudFormation have
// them (botocore, iam/2010-05-08, sts/2011-06-15 and cloudformation/2010-05-15, service-2.json, "httpStatusCode").
var statuses = map[string]int{
	operation.CodeAccessDenied: http.StatusForbidden,
	"IDPRejectedClaim":         http.StatusForbidden,
	"RegionDisabledException":  http.StatusForbidden,
	iam.CodeNoSuchEntity:       http.StatusNotFound,
	"ServiceNotSupported":      http.StatusNotFound,
	"ChangeSetNotFound":        http.StatusNotFound,

	"ConcurrentModification":        http.StatusConflict,
	"DeleteConflict":                http.StatusConflict,
	iam.CodeEntityAlreadyExists:     http.StatusConflict,
	"EntityTemporarilyUnmodifiable": http.StatusConflict,
	iam.CodeLimitExceeded:           http.StatusConflict,

	"PolicyEvaluation":            http.StatusInternalServerError,
	"ServiceFailure":              http.StatusInternalServerError,
	operation.CodeInternalFailure: http.StatusInternalServerError,
}

// signatureCodes are the codes of refused signatures in this protocol.
var signatureCodes = map[string]string{
	sigv4.CodeMissingToken: codeMissingAuthentication, sigv4.CodeIncompleteSignature: codeIncompleteSignature,
	sigv4.CodeInvalidSignature: codeSignatureDoesNotMatch,
}

// ErrorOf returns what a client is told about an error. What is not meant for clients becomes an internal failure.
func ErrorOf(err error) Error {
	if e, ok := errors.AsType[*operation.Error](err); ok {
		return exception(e.Code, e.Message)
	}
	if e, ok := errors.AsType[*iam.Error](err); ok {
		return exception(e.Code, e.Message)
	}
	if e, ok := errors.AsType[*sigv4.Error](err); ok {
		code := signatureCodes[e.Code]
		if code == codeIncompleteSignature {
			return Error{http.StatusBadRequest, code, e.Message}
		}
		return Error{http.StatusForbidden, code, e.Message}
	}
	if e, ok := errors.AsType[*kms.Error](err); ok {
		return ofKMS(e)
	}
	switch {
	case errors.Is(err, iam.ErrExpiredToken):
		return Error{http.StatusForbidden, codeExpiredToken, "The security token included in the request is expired"}
	case errors.Is(err, iam.ErrUnknownAccessKey), errors.Is(err, iam.ErrInactiveAccessKey), errors.Is(err, iam.ErrInvalidToken):
		return Error{http.StatusForbidden, codeInvalidClientTokenID, "The security token included in the request is invalid."}
	case errors.Is(err, awsjson.ErrTooLarge):
		return Error{http.StatusRequestEntityTooLarge, codeRequestTooLarge, "The request body is too large."}
	case errors.Is(err, awsjson.ErrTimeout):
		return Error{http.StatusRequestTimeout, codeRequestTimeout, "The request did not arrive in time."}
	default:
		return exception(operation.CodeInternalFailure, "")
	}
}

// ofKMS returns what is told about an error in the words of AWS KMS: of who calls, or of the body.
func ofKMS(e *kms.Error) Error {
	switch e.Code {
	case kms.CodeAccessDenied:
		return exception(operation.CodeAccessDenied, e.Message)
	case kms.CodeSerialization:
		return exception(operation.CodeMalformedQueryString, "The request body cannot be read.")
	default:
		return exception(operation.CodeInternalFailure, "")
	}
}

// exception is an exception with the status of its code. What went wrong inside is not for clients.
func exception(code, message string) Error {
	status, ok := statuses[code]
	if !ok {
		status = http.StatusBadRequest
	}
	if code == operation.CodeInternalFailure {
		message = "The request processing has failed because of an unknown error, exception or failure."
	}
	return Error{status, code, message}
}

// IsInternal reports whether an error is one that somebody has to look into.
func IsInternal(err error) bool {
	return ErrorOf(err).Status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled)
}
