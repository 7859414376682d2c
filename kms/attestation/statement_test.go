package attestation_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"
	"github.com/veraison/go-cose"

	"github.com/strictkms/strictkms/kms/attestation"
)

// signer signs whatever it is given, with certificates as a test wants them.
type signer struct {
	key   *ecdsa.PrivateKey
	chain []*x509.Certificate // root first, the signer's own last
}

// The certificates of a signer.
const (
	rootCertificate = iota
	hostCertificate
	ownCertificate
)

// newSigner makes a signer under a root, a host between them; change changes certificates before they are signed.
func newSigner(t *testing.T, curve elliptic.Curve, change func(i int, c *x509.Certificate)) *signer {
	t.Helper()
	s := &signer{}
	var by *ecdsa.PrivateKey
	for i, name := range []string{"root", "host", "signer"} {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name},
			NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour),
			BasicConstraintsValid: true, IsCA: i < ownCertificate, KeyUsage: x509.KeyUsageCertSign,
		}
		if i == ownCertificate {
			template.KeyUsage = x509.KeyUsageDigitalSignature
		}
		if change != nil {
			change(i, template)
		}
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
		parent := template
		if i > 0 {
			parent = s.chain[i-1]
		} else {
			by = key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
		require.NoError(t, err)
		certificate, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		s.chain, by, s.key = append(s.chain, certificate), key, key
	}
	return s
}

// verifier trusts the signer's root.
func (s *signer) verifier() *attestation.Verifier {
	return attestation.NewVerifier(s.chain[rootCertificate])
}

// statement is what a right document says.
func (s *signer) statement(t *testing.T, l *lab) map[string]any {
	t.Helper()
	return map[string]any{
		"module_id": "i-1-enc1", "digest": "SHA384", "timestamp": uint64(noon.UnixMilli()),
		"pcrs": map[int][]byte{0: make([]byte, 48)}, "public_key": spki(t, &l.key.PublicKey),
		"certificate": s.chain[ownCertificate].Raw, "cabundle": [][]byte{s.chain[rootCertificate].Raw, s.chain[hostCertificate].Raw},
	}
}

// sign signs a payload, which is a statement or its bytes.
func (s *signer) sign(t *testing.T, statement any) []byte {
	t.Helper()
	payload, ok := statement.([]byte)
	if !ok {
		var err error
		payload, err = cbor.Marshal(statement)
		require.NoError(t, err)
	}
	algorithm := cose.AlgorithmES384
	if s.key.Curve == elliptic.P256() {
		algorithm = cose.AlgorithmES256
	}
	by, err := cose.NewSigner(algorithm, s.key)
	require.NoError(t, err)
	message := cose.NewSign1Message()
	message.Headers.Protected.SetAlgorithm(algorithm)
	message.Payload = payload
	require.NoError(t, message.Sign(rand.Reader, nil, by))
	src, err := message.MarshalCBOR()
	require.NoError(t, err)
	return src
}

// TestVerifyChain changes one thing about the certificates.
func TestVerifyChain(t *testing.T) {
	l := newLab(t)
	const untrusted = "its chain of certificates does not end in a trusted root: "
	for _, test := range []struct {
		name   string
		curve  elliptic.Curve
		change func(i int, c *x509.Certificate)
		wrong  string
	}{
		{"right", elliptic.P384(), nil, ""},
		{"key of P-256", elliptic.P256(), nil, "certificate: its key is not one of curve P-384"},
		{"signer that is an authority", elliptic.P384(), func(i int, c *x509.Certificate) {
			if i == ownCertificate {
				c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
			}
		}, "certificate: it is not one to sign documents with"},
		{"signer that may not sign", elliptic.P384(), func(i int, c *x509.Certificate) {
			if i == ownCertificate {
				c.KeyUsage = x509.KeyUsageKeyAgreement
			}
		}, "certificate: it is not one to sign documents with"},
		{"host that is no authority", elliptic.P384(), func(i int, c *x509.Certificate) {
			if i == hostCertificate {
				c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature
			}
		}, untrusted},
		{"host that may not sign certificates", elliptic.P384(), func(i int, c *x509.Certificate) {
			if i == hostCertificate {
				c.KeyUsage = x509.KeyUsageDigitalSignature
			}
		}, untrusted},
		{"chain that is too long", elliptic.P384(), func(i int, c *x509.Certificate) {
			if i == rootCertificate {
				c.MaxPathLenZero = true
			}
		}, untrusted},
		{"host that is over", elliptic.P384(), func(i int, c *x509.Certificate) {
			if i == hostCertificate {
				c.NotAfter = noon.Add(-time.Minute)
			}
		}, untrusted},
		{"root that is over", elliptic.P384(), func(i int, c *x509.Certificate) {
			if i == rootCertificate {
				c.NotAfter = noon.Add(-time.Minute)
			}
		}, untrusted},
		{"certificate of more than 1024 bytes", elliptic.P384(), func(i int, c *x509.Certificate) {
			if i == ownCertificate {
				c.Subject.Organization = []string{string(bytes.Repeat([]byte("o"), 1024))}
			}
		}, "certificate: it has "},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSigner(t, test.curve, test.change)
			_, err := s.verifier().Verify(s.sign(t, s.statement(t, l)), noon)
			if test.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.wrong)
		})
	}
}

