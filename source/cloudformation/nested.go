package cloudformation

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// typeStack is a stack in a stack
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html).
const typeStack = "AWS::CloudFormation::Stack"

// maxNesting bounds how deep stacks may be nested.
const maxNesting = 10

// nestedStacks are the templates of the stacks in a stack.
type nestedStacks struct {
	// given are the values of parameters, as the stack around gives them.
	given map[string]value
	depth int
	// templates are those that were read, by logical id; nil for one that cannot be read, and while it is being read.
	templates map[string]*template
}

// nestedPath is the file with the template of a nested stack: where the AWS CDK notes it, or a TemplateURL that is a path, as
// before aws cloudformation package. It is empty when the template is somewhere else.
func (t *template) nestedPath(r *resource) (string, policy.Position) {
	asset := t.root.get("Resources").get(r.id).get("Metadata").get("aws:asset:path")
	if asset != nil && asset.kind == scalarNode {
		return asset.text, asset.pos
	}
	url := r.properties.get("TemplateURL")
	if url != nil && url.kind == scalarNode && !strings.Contains(url.text, "://") {
		return url.text, url.pos
	}
	return "", r.pos
}

// nestedTemplate reads the template of a nested stack, once; nil when it is not at hand, which has then been reported.
func (t *template) nestedTemplate(r *resource) *template {
	if child, done := t.nested.templates[r.id]; done {
		return child
	}
	if t.nested.templates == nil {
		t.nested.templates = map[string]*template{}
	}
	t.nested.templates[r.id] = nil
	file, pos := t.nestedPath(r)
	switch {
	case t.opts.Open == nil:
		return nil
	case file == "":
		t.report(&t.warnings, policy.Diagnostic{ // also when nobody reads what it is asked for
			Code: "unsupported-nested-stack", Severity: policy.SeverityWarning, Pos: r.pos,
			Message: "the template of the nested stack " + r.id + " is not at hand: what it makes is not loaded",
		})
		return nil
	case t.nested.depth == maxNesting:
		t.fail(pos, "too-deep", "stacks are nested deeper than %d levels", maxNesting)
		return nil
	}
	file = path.Join(path.Dir(filepath.ToSlash(t.source.Name)), file)
	src, err := t.opts.Open(file)
	if err != nil {
		t.fail(pos, "missing-file", "the template of the nested stack %s cannot be read: %s", r.id, err)
		return nil
	}
	child := &template{reported: map[finding]bool{}}
	child.nested.depth = t.nested.depth + 1
	child.nested.given = t.nestedParameters(r)
	if maybe := t.maybe(r); maybe != "" {
		child.unknown = append(child.unknown, maybe)
	}
	opts := t.opts
	opts.Parameters, opts.AllowExtraParameters = nil, true
	opts.StackName = strings.TrimRight((t.opts.StackName + "-" + r.id)[:min(len(t.opts.StackName)+1+len(r.id), 128)], "-")
	if !child.read(&source.World{}, file, src, opts) {
		t.errors = append(t.errors, child.errors...)
		child = nil
	}
	t.nested.templates[r.id] = child
	return child
}

// nestedParameters are the values that a nested stack is given.
func (t *template) nestedParameters(r *resource) map[string]value {
	v := t.property(r, "Parameters")
	given := map[string]value{}
	for _, f := range v.fields {
		switch f.value.kind {
		case textValue:
			given[f.key] = f.value
		case listValue: // a list is given as its elements with commas between
			var texts []string
			for _, item := range f.value.items {
				texts = append(texts, item.text)
			}
			given[f.key] = textAt(f.pos, strings.Join(texts, ","))
		default:
			t.fail(f.pos, "wrong-type", "expected the parameter %s of the nested stack %s as a string, found %s", f.key, r.id, f.value.kind)
		}
	}
	return given
}

// give gives a parameter the value that the stack around gives it; false when it gives none.
func (n *nestedStacks) give(p *parameter) bool {
	v, ok := n.given[p.name]
	if !ok {
		return false
	}
	if v.unresolved() || p.typ != "CommaDelimitedList" && !strings.HasPrefix(p.typ, "List<") {
		p.value = v
		return true
	}
	p.value = value{kind: listValue, pos: v.pos}
	if v.text != "" {
		for item := range strings.SplitSeq(v.text, ",") {
			p.value.items = append(p.value.items, textAt(v.pos, strings.TrimSpace(item)))
		}
	}
	return true
}

// nestedOutput computes Fn::GetAtt Stack.Outputs.NAME.
func (t *template) nestedOutput(r *resource, attribute string, pos policy.Position) value {
	what := "Fn::GetAtt " + r.id + "." + attribute
	child := t.nestedTemplate(r)
	if child == nil {
		text, _ := t.attributeOf(r, attribute)
		return textAt(pos, text)
	}
	name := strings.TrimPrefix(attribute, "Outputs.")
	output := child.root.get("Outputs").get(name).get("Value")
	if output == nil {
		t.fail(pos, "unknown-attribute", "the nested stack %s has no output %s%s", r.id, quote(name), didYouMean(name, child.root.get("Outputs").keys()))
		return t.unresolved(pos, what)
	}
	v := child.resolve(output)
	t.errors = append(t.errors, child.errors...)
	child.errors = nil
	if v.kind != textValue {
		return t.unresolved(pos, what)
	}
	v.pos = pos
	return v
}

// loadNested loads the stacks in this one, which is in the world already.
func (t *template) loadNested(w *source.World) error {
	for _, r := range t.of(typeStack) {
		child := t.nestedTemplate(r)
		if len(t.errors) > 0 {
			t.errors.Sort()
			return t.errors
		}
		if child == nil {
			continue
		}
		if err := child.finish(w); err != nil {
			return err
		}
	}
	return nil
}
