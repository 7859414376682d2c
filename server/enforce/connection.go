package enforce

import (
	"net/netip"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// Connection says who makes a call and how. It is filled in by whoever authenticated the call, from what was proved
// and not from what was claimed.
type Connection struct {
	RequestID string
	// Principal signed the call. It may be nil in mode off only.
	Principal *iam.Principal
	// OnBehalfOf is set when a service makes the call with the permissions of a caller of its own (forward access
	// sessions, https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html): the decision
	// is then about OnBehalfOf. Nothing is allowed this way unless Principal is a service.
	OnBehalfOf *iam.Principal
	// Region is that of the endpoint.
	Region string
	// SourceIP is the address of the peer.
	SourceIP  netip.Addr
	UserAgent string
	// TLS is aws:SecureTransport. AWS has no KMS endpoint without TLS: a listener on the loopback interface that
	// stands for AWS's endpoint says true, or policies that ask for TLS deny everything.
	TLS bool
	// SourceArn and SourceAccount are for whom a service makes the call: x-amz-source-arn and x-amz-source-account.
	SourceArn, SourceAccount string
	// Endpoint is the VPC endpoint that the call came through, nil for none. It comes from a setting, not from the
	// caller.
	Endpoint *Endpoint
	// Time is when the call arrived; zero is now.
	Time time.Time
}

// Endpoint is a VPC endpoint.
type Endpoint struct {
	ID string // vpce-…
	// VPC is vpc-…, VPCArn its ARN, Account the account of the endpoint; each may be empty.
	VPC, VPCArn, Account string
	// Policies are the endpoint policies. An endpoint without one has AWS's default policy, which allows everything
	// (https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html): nil.
	Policies []*policy.Document
}

var (
	errNoPrincipal error = &evaluator.RequestError{Problem: "the call has no principal"}
	errNotAService error = &evaluator.RequestError{
		Problem: "the call is made on behalf of another principal by one that is not a service",
	}
)

// caller is whose permissions decide.
func (c *Connection) caller() *iam.Principal {
	if c.OnBehalfOf != nil {
		return c.OnBehalfOf
	}
	return c.Principal
}

// forwarded reports whether a service makes the call with its caller's permissions.
func (c *Connection) forwarded() bool { return c.OnBehalfOf != nil }

// check refuses what nobody may be allowed.
func (c *Connection) check() error {
	switch {
	case c.Principal == nil:
		return errNoPrincipal
	case c.forwarded() && c.Principal.Type != iam.ServicePrincipal:
		return errNotAService
	default:
		return nil
	}
}
