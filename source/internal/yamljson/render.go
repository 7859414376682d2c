package yamljson

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// Render writes a value as JSON. Texts, numbers, booleans and null keep their meaning; a date
// stays the text it was written as. Values with a tag of their own (!Ref) are errors.
// A text that is the whole value is rendered as a JSON string: see [File.Text] for JSON in a string.
func (f *File) Render(n *yaml.Node) ([]byte, Locate, policy.Diagnostics) {
	r := &renderer{file: f}
	r.value(n)
	return r.Bytes(), r.Locate, r.diags
}

// renderer writes nodes.
type renderer struct {
	Writer

	file  *File
	diags policy.Diagnostics
}

func (r *renderer) value(n *yaml.Node) {
	r.Mark(r.file.Position(n))
	target := Resolve(n)
	switch target.Kind {
	case yaml.MappingNode:
		r.mapping(target)
	case yaml.SequenceNode:
		r.Raw("[")
		for i, item := range target.Content {
			if i > 0 {
				r.Raw(",")
			}
			r.value(item)
		}
		r.Mark(r.file.Position(n))
		r.Raw("]")
	default:
		r.scalar(n, target)
	}
	if tag := target.ShortTag(); target.Kind != yaml.ScalarNode && !strings.HasPrefix(tag, "!!") {
		r.unknownTag(n, tag)
	}
}

func (r *renderer) mapping(n *yaml.Node) {
	r.Raw("{")
	for i := 0; i+1 < len(n.Content); i += 2 {
		if i > 0 {
			r.Raw(",")
		}
		r.Mark(r.file.Position(n.Content[i]))
		r.String(Resolve(n.Content[i]).Value)
		r.Raw(":")
		r.value(n.Content[i+1])
	}
	r.Mark(r.file.Position(n))
	r.Raw("}")
}

// jsonNumber is the number syntax of RFC 8259, section 6.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// scalar writes a plain value. What YAML takes for a number but JSON would not, such as an
// account id that begins with 0, stays the text that was written.
func (r *renderer) scalar(at, n *yaml.Node) {
	switch tag := n.ShortTag(); tag {
	case "!!null":
		r.Raw("null")
	case "!!bool":
		r.Raw(strings.ToLower(n.Value))
	case "!!int", "!!float":
		if jsonNumber.MatchString(n.Value) {
			r.Raw(n.Value)
			return
		}
		r.String(n.Value)
	case "!!str", "!!timestamp", "!!merge":
		r.String(n.Value)
	default:
		r.unknownTag(at, tag)
		r.String(n.Value)
	}
}

func (r *renderer) unknownTag(n *yaml.Node, tag string) {
	r.diags = append(r.diags, r.file.problem("unknown-tag", r.file.Position(n),
		"the tag "+tag+" has no meaning here: expected a plain value"))
}
