package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/simulator/policytest"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/expectations"
)

// Further values of --format.
const (
	formatJUnit  = "junit"
	formatGitHub = "github"
)

// testParams are what test is asked.
type testParams struct {
	files     []string
	world     worldParams
	given     func(flag string) bool // reports whether a flag is on the command line
	run       string
	failUnder float64
	watch     bool
	format    enum
	now       func() time.Time
}

func newTest(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &testParams{now: now}
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Check expectations about decisions, and which statements they exercise",
		Long: `Check expectations about decisions: who may do what with which key, and because of which statement.

FILE is YAML: the files with the policies, and a list of requests with the decisions that are expected of them; see
docs/test.md. For an expectation that is not met the deciding statements and the nearest misses are shown. Statements
that match in no request are listed: nothing would notice if they were wrong.

The files that --load names take the place of those that FILE names, so that the same expectations can be checked of
other policies. Flags come before what FILE says.

Exit codes: 0 all expectations are met, 1 some are not or too few statements are exercised, 2 usage or input error.`,
		Example: `  strictkms test policies_test.yaml
  strictkms test policies_test.yaml --run 'decrypt' --watch
  strictkms test *_test.yaml --format junit --fail-under 90 > report.xml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("test expects at least one FILE of expectations")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p.files, p.given = args, cmd.Flags().Changed
			return runTest(ctx, p, s.out, s.err)
		},
	}
	flags := cmd.Flags()
	addWorld(cmd, &p.world)
	flags.StringVar(&p.run, "run", "", "only the expectations whose name, or \"PRINCIPAL ACTION KEY\", matches a `REGEXP`")
	flags.Float64Var(&p.failUnder, "fail-under", 0, "fail when less than `N` percent of the statements are exercised")
	flags.BoolVar(&p.watch, "watch", false, "check again whenever one of the files changes, until interrupted")
	p.format = newEnum(formatText, formatJSON, formatJUnit, formatGitHub)
	flags.Var(&p.format, "format", "how the report is written")
	return cmd
}

// runTest checks once, or until it is interrupted.
func runTest(ctx context.Context, p *testParams, out, errw io.Writer) error {
	if p.failUnder < 0 || p.failUnder > 100 {
		return fmt.Errorf("--fail-under %g: expected a percentage from 0 to 100", p.failUnder)
	}
	filter, err := regexp.Compile(p.run)
	if err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	if p.watch {
		return watchTests(ctx, p, filter, out, errw)
	}
	r, _, err := p.check(ctx, filter, errw)
	if err != nil {
		return err
	}
	if err := p.write(out, r); err != nil {
		return err
	}
	if !r.OK() {
		return &exitError{exitDenied}
	}
	return nil
}

// write writes a report in the form that was asked for.
func (p *testParams) write(out io.Writer, r *policytest.Report) error {
	switch p.format.value {
	case formatJSON:
		return r.WriteJSON(out)
	case formatJUnit:
		return r.WriteJUnit(out)
	case formatGitHub:
		return r.WriteGitHub(out)
	default:
		return r.WriteText(&visible{w: out})
	}
}

// check decides all cases of all files. It also returns the files that it read, whether or not they could be read.
// The error has what is wrong with every file.
func (p *testParams) check(ctx context.Context, filter *regexp.Regexp, errw io.Writer) (*policytest.Report, []string, error) {
	r := &policytest.Report{FailUnder: p.failUnder}
	var (
		coverage policytest.Coverage
		read     []string
		errs     []error
		cases    int
	)
	for _, name := range p.files {
		read = append(read, name)
		t, err := p.open(name, errw)
		if t != nil {
			read = append(read, t.load...)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		coverage.Load(t.world)
		report, err := t.check(ctx, filter)
		errs = append(errs, err)
		cases += len(report.Results)
		for _, result := range report.Results {
			coverage.Add(result.Answer)
		}
		r.Files = append(r.Files, *report)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, read, err
	}
	if cases == 0 {
		return nil, read, fmt.Errorf("--run %q: no expectation matches", p.run)
	}
	r.Coverage = coverage.Summary()
	return r, read, nil
}

// testFile is a file of expectations with what it loads.
type testFile struct {
	*expectations.File

	load     []string
	world    *source.World
	readings evaluator.Readings
	now      func() time.Time
	errw     io.Writer
}

// open reads a file and what it loads. The file is nil when it cannot be read.
func (p *testParams) open(name string, errw io.Writer) (*testFile, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	read, err := expectations.Read(name, src)
	if err != nil {
		return nil, err
	}
	t := &testFile{File: read, load: p.world.load, now: p.now, errw: errw}
	if len(t.load) == 0 {
		var errs []error
		for _, load := range read.Load {
			file := relativeTo(name, load.Value)
			t.load = append(t.load, file)
			if _, err := os.Stat(file); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", load.Pos, err))
			}
		}
		if err := errors.Join(errs...); err != nil {
			return t, err
		}
	}
	if len(t.load) == 0 {
		return t, fmt.Errorf("%s: the file loads nothing: name files with policies under load, or with --load", name)
	}
	world := p.paramsOf(t)
	t.world, t.readings, err = world.open(errw)
	if err != nil {
		return t, err
	}
	if diags := policytest.CheckBecause(t.world, read.Cases); len(diags) > 0 {
		return t, diags
	}
	return t, nil
}

// relativeTo returns a name that a file gives, from the directory of that file.
func relativeTo(file, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(file), name)
}

// paramsOf say which world a file is about: what it says itself, unless a flag says otherwise.
func (p *testParams) paramsOf(t *testFile) *worldParams {
	w := worldParams{load: t.load, stack: p.world.stack}
	for _, field := range []struct {
		flag string
		from expectations.Text
		to   *string
	}{
		{"account", t.Account, &w.stack.account},
		{"region", t.Region, &w.stack.region},
		{"stack-name", t.StackName, &w.stack.stackName},
	} {
		if field.from.Value != "" && !p.given(field.flag) {
			*field.to = field.from.Value
		}
	}
	w.stack.parameters = withDefaults(p.world.stack.parameters, t.Parameters)
	w.assume = withDefaults(p.world.assume, t.Assume)
	return &w
}

// withDefaults adds those of a file to texts of the form K=V, unless they are there.
func withDefaults(texts []string, defaults map[string]expectations.Text) []string {
	out := slices.Clone(texts)
	given := map[string]bool{}
	_ = pairs("", texts, func(key, _ string) error { given[key] = true; return nil }) // reported when they are used
	for key, value := range defaults {
		if !given[key] {
			out = append(out, key+"="+value.Value)
		}
	}
	slices.Sort(out[len(texts):])
	return out
}

// check decides the cases of the file that the filter lets through. The error has what is wrong with every case.
func (t *testFile) check(ctx context.Context, filter *regexp.Regexp) (*policytest.FileReport, error) {
	report := &policytest.FileReport{Name: t.Name, Load: t.load}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	ev := evaluator.New(t.world).Assuming(t.readings)
	var errs []error
	for _, c := range t.Cases {
		if !filter.MatchString(c.Name) && !filter.MatchString(c.Principal.Value+" "+c.Action.Value+" "+c.Key.Value) {
			continue
		}
		q, err := t.question(c)
		if err != nil {
			errs = append(errs, locateError(c, err))
			continue
		}
		answer, err := simulator.Can(ctx, ev, *q)
		if err != nil {
			errs = append(errs, locateError(c, err))
			continue
		}
		report.Results = append(report.Results, policytest.NewResult(c, answer))
	}
	return report, errors.Join(errs...)
}

// question is that of the command can.
func (t *testFile) question(c *expectations.Case) (*simulator.Question, error) {
	p := &canParams{
		principal: c.Principal.Value, action: c.Action.Value, key: c.Key.Value, viaService: c.ViaService.Value,
		sourceVPCE: c.SourceVPCE.Value, grant: c.Grant.Value, now: t.now, keys: c.Context, session: c.SessionPolicy,
	}
	for _, open := range c.Unknown {
		p.unknown = append(p.unknown, open.Value)
	}
	if p.viaService != "" && p.sourceVPCE != "" {
		return nil, errViaEndpoint
	}
	if c.SessionPolicyFile.Value != "" {
		p.sessionPolicy = relativeTo(t.Name, c.SessionPolicyFile.Value)
	}
	return p.question(t.world, t.errw)
}

// locateError says where the part of a case stands that is wrong. Each line of the error says it.
func locateError(c *expectations.Case, err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, part := range joined.Unwrap() {
			errs = append(errs, locateError(c, part))
		}
		return errors.Join(errs...)
	}
	pos := c.Pos
	if kind := nameKind(err); kind == "principal" {
		pos = c.Principal.Pos
	} else if kind != "" && c.Key.Pos.IsValid() {
		pos = c.Key.Pos
	}
	return fmt.Errorf("%s: %w", pos, err)
}

// nameKind is what a name was meant to stand for that stands for nothing or too much.
func nameKind(err error) string {
	if name, ok := errors.AsType[*source.NameError](err); ok {
		return name.Kind
	}
	if name, ok := errors.AsType[*source.AmbiguousError](err); ok {
		return name.Kind
	}
	return ""
}
