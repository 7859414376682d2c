package enforce

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
)

// TestReason: what an external key store proxy is told about a call is what condition keys have.
func TestReason(t *testing.T) {
	e := enforcer(t, Config{})
	session := &iam.Principal{
		Type: iam.RoleSession, ARN: "arn:aws:sts::111122223333:assumed-role/App/one", Account: account,
		Issuer: "arn:aws:iam::111122223333:role/path/App", Name: "one",
	}
	for _, test := range []struct {
		name   string
		change func(*Connection)
		want   kms.ProxyReason
	}{
		{"user", func(*Connection) {}, kms.ProxyReason{Principal: "arn:aws:iam::111122223333:user/alice"}},
		{"session", func(c *Connection) { c.Principal = session }, kms.ProxyReason{Principal: "arn:aws:iam::111122223333:role/path/App"}},
		{"service", func(c *Connection) { c.Principal = service("s3.amazonaws.com") }, kms.ProxyReason{Principal: "s3.amazonaws.com"}},
		{
			"service for a session", func(c *Connection) { c.Principal, c.OnBehalfOf = service("s3.amazonaws.com"), session },
			kms.ProxyReason{Principal: "arn:aws:iam::111122223333:role/path/App", ViaService: "s3.us-east-1.amazonaws.com"},
		},
		{
			"VPC endpoint", func(c *Connection) { c.Endpoint = &Endpoint{ID: "vpce-1", VPC: "vpc-1"} },
			kms.ProxyReason{Principal: "arn:aws:iam::111122223333:user/alice", SourceVPC: "vpc-1", SourceVPCEndpoint: "vpce-1"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			connection := by(alice(t, ""))
			test.change(&connection)
			var got kms.ProxyReason
			e.Call(connection).Reason(&got)
			require.Equal(t, test.want, got)
		})
	}
}

// TestInclude: who asks about a call is told what a service asked for on behalf of its caller.
func TestInclude(t *testing.T) {
	e := enforcer(t, Config{})
	call := e.Call(by(alice(t, "")))
	via := call.Via(service("kms.amazonaws.com"))
	require.Error(t, via.Authorize(t.Context(), &kms.Access{Action: "kms:CreateKey"}))
	require.False(t, call.Denied())
	call.Include(via)
	call.Include(via) // an operation that is done over
	require.True(t, call.Denied())
	require.Len(t, call.Decisions(), 1)
}
