package attestation

import (
	"bytes"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
)

// awsRootPEM is the root of the commercial partitions, which AWS publishes as
// https://aws-nitro-enclaves.amazonaws.com/AWS_NitroEnclaves_Root-G1.zip. A test holds it to the fingerprint of
// https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html.
//
//go:embed aws-nitro-root-g1.pem
var awsRootPEM []byte

// awsRoot is the certificate of awsRootPEM.
var awsRoot = sync.OnceValue(func() *x509.Certificate {
	roots, err := ParseRoots("aws-nitro-root-g1.pem", awsRootPEM)
	if err != nil {
		panic(err)
	}
	return roots[0]
})

// beginPEM begins a line that begins a block.
const beginPEM = "-----BEGIN "

// ParseRoots reads certificates that documents may end in, as PEM; text between them is skipped. The error has all that
// is wrong with them, each with its line in the file of a name.
func ParseRoots(name string, text []byte) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	var wrong []error
	var block []byte
	begun, line := 0, 0
	end := func() {
		if begun == 0 {
			return
		}
		root, err := parseRoot(block)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d:1: %w", name, begun, err))
			return
		}
		roots = append(roots, root)
	}
	for part := range bytes.Lines(text) {
		line++
		if bytes.HasPrefix(part, []byte(beginPEM)) {
			end()
			begun, block = line, nil
		}
		block = append(block, part...)
	}
	end()
	if begun == 0 {
		wrong = append(wrong, fmt.Errorf("%s:1:1: expected a certificate in PEM, found none", name))
	}
	return roots, errors.Join(wrong...)
}

// parseRoot reads a block, with what follows it.
func parseRoot(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("expected a certificate in PEM, found a block that is not whole")
	}
	if block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("expected a CERTIFICATE, found %q", block.Type)
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("expected a certificate: %w", err)
	}
	if !root.BasicConstraintsValid || !root.IsCA {
		return nil, fmt.Errorf("expected the certificate of a certificate authority, found that of %q", root.Subject.String())
	}
	return root, nil
}
