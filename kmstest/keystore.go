package kmstest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/xks"
)

// defaultProxyTimeout is how long a server in a test waits for an external key store proxy: the machine may be busy.
const defaultProxyTimeout = 10 * time.Second

// WithExternalKeyStore lets the server reach an external key store proxy that is not on the internet, by the host name of
// its endpoint: where it really is, HOST:PORT, and the certificate in PEM that its own ends in. Package
// [github.com/strictkms/strictkms/kmstest/xksproxy] has a proxy to be reached:
//
//	proxy := xksproxy.Start(t)
//	server := kmstest.Start(t, kmstest.WithExternalKeyStore(proxy.Host, proxy.Address, proxy.Certificate))
//
// It may be given several times.
func WithExternalKeyStore(host, address string, certificate []byte) Option {
	return func(s *settings) {
		if _, _, err := net.SplitHostPort(address); err != nil || host == "" {
			s.fail(fmt.Errorf("external key store proxy %q at %q: expected a host name and HOST:PORT", host, address))
		}
		if s.xks.Addresses == nil {
			s.xks = xks.Config{Addresses: map[string]string{}, Roots: x509.NewCertPool(), Timeout: s.xks.Timeout}
		}
		s.xks.Addresses[strings.ToLower(host)] = address
		if !s.xks.Roots.AppendCertsFromPEM(certificate) {
			s.fail(fmt.Errorf("external key store proxy %s: expected a certificate in PEM", host))
		}
	}
}

// WithProxyTimeout sets how long an external key store proxy has to answer. It is ten seconds without, and 250 ms with AWS.
func WithProxyTimeout(d time.Duration) Option {
	return func(s *settings) {
		s.xks.Timeout = d
		if d <= 0 {
			s.fail(errors.New("a timeout of external key store proxies: expected one above zero"))
		}
	}
}

// SetCluster adds an AWS CloudHSM cluster to the running server, or changes the one that has its id, for the very next call:
// what custom key stores are made with. An empty account or Region is the server's own.
func (s *Server) SetCluster(cluster kms.Cluster) {
	s.t.Helper()
	defaults := s.instance.Defaults()
	if cluster.Account == "" {
		cluster.Account = defaults.Account
	}
	if cluster.Region == "" {
		cluster.Region = defaults.Region
	}
	if err := s.instance.Clusters().Put(cluster); err != nil {
		s.t.Fatalf("kmstest: cluster %s: %v", cluster.ID, err)
	}
}
