package instance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/strictkms/strictkms/cloudformation"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
)

// forward makes the calls that AWS CloudFormation makes for a caller, with the caller's permissions: forward access. Each
// is in the decision log.
type forward struct {
	instance   *Instance
	identities operation.API
}

var _ cloudformation.Calls = (*forward)(nil)

// stacks is the service that calls. Its name is the same in every partition.
var stacks = &iam.Principal{Type: iam.ServicePrincipal, ARN: "cloudformation.amazonaws.com"}

// call begins a call for the caller of another one.
func (f *forward) call(of *operation.Call) (*enforce.Call, error) {
	own, ok := of.Authorizer.(*enforce.Call)
	if !ok {
		return nil, fmt.Errorf("forward access needs a caller that is enforced, and not a %T", of.Authorizer)
	}
	call := own.Via(stacks)
	call.Connection().RequestID = of.RequestID
	return call, nil
}

// KMS implements [cloudformation.Calls].
func (f *forward) KMS(ctx context.Context, of *operation.Call, name string, input []byte) (any, error) {
	call, err := f.call(of)
	if err != nil {
		return nil, err
	}
	call.Connection().Region = of.Region // that of a primary key, for its replica
	began := time.Now()                  //nolint:forbidigo // a duration
	asked := kms.Call{
		Account: of.Account, Partition: of.Partition, Region: of.Region, Principal: principalName(of), RequestID: of.RequestID,
		Authorizer: call, Observer: call,
	}
	result, err := f.instance.kms.Do(ctx, &asked, name, input)
	f.record(&trail.Entry{Call: call, Operation: name, AccessKeyID: of.AccessKeyID, Result: result, Err: err, Latency: time.Since(began)})
	if e, ok := errors.AsType[*kms.Error](err); ok && e.Code != kms.CodeInternal {
		return nil, &operation.Error{Code: e.Code, Message: e.Message, Cause: e}
	}
	return result.Output, err
}

// IAM implements [cloudformation.Calls].
func (f *forward) IAM(ctx context.Context, of *operation.Call, name string, input []byte) (any, error) {
	call, err := f.call(of)
	if err != nil {
		return nil, err
	}
	began := time.Now() //nolint:forbidigo // a duration
	asked := *of
	asked.Region, asked.Authorizer = operation.GlobalRegion(of.Partition), call
	call.Connection().Region = asked.Region // aws:RequestedRegion
	result, err := f.identities.Do(ctx, &asked, name, operation.FromJSON(input))
	f.record(&trail.Entry{
		Call: call, Operation: name, AccessKeyID: of.AccessKeyID, Result: kms.Result(result), Err: err, Latency: time.Since(began),
		Service: f.identities.Description(),
	})
	return result.Output, err
}

func (f *forward) record(e *trail.Entry) {
	if f.instance.trail != nil {
		f.instance.trail.Record(e)
	}
}

// principalName is the caller as AWS KMS is told it, empty for nobody known.
func principalName(of *operation.Call) string {
	if of.Principal == nil {
		return ""
	}
	return of.Principal.ARN
}
