package enforce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
)

var _ operation.Authorizer = (*Call)(nil)

// AuthorizeAction implements [operation.Authorizer]: it is [Call.Authorize] for the actions of the services beside AWS
// KMS.
func (c *Call) AuthorizeAction(ctx context.Context, access *operation.Access) error {
	req := c.actionRequest(access)
	if c.enforcer.mode == Off {
		c.record(Decision{Request: req, Passed: true})
		return nil
	}
	d := c.decideRequest(ctx, req)
	refusal := c.actionRefusal(access, &d)
	d.Passed = refusal == nil || c.enforcer.mode == Soft
	c.record(d)
	switch {
	case refusal == nil:
		return nil
	case c.enforcer.mode == Soft:
		c.enforcer.wouldDeny(ctx, c, &d, &kms.Error{Code: refusal.Code, Message: refusal.Message})
		return nil
	case d.Err != nil:
		c.enforcer.failed(ctx, c, &d)
	}
	return refusal
}

// actionRequest is the question that an access is.
func (c *Call) actionRequest(access *operation.Access) evaluator.Request {
	req := evaluator.Request{
		Action: access.Action, Resource: access.Resource, ResourceTags: access.Tags, Context: access.Context, Connection: c,
	}
	switch {
	case access.Identity != nil:
		req.Principal = principalOf(access.Identity)
	case c.caller != nil:
		req.Principal = principalOf(c.caller)
	}
	if access.Role != nil {
		req.Resource, req.ResourceTags = "", nil
		req.Role = &evaluator.Role{
			ARN: access.Resource, Tags: access.Role.Tags, Trust: trustOf(access.Resource, access.Role), Unknown: access.Role.Unknown,
		}
	}
	if c.connection.Endpoint != nil {
		req.EndpointPolicies = c.connection.Endpoint.Policies
	}
	if c.connection.forwarded() {
		merged := maps.Clone(evaluator.Context(access.Context))
		if merged == nil {
			merged = evaluator.Context{}
		}
		for key, values := range c.forwardKeys() {
			if strings.HasPrefix(key, "aws:") {
				merged[key] = values
			}
		}
		req.Context = merged
	}
	return req
}

// trustOf is the trust policy of a role. One that cannot be read stands for a policy that may deny everything.
func trustOf(arn string, r *iam.RoleDetail) *policy.Document {
	label := "trust policy of " + arn
	if r.Trust == "" {
		return nil
	}
	doc, diags := policy.Parse(policy.TrustPolicy, label, []byte(r.Trust), policy.WithoutSizeLimit())
	if doc == nil {
		return policy.Unknown(policy.TrustPolicy, label, arn, label+" cannot be read: "+diags.Errors()[0].Message, policy.Position{})
	}
	return doc
}

// actionRefusal is the exception that AWS would answer, nil for an access that is allowed.
func (c *Call) actionRefusal(access *operation.Access, d *Decision) *operation.Error {
	if d.Allowed {
		return nil
	}
	if _, bad := errors.AsType[*evaluator.RequestError](d.Err); d.Err != nil && !bad {
		return &operation.Error{Code: operation.CodeInternalFailure, Cause: fmt.Errorf("decide %s: %w", access.Action, d.Err)}
	}
	refusal := &operation.Error{Code: operation.CodeAccessDenied, Message: d.Answer.Message, Cause: d.Err}
	if refusal.Message == "" {
		refusal.Message = "User: " + c.callerARN() + " is not authorized to perform: " + access.Action + onResource + access.Resource
	}
	if access.Named != "" {
		refusal.Message = strings.Replace(refusal.Message, onResource+access.Resource, onResource+access.Named, 1)
	}
	return refusal
}

const onResource = " on resource: "

// Via returns a call that a service makes for the caller of this one, with the caller's permissions (forward access).
// What it decides is its own.
func (c *Call) Via(service *iam.Principal) *Call {
	connection := c.connection
	connection.Principal, connection.OnBehalfOf = service, c.caller
	return c.enforcer.Call(connection)
}
