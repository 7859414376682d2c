package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
)

// enum is a flag with a few values; the first is the default.
type enum struct {
	value   string
	allowed []string
}

var _ pflag.Value = (*enum)(nil)

func newEnum(allowed ...string) enum { return enum{value: allowed[0], allowed: allowed} }

// String implements [pflag.Value].
func (e *enum) String() string { return e.value }

// Type implements [pflag.Value]; help shows it.
func (e *enum) Type() string { return strings.Join(e.allowed, "|") }

// Set implements [pflag.Value].
func (e *enum) Set(text string) error {
	if !slices.Contains(e.allowed, text) {
		return fmt.Errorf("expected one of %s", strings.Join(e.allowed, ", "))
	}
	e.value = text
	return nil
}

// The values of --format.
const (
	formatText = "text"
	formatJSON = "json"
)

// addFormat adds --format.
func addFormat(cmd *cobra.Command, format *enum) {
	*format = newEnum(formatText, formatJSON)
	cmd.Flags().Var(format, "format", "how the answer is written")
}

// addAssume adds --assume.
func addAssume(cmd *cobra.Command, assume *[]string) {
	cmd.Flags().StringArrayVar(assume, "assume", nil,
		"read what AWS leaves open otherwise than by default, as `NAME=READING` (repeatable): see docs/assumptions.md")
}

// readingsOf reads the values of --assume.
func readingsOf(assume []string) (evaluator.Readings, error) {
	readings, err := evaluator.ParseReadings(assume...)
	if err != nil {
		return readings, fmt.Errorf("--assume: %w", err)
	}
	return readings, nil
}

// stackParams say where what a template declares would be.
type stackParams struct {
	account    string
	region     string
	stackName  string
	parameters []string
}

// addStack adds the flags that complete short names and templates.
func addStack(cmd *cobra.Command, p *stackParams) {
	flags := cmd.Flags()
	flags.StringVar(&p.account, "account", "111122223333", "the account that short names and templates belong to")
	flags.StringVar(&p.region, "region", "us-east-1", "the Region that short names and templates belong to")
	flags.StringVar(&p.stackName, "stack-name", "", "the name of the stack of a template (default: the name of its file)")
	flags.StringArrayVar(&p.parameters, "parameter", nil, "a template parameter as `K=V` (repeatable)")
}

// worldParams say which world a question is about, and how what AWS leaves open is read.
type worldParams struct {
	load   []string
	stack  stackParams
	assume []string
}

// addWorld adds the flags of a question about what was loaded.
func addWorld(cmd *cobra.Command, p *worldParams) {
	cmd.Flags().StringArrayVar(&p.load, "load", nil, "a `FILE` with policies: "+loadable+" (repeatable)")
	addStack(cmd, &p.stack)
	addAssume(cmd, &p.assume)
}

// open reads the world and prints the warnings about it.
func (p *worldParams) open(errw io.Writer) (*source.World, evaluator.Readings, error) {
	readings, err := readingsOf(p.assume)
	if err != nil {
		return nil, readings, err
	}
	if len(p.load) == 0 {
		return nil, readings, errors.New("name at least one file with --load: " + loadable)
	}
	world, err := loadWorld(p.load, p.stack, errw)
	return world, readings, err
}

// pairs reads texts of the form K=V.
func pairs(flag string, texts []string, each func(key, value string) error) error {
	for _, text := range texts {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return fmt.Errorf("--%s %q: expected K=V", flag, text)
		}
		if err := each(key, value); err != nil {
			return fmt.Errorf("--%s %q: %w", flag, text, err)
		}
	}
	return nil
}
