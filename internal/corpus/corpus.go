// Package corpus reads the decision corpus: cases of requests with the decision that AWS's documents
// call for, each with the page that says so. The cases are the data; what runs them against the
// evaluator, the command line or a server is up to the caller.
package corpus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
)

// Defaults are the account and Region that the short names of the corpus refer to.
var Defaults = source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}

// Case is one request and the decision it must get.
type Case struct {
	// Note says what the case shows. It is unique in the corpus.
	Note string
	// Source is the page of AWS's documents that states the rule.
	Source string
	// File and Line say where the case stands.
	File string
	Line int
	// World is what the request is made in. Cases may share it.
	World   *source.World
	Request evaluator.Request
	// Readings are how the case reads the assumptions.
	Readings evaluator.Readings
	Expect   Expect
}

// Expect is what the decision must say. Empty fields other than Statements are not compared.
type Expect struct {
	Decision evaluator.Verdict `yaml:"decision"`
	Reason   string            `yaml:"reason"`
	// Layer is a layer that denies.
	Layer string `yaml:"layer"`
	// Statements are the deciding ones: "POLICY/SID", "POLICY/INDEX" without a Sid, "grant ID".
	Statements []string `yaml:"statements"`
	// Outcomes are what layers say, by their names.
	Outcomes map[string]string `yaml:"outcomes"`
	Message  string            `yaml:"message"`
	// Assumptions are named assumptions that the decision must list.
	Assumptions []string `yaml:"assumptions"`
	// NotAssumed are named assumptions that the decision must not list.
	NotAssumed []string `yaml:"not-assumed"`
}

// Load reads every case of the *.yaml files of a directory, in the order of file names. Unknown
// fields, notes that are used twice and anything that does not load are errors; it reports
// all of them.
func Load(dir string) ([]Case, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no case files (*.yaml) in %s", dir)
	}
	var (
		cases []Case
		errs  []error
	)
	for _, name := range names {
		found, err := loadFile(name)
		cases = append(cases, found...)
		errs = append(errs, err)
	}
	errs = append(errs, duplicates(cases))
	return cases, errors.Join(errs...)
}

// duplicates reports the notes that several cases have.
func duplicates(cases []Case) error {
	var errs []error
	seen := map[string]Case{}
	for _, c := range cases {
		if first, taken := seen[c.Note]; taken {
			errs = append(errs, fmt.Errorf("%s:%d: the note %q is used before, at %s:%d", c.File, c.Line, c.Note, first.File, first.Line))
		}
		seen[c.Note] = c
	}
	return errors.Join(errs...)
}

// caseFile is the form of a file. The values that are worlds and policies stay nodes.
type caseFile struct {
	Worlds map[string]yaml.Node `yaml:"worlds"`
	Cases  []yaml.Node          `yaml:"cases"`
}

// caseForm is the form of a case.
type caseForm struct {
	Note    string      `yaml:"note"`
	Source  string      `yaml:"source"`
	World   yaml.Node   `yaml:"world"`
	Request requestForm `yaml:"request"`
	// Assume gives the readings of assumptions that are not the default, by name.
	Assume map[string]string `yaml:"assume"`
	Expect Expect            `yaml:"expect"`
}

func loadFile(name string) ([]Case, error) {
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var form caseFile
	if err := yaml.Load(src, &form, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	l := &loader{file: name, src: src, named: form.Worlds, worlds: map[string]*source.World{}}
	cases := make([]Case, 0, len(form.Cases))
	var errs []error
	for i := range form.Cases {
		c, err := l.load(&form.Cases[i])
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: case %q: %w", name, form.Cases[i].Line, c.Note, err))
			continue
		}
		cases = append(cases, c)
	}
	return cases, errors.Join(errs...)
}

// load reads one case.
func (l *loader) load(n *yaml.Node) (Case, error) {
	var form caseForm
	if err := n.Load(&form, yaml.WithKnownFields()); err != nil {
		return Case{}, err
	}
	c := Case{Note: form.Note, Source: form.Source, File: l.file, Line: n.Line, Expect: form.Expect}
	if err := check(c); err != nil {
		return c, err
	}
	var err error
	if c.Readings, err = readings(form.Assume); err != nil {
		return c, err
	}
	if c.World, err = l.world(&form.World); err != nil {
		return c, err
	}
	c.Request, err = l.request(c.World, form.Request)
	return c, err
}

// readings reads the assumptions of a case. One that is read as by default need not be said.
func readings(assume map[string]string) (evaluator.Readings, error) {
	var texts []string
	for name, reading := range assume {
		texts = append(texts, name+"="+reading)
	}
	slices.Sort(texts)
	return evaluator.ParseReadings(texts...)
}

// check reports what every case must have.
func check(c Case) error {
	switch {
	case c.Note == "":
		return errors.New("expected a note")
	case !strings.HasPrefix(c.Source, "https://docs.aws.amazon.com/"):
		return errors.New("expected a source that begins with https://docs.aws.amazon.com/")
	case !slices.Contains(Reasons, c.Expect.Reason):
		return fmt.Errorf("unknown reason %q: expected one of %s", c.Expect.Reason, strings.Join(Reasons, ", "))
	case c.Expect.Decision != verdictOf(c.Expect.Reason):
		return fmt.Errorf("the reason %s belongs to the decision %s", c.Expect.Reason, verdictOf(c.Expect.Reason))
	case c.Expect.Reason == "explicit-deny" && c.Expect.Layer == "":
		return errors.New("expected the layer of the explicit deny")
	case c.Expect.Reason != "explicit-deny" && c.Expect.Layer != "":
		return errors.New("only an explicit deny has a layer")
	case len(c.Expect.Statements) == 0 && (c.Expect.Reason == "no-permission-needed" || c.Expect.Reason == "iam-policy"):
		return nil // the root user needs no statement
	case (len(c.Expect.Statements) > 0) != (c.Expect.Decision == evaluator.Allow || c.Expect.Reason == "explicit-deny"):
		return errors.New("expected deciding statements for what is allowed or denied explicitly, and only there")
	}
	return nil
}

// Reasons are the codes a decision may have, those that allow first.
var Reasons = []string{
	"direct-key-policy", "key-policy-and-iam", "grant", "grant-and-iam", "iam-policy",
	"direct-trust-policy", "trust-policy-and-iam", "no-permission-needed",
	"explicit-deny", "no-service-control-policy", "no-vpc-endpoint-policy", "no-key-policy", "no-trust-policy",
	"no-identity-policy", "no-permissions-boundary", "no-session-policy", "no-cross-account",
}

func verdictOf(reason string) evaluator.Verdict {
	if slices.Index(Reasons, reason) < slices.Index(Reasons, "explicit-deny") {
		return evaluator.Allow
	}
	return evaluator.Deny
}