// TestVerifyStatement signs statements of all kinds.
func TestVerifyStatement(t *testing.T) {
	l := newLab(t)
	s := newSigner(t, elliptic.P384(), nil)
	right := func() map[string]any { return s.statement(t, l) }
	with := func(name string, value any) map[string]any {
		statement := right()
		statement[name] = value
		return statement
	}
	without := func(name string) map[string]any {
		statement := right()
		delete(statement, name)
		return statement
	}
	open := func() []byte { // the length of the map is left open
		payload, err := cbor.Marshal(right())
		require.NoError(t, err)
		require.Equal(t, byte(0xa7), payload[0])
		return append(append([]byte{0xbf}, payload[1:]...), 0xff)
	}
	const noDocument = "its payload is no document: "
	for _, test := range []struct {
		name      string
		statement any
		wrong     string
	}{
		{"right", right(), ""},
		{"open length", open(), ""},
		{"null for what is optional", with("user_data", nil), ""},
		{"user data and nonce", with("nonce", bytes.Repeat([]byte{1}, 1024)), ""},
		{"a member of tomorrow", with("color", []string{"red"}), ""},
		{"no pcrs of a TPM", with("nitrotpm_pcrs", nil), ""},
		{"both kinds", with("nitrotpm_pcrs", map[int][]byte{0: make([]byte, 48)}), "pcrs and nitrotpm_pcrs are both there"},
		{"name in capitals", func() any {
			statement := without("pcrs")
			statement["PCRS"] = map[int][]byte{0: make([]byte, 48)}
			return statement
		}(), "pcrs and nitrotpm_pcrs are missing"},
		{"null pcrs", with("pcrs", nil), "pcrs and nitrotpm_pcrs are missing"},
		{"null register", with("pcrs", map[int]any{0: nil}), "PCR 0 has 0 bytes"},
		{"register of text", with("pcrs", map[int]any{0: string(make([]byte, 48))}), noDocument + "unexpected UTF-8 text string in pcrs"},
		{"register of numbers", with("pcrs", map[int]any{0: make([]int, 16)}), noDocument},
		{"registers by text", with("pcrs", map[string][]byte{"0": make([]byte, 48)}), noDocument},
		{"another digest", with("digest", "SHA256"), "digest is not SHA384"},
		{"no digest", without("digest"), "digest is not SHA384"},
		{"no time", without("timestamp"), "timestamp is missing"},
		{"time 0", with("timestamp", 0), "timestamp is missing"},
		{"time of text", with("timestamp", "now"), noDocument},
		{"negative time", with("timestamp", -1), noDocument},
		{"endless time", with("timestamp", ^uint64(0)), "timestamp 18446744073709551615 is no time"},
		{"time of the year 9999", with("timestamp", uint64(253402300799999)), "it is of 9999-12-31T23:59:59Z, which is not yet"},
		{"six minutes ahead", with("timestamp", uint64(noon.Add(6*time.Minute).UnixMilli())), "it is of 2026-03-04T12:06:00Z, which is not yet"},
		{"four minutes ahead", with("timestamp", uint64(noon.Add(4*time.Minute).UnixMilli())), ""},
		{"no certificate", without("certificate"), "certificate: it has 0 bytes, and has to have 1 to 1024"},
		{"no bundle", without("cabundle"), "cabundle is empty"},
		{"empty bundle", with("cabundle", [][]byte{}), "cabundle is empty"},
		{"garbage in the bundle", with("cabundle", [][]byte{s.chain[rootCertificate].Raw, []byte("x")}), "cabundle[1]: x509: malformed certificate"},
		{"empty certificate in the bundle", with("cabundle", [][]byte{{}}), "cabundle[0]: it has 0 bytes, and has to have 1 to 1024"},
		{"129 certificates", with("cabundle", make([][]byte, 129)), noDocument + "cbor: exceeded max number of elements"},
		{"bundle without the host", with("cabundle", [][]byte{s.chain[rootCertificate].Raw}), "its chain of certificates does not end in a trusted root: "},
		{"tagged time", with("timestamp", cbor.Tag{Number: 1, Content: 1}), noDocument},
		{"no map", []any{1}, noDocument + "expected a map, found: array"},
		{"nothing but a map", map[string]any{}, "module_id is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := s.verifier().Verify(s.sign(t, test.statement), noon)
			if test.wrong == "" {
				require.NoError(t, err)
				require.Equal(t, "i-1-enc1", d.ModuleID)
				return
			}
			require.ErrorContains(t, err, test.wrong)
			require.Nil(t, d)
		})
	}
}
