package live

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/strictkms/strictkms/evaluator"
)

// ErrDone is a call that was done although DryRun was set: what answers is not AWS KMS, and must not be asked again.
var ErrDone = errors.New("the call was done although DryRun was set: stopped, and nothing more is asked")

// answer is what AWS KMS says to a question.
type answer struct {
	verdict   evaluator.Verdict
	requestID string
	// message is AWS's sentence of a denial.
	message string
}

// ask makes the call. The error is one that says neither that the caller may nor that it may not.
func (c *caller) ask(ctx context.Context, q *question) (answer, error) {
	err := operations[q.action.Name].call(ctx, c.client(q.key.Region), q)
	if err == nil {
		return answer{}, ErrDone
	}
	a := answer{requestID: requestID(err)}
	exception, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return a, err
	}
	switch exception.ErrorCode() {
	case (*types.DryRunOperationException)(nil).ErrorCode():
		a.verdict = evaluator.Allow
		return a, nil
	case (*types.KMSInvalidSignatureException)(nil).ErrorCode(), (*types.KMSInvalidMacException)(nil).ErrorCode():
		// Whoever is told that a signature is wrong was allowed to have it verified.
		a.verdict = evaluator.Allow
		return a, nil
	case accessDenied:
		a.verdict, a.message = evaluator.Deny, exception.ErrorMessage()
		return a, q.aboutThis(a.message)
	default:
		return a, fmt.Errorf("%s: %s", exception.ErrorCode(), exception.ErrorMessage())
	}
}

// accessDenied is no modelled error of AWS KMS, but one of all services.
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
const accessDenied = "AccessDeniedException"

// requestID is the id of the request that an error is about.
func requestID(err error) string {
	if response, ok := errors.AsType[interface {
		error
		ServiceRequestID() string
	}](err); ok {
		return response.ServiceRequestID()
	}
	return ""
}

// The action and the resource in "User: ARN is not authorized to perform: ACTION on resource: ARN because …".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var (
	deniedAction   = regexp.MustCompile(`not authorized to perform: (kms:[A-Za-z]+)`)
	deniedResource = regexp.MustCompile(`on resource: (arn:\S+:key/[A-Za-z0-9-]+)`)
)

// errAnotherAction is a denial that leaves open what the caller may do otherwise.
var errAnotherAction = errors.New("another action that the call needs was denied")

// aboutThis returns an error when the sentence of a denial names another action, such as the other side of ReEncrypt,
// or another key, such as one that an alias names.
func (q *question) aboutThis(message string) error {
	if match := deniedAction.FindStringSubmatch(message); match != nil && !strings.EqualFold(match[1], q.action.Name) {
		return fmt.Errorf("%w: %s", errAnotherAction, message)
	}
	if match := deniedResource.FindStringSubmatch(message); match != nil && match[1] != q.key.String() {
		return fmt.Errorf("another key was asked about: %s", message)
	}
	return nil
}
