package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/kms/xks"
)

// xksParams say how the proxies of external key stores are reached.
type xksParams struct {
	authorities []string
	addresses   []string
	timeout     time.Duration
}

// addXKS adds the flags about external key stores.
func addXKS(cmd *cobra.Command, p *xksParams) {
	flags := cmd.Flags()
	flags.StringArrayVar(&p.authorities, "xks-proxy-ca", nil,
		"a `FILE` with certificates in PEM that those of external key store proxies may end in, besides the system's (repeatable)")
	flags.StringArrayVar(&p.addresses, "xks-proxy", nil,
		"`HOST=ADDRESS:PORT`: where the external key store proxy of a host name is; others are reached on the internet only (repeatable)")
	flags.DurationVar(&p.timeout, "xks-proxy-timeout", xks.DefaultTimeout, "how long an external key store proxy has to answer")
}

// config turns the flags into the configuration of a client, and tells all that is wrong with them.
func (p *xksParams) config() (xks.Config, error) {
	config := xks.Config{Timeout: p.timeout}
	var wrong []error
	if p.timeout <= 0 {
		wrong = append(wrong, fmt.Errorf("--xks-proxy-timeout %v: expected a duration above zero, for example 250ms", p.timeout))
	}
	if len(p.authorities) > 0 {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return config, fmt.Errorf("--xks-proxy-ca: the certificates of the system: %w", err)
		}
		config.Roots = roots
	}
	for _, file := range p.authorities {
		text, err := os.ReadFile(file)
		switch {
		case err != nil:
			wrong = append(wrong, fmt.Errorf("--xks-proxy-ca: %w", err))
		case !config.Roots.AppendCertsFromPEM(text):
			wrong = append(wrong, fmt.Errorf("--xks-proxy-ca: %s: expected certificates in PEM", file))
		}
	}
	config.Addresses = map[string]string{}
	for _, text := range p.addresses {
		host, address, found := strings.Cut(text, "=")
		_, port, err := net.SplitHostPort(address)
		if !found || host == "" || err != nil || port == "" {
			wrong = append(wrong, fmt.Errorf("--xks-proxy %q: expected HOST=ADDRESS:PORT, for example xks.example.com=127.0.0.1:8443", text))
			continue
		}
		config.Addresses[strings.ToLower(host)] = address
	}
	return config, errors.Join(wrong...)
}
