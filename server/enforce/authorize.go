package enforce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/kms"
)

const (
	reasonError = "error"
	// opaque is how AWS words a denial about a key that the caller did not name.
	opaque = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, " +
		"or you are not allowed to access."
)

// Authorize implements [kms.Authorizer].
func (c *Call) Authorize(ctx context.Context, access *kms.Access) error {
	if c.enforcer.mode == Off {
		c.record(Decision{Request: c.request(access), Passed: true})
		return nil
	}
	d := c.decide(ctx, access)
	refusal := c.refusal(access, &d)
	d.Passed = refusal == nil || c.enforcer.mode == Soft
	c.record(d)
	if refusal != nil && c.enforcer.mode == Soft {
		c.enforcer.wouldDeny(ctx, c, &d, refusal)
		return nil
	}
	if d.Err != nil {
		c.enforcer.failed(ctx, c, &d)
	}
	if refusal == nil {
		return nil
	}
	return refusal
}

// Would implements [kms.Authorizer]. It is true in mode off, where nothing is decided, and in mode soft, where what
// would be denied is logged.
func (c *Call) Would(ctx context.Context, access *kms.Access) (bool, error) {
	if c.enforcer.mode == Off {
		return true, nil
	}
	d := c.decide(ctx, access)
	refusal := c.refusal(access, &d)
	switch {
	case refusal == nil:
		return true, nil
	case c.enforcer.mode == Soft:
		c.enforcer.wouldDeny(ctx, c, &d, refusal)
		return true, nil
	case d.Err != nil:
		c.enforcer.failed(ctx, c, &d)
		return false, refusal
	default:
		return false, nil
	}
}

// decide asks the evaluator. Whatever is not an allow is not allowed.
func (c *Call) decide(ctx context.Context, access *kms.Access) Decision {
	return c.decideRequest(ctx, c.request(access))
}

func (c *Call) decideRequest(ctx context.Context, req evaluator.Request) Decision {
	began := time.Now() //nolint:forbidigo // a duration, whatever the clock of the service says
	d := Decision{Request: req}
	if d.Err = c.check(&req); d.Err == nil {
		d.Answer, d.Err = c.enforcer.evaluator.Authorize(ctx, d.Request)
	}
	if d.Err != nil {
		d.Answer = evaluator.Decision{Decision: evaluator.Deny, Reason: reasonError}
	}
	d.Allowed = d.Err == nil && d.Answer.Decision == evaluator.Allow
	d.Took = time.Since(began)
	return d
}

// request is the question that an access is.
func (c *Call) request(access *kms.Access) evaluator.Request {
	req := evaluator.Request{
		Action: access.Action, Alias: access.Alias, Grant: access.Grant, Connection: c,
	}
	if c.caller != nil {
		req.Principal = principalOf(c.caller)
	}
	if access.Key != nil {
		req.Key = keyOf(seenBy(access.Key, c.caller))
	}
	if c.connection.Endpoint != nil {
		req.EndpointPolicies = c.connection.Endpoint.Policies
	}
	req.Context = c.merged(access)
	return req
}

// merged are the condition keys of an access with those that the evaluator looks for here, and not in the Connection: what
// makes a call a service's call, and the Region of an access that is not in that of the call.
func (c *Call) merged(access *kms.Access) evaluator.Context {
	if !c.connection.forwarded() && access.Region == "" {
		return access.Context
	}
	out := make(evaluator.Context, len(access.Context)+5)
	maps.Copy(out, access.Context)
	if c.connection.forwarded() {
		maps.Copy(out, c.forwardKeys())
	}
	if access.Region != "" {
		out["aws:RequestedRegion"] = []string{access.Region}
	}
	return out
}

// refusal is the exception that AWS would answer, nil for an access that is allowed. A request that cannot be decided
// because of what is in it is denied like any other; what went wrong inside is an internal error, which clients try
// again.
func (c *Call) refusal(access *kms.Access, d *Decision) *kms.Error {
	if d.Allowed {
		return nil
	}
	if _, bad := errors.AsType[*evaluator.RequestError](d.Err); d.Err != nil && !bad {
		return &kms.Error{Code: kms.CodeInternal, Cause: fmt.Errorf("decide %s: %w", access.Action, d.Err)}
	}
	refusal := &kms.Error{Code: kms.CodeAccessDenied, Message: d.Answer.Message, Cause: d.Err}
	switch {
	case access.FromCiphertext:
		refusal.Message = opaque
	case refusal.Message == "":
		refusal.Message = "User: " + c.callerARN() + " is not authorized to perform: " + access.Action
	}
	return refusal
}

func (c *Call) callerARN() string {
	if c.caller == nil {
		return ""
	}
	return c.caller.ARN
}

// check refuses a request that nobody may be allowed. Whom an identity provider vouches for signs nothing.
func (c *Call) check(req *evaluator.Request) error {
	if req.Principal != nil && req.Principal.Type == evaluator.WebIdentity {
		return nil
	}
	return c.connection.check()
}
