package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/rego"
)

// regoParams are what rego is asked.
type regoParams struct {
	files   []string
	stack   stackParams
	kind    enum
	kindSet bool
	explain bool
	output  string
	assume  []string
	signing signingParams
}

func newRego(s streams) *cobra.Command {
	p := &regoParams{kind: newEnum(kindNames()...), signing: signingParams{algorithm: newEnum(signingAlgorithms...)}}
	cmd := &cobra.Command{
		Use:   "rego FILE...",
		Short: "Print policies as Rego, or write them as an OPA bundle",
		Long: `Print the policies of files as Rego, one package for each policy and for the grants of each key.

FILE is a CloudFormation template, a strictkms world file or a policy document by itself. A policy document is taken
for a key policy when its statements name principals, else for an identity policy, unless --kind says otherwise.

The bundle holds the policies and the modules that combine them; the stock opa binary evaluates
data.strictkms.layers.decision with it.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("rego expects at least one FILE")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p.files, p.kindSet = args, cmd.Flags().Changed("kind")
			if p.signing.keyFile == "" && cmd.Flags().Changed("signing-alg") {
				return errors.New("--signing-alg says how to sign: name the key with --signing-key")
			}
			return runRego(p, s.out, s.err)
		},
	}
	flags := cmd.Flags()
	addStack(cmd, &p.stack)
	flags.Var(&p.kind, "kind", "what a policy document by itself is")
	flags.Lookup("kind").DefValue = "" // it is guessed
	flags.BoolVar(&p.explain, "explain", false, "print the modules that explain: which element of which statement is met")
	flags.StringVarP(&p.output, "output", "o", "", "write an OPA bundle to `FILE` (.tar.gz) instead")
	flags.StringVar(&p.signing.keyFile, "signing-key", "",
		"sign the bundle with the private key in a PEM `FILE`, or for the HS algorithms with the secret in it")
	flags.Var(&p.signing.algorithm, "signing-alg", "the algorithm that the bundle is signed with")
	addAssume(cmd, &p.assume)
	return cmd
}

// runRego translates files and prints the modules or writes the bundle.
func runRego(p *regoParams, out, errw io.Writer) error {
	if p.explain && p.output != "" {
		return errors.New("--explain prints and -o writes a bundle: use one of them")
	}
	if p.signing.keyFile != "" && p.output == "" {
		return errors.New("--signing-key signs a bundle: write one with -o")
	}
	readings, err := readingsOf(p.assume)
	if err != nil {
		return err
	}
	units, err := loadUnits(p, readings, errw)
	if err != nil {
		return err
	}
	if p.output != "" {
		b := rego.Bundle{Revision: revision(units, readings), Units: units, Readings: readings}
		if p.signing.keyFile != "" {
			b.Sign = p.signing.sign
		}
		return writeBundle(p.output, b)
	}
	var text strings.Builder
	for i, u := range units {
		module := u.Module
		if p.explain {
			module = u.Explain
		}
		printed, err := rego.Print(module)
		if err != nil {
			return fmt.Errorf("%s: %w", u.Name, err)
		}
		if i > 0 {
			text.WriteString("\n")
		}
		text.WriteString(printed)
	}
	_, err = io.WriteString(out, text.String())
	return err
}

// writeBundle writes the bundle, as a whole or not at all.
func writeBundle(name string, b rego.Bundle) error { return writeWhole(name, b.Write) }

// revision identifies the content of a bundle.
func revision(units []rego.NamedUnit, readings rego.Readings) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q", rego.DecisionModule, rego.LayersModule)
	if assume := readings.String(); assume != "" {
		_, _ = fmt.Fprintf(h, "%q", assume)
	}
	for _, u := range units {
		_, _ = fmt.Fprintf(h, "%q %q", u.Name, u.Module)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
