package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/sigv4"
)

// service is the name of AWS KMS in credential scopes.
const service = "kms"

// The headers that say for whom a call is made. Like all of their prefixes they have to be signed.
const (
	// onBehalfOfKey holds the ARN of the principal with whose permissions a service makes the call.
	onBehalfOfKey = "X-Strictkms-On-Behalf-Of"
	// AWS KMS turns these into aws:SourceArn and aws:SourceAccount.
	sourceArnKey     = "X-Amz-Source-Arn"
	sourceAccountKey = "X-Amz-Source-Account"
)

// caller is who makes a call.
type caller struct {
	accessKeyID string
	// principal signed the call; nil in mode off for nobody known. onBehalfOf is whom a service calls for.
	principal, onBehalfOf *iam.Principal
	// account is where names are looked up, region where the call goes.
	account, region string
}

// name is the ARN of whose permissions decide, or the name of a service.
func (c *caller) name() string {
	switch {
	case c.onBehalfOf != nil:
		return c.onBehalfOf.ARN
	case c.principal != nil:
		return c.principal.ARN
	default:
		return "arn:" + policy.PartitionOf(c.region) + ":iam::" + c.account + ":root"
	}
}

// authenticate proves who made a request to a service. In mode off it believes what the request says.
func (s *Server) authenticate(ctx context.Context, r *http.Request, body []byte, service string) (caller, error) {
	if s.config.Enforcer.Mode() == enforce.Off {
		return s.believe(ctx, r), nil
	}
	signature, err := sigv4.Parse(r)
	if err != nil {
		return caller{}, err
	}
	if err := signature.Check(s.config.SignatureClock(), service); err != nil {
		return caller{}, err
	}
	credential, err := s.config.Identities.Credential(ctx, signature.AccessKeyID, signature.Token)
	if err != nil {
		return caller{}, fmt.Errorf("access key %.32q: %w", signature.AccessKeyID, err)
	}
	if credential.Principal == nil {
		return caller{}, fmt.Errorf("access key %.32q is nobody's", signature.AccessKeyID)
	}
	if err := s.keys.Verify(signature, credential.SecretAccessKey, sha256.Sum256(body)); err != nil {
		return caller{}, err
	}
	c := caller{accessKeyID: signature.AccessKeyID, principal: credential.Principal, region: signature.Scope.Region}
	if err := s.forward(ctx, r, &c); err != nil {
		return caller{}, err
	}
	c.account = s.accountOf(&c)
	if signature.Token == "" {
		s.config.Identities.Used(c.accessKeyID, service, c.region)
	}
	return c, nil
}

// forward reads for whom a service makes a call. Nobody else may.
func (s *Server) forward(ctx context.Context, r *http.Request, c *caller) error {
	values := r.Header[onBehalfOfKey]
	if len(values) == 0 {
		return nil
	}
	refused := &kms.Error{
		Code:    kms.CodeAccessDenied,
		Message: "User: " + c.principal.ARN + " is not authorized to make calls on behalf of another principal",
	}
	if c.principal.Type != iam.ServicePrincipal || len(values) > 1 {
		return refused
	}
	onBehalfOf, err := s.config.Identities.Principal(ctx, values[0])
	switch {
	case err != nil:
		refused.Cause = err
		return refused
	case onBehalfOf == nil || onBehalfOf.Type == iam.ServicePrincipal:
		return refused
	}
	c.onBehalfOf = onBehalfOf
	return nil
}

// accountOf is the account in which names without an ARN are looked up. A service that calls for itself has none of
// its own.
func (s *Server) accountOf(c *caller) string {
	for _, p := range []*iam.Principal{c.onBehalfOf, c.principal} {
		if p != nil && p.Account != "" && p.Type != iam.ServicePrincipal {
			return p.Account
		}
	}
	return s.config.Account
}

// believe is authenticate without proof: the account is that of the access key if it is known, the access key itself
// if it has the form of an account, and else the default.
func (s *Server) believe(ctx context.Context, r *http.Request) caller {
	id, scope := sigv4.Claim(r)
	c := caller{accessKeyID: id, region: scope.Region}
	if !sigv4.IsRegion(c.region) {
		c.region = s.config.Region
	}
	switch credential, err := s.claimed(ctx, r, id); {
	case err == nil && credential.Principal != nil:
		c.principal = credential.Principal
		if s.forward(ctx, r, &c) != nil {
			c.onBehalfOf = nil
		}
		c.account = s.accountOf(&c)
	case isAccount(id):
		c.account = id
	default:
		c.account = s.config.Account
	}
	return c
}

// claimed returns the credential that a request claims.
func (s *Server) claimed(ctx context.Context, r *http.Request, id string) (iam.Credential, error) {
	if id == "" {
		return iam.Credential{}, errors.New("no credential")
	}
	return s.config.Identities.Credential(ctx, id, r.Header.Get("X-Amz-Security-Token"))
}
