package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator/diff"
)

// formatMarkdown is a further value of --format.
const formatMarkdown = "markdown"

// diffParams are what diff is asked.
type diffParams struct {
	before, after []string
	both          []string
	stack         stackParams
	assume        []string
	format        enum
}

func newDiff(ctx context.Context, s streams) *cobra.Command {
	p := &diffParams{}
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say who gains and who loses access when policies change",
		Long: `Compare what policies allow: which principal gains or loses which action on which key, under which condition.

OLD and NEW are files or folders, as --load of the other commands takes them; --old and --new add more to either side,
--load to both, and a side without files is empty. A Terraform plan by itself is compared with what was there before:
PLAN#before. Policies that are written otherwise and mean the same are no difference. Whatever a request may carry, such
as an encryption context, is left open. When it cannot be proved that a change of conditions gives nobody more, it
counts as wider.

Exit codes: 0 the same or narrower, 1 wider, 2 usage or input error.`,
		Example: `  strictkms diff old/template.yaml template.yaml
  strictkms diff plan.json
  strictkms diff --old main/keys --new keys --load organization.yaml --format markdown`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return errors.New("diff expects OLD and NEW: name further files with --old and --new")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := p.sides(args); err != nil {
				return err
			}
			return runDiff(ctx, p, s.out, s.err)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&p.before, "old", nil, "a `FILE` of the old side (repeatable)")
	flags.StringArrayVar(&p.after, "new", nil, "a `FILE` of the new side (repeatable)")
	flags.StringArrayVar(&p.both, "load", nil, "a `FILE` of both sides (repeatable)")
	addStack(cmd, &p.stack)
	addAssume(cmd, &p.assume)
	p.format = newEnum(formatText, formatJSON, formatMarkdown)
	flags.Var(&p.format, "format", "how the differences are written")
	return cmd
}

// sides adds the arguments to the flags.
func (p *diffParams) sides(args []string) error {
	switch {
	case len(args) == 2:
		p.before, p.after = slices.Insert(p.before, 0, args[0]), slices.Insert(p.after, 0, args[1])
	case len(args) == 1 && len(p.before)+len(p.after) > 0:
		return errors.New("diff expects OLD and NEW, or neither with --old and --new")
	case len(args) == 1:
		p.before, p.after = []string{args[0] + beforeSuffix}, args
	}
	if len(p.before)+len(p.after) == 0 {
		return errors.New("diff expects OLD and NEW: " + loadable)
	}
	return nil
}

// runDiff compares; that access is wider is an [exitError].
func runDiff(ctx context.Context, p *diffParams, out, errw io.Writer) error {
	readings, err := readingsOf(p.assume)
	if err != nil {
		return err
	}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	before, beforeErr := p.side(p.before, readings, errw)
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	after, afterErr := p.side(p.after, readings, errw)
	if err := errors.Join(beforeErr, afterErr); err != nil {
		return err
	}
	r, err := diff.Compare(ctx, before, after)
	if err != nil {
		return err
	}
	switch p.format.value {
	case formatJSON:
		err = writeJSON(out, r)
	case formatMarkdown:
		err = r.WriteMarkdown(&visible{w: out})
	default:
		err = r.WriteText(&visible{w: out})
	}
	if err == nil && r.Verdict == diff.Wider {
		return &exitError{exitDenied}
	}
	return err
}

// side reads one side. A side without files is empty.
func (p *diffParams) side(names []string, readings evaluator.Readings, errw io.Writer) (diff.Side, error) {
	names = slices.Concat(names, p.both)
	l, err := newLoader(p.stack, len(names) > 1)
	if err != nil {
		return diff.Side{}, err
	}
	l.stackOf = p.stackOf
	err = l.loadAll(names, nil)
	warn(errw, l.world.Warnings)
	if err != nil {
		return diff.Side{}, err
	}
	return diff.Side{World: l.world, Evaluator: evaluator.New(l.world).Assuming(readings)}, nil
}

// stackOf gives the templates of both sides the same stacks: what they declare would else have different names. The stack
// of an old file is named after the new one in its place, or after the one that its own name ends with.
func (p *diffParams) stackOf(name string) string {
	for i, before := range p.before {
		if len(p.before) == len(p.after) {
			if rest, ok := strings.CutPrefix(name, before); ok && (rest == "" || rest[0] == filepath.Separator) {
				return p.after[i] + rest
			}
		}
	}
	for _, after := range p.after {
		if strings.HasSuffix(name, string(filepath.Separator)+after) {
			return after
		}
	}
	return name
}
