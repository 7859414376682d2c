package xksproxy

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base32"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Host is the name of the proxies that [Start] starts. No name server knows it.
const Host = "xks.example.com"

// T is what [Start] needs of a test: a *testing.T, for example.
type T interface {
	Helper()
	Cleanup(end func())
	Fatalf(format string, args ...any)
}

// Server is a proxy that runs on the loopback interface, with a certificate of its own.
type Server struct {
	*Proxy

	// Host is the host name of the endpoint, Address where it really is, HOST:PORT, and Certificate what proves it: PEM.
	Host, Address string
	Certificate   []byte
	// AccessKeyID and SecretAccessKey are the credential that the proxy was started with.
	AccessKeyID, SecretAccessKey string

	t       T
	tls     *tls.Config
	running *http.Server
}

// Start starts a proxy that is stopped when the test ends.
func Start(t T) *Server {
	t.Helper()
	s := &Server{Host: Host, t: t}
	s.AccessKeyID, s.SecretAccessKey = NewCredential()
	var err error
	if s.Proxy, err = New(Config{Credentials: map[string]string{s.AccessKeyID: s.SecretAccessKey}}); err != nil {
		t.Fatalf("xksproxy: %v", err)
	}
	certificate, text, err := NewCertificate(Host)
	if err != nil {
		t.Fatalf("xksproxy: %v", err)
	}
	s.Certificate, s.Address = text, "127.0.0.1:0"
	s.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	s.Restart()
	t.Cleanup(s.Stop)
	return s
}

// Endpoint is XksProxyUriEndpoint.
func (s *Server) Endpoint() string { return "https://" + s.Host }

// MustAddKey makes an AES-256 key with an id.
func (s *Server) MustAddKey(id string) {
	s.t.Helper()
	if err := s.AddKey(id, Key{}); err != nil {
		s.t.Fatalf("xksproxy: %v", err)
	}
}

// Stop stops the proxy: nothing listens any more. Keys stay.
func (s *Server) Stop() {
	if s.running != nil {
		_ = s.running.Close()
		s.running = nil
	}
}

// Restart starts the proxy where it was, if it does not run.
func (s *Server) Restart() {
	s.t.Helper()
	if s.running != nil {
		return
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.Address)
	if err != nil {
		s.t.Fatalf("xksproxy: %v", err)
	}
	s.Address = listener.Addr().String()
	running := &http.Server{Handler: s.Proxy, ReadHeaderTimeout: time.Minute, TLSConfig: s.tls, ErrorLog: log.New(io.Discard, "", 0)}
	s.running = running
	go func() {
		if err := running.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // the listener was closed behind its back
		}
	}()
}

// NewCredential makes a credential of the form of the specification, Appendix A.
func NewCredential() (accessKeyID, secretAccessKey string) {
	random := make([]byte, 15+32)
	_, _ = rand.Read(random)
	return base32.StdEncoding.EncodeToString(random[:15]), base64.StdEncoding.EncodeToString(random[15:])
}

// certificateLifetime is how long a certificate of [NewCertificate] is good.
const certificateLifetime = 10 * 365 * 24 * time.Hour

// NewCertificate makes a certificate for a host name that proves itself, and its PEM.
func NewCertificate(host string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now() //nolint:forbidigo // certificates are held to the time as it is
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, text, err
}
