package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
}

func newRego(s streams) *cobra.Command {
	p := &regoParams{kind: newEnum(kindNames()...)}
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
			return runRego(p, s.out, s.err)
		},
	}
	flags := cmd.Flags()
	addStack(cmd, &p.stack)
	flags.Var(&p.kind, "kind", "what a policy document by itself is")
	flags.Lookup("kind").DefValue = "" // it is guessed
	flags.BoolVar(&p.explain, "explain", false, "print the modules that explain: which element of which statement is met")
	flags.StringVarP(&p.output, "output", "o", "", "write an OPA bundle to `FILE` (.tar.gz) instead")
	return cmd
}

// runRego translates files and prints the modules or writes the bundle.
func runRego(p *regoParams, out, errw io.Writer) error {
	if p.explain && p.output != "" {
		return errors.New("--explain prints and -o writes a bundle: use one of them")
	}
	units, err := loadUnits(p, errw)
	if err != nil {
		return err
	}
	if p.output != "" {
		return writeBundle(p.output, units, nil)
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

// writeBundle writes the bundle beside its place and then moves it there, so that nothing is left of one
// that fails.
func writeBundle(name string, units []rego.NamedUnit, request map[string]any) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".strictkms-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error says more
		}
	}()
	err = rego.WriteBundle(f, revision(units), units, request)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// revision identifies the content of a bundle.
func revision(units []rego.NamedUnit) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q", rego.DecisionModule, rego.LayersModule)
	for _, u := range units {
		_, _ = fmt.Fprintf(h, "%q %q", u.Name, u.Module)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
