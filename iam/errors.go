package iam

import "fmt"

// Error is an exception of the IAM or STS API, by the code its clients know it by
// (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the errors of each operation).
type Error struct {
	Code    string
	Message string
}

// Error returns the code with its message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorCode returns the code.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage returns the message.
func (e *Error) ErrorMessage() string { return e.Message }

// Errorf returns an exception with a message.
func Errorf(code, format string, args ...any) *Error { return failf(code, format, args...) }

// The codes of exceptions.
const (
	CodeDeleteConflict          = "DeleteConflict"
	CodeEntityAlreadyExists     = "EntityAlreadyExists"
	CodeInvalidInput            = "InvalidInput"
	CodeLimitExceeded           = "LimitExceeded"
	CodeMalformedPolicyDocument = "MalformedPolicyDocument"
	CodeNoSuchEntity            = "NoSuchEntity"
	CodePackedPolicyTooLarge    = "PackedPolicyTooLarge"
	CodeValidation              = "ValidationError"
)

// failf returns an exception with a message.
func failf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
