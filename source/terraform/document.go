package terraform

import (
	"bytes"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/internal/jsontext"
)

// document is a plan or a state as JSON, and what was found about it.
type document struct {
	file *jsontext.File
	root gjson.Result

	errors, warnings policy.Diagnostics
	reported         map[finding]bool
}

// finding is what is reported once.
type finding struct {
	pos     policy.Position
	message string
}

// howTo says how a file is made that can be read.
const howTo = "write it with terraform show -json PLAN"

// read reads the JSON of a document; there is an error when it is none.
func read(file string, src []byte) *document {
	d := &document{reported: map[finding]bool{}}
	start := policy.Position{File: file, Line: 1, Column: 1}
	refuse := func(code, message string) {
		d.report(policy.Diagnostic{Code: code, Severity: policy.SeverityError, Message: message, Pos: start})
	}
	switch {
	case bytes.HasPrefix(src, []byte("PK\x03\x04")):
		refuse("not-a-plan", "this is a plan as Terraform keeps it, not as JSON: "+howTo)
		return d
	case bytes.HasPrefix(src, []byte("\xff\xfe")), bytes.HasPrefix(src, []byte("\xfe\xff")):
		refuse("not-text", "this is UTF-16: expected a Terraform plan as JSON in UTF-8")
		return d
	}
	var diags policy.Diagnostics
	if d.file, d.root, diags = jsontext.Parse(file, src, "a Terraform plan"); d.file == nil {
		d.errors = diags
		return d
	}
	if !d.root.IsObject() {
		d.fail(0, "not-a-plan", "expected a Terraform plan as JSON, an object: "+howTo)
	}
	return d
}

// at turns an offset into a position.
func (d *document) at(offset int) policy.Position { return d.file.At(offset) }

// fail notes an error at an offset.
func (d *document) fail(offset int, code, format string, args ...any) {
	d.report(policy.Diagnostic{
		Code: code, Severity: policy.SeverityError, Message: fmt.Sprintf(format, args...), Pos: d.at(offset),
	})
}

// warn notes a warning at an offset.
func (d *document) warn(offset int, code, format string, args ...any) {
	d.report(policy.Diagnostic{
		Code: code, Severity: policy.SeverityWarning, Message: fmt.Sprintf(format, args...), Pos: d.at(offset),
	})
}

// report notes a finding, once.
func (d *document) report(found policy.Diagnostic) {
	key := finding{found.Pos, found.Message}
	if d.reported[key] {
		return
	}
	d.reported[key] = true
	if found.Severity == policy.SeverityError {
		d.errors = append(d.errors, found)
	} else {
		d.warnings = append(d.warnings, found)
	}
}

// sections are the parts of a plan or a state that are read.
type sections struct {
	changes, deferred, prior, state, config, variables gjson.Result
}

// sections takes the document apart; ok is false, with an error, when it is neither plan nor state.
func (d *document) sections() (s sections, ok bool) {
	m := d.members(d.root)
	var version string
	if v := m["format_version"]; v.Type == gjson.String {
		version = v.Str
	}
	s = sections{
		changes: m["resource_changes"], deferred: m["deferred_changes"], prior: m["prior_state"], state: m["values"],
		config: m["configuration"], variables: m["variables"],
	}
	for _, name := range []string{"prior_state", "planned_values", "values", "configuration", "variables"} {
		d.object(m[name], name)
	}
	if v := m["format_version"]; v.Exists() && v.Type != gjson.String {
		d.wrongType(v, "format_version", "a string")
		return s, false
	}
	for _, name := range []string{"errored", "complete"} {
		if v := m[name]; v.Exists() && !v.IsBool() {
			d.wrongType(v, name, "true or false")
		}
	}
	isPlan := s.changes.Exists() || m["planned_values"].Exists() || s.config.Exists()
	check := (&tfjson.State{FormatVersion: version}).Validate
	if isPlan {
		check = (&tfjson.Plan{FormatVersion: version}).Validate
	}
	switch err := check(); {
	case m["lineage"].Exists() && m["serial"].Exists():
		d.fail(0, "not-a-plan", "this is a state as Terraform keeps it: write it with terraform show -json")
		return s, false
	case m["@level"].Exists():
		d.fail(0, "not-a-plan", "this is the log of a run, not a plan: "+howTo)
		return s, false
	case err != nil:
		d.fail(max(m["format_version"].Index, 0), "unknown-version", "%s", err)
		return s, false
	case isNothing(s.changes) && hasResources(m["planned_values"]):
		d.fail(m["planned_values"].Index, "missing-changes", "the plan has planned_values and no resource_changes: expected a whole plan, %s", howTo)
		return s, false
	case m["errored"].Type == gjson.True:
		d.fail(m["errored"].Index, "errored-plan", "the plan failed: it holds only a part of what would be made")
		return s, false
	case m["complete"].Type == gjson.False:
		d.warn(m["complete"].Index, "incomplete-plan", "the plan leaves out what is to be planned later, or was not asked for with -target")
	}
	return s, true
}

// hasResources reports whether there is a resource among values.
func hasResources(values gjson.Result) bool {
	root := values.Get("root_module")
	return len(root.Get("resources").Array())+len(root.Get("child_modules").Array()) > 0
}

// members returns the members of an object by name, and reports those that are there twice; nil for anything else.
func (d *document) members(r gjson.Result) map[string]gjson.Result {
	if !r.IsObject() {
		return nil
	}
	out := map[string]gjson.Result{}
	r.ForEach(func(name, value gjson.Result) bool {
		if before, twice := out[name.Str]; twice {
			d.fail(name.Index, "duplicate-key", "the name %s is in this object twice, see %s", quote(name.Str), d.at(before.Index))
			return true
		}
		out[name.Str] = value
		return true
	})
	return out
}

// object returns the members of an object, nil for null and what is not there; it reports anything else.
func (d *document) object(r gjson.Result, what string) map[string]gjson.Result {
	if isNothing(r) {
		return nil
	}
	if !r.IsObject() {
		d.wrongType(r, what, "an object")
		return nil
	}
	return d.members(r)
}

// text returns a string, the empty one for null and what is not there; it reports anything else.
func (d *document) text(r gjson.Result, what string) string {
	if !isNothing(r) && r.Type != gjson.String {
		d.wrongType(r, what, "a string")
		return ""
	}
	return textOf(r)
}

// isNothing reports whether a value is null or not there.
func isNothing(r gjson.Result) bool { return !r.Exists() || r.Type == gjson.Null }

// wrongType reports a value that has another type than it has in plans.
func (d *document) wrongType(r gjson.Result, what, want string) {
	d.fail(r.Index, "wrong-type", "expected %s as %s, found %s", what, want, typeOf(r))
}

// typeOf names the type of a value for people.
func typeOf(r gjson.Result) string {
	switch {
	case r.Type == gjson.String:
		return "a string"
	case r.Type == gjson.Number:
		return "a number"
	case r.IsBool():
		return r.Raw
	case r.IsArray():
		return "an array"
	case r.IsObject():
		return "an object"
	default:
		return "nothing"
	}
}
