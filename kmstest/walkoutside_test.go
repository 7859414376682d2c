package kmstest_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

// The hosts of proxies beside that of [xksproxy.Start]: another one like it, one that answers nonsense, and none.
const (
	otherHost  = "other.example.com"
	brokenHost = "broken.example.com"
	goneHost   = "gone.example.com"
)

// outside is what custom key stores of the walk stand on.
type outside struct {
	anchor, otherAnchor string // trust anchor certificates
	proxy, otherProxy   *xksproxy.Server
}

// newOutside starts the proxies, and returns the options of the server that is to reach them.
func newOutside(t *testing.T) (outside, []kmstest.Option) {
	t.Helper()
	o := outside{proxy: xksproxy.Start(t), otherProxy: xksproxy.Start(t)}
	certificate, text, err := xksproxy.NewCertificate(brokenHost)
	require.NoError(t, err)
	broken := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("nonsense")) }))
	broken.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	broken.StartTLS()
	t.Cleanup(broken.Close)
	front, otherText, err := xksproxy.NewCertificate(otherHost)
	require.NoError(t, err)
	other := httptest.NewUnstartedServer(o.otherProxy.Proxy)
	other.TLS = &tls.Config{Certificates: []tls.Certificate{front}, MinVersion: tls.VersionTLS12}
	other.StartTLS()
	t.Cleanup(other.Close)
	o.anchor, o.otherAnchor = string(text), string(otherText)
	return o, []kmstest.Option{
		kmstest.WithExternalKeyStore(o.proxy.Host, o.proxy.Address, o.proxy.Certificate),
		kmstest.WithExternalKeyStore(otherHost, other.Listener.Addr().String(), otherText),
		kmstest.WithExternalKeyStore(brokenHost, broken.Listener.Addr().String(), text),
		kmstest.WithExternalKeyStore(goneHost, "127.0.0.1:1", text),
	}
}
