package cloudformation

import (
	"fmt"
	"slices"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// template is one template while it is loaded.
type template struct {
	opts      Options
	partition string
	source    *yamljson.File
	root      *node

	// nested are the stacks in this one.
	nested nestedStacks

	// live is set when the template is deployed, and outline when there are no values of its parameters.
	live    *Deployment
	outline bool

	parameters map[string]*parameter
	mappings   *node
	conditions map[string]*condition
	resources  map[string]*resource
	order      []*resource // resources in the order of the document

	// macro is true when a macro may add parameters, resources and conditions, so that a name
	// that is not in the template need not be a mistake.
	macro bool
	// serverless is true for a template of the AWS Serverless Application Model.
	serverless bool
	// unknown says in words what may change anything in the template and is not run.
	unknown []string

	errors   policy.Diagnostics
	warnings policy.Diagnostics
	reported map[finding]bool

	// quiet is more than 0 while values are resolved that decide nothing here; no warnings then.
	quiet int
	// inConditions is true inside the Conditions section, which may not refer to resources.
	inConditions bool
	// why says in words what the last unknown operand of a condition was.
	why    string
	budget budget
}

// finding identifies a problem, so that a value that is used twice is reported once.
type finding struct {
	pos     policy.Position
	message string
}

// fail adds an error.
func (t *template) fail(pos policy.Position, code, format string, args ...any) {
	t.report(&t.errors, policy.Diagnostic{
		Code: code, Severity: policy.SeverityError, Message: fmt.Sprintf(format, args...), Pos: pos,
	})
}

// failSee adds an error that another place explains.
func (t *template) failSee(pos, see policy.Position, code, format string, args ...any) {
	t.report(&t.errors, policy.Diagnostic{
		Code: code, Severity: policy.SeverityError, Message: fmt.Sprintf(format, args...), Pos: pos,
		Related: []policy.Position{see},
	})
}

// warn adds a warning.
func (t *template) warn(pos policy.Position, code, format string, args ...any) {
	if t.quiet > 0 {
		return
	}
	t.report(&t.warnings, policy.Diagnostic{
		Code: code, Severity: policy.SeverityWarning, Message: fmt.Sprintf(format, args...), Pos: pos,
	})
}

func (t *template) report(to *policy.Diagnostics, d policy.Diagnostic) {
	f := finding{d.Pos, d.Message}
	if t.reported[f] {
		return
	}
	t.reported[f] = true
	*to = append(*to, d)
}

// sectionNames are the top-level keys of a template (CloudFormation User Guide, "Template
// sections", https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html).
var sectionNames = []string{
	"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings",
	"Conditions", "Transform", "Resources", "Outputs", "Hooks",
}

// sections checks the outline of the template and takes it apart.
func (t *template) sections() {
	if t.root.kind != mapNode {
		t.fail(t.root.pos, "not-a-template", "expected a CloudFormation template: a mapping with Resources, found %s", t.root.kind)
		return
	}
	if t.root.get("Resources") == nil {
		t.fail(t.root.pos, "not-a-template", "expected a CloudFormation template: Resources is missing")
	}
	t.transforms()
	for _, e := range t.root.entries {
		switch {
		case e.key == "AWSTemplateFormatVersion":
			if e.value.text != "2010-09-09" {
				t.fail(e.value.pos, "unknown-version", "expected the template version 2010-09-09")
			}
		case e.key == "Rules" && len(e.value.entries) == 1 && e.value.entries[0].key == "CheckBootstrapVersion":
			// Every stack of the AWS CDK has this rule, which is about the version of its bootstrap stack.
		case e.key == "Rules":
			t.warn(e.pos, "unsupported-rules", "Rules are not checked: they only refuse parameter values")
		case e.key == "Fn::Transform", t.macro && !slices.Contains(sectionNames, e.key):
		case !slices.Contains(sectionNames, e.key):
			t.fail(e.pos, "unknown-section", "unknown template section %s%s", quote(e.key), didYouMean(e.key, sectionNames))
		}
	}
	t.declareParameters(t.section("Parameters"))
	t.mappings = t.section("Mappings")
	if t.serverless {
		t.root = t.expandSAM(t.root)
	}
	t.declareConditions(t.section("Conditions"))
	t.declareResources(t.section("Resources"))
}

// section returns a section that must be a mapping, nil when there is none.
func (t *template) section(name string) *node {
	n := t.root.get(name)
	if n == nil {
		return nil
	}
	if n.kind != mapNode {
		t.fail(n.pos, "wrong-type", "expected %s to be a mapping, found %s", name, n.kind)
		return nil
	}
	return n
}
