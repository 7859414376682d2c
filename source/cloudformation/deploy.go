package cloudformation

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// Deployment is what a template is resolved with when its stack is really made: names and ids are those of resources
// that are there, and not invented. What is not there yet is unknown.
type Deployment struct {
	// StackID is AWS::StackId.
	StackID string
	// Reference returns what Ref returns for a resource of the stack, false for one that is not made yet.
	Reference func(logicalID string) (string, bool)
	// Attribute returns what Fn::GetAtt returns, false for what is not known yet.
	Attribute func(logicalID, attribute string) (string, bool)
	// Import returns an export of another stack, false for one that there is not.
	Import func(name string) (string, bool)
}

// Template is a template that is being deployed. It must not be used by two goroutines at once.
type Template struct {
	t *template
}

// Read reads a template for a deployment, with the values of its parameters. The error is a [policy.Diagnostics]. What
// the template asks for and nobody here can do, such as running a macro, is an error as well.
func Read(src []byte, opts Options, live *Deployment) (*Template, error) {
	return read(src, opts, &template{reported: map[finding]bool{}, live: live})
}

// Outline reads a template without values for its parameters: what depends on them is unknown.
func Outline(src []byte) (*Template, error) {
	live := &Deployment{
		Reference: func(string) (string, bool) { return "", false },
		Attribute: func(string, string) (string, bool) { return "", false },
		Import:    func(string) (string, bool) { return "", false },
	}
	return read(src, Options{StackName: "outline"}, &template{reported: map[finding]bool{}, live: live, outline: true})
}

func read(src []byte, opts Options, t *template) (*Template, error) {
	if err := t.setOptions(&source.World{}, "template", opts); err != nil {
		return nil, err
	}
	if t.source, t.root, t.errors = parse("template", src); t.root == nil {
		return nil, t.errors
	}
	t.sections()
	t.refuseUnsupported()
	if t.resources != nil {
		t.checkConditions()
		t.checkReferences()
	}
	if t.budget.exhausted {
		t.tooLarge()
	}
	if len(t.errors) > 0 {
		t.errors.Sort()
		return nil, t.errors
	}
	return &Template{t}, nil
}

// refuseUnsupported makes errors of the warnings about what is not done here: a deployment that leaves something out
// would not be what the template says.
func (t *template) refuseUnsupported() {
	for _, d := range t.warnings {
		if strings.HasPrefix(d.Code, "unsupported") || d.Code == "macro-not-run" {
			d.Severity = policy.SeverityError
			t.errors = append(t.errors, d)
		}
	}
	if t.macro && len(t.errors) == 0 {
		t.fail(t.root.pos, "unsupported-macro", "the macro AWS::LanguageExtensions is not run")
	}
}

// Resource is a resource of a template.
type Resource struct {
	LogicalID, Type string
	// DeletionPolicy and UpdateReplacePolicy are Delete when the template does not say.
	DeletionPolicy, UpdateReplacePolicy string
	// Needs are the resources that must be there first.
	Needs []string
	// Attributes are the names that Fn::GetAtt knows.
	Attributes []string
}

// Resources returns the resources whose conditions are true, each after those that it needs, and else in the order of
// the template.
func (t *Template) Resources() []Resource {
	var out []Resource
	done := map[*resource]bool{}
	var visit func(r *resource)
	visit = func(r *resource) {
		if done[r] || r.exists == no {
			return
		}
		done[r] = true
		made := Resource{LogicalID: r.id, Type: r.typ, Attributes: r.kind.attributeNames()}
		for _, use := range r.uses {
			visit(use.to)
			if use.to.exists != no && !slices.Contains(made.Needs, use.to.id) {
				made.Needs = append(made.Needs, use.to.id)
			}
		}
		made.DeletionPolicy = t.policyAttribute(r.id, "DeletionPolicy")
		made.UpdateReplacePolicy = t.policyAttribute(r.id, "UpdateReplacePolicy")
		out = append(out, made)
	}
	for _, r := range t.t.order {
		visit(r)
	}
	return out
}

// policyAttribute returns DeletionPolicy or UpdateReplacePolicy
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html).
func (t *Template) policyAttribute(id, name string) string {
	if n := t.t.root.get("Resources").get(id).get(name); n != nil && n.kind == scalarNode && n.text != "" {
		return n.text
	}
	return "Delete"
}

