package xks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/strictkms/strictkms/kms"
)

// progress is how far a request came: what a failure is called depends on it.
type progress struct {
	// connected is true once there is a TCP connection, ready when there is one with TLS.
	connected, ready atomic.Bool
}

// watch returns a context that notes the progress of the request that is made with it.
func watch(ctx context.Context) (context.Context, *progress) {
	p := &progress{}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				p.connected.Store(true)
			}
		},
		GotConn: func(httptrace.GotConnInfo) {
			p.connected.Store(true)
			p.ready.Store(true)
		},
	}), p
}

// classify says what kind of failure an error is.
func (p *progress) classify(err error) kms.ProxyFailure {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case !p.connected.Load():
		return kms.ProxyUnreachable
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return kms.ProxyTimedOut
	case isTLS(err), !p.ready.Load():
		return kms.ProxyTLS
	default:
		return kms.ProxyUnreachable
	}
}

// isTLS reports whether an error is one of TLS.
func isTLS(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	return verification || record || alert || authority || host
}
