package yamljson

import (
	"encoding/json"
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// Locate returns the position in the source of the byte at an offset of rendered JSON.
type Locate func(offset int) policy.Position

// Render writes a value as JSON. Texts, numbers, booleans and null keep their meaning; a date
// stays the text it was written as. Values with a tag of their own (!Ref) are errors.
// A text that is the whole value is rendered as a JSON string: see [File.Text] for JSON in a string.
func (f *File) Render(n *yaml.Node) ([]byte, Locate, policy.Diagnostics) {
	r := &renderer{file: f}
	r.value(n)
	return r.out, r.locate, r.diags
}

// renderer collects the JSON and, in step, the places where its tokens came from.
type renderer struct {
	file   *File
	out    []byte
	starts []int // offsets in out, rising
	nodes  []*yaml.Node
	diags  policy.Diagnostics
}

func (r *renderer) locate(offset int) policy.Position {
	i := sort.SearchInts(r.starts, offset+1) - 1
	if i < 0 {
		return policy.Position{File: r.file.Name}
	}
	return r.file.Position(r.nodes[i])
}

// mark says that what is written next comes from n.
func (r *renderer) mark(n *yaml.Node) {
	r.starts = append(r.starts, len(r.out))
	r.nodes = append(r.nodes, n)
}

func (r *renderer) value(n *yaml.Node) {
	r.mark(n)
	target := Resolve(n)
	switch target.Kind {
	case yaml.MappingNode:
		r.mapping(target)
	case yaml.SequenceNode:
		r.out = append(r.out, '[')
		for i, item := range target.Content {
			if i > 0 {
				r.out = append(r.out, ',')
			}
			r.value(item)
		}
		r.mark(n)
		r.out = append(r.out, ']')
	default:
		r.scalar(n, target)
	}
	if tag := target.ShortTag(); target.Kind != yaml.ScalarNode && !strings.HasPrefix(tag, "!!") {
		r.unknownTag(n, tag)
	}
}

func (r *renderer) mapping(n *yaml.Node) {
	r.out = append(r.out, '{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		if i > 0 {
			r.out = append(r.out, ',')
		}
		r.mark(n.Content[i])
		r.quote(Resolve(n.Content[i]).Value)
		r.out = append(r.out, ':')
		r.value(n.Content[i+1])
	}
	r.mark(n)
	r.out = append(r.out, '}')
}

// jsonNumber is the number syntax of RFC 8259, section 6.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// scalar writes a plain value. What YAML takes for a number but JSON would not, such as an
// account id that begins with 0, stays the text that was written.
func (r *renderer) scalar(at, n *yaml.Node) {
	switch tag := n.ShortTag(); tag {
	case "!!null":
		r.out = append(r.out, "null"...)
	case "!!bool":
		r.out = append(r.out, strings.ToLower(n.Value)...)
	case "!!int", "!!float":
		if jsonNumber.MatchString(n.Value) {
			r.out = append(r.out, n.Value...)
			return
		}
		r.quote(n.Value)
	case "!!str", "!!timestamp", "!!merge":
		r.quote(n.Value)
	default:
		r.unknownTag(at, tag)
		r.quote(n.Value)
	}
}

func (r *renderer) unknownTag(n *yaml.Node, tag string) {
	r.diags = append(r.diags, r.file.problem("unknown-tag", r.file.Position(n),
		"the tag "+tag+" has no meaning here: expected a plain value"))
}

// quote writes a JSON string.
func (r *renderer) quote(s string) {
	quoted, err := json.Marshal(s)
	if err != nil { // a string cannot fail to marshal
		panic(err)
	}
	r.out = append(r.out, quoted...)
}
