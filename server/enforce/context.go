package enforce

import (
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
)

// ConditionKey implements [evaluator.Connection]: the condition keys that the connection and the credentials give a
// call. Those that follow from the principal, the key and the action come from the evaluator.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (c *Call) ConditionKey(folded string) []string {
	if folded == "kms:grantisforawsresource" {
		return []string{strconv.FormatBool(c.byService())}
	}
	if !strings.HasPrefix(folded, "aws:") {
		return nil
	}
	for _, from := range [...]func(*Call, string) string{
		(*Call).fromConnection, (*Call).fromEndpoint, (*Call).fromCredentials, (*Call).fromSource,
	} {
		if value := from(c, folded); value != "" {
			return []string{value}
		}
	}
	return c.paths(folded)
}

func (c *Call) fromConnection(folded string) string {
	switch folded {
	case "aws:currenttime":
		return c.connection.Time.UTC().Format(time.RFC3339)
	case "aws:epochtime":
		return strconv.FormatInt(c.connection.Time.Unix(), 10)
	case "aws:securetransport":
		return strconv.FormatBool(c.connection.TLS)
	case "aws:requestedregion":
		return c.connection.Region
	case "aws:useragent":
		if service := c.service(); service != "" {
			return service
		}
		return c.connection.UserAgent
	case "aws:sourceip":
		if c.endpoint() == nil {
			return c.address()
		}
	}
	return ""
}

// address is that of the peer; an IPv4 address that came over IPv6 is itself.
func (c *Call) address() string {
	if !c.connection.SourceIP.IsValid() {
		return ""
	}
	return c.connection.SourceIP.Unmap().WithZone("").String()
}

// service is the name of the service that makes the call, for itself or for its caller, empty when none does.
func (c *Call) service() string {
	if p := c.connection.Principal; p != nil && p.Type == iam.ServicePrincipal {
		return p.ARN
	}
	return ""
}

// byService reports whether an AWS service makes the call: for its caller, as itself, or with the role that it has in
// the account. It is kms:GrantIsForAWSResource
// (https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html#conditions-kms-grant-is-for-aws-resource;
// for roles see https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html).
func (c *Call) byService() bool {
	return c.service() != "" || c.caller != nil && c.caller.ServiceLinked
}

// endpoint is the VPC endpoint that the caller's own call came through. What a service does for a caller does not
// pass the caller's endpoint
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-aws.html).
func (c *Call) endpoint() *Endpoint {
	if c.service() != "" {
		return nil
	}
	return c.connection.Endpoint
}

func (c *Call) fromEndpoint(folded string) string {
	e := c.endpoint()
	if e == nil {
		return ""
	}
	switch folded {
	case "aws:sourcevpce":
		return e.ID
	case "aws:sourcevpc":
		return e.VPC
	case "aws:sourcevpcarn":
		return e.VPCArn
	case "aws:vpcsourceip":
		return c.address()
	case "aws:vpceaccount":
		return e.Account
	case "aws:vpceorgid":
		return c.organization(e.Account)
	}
	return ""
}

// fromCredentials returns what the credentials of the caller add. A service that calls for a user has temporary
// credentials, without a second factor
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent).
func (c *Call) fromCredentials(folded string) string {
	p := c.caller
	if p == nil || p.Type == iam.ServicePrincipal {
		return ""
	}
	switch folded {
	case "aws:tokenissuetime":
		if p.Temporary && !p.IssuedAt.IsZero() {
			return p.IssuedAt.UTC().Format(time.RFC3339)
		}
	case "aws:multifactorauthpresent":
		if p.Temporary || c.connection.forwarded() {
			return strconv.FormatBool(p.Temporary && !p.MFA.IsZero())
		}
	case "aws:multifactorauthage":
		if p.Temporary && !p.MFA.IsZero() {
			return strconv.FormatInt(int64(max(c.connection.Time.Sub(p.MFA), 0)/time.Second), 10)
		}
	case "aws:sourceidentity":
		return p.SourceIdentity
	case "aws:federatedprovider":
		return p.Provider
	}
	return ""
}

// fromSource returns for which resource a service makes the call.
func (c *Call) fromSource(folded string) string {
	switch folded {
	case "aws:sourcearn":
		return c.connection.SourceArn
	case "aws:sourceaccount":
		return c.connection.SourceAccount
	case "aws:sourceorgid":
		return c.organization(c.connection.SourceAccount)
	}
	return ""
}

// organization is the id of the organization of an account, empty when it has none.
func (c *Call) organization(account string) string {
	if known := c.account(account); known != nil {
		return known.OrganizationID
	}
	return ""
}

func (c *Call) account(id string) *evaluator.Account {
	if id == "" {
		return nil
	}
	return c.enforcer.world.Account(id)
}

// paths returns the keys that name the place of an account in its organization.
func (c *Call) paths(folded string) []string {
	id := ""
	switch folded {
	case "aws:sourceorgpaths":
		id = c.connection.SourceAccount
	case "aws:vpceorgpaths":
		if e := c.endpoint(); e != nil {
			id = e.Account
		}
	}
	if known := c.account(id); known != nil && known.OrganizationPath != "" {
		return []string{known.OrganizationPath}
	}
	return nil
}

// forwardKeys are the condition keys of a call that a service makes with its caller's permissions. The name in
// kms:ViaService ends alike in every partition
// (https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html#conditions-kms-via-service).
func (c *Call) forwardKeys() evaluator.Context {
	if c.forward == nil {
		name := serviceName(c.service())
		service := []string{name + ".amazonaws.com"}
		c.forward = evaluator.Context{
			"kms:ViaService":     {name + "." + c.connection.Region + ".amazonaws.com"},
			"aws:ViaAWSService":  {"true"},
			"aws:CalledVia":      service,
			"aws:CalledViaFirst": service,
			"aws:CalledViaLast":  service,
		}
		if name == "cloudformation" { // it is not in the table of the page above
			delete(c.forward, "kms:ViaService")
		}
	}
	return c.forward
}

// serviceName is the first part of the name of a service principal, such as s3 of s3.amazonaws.com and of
// s3.us-east-1.amazonaws.com.
func serviceName(principal string) string {
	name, _, _ := strings.Cut(principal, ".")
	return name
}
