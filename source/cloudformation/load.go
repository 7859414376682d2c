// Package cloudformation reads AWS CloudFormation templates, JSON or YAML, into a
// [source.World]: KMS keys with their policies and aliases, IAM users, groups, roles and
// policies. It computes parameters, conditions and intrinsic functions as CloudFormation
// does (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-guide.html).
//
// It makes nothing and asks nobody: macros are not run, exports of other stacks and SSM
// parameters are not looked up. Whatever depends on such a value is a located warning and an
// unknown value, never a guess. Names and ids that AWS would invent are made from the names of
// stack and resource, so that the same template always gives the same ones:
//
//   - a user, group, role or managed policy without a name is called STACK-LogicalID;
//   - a key's id is a UUID, or mrk- and 32 hexadecimal digits for a multi-Region key;
//   - the unique ids of users and roles are AIDA or AROA and 17 letters and digits.
//
// Other resources lend their names: Ref is the name they are given or STACK-LogicalID, and
// Fn::GetAtt the ARN where its form is known, else the text opaque:LogicalID.Attribute. An
// invented name in a principal is unknown.
package cloudformation

import (
	"cmp"
	"path/filepath"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Options say where the stack of a template would be made.
type Options struct {
	// Account is the account of the stack: 12 digits. Empty means that of the world's
	// defaults, or 111122223333.
	Account string
	// Region is the Region of the stack; it decides the partition. Empty means that of the
	// world's defaults, or us-east-1.
	Region string
	// StackName is the name of the stack. Empty means the name of the file without directory
	// and extension, or that of the directory for a file called template.
	StackName string
	// Parameters are the values of template parameters.
	Parameters map[string]string
	// AllowExtraParameters accepts values for parameters that the template does not declare:
	// for a caller that loads several templates with one set of parameters.
	AllowExtraParameters bool
	// Exports are what stacks that were loaded before export; what this one exports is added. Nil means that exports are
	// unknown.
	Exports *Exports
	// Open reads the template of a nested stack; the name is a path from where the file of the template is. Nil means
	// that nested stacks are not loaded.
	Open func(name string) ([]byte, error)
}

// Load adds what a template declares to the world. The error is a [policy.Diagnostics] with
// every mistake found, each with its position; the world is then as it was, but for what was loaded before a
// mistake in a nested stack. What could not be
// resolved is added to the world's warnings. file names the template in positions.
func Load(w *source.World, file string, src []byte, opts Options) error {
	t := &template{reported: map[finding]bool{}}
	if !t.read(w, file, src, opts) {
		return t.errors
	}
	return t.finish(w)
}

// read reads the template and checks what can be checked without its resources; false when it has mistakes.
func (t *template) read(w *source.World, file string, src []byte, opts Options) bool {
	if err := t.setOptions(w, file, opts); err != nil {
		return false
	}
	if t.source, t.root, t.errors = parse(file, src); t.root == nil {
		return false
	}
	t.sections()
	if t.resources != nil {
		t.checkConditions()
		t.checkReferences()
	}
	t.errors.Sort()
	return len(t.errors) == 0
}

// finish loads the resources into the world, then those of the stacks in this one.
func (t *template) finish(w *source.World) error {
	loaded := t.load(w)
	for _, r := range t.of(typeStack) {
		t.nestedTemplate(r)
	}
	if t.budget.exhausted {
		t.tooLarge()
	}
	if len(t.errors) > 0 {
		t.errors.Sort()
		return t.errors
	}
	t.export()
	loaded.addTo(w)
	t.warnings.Sort()
	w.Warnings = append(w.Warnings, t.warnings...)
	return t.loadNested(w)
}

// setOptions completes and checks the options.
func (t *template) setOptions(w *source.World, file string, opts Options) error {
	opts.Account = cmp.Or(opts.Account, w.Defaults.Account, "111122223333")
	opts.Region = cmp.Or(opts.Region, w.Defaults.Region, "us-east-1")
	if opts.StackName == "" {
		opts.StackName = StackNameOf(file)
	}
	t.opts = opts
	t.partition = policy.PartitionOf(opts.Region)
	pos := policy.Position{File: file, Line: 1, Column: 1}
	if !policy.IsAccountID(opts.Account) {
		t.fail(pos, "invalid-option", "%s is no account id: expected 12 digits", quote(opts.Account))
	}
	if !regionName.MatchString(opts.Region) {
		t.fail(pos, "invalid-option", "%s is no Region: expected a name such as eu-west-2", quote(opts.Region))
	}
	if !stackName.MatchString(opts.StackName) {
		t.fail(pos, "invalid-option", "%s is no stack name: expected a letter and then letters, digits and -, at most 128", quote(opts.StackName))
	}
	if len(t.errors) > 0 {
		return t.errors
	}
	return nil
}

// StackNameOf is the name of the stack of a template when none is given: that of its file, or of its directory for a
// template.yaml.
func StackNameOf(file string) string {
	path := filepath.ToSlash(file)
	base, _, _ := strings.Cut(filepath.Base(path), ".")
	if directory := filepath.Base(filepath.Dir(path)); base == "template" && strings.Trim(directory, "./") != "" {
		base = directory
	}
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return r
		}
		return '-'
	}, base)
	name = strings.TrimLeft(name, "-0123456789")
	return cmp.Or(strings.TrimRight(name[:min(len(name), 128)], "-"), "stack")
}
