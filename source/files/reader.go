package files

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// reader turns nodes into a world and collects every problem on the way.
type reader struct {
	file     *yamljson.File
	defaults source.Defaults
	world    *source.World // what was read so far
	diags    policy.Diagnostics
	// named are the references by short name, checked when everything is read.
	named []reference
}

// fail reports a problem at a node.
func (r *reader) fail(code string, n *yaml.Node, message string) {
	r.diags = append(r.diags, policy.Diagnostic{
		Code: code, Severity: policy.SeverityError, Message: message, Pos: r.file.Position(n),
	})
}

// wrong reports a value of the wrong form.
func (r *reader) wrong(n *yaml.Node, expected string) {
	r.fail("wrong-type", n, "expected "+expected+", found "+describe(n))
}

// describe says what a node is, without its content: it may be a secret.
func describe(n *yaml.Node) string {
	n = yamljson.Resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
	}
	switch tag := n.ShortTag(); tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "a boolean"
	case "!!int", "!!float":
		return "a number"
	case "!!str", "!!timestamp":
		return "a text"
	default:
		return "a value tagged " + tag
	}
}

// fields reads a mapping whose fields are known. An unknown field is an error, and so is one
// without a value.
func (r *reader) fields(n *yaml.Node, what string, known map[string]func(*yaml.Node)) {
	r.entries(n, what, func(name string, key, value *yaml.Node) {
		if read := known[name]; read != nil {
			read(value)
			return
		}
		names := slices.Sorted(maps.Keys(known))
		r.fail("unknown-field", key, "unknown field "+strconv.Quote(name)+" of "+what+": expected one of "+strings.Join(names, ", "))
	})
}

// entries reads a mapping of free names.
func (r *reader) entries(n *yaml.Node, what string, each func(name string, key, value *yaml.Node)) {
	target := yamljson.Resolve(n)
	if target.Kind != yaml.MappingNode || target.ShortTag() != "!!map" {
		r.wrong(n, what+" as a mapping")
		return
	}
	for i := 0; i+1 < len(target.Content); i += 2 {
		each(yamljson.Resolve(target.Content[i]).Value, target.Content[i], target.Content[i+1])
	}
}

// items reads a list.
func (r *reader) items(n *yaml.Node, what string, each func(*yaml.Node)) {
	target := yamljson.Resolve(n)
	if target.Kind != yaml.SequenceNode || target.ShortTag() != "!!seq" {
		r.wrong(n, what+" as a list")
		return
	}
	for _, item := range target.Content {
		each(item)
	}
}

// text reads a text. Numbers, dates and booleans count as the text they are written as: account ids
// and tag values look like them.
func (r *reader) text(n *yaml.Node, what string) string {
	target := yamljson.Resolve(n)
	if target.Kind == yaml.ScalarNode {
		switch target.ShortTag() {
		case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
			return target.Value
		}
	}
	r.wrong(n, what+" as a text")
	return ""
}

// into returns a reader of a text field.
func (r *reader) into(field *string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) { *field = r.text(n, what) }
}

// texts reads a text or a list of texts.
func (r *reader) texts(n *yaml.Node, what string) []string {
	if yamljson.Resolve(n).Kind == yaml.ScalarNode {
		return []string{r.text(n, what)}
	}
	list := []string{}
	r.items(n, what, func(item *yaml.Node) { list = append(list, r.text(item, what)) })
	return list
}

// textMap reads a mapping of texts.
func (r *reader) textMap(n *yaml.Node, what string) map[string]string {
	values := map[string]string{}
	r.entries(n, what, func(name string, _, value *yaml.Node) {
		values[name] = r.text(value, "the value of "+strconv.Quote(name))
	})
	return values
}

// boolean reads true or false.
func (r *reader) boolean(n *yaml.Node, what string) bool {
	target := yamljson.Resolve(n)
	if target.Kind != yaml.ScalarNode || target.ShortTag() != "!!bool" {
		r.wrong(n, what+" as true or false")
		return false
	}
	return strings.EqualFold(target.Value, "true")
}

// policy reads a policy document: a mapping, or a text that holds its JSON. It returns nil when
// the document has errors.
func (r *reader) policy(kind policy.Kind, name string, n *yaml.Node, options ...policy.Option) *policy.Document {
	var (
		src    []byte
		locate yamljson.Locate
		diags  policy.Diagnostics
	)
	switch target := yamljson.Resolve(n); {
	case target.Kind == yaml.ScalarNode && target.ShortTag() == "!!str":
		src, locate = r.file.Text(n)
	case target.Kind == yaml.MappingNode:
		src, locate, diags = r.file.Render(n)
	default:
		r.wrong(n, "a policy document as a mapping or as a text of JSON")
		return nil
	}
	r.diags = append(r.diags, diags...)
	if len(diags) > 0 {
		return nil
	}
	options = append(options, policy.WithFile(r.file.Name), policy.WithLocator(locate))
	doc, diags := policy.Parse(kind, name, src, options...)
	r.diags = append(r.diags, diags...)
	return doc
}
