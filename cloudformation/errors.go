package cloudformation

import (
	"errors"
	"fmt"

	"github.com/strictkms/strictkms/internal/operation"
)

// The codes of exceptions
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html#API_CreateChangeSet_Errors
// and those of the other operations).
const (
	codeAlreadyExists            = "AlreadyExistsException"
	codeChangeSetNotFound        = "ChangeSetNotFound"
	codeInsufficientCapabilities = "InsufficientCapabilitiesException"
	codeInvalidChangeSetStatus   = "InvalidChangeSetStatus"
)

// invalid is the exception for nearly everything that a request gets wrong.
func invalid(format string, args ...any) error {
	return operation.Errorf(operation.CodeValidation, format, args...)
}

// notSupported refuses what AWS CloudFormation has and this service has not.
func notSupported(what string) error { return invalid("%s is not supported here", what) }

// coded is an exception of any service.
type coded interface {
	error
	ErrorCode() string
	ErrorMessage() string
}

// code is the code of an exception, empty for what is none.
func code(err error) string {
	if e, ok := errors.AsType[coded](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// handlerCodes are the codes that resource providers make of those of services
// (https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html).
var handlerCodes = map[string]string{
	operation.CodeAccessDenied: "AccessDenied", "AccessDeniedException": "AccessDenied",
	"EntityAlreadyExists": "AlreadyExists", "AlreadyExistsException": "AlreadyExists",
	"NoSuchEntity": "NotFound", "NotFoundException": "NotFound",
	"LimitExceeded": "ServiceLimitExceeded", "LimitExceededException": "ServiceLimitExceeded",
	"ConcurrentModification": "ResourceConflict", "DeleteConflict": "ResourceConflict",
}

// reasonOf says why a resource failed, as the provider of its type does. What went wrong inside is not told.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*propertyError](err); ok {
		return e.Error()
	}
	e, ok := errors.AsType[coded](err)
	if !ok {
		return "Internal Failure"
	}
	handler := handlerCodes[e.ErrorCode()]
	if handler == "" {
		handler = "InvalidRequest"
	}
	id := ""
	if call, ok := errors.AsType[*callError](err); ok {
		id = ", Request ID: " + call.requestID
	}
	return fmt.Sprintf("Resource handler returned message: \"%s (Error Code: %s%s)\" (HandlerErrorCode: %s)",
		e.ErrorMessage(), e.ErrorCode(), id, handler)
}

// callError is what went wrong with a call of another service.
type callError struct {
	requestID string
	err       error
}

func (e *callError) Error() string { return e.err.Error() }

// Unwrap returns what went wrong.
func (e *callError) Unwrap() error { return e.err }

// propertyError says what is wrong with the properties of a resource, or why they could not be resolved.
type propertyError struct{ reason string }

func (e *propertyError) Error() string { return e.reason }

func badProperty(format string, args ...any) error {
	return &propertyError{fmt.Sprintf(format, args...)}
}

// isGone reports whether an error says that what is to be deleted is not there.
func isGone(err error) bool {
	switch code(err) {
	case "NoSuchEntity", "NotFoundException":
		return true
	default:
		return false
	}
}
