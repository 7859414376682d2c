package main

import (
	"fmt"
	"os"

	"github.com/open-policy-agent/opa/v1/bundle"
)

// signingParams are how a bundle is signed: opa verifies it with --verification-key.
// https://www.openpolicyagent.org/docs/latest/management-bundles/#signing
type signingParams struct {
	// keyFile is the path of a PEM file with a private key or, for the HS algorithms, of a file with the secret.
	keyFile   string
	algorithm enum
}

// signingAlgorithms are the signature algorithms of OPA's bundles, its default first.
// https://www.openpolicyagent.org/docs/latest/configuration/#keys
var signingAlgorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "HS256", "HS384", "HS512",
}

// sign signs the files of a bundle, the manifest among them.
func (s *signingParams) sign(b *bundle.Bundle) error {
	// OPA would take the path of a file that is not there for the secret itself.
	if info, err := os.Stat(s.keyFile); err != nil {
		return err
	} else if !info.Mode().IsRegular() || info.Size() == 0 {
		return fmt.Errorf("%s: expected a file with a key", s.keyFile)
	}
	if err := b.GenerateSignature(bundle.NewSigningConfig(s.keyFile, s.algorithm.value, ""), "", false); err != nil {
		return fmt.Errorf("%s with %s: %w", s.keyFile, s.algorithm.value, err)
	}
	return nil
}