// Types are the types of all resources, also of those whose conditions are false, sorted.
func (t *Template) Types() []string {
	var types []string
	for _, r := range t.t.order {
		types = append(types, r.typ)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// Has reports whether the template gives a resource a property, whatever its value.
func (t *Template) Has(logicalID, property string) bool {
	r := t.t.resources[logicalID]
	return r != nil && r.properties.get(property) != nil
}

// Properties resolves the properties of a resource with what is known now, as a JSON object whose scalars are all
// strings. unknown says in words what could not be resolved, and is empty when everything was.
func (t *Template) Properties(logicalID string) (text []byte, unknown string, err error) {
	r := t.t.resources[logicalID]
	if r == nil || r.properties == nil {
		return []byte("{}"), "", nil
	}
	v, err := t.resolve(r.properties)
	if err != nil {
		return nil, "", err
	}
	if v.kind != mapValue && !v.unresolved() {
		return []byte("{}"), "", nil
	}
	var w yamljson.Writer
	render(&w, v)
	return w.Bytes(), v.firstUnresolved(), nil
}

// resolve resolves a part of the template; the error is about this part only.
func (t *Template) resolve(n *node) (value, error) {
	before := len(t.t.errors)
	t.t.reported = map[finding]bool{}
	v := t.t.resolve(n)
	if t.t.budget.exhausted && len(t.t.errors) == before {
		t.t.tooLarge()
	}
	if found := slices.Clone(t.t.errors[before:]); len(found) > 0 {
		t.t.errors = t.t.errors[:before]
		return v, found
	}
	return v, nil
}

// Output is an output of a template.
type Output struct {
	Name, Description, Value, Export string
	// Unknown says in words what could not be resolved, empty when everything was.
	Unknown string
}

// Outputs resolves the outputs whose conditions are true, in the order of the template.
func (t *Template) Outputs() ([]Output, error) {
	var out []Output
	section := t.t.section("Outputs")
	if section == nil {
		return nil, nil
	}
	for _, e := range section.entries {
		if c := e.value.get("Condition"); c != nil && c.kind == scalarNode && t.t.condition(c.text, c.pos) == no {
			continue
		}
		o, err := t.output(e)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func (t *Template) output(e entry) (Output, error) {
	o := Output{Name: e.key}
	if d := e.value.get("Description"); d != nil {
		o.Description = d.text
	}
	parts := []struct {
		node *node
		to   *string
	}{{e.value.get("Value"), &o.Value}, {e.value.get("Export").get("Name"), &o.Export}}
	for i, part := range parts {
		if part.node == nil && i > 0 {
			continue
		}
		if part.node == nil {
			return o, policy.Diagnostics{{
				Code: "missing-property", Severity: policy.SeverityError, Pos: e.pos,
				Message: "the output " + quote(e.key) + " needs a Value",
			}}
		}
		v, err := t.resolve(part.node)
		if err != nil {
			return o, err
		}
		if v.kind != textValue {
			return o, policy.Diagnostics{{
				Code: "wrong-type", Severity: policy.SeverityError, Pos: part.node.pos,
				Message: "the Value field of every Outputs member must evaluate to a String: " + quote(e.key),
			}}
		}
		*part.to = readable(v.text)
		if unknown := v.firstUnresolved(); unknown != "" {
			o.Unknown = unknown
		}
	}
	return o, nil
}

// Description is the description of the template.
func (t *Template) Description() string {
	if n := t.t.root.get("Description"); n != nil {
		return n.text
	}
	return ""
}

// Parameter is a declared parameter.
type Parameter struct {
	Name, Type, Description, ConstraintDescription string
	AllowedValues                                  []string
	Default                                        *string
	NoEcho                                         bool
}

// Parameters are the declared parameters, in the order of the template.
func (t *Template) Parameters() []Parameter {
	var out []Parameter
	section := t.t.root.get("Parameters")
	for _, name := range section.keys() {
		p := t.t.parameters[name]
		if p == nil {
			continue
		}
		text := func(attribute string) string {
			if n := p.node.get(attribute); n != nil {
				return n.text
			}
			return ""
		}
		made := Parameter{
			Name: name, Type: p.typ, NoEcho: p.secret,
			Description: text("Description"), ConstraintDescription: text("ConstraintDescription"),
		}
		if n := p.node.get("Default"); n != nil && n.kind == scalarNode {
			made.Default = &n.text
		}
		if n := p.node.get("AllowedValues"); n != nil {
			for _, item := range n.items {
				made.AllowedValues = append(made.AllowedValues, item.text)
			}
		}
		out = append(out, made)
	}
	return out
}
