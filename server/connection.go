package server

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/strictkms/strictkms/server/enforce"
)

// connection says to the Enforcer how a call was made, from what was proved.
func (x *exchange) connection() enforce.Connection {
	c := enforce.Connection{
		RequestID: x.id, Principal: x.caller.principal, OnBehalfOf: x.caller.onBehalfOf, Region: x.caller.region,
		UserAgent: x.r.UserAgent(), TLS: x.secure(), Time: x.server.config.Clock(),
		SourceArn: only(x.r.Header[sourceArnKey]), SourceAccount: only(x.r.Header[sourceAccountKey]),
	}
	if peer, err := netip.ParseAddrPort(x.r.RemoteAddr); err == nil {
		c.SourceIP = peer.Addr()
	}
	if x.server.config.Endpoint != nil {
		c.Endpoint = x.server.config.Endpoint(x.r)
	}
	return c
}

// secure is aws:SecureTransport. AWS KMS has no endpoint without TLS, and policies deny calls without it; the loopback
// interface stands for AWS's endpoint, since nobody listens there.
func (x *exchange) secure() bool {
	if x.r.TLS != nil || x.server.config.AssumeTLS {
		return true
	}
	address, ok := x.r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}

// only returns the value of a header that is there once. A header that was given twice says nothing.
func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}
