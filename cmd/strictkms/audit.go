package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
	auditreport "github.com/strictkms/strictkms/simulator/audit/report"
	"github.com/strictkms/strictkms/source/suppressions"
)

// formatSARIF is a further value of --format.
const formatSARIF = "sarif"

// configFile is the configuration that is read when it is there and no other is named.
const configFile = ".strictkms.yaml"

// auditParams are what audit is asked.
type auditParams struct {
	files  []string
	stack  stackParams
	assume []string
	kind   enum
	// given reports whether a flag is on the command line.
	given          func(flag string) bool
	failOn         enum
	only, ignore   []string
	config         string
	baseline       string
	writeBaseline  string
	showSuppressed bool
	format         enum
	now            func() time.Time
}

func newAudit(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &auditParams{now: now, kind: newEnum(kindNames()...)}
	cmd := &cobra.Command{
		Use:   "audit FILE...",
		Short: "Find what is wrong with key policies, IAM policies and grants",
		Long: `Find what is wrong with key policies, IAM policies and grants: statements that do nothing, keys that nobody can manage,
access that is wider than it looks, conditions that do not do what they say. strictkms rules lists what is looked for.

FILE is ` + loadable + `,
or a policy document by itself, which is taken for a key policy when its statements name principals, else for an
identity policy, unless --kind says otherwise. What was looked at and is fine is said in comments of the file, in
` + configFile + ` or in a baseline: see docs/audit.md.

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 usage or input error.`,
		Example: `  strictkms audit key-policy.json
  strictkms audit template.yaml --account 123456789012 --fail-on medium
  strictkms audit cdk.out --format sarif > strictkms.sarif
  strictkms audit policies/*.json --write-baseline strictkms-baseline.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("audit expects at least one FILE")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p.files, p.given = args, cmd.Flags().Changed
			return runAudit(ctx, p, s.out, s.err)
		},
	}
	flags := cmd.Flags()
	addStack(cmd, &p.stack)
	addAssume(cmd, &p.assume)
	flags.Var(&p.kind, "kind", "what a policy document by itself is")
	flags.Lookup("kind").DefValue = "" // it is guessed
	p.failOn = newEnum(append([]string{audit.High.String()}, slices.DeleteFunc(append(audit.SeverityNames(), never), func(name string) bool {
		return name == audit.High.String()
	})...)...)
	flags.Var(&p.failOn, "fail-on", "the severity from which on findings fail")
	flags.StringSliceVar(&p.only, "only", nil, "the `RULES` to apply, by code or name (repeatable)")
	flags.StringSliceVar(&p.ignore, "ignore", nil, "the `RULES` to leave out, by code or name (repeatable)")
	flags.StringVar(&p.config, "config", "", "the configuration `FILE` (default: "+configFile+" if it is there)")
	flags.StringVar(&p.baseline, "baseline", "", "leave out the findings in this `FILE`, which --write-baseline wrote")
	flags.StringVar(&p.writeBaseline, "write-baseline", "", "write the findings to `FILE` as a baseline, and succeed")
	flags.BoolVar(&p.showSuppressed, "show-suppressed", false, "also show the findings that are suppressed, and why")
	p.format = newEnum(formatText, formatJSON, formatSARIF, formatGitHub, formatJUnit)
	flags.Var(&p.format, "format", "how the findings are written")
	return cmd
}

// never is a value of --fail-on.
const never = "never"

// runAudit looks for findings; those that fail are an [exitError].
func runAudit(ctx context.Context, p *auditParams, out, errw io.Writer) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	in, err := p.load(errw)
	if err != nil {
		return err
	}
	in.Only, in.Ignore, in.Severities = settings.only, settings.ignore, settings.severities
	findings, err := audit.Run(ctx, *in)
	if err != nil {
		return err
	}
	list := slices.Clone(settings.suppressions)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(in.Sources)) {
		list = append(list, suppressions.Comments(name, in.Sources[name])...)
		found, err := suppressions.Metadata(name, in.Sources[name])
		errs = append(errs, err)
		list = append(list, found...)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	findings = audit.Filter(findings, list, slices.Sorted(maps.Keys(in.Sources)), in.Applies)
	if p.writeBaseline != "" {
		return p.writeBaselineOf(findings, errw)
	}
	if gone := settings.baseline.Apply(findings); gone > 0 {
		_, _ = fmt.Fprintf(errw, "strictkms: %s: %d findings of the baseline are gone: write it again with --write-baseline\n", p.baseline, gone)
	}
	r := &auditreport.Report{
		Findings: findings, Files: slices.Sorted(maps.Keys(in.Sources)), FailOn: settings.failOn, ShowSuppressed: p.showSuppressed,
		Sources: in.Sources, Version: readVersions().StrictKMS,
	}
	if err := p.write(out, r); err != nil {
		return err
	}
	if r.Failed() {
		return &exitError{exitDenied}
	}
	return nil
}

// write writes the findings in the form that was asked for.
func (p *auditParams) write(out io.Writer, r *auditreport.Report) error {
	switch p.format.value {
	case formatJSON:
		return r.WriteJSON(out)
	case formatSARIF:
		return r.WriteSARIF(out)
	case formatGitHub:
		return r.WriteGitHub(out)
	case formatJUnit:
		return r.WriteJUnit(out)
	default:
		return r.WriteText(&visible{w: out})
	}
}

// writeBaselineOf writes the baseline beside its place and then moves it there.
func (p *auditParams) writeBaselineOf(findings []audit.Finding, errw io.Writer) error {
	b := audit.NewBaseline(findings)
	if err := writeWhole(p.writeBaseline, b.Write); err != nil {
		return err
	}
	n := 0
	for _, e := range b.Findings {
		n += e.Count
	}
	_, err := fmt.Fprintf(errw, "strictkms: %d findings written to %s\n", n, p.writeBaseline)
	return err
}

// load reads the files. Mistakes in policies are findings; the error is about the rest.
func (p *auditParams) load(errw io.Writer) (*audit.Input, error) {
	readings, err := readingsOf(p.assume)
	if err != nil {
		return nil, err
	}
	l, err := newLoader(p.stack, len(p.files) > 1)
	if err != nil {
		return nil, err
	}
	l.policies = true
	l.expected += " or a policy document (with Statement)"
	in := &audit.Input{World: l.world, Now: p.now(), Readings: readings, Sources: l.sources}
	if !p.given("account") {
		in.AssumedAccount = p.stack.account
	}
	guess := regoParams{kind: p.kind, kindSet: p.given("kind")}
	err = l.loadAll(p.files, func(name string, src []byte) (bool, error) {
		if !guess.kindSet && detect(src) != policyFile {
			return false, nil
		}
		doc, diags := policy.Parse(guess.kindOf(src), name, src, policy.WithFile(name))
		for _, d := range diags {
			if !audit.IsFinding(d, false) {
				return true, diags.Errors()
			}
		}
		in.Diagnostics = append(in.Diagnostics, diags...)
		if doc != nil {
			in.Documents = append(in.Documents, doc)
		}
		return true, nil
	})
	found, err := mistakesOf(err)
	if err != nil {
		return nil, err
	}
	for name, src := range l.sources {
		if kind := detect(src); kind == worldFile || kind == snapshotFile {
			in.Certain = append(in.Certain, name)
		}
	}
	in.Diagnostics = append(in.Diagnostics, found...)
	p.notes(l, found, errw)
	return in, nil
}

// mistakesOf takes the mistakes in policies out of the errors of reading files; the error is what is left.
func mistakesOf(err error) (found policy.Diagnostics, rest error) {
	if err == nil {
		return nil, nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var left []error
		for _, e := range joined.Unwrap() {
			f, r := mistakesOf(e)
			found, left = append(found, f...), append(left, r)
		}
		return found, errors.Join(left...)
	}
	diags, ok := errors.AsType[policy.Diagnostics](err)
	if !ok || slices.ContainsFunc(diags.Errors(), func(d policy.Diagnostic) bool { return !audit.IsFinding(d, true) }) {
		return nil, err
	}
	return diags, nil
}

// notes prints the warnings that are no findings, and which files could not be read whole.
func (p *auditParams) notes(l *loader, found policy.Diagnostics, errw io.Writer) {
	warn(errw, slices.DeleteFunc(slices.Clone(l.world.Warnings), func(d policy.Diagnostic) bool { return audit.IsFinding(d, true) }))
	var files []string
	for _, d := range found.Errors() {
		if !slices.Contains(files, d.Pos.File) {
			files = append(files, d.Pos.File)
			_, _ = fmt.Fprintf(errw, "strictkms: %s: only what makes its policies unreadable is reported: mend that first\n", d.Pos.File)
		}
	}
}

// auditSettings are what the flags and the configuration file say.
type auditSettings struct {
	only, ignore []*audit.Rule
	severities   map[*audit.Rule]audit.Severity
	failOn       audit.Severity
	suppressions []suppressions.Suppression
	baseline     audit.Baseline
}

// settings reads flags and files. Flags come before what the file says. The error has everything that is wrong.
func (p *auditParams) settings() (*auditSettings, error) {
	out := &auditSettings{}
	var errs []error
	read := func(flag string, names []string) (rules []*audit.Rule) {
		for _, name := range names {
			rule, err := ruleNamed(name)
			if err != nil {
				errs = append(errs, fmt.Errorf("--%s: %w", flag, err))
				continue
			}
			rules = append(rules, rule)
		}
		return rules
	}
	out.only, out.ignore = read("only", p.only), read("ignore", p.ignore)
	failOn := p.failOn.value
	c, err := p.readConfig()
	errs = append(errs, err)
	if c != nil {
		out.suppressions = c.Ignore
		var diags policy.Diagnostics
		out.severities, diags = severitiesOf(c)
		if !p.given("fail-on") && c.FailOn.Value != "" {
			if failOn = c.FailOn.Value; !slices.Contains(p.failOn.allowed, failOn) {
				diags = append(diags, problemAt(c.FailOn, "expected one of "+strings.Join(p.failOn.allowed, ", ")))
			}
		}
		if len(diags) > 0 {
			diags.Sort()
			errs = append(errs, diags)
		}
	}
	if out.failOn, err = audit.ParseSeverity(failOn); err != nil {
		out.failOn = audit.Critical + 1 // never
	}
	if p.baseline != "" {
		src, err := os.ReadFile(p.baseline)
		if err == nil {
			out.baseline, err = audit.ReadBaseline(p.baseline, src)
		}
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// readConfig reads the configuration file, nil when there is none.
func (p *auditParams) readConfig() (*suppressions.Config, error) {
	name := p.config
	if name == "" {
		name = configFile
	}
	src, err := os.ReadFile(name)
	switch {
	case p.config == "" && errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return suppressions.ReadConfig(name, src)
}

// severitiesOf reads the severities that a configuration gives to rules.
func severitiesOf(c *suppressions.Config) (map[*audit.Rule]audit.Severity, policy.Diagnostics) {
	out := map[*audit.Rule]audit.Severity{}
	var diags policy.Diagnostics
	for _, s := range c.Severities {
		rule, err := ruleNamed(s.Rule.Value)
		if err != nil {
			diags = append(diags, problemAt(s.Rule, err.Error()))
		}
		severity, err := audit.ParseSeverity(s.Severity.Value)
		if err != nil {
			diags = append(diags, problemAt(s.Severity, err.Error()))
		}
		if rule != nil {
			out[rule] = severity
		}
	}
	return out, diags
}

func problemAt(t suppressions.Text, message string) policy.Diagnostic {
	return policy.Diagnostic{Code: "configuration", Severity: policy.SeverityError, Message: message, Pos: t.Pos}
}

// ruleNamed finds a rule by its code or its name.
func ruleNamed(name string) (*audit.Rule, error) {
	if rule, ok := audit.LookupRule(name); ok {
		return rule, nil
	}
	var known []string
	for _, r := range audit.Rules() {
		known = append(known, r.Code, r.Name)
	}
	return nil, fmt.Errorf("there is no rule %q: did you mean %s?", name, strings.Join(policy.ClosestNames(name, known, 2), " or "))
}
