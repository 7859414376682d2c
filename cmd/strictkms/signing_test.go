package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/rego"
)

// TestSignedBundle verifies a signed bundle as OPA does, with the right key and with another.
func TestSignedBundle(t *testing.T) {
	dir := t.TempDir()
	pair := func(name string) (private, public string) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		private = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
		der, err = x509.MarshalPKIXPublicKey(key.Public())
		require.NoError(t, err)
		return private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	private, public := pair("one.pem")
	_, other := pair("two.pem")
	signed := func(keyFile, algorithm string) func(*bundle.Bundle) error {
		return (&signingParams{keyFile: keyFile, algorithm: enum{value: algorithm}}).sign
	}
	var b bytes.Buffer
	require.NoError(t, rego.Bundle{Sign: signed(private, "ES256")}.Write(&b))
	verify := func(content []byte, key string) error {
		config := bundle.NewVerificationConfig(map[string]*bundle.KeyConfig{"k": {Key: key, Algorithm: "ES256"}}, "k", "", nil)
		_, err := bundle.NewReader(bytes.NewReader(content)).WithBundleVerificationConfig(config).Read()
		return err
	}
	require.NoError(t, verify(b.Bytes(), public))
	require.Error(t, verify(b.Bytes(), other))
	var unsigned bytes.Buffer
	require.NoError(t, rego.Bundle{}.Write(&unsigned))
	require.ErrorContains(t, verify(unsigned.Bytes(), public), "missing .signatures.json")

	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, c := range []struct{ key, algorithm, want string }{
		{private, "none", "one.pem with none: "},
		{private, "RS256", "one.pem with RS256: "},
		{filepath.Join(dir, "no-such"), "ES256", "no such file"},
		{empty, "HS256", "expected a file with a key"},
		{dir, "HS256", "expected a file with a key"},
	} {
		err := rego.Bundle{Sign: signed(c.key, c.algorithm)}.Write(&b)
		require.ErrorContains(t, err, "sign the bundle: ")
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, strings.ToUpper(err.Error()), "PRIVATE KEY-")
	}
}
