package operation

import (
	"context"
	"time"

	"github.com/strictkms/strictkms/iam"
)

// API is a service that answers calls. It is safe for concurrent use.
type API interface {
	// Description says which service it is. It is the same one each time.
	Description() *Description
	// Operations are the names of the operations that there are, sorted.
	Operations() []string
	// Do runs an operation on the input that decode fills in. Its error is an exception ([*Error], [*iam.Error]), that
	// of decode, or what went wrong inside. The Result has the Input as soon as it was decoded.
	Do(ctx context.Context, call *Call, operation string, decode Decode) (Result, error)
}

// Decode fills in an input struct, to which into points.
type Decode func(into any) error

// Description says which service an [API] is.
type Description struct {
	// Name is the service in credential scopes, for example iam.
	Name string
	// Source is CloudTrail's eventSource, for example iam.amazonaws.com.
	Source string
	// Version is that of the API, for example 2010-05-08, and Namespace that of its XML documents.
	Version, Namespace string
	// Target is the prefix of X-Amz-Target of a service with the JSON protocol, for example
	// AWSOrganizationsV20161128; empty for one with the Query protocol.
	Target string
	// Global is true for a service that has one endpoint per partition: its calls are in [GlobalRegion].
	Global bool
	// Anonymous are the operations that take requests that are not signed. Their call has no principal.
	Anonymous []string
}

// GlobalRegion returns where the calls of global services are, by partition
// (https://docs.aws.amazon.com/general/latest/gr/iam-service.html).
func GlobalRegion(partition string) string {
	switch partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	default:
		return "us-east-1"
	}
}

// Call is who makes a call, and where.
type Call struct {
	RequestID string
	// Account is the caller's account: 12 digits.
	Account string
	// Partition and Region are those of the endpoint, for example aws and us-east-1.
	Partition, Region string
	// Principal is the caller; nil for nobody known, which is possible in mode off and for anonymous operations.
	Principal *iam.Principal
	// AccessKeyID signed the call, empty for none.
	AccessKeyID string
	// Time is when the call arrived.
	Time time.Time
	// Authorizer decides for this caller. In mode off it allows everything.
	Authorizer Authorizer
}

// Authorizer decides whether a caller may act.
type Authorizer interface {
	// AuthorizeAction returns nil when the access is allowed, an [*Error] with [CodeAccessDenied] when it is not. Any
	// other error also ends the operation.
	AuthorizeAction(ctx context.Context, access *Access) error
}

// Access is one action on one resource.
type Access struct {
	// Action is an action of the catalogue, for example iam:CreateUser.
	Action string
	// Resource is the ARN acted on, "*" for an action without a resource.
	Resource string
	// Named is what AWS's message about a denial calls the resource, for example "user alice"; empty for Resource.
	Named string
	// Tags are those of the resource.
	Tags map[string]string
	// Context are the condition keys that come from the request's parameters; the Authorizer adds those that follow
	// from the caller, the resource and the connection.
	Context map[string][]string
	// Role is the role of an action that the role's trust policy must allow: sts:AssumeRole and its like. Resource is
	// its ARN. It is nil for every other action.
	Role *iam.RoleDetail
	// Identity is who acts when it is not the caller of the call: whom an identity provider vouches for, in a call that
	// nobody signed ([iam.WebIdentity]).
	Identity *iam.Principal
}

// Result is what an operation answered.
type Result struct {
	// Output is a pointer to the operation's output struct, nil for an operation that answers nothing.
	Output any
	// Input is a pointer to the operation's input struct as it was decoded, nil when it could not be.
	Input any
}
