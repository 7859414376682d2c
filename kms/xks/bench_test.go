package xks_test

import (
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/xks"
	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

// BenchmarkEncrypt is one request to a proxy on the same machine.
func BenchmarkEncrypt(b *testing.B) {
	proxy := xksproxy.Start(b)
	proxy.MustAddKey("one")
	roots := x509.NewCertPool()
	require.True(b, roots.AppendCertsFromPEM(proxy.Certificate))
	client := xks.New(xks.Config{Roots: roots, Addresses: map[string]string{proxy.Host: proxy.Address}, Timeout: patience})
	defer client.Close()
	target := kms.NewProxy("us-east-1", proxy.Endpoint(), proxy.Path(), proxy.AccessKeyID, proxy.SecretAccessKey)
	for b.Loop() {
		_, err := client.Encrypt(b.Context(), target, "one", why, make([]byte, 32), make([]byte, 60))
		require.NoError(b, err)
	}
}
