package operation

import "fmt"

// Error is an exception by the code that its clients know it by
// (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the errors of each operation).
type Error struct {
	Code    string
	Message string
	// Cause is what happened inside, for logs; it is never sent.
	Cause error
}

// Error returns the code with its message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ErrorCode returns the code.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage returns the message.
func (e *Error) ErrorMessage() string { return e.Message }

// The codes of exceptions that every service has. Those of IAM are in package iam.
const (
	CodeAccessDenied         = "AccessDenied"
	CodeInternalFailure      = "InternalFailure"
	CodeInvalidAction        = "InvalidAction"
	CodeMalformedInput       = "MalformedInput"
	CodeMalformedQueryString = "MalformedQueryString"
	CodeMissingAction        = "MissingAction"
	CodeValidation           = "ValidationError"
)

// Errorf returns an exception with a message.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
