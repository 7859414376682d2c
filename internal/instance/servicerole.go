package instance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
)

// serviceRoles makes the service-linked roles that AWS KMS has in an account, for a caller and with the caller's permissions:
// forward access. Each call of IAM is in the decision log.
type serviceRoles struct {
	instance *Instance
	// identities is set before the first call.
	identities operation.API
}

var _ kms.ServiceRoles = (*serviceRoles)(nil)

// keyManagement is the service that calls. Its name is the same in every partition.
var keyManagement = &iam.Principal{Type: iam.ServicePrincipal, ARN: "kms.amazonaws.com"}

// EnsureServiceRole implements [kms.ServiceRoles].
func (r *serviceRoles) EnsureServiceRole(ctx context.Context, of *kms.Call, service, name string, again bool) error {
	arn := iam.ARN(of.Partition, of.Account, iam.KindRole, "/aws-service-role/"+service+"/", name)
	_, exists := r.instance.iam.Lookup(arn)
	if exists && !again {
		return nil
	}
	own, ok := of.Authorizer.(*enforce.Call)
	if !ok {
		return fmt.Errorf("forward access needs a caller that is enforced, and not a %T", of.Authorizer)
	}
	call := own.Via(keyManagement)
	call.Connection().Region = operation.GlobalRegion(of.Partition) // aws:RequestedRegion
	input, err := json.Marshal(map[string]string{"AWSServiceName": service})
	if err != nil {
		return err
	}
	began := time.Now() //nolint:forbidigo // a duration
	result, err := r.identities.Do(ctx, &operation.Call{
		RequestID: of.RequestID, Account: of.Account, Partition: of.Partition, Region: call.Connection().Region,
		Principal: own.Caller(), Time: own.Connection().Time, Authorizer: call,
	}, "CreateServiceLinkedRole", operation.FromJSON(input))
	own.Include(call)
	r.instance.trail.Record(&trail.Entry{
		Call: call, Operation: "CreateServiceLinkedRole", Result: kms.Result(result), Err: err, Latency: time.Since(began),
		Service: r.identities.Description(),
	})
	if e, denied := errors.AsType[*operation.Error](err); denied && e.Code == operation.CodeAccessDenied {
		return &kms.Error{Code: kms.CodeAccessDenied, Message: e.Message, Cause: e}
	}
	if e, refused := errors.AsType[*iam.Error](err); refused && exists && e.Code == iam.CodeInvalidInput {
		return nil // the caller may, and there is nothing to make
	}
	return err
}
