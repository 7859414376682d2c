package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

// proxyParams are the settings of a reference proxy.
type proxyParams struct {
	listen, host, path, data string
	keys                     []string
}

func newXksProxy(ctx context.Context, s streams) *cobra.Command {
	p := &proxyParams{}
	cmd := &cobra.Command{
		Use:   "xks-proxy",
		Short: "Run a small external key store proxy, to try external key stores with",
		Long: `Run a reference external key store proxy with its external key manager: AES-256 keys that live outside of AWS KMS. It is
for tests and trials, and no key manager.

The proxy answers the AWS KMS External Key Store Proxy API over TLS to requests that are signed. What it needs is made in
--data when it is not there: a certificate for --host (certificate.pem), the credential of AWS KMS (proxy.json, the proxy
configuration file that the AWS KMS console takes) and the keys (keys.json).

A server reaches it as its own where it is told that it is:
  strictkms serve --xks-proxy xks.example.com=127.0.0.1:8443 --xks-proxy-ca .strictkms/xks/certificate.pem`,
		Example: `  strictkms xks-proxy --key ledger
  strictkms xks-proxy --listen 127.0.0.1:9443 --host xks.internal --path /tenant-1/kms/xks/v1 --key a --key b`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error { return runXksProxy(ctx, p, s.err) },
	}
	flags := cmd.Flags()
	flags.StringVar(&p.listen, "listen", "127.0.0.1:8443", "the `ADDRESS` to listen on")
	flags.StringVar(&p.host, "host", xksproxy.Host, "the host `NAME` of XksProxyUriEndpoint, which the certificate is for")
	flags.StringVar(&p.path, "path", "", "XksProxyUriPath, ending in /kms/xks/v1 (default: that of proxy.json, or /kms/xks/v1)")
	flags.StringVar(&p.data, "data", filepath.Join(defaultData, "xks"), "the `DIR` of certificate, credential and keys")
	flags.StringArrayVar(&p.keys, "key", nil, "the `ID` of a key to make if it is not there (repeatable)")
	return cmd
}

// runXksProxy serves until it is told to stop.
func runXksProxy(ctx context.Context, p *proxyParams, errw io.Writer) error {
	folder, err := xksproxy.OpenFolder(p.data, p.host, p.path)
	if err != nil {
		return err
	}
	if err := folder.KeepKeys(p.keys...); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", p.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", p.listen, err)
	}
	server := &http.Server{
		Handler: folder.Proxy, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{folder.Certificate}, MinVersion: tls.VersionTLS12},
	}
	served := make(chan error, 1)
	go func() { served <- server.ServeTLS(listener, "", "") }()
	keys := "no keys"
	if ids := folder.KeyIDs(); len(ids) > 0 {
		keys = "keys " + strings.Join(ids, ", ")
	}
	_, err = fmt.Fprintf(errw, "strictkms: external key store proxy https://%s%s listening on %s, %s, certificate in %s, credential in %s\n",
		p.host, folder.Path(), listener.Addr(), keys, filepath.Join(p.data, xksproxy.CertificateFile), filepath.Join(p.data, xksproxy.CredentialFile))
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-served:
		}
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return errors.Join(err, server.Shutdown(closing))
}
