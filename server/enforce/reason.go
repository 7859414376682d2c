package enforce

import (
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
)

var _ kms.Reasoner = (*Call)(nil)

// Reason implements [kms.Reasoner]: the principal is as aws:PrincipalArn has it, of a role session the role.
func (c *Call) Reason(reason *kms.ProxyReason) {
	if c.caller != nil {
		reason.Principal = c.caller.ARN
		if c.caller.Type == iam.RoleSession {
			reason.Principal = c.caller.Issuer
		}
	}
	if c.connection.forwarded() {
		if via := c.forwardKeys()["kms:ViaService"]; len(via) > 0 {
			reason.ViaService = via[0]
		}
	}
	if e := c.connection.Endpoint; e != nil {
		reason.SourceVPC, reason.SourceVPCEndpoint = e.VPC, e.ID
	}
}

// Include adds what a service asked for on behalf of the caller to what this call asked for, whose outcome depends on it: who
// asks why it went as it did is told about both.
func (c *Call) Include(of *Call) {
	for i := range of.decisions {
		c.record(of.decisions[i])
	}
}
