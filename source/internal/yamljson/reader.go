package yamljson

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// Reader reads the values of a document whose form is known, and collects every problem on the way.
type Reader struct {
	File  *File
	Diags policy.Diagnostics
}

// Fail reports a problem at a node.
func (r *Reader) Fail(code string, n *yaml.Node, message string) {
	r.Diags = append(r.Diags, r.File.problem(code, r.File.Position(n), message))
}

// Add reports what another reader found.
func (r *Reader) Add(err error) {
	if diags, ok := errors.AsType[policy.Diagnostics](err); ok {
		r.Diags = append(r.Diags, diags...)
		return
	}
	r.Diags = append(r.Diags, r.File.problem("error", policy.Position{File: r.File.Name}, err.Error()))
}

// wrong reports a value of the wrong form.
func (r *Reader) wrong(n *yaml.Node, expected string) {
	r.Fail("wrong-type", n, "expected "+expected+", found "+Describe(n))
}

// Describe says what a node is, without its content: it may be a secret.
func Describe(n *yaml.Node) string {
	n = Resolve(n)
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

// Fields reads a mapping whose fields are known. An unknown field is an error, which names the field that was
// probably meant.
func (r *Reader) Fields(n *yaml.Node, what string, known map[string]func(*yaml.Node)) {
	r.Entries(n, what, func(name string, key, value *yaml.Node) {
		if read := known[name]; read != nil {
			read(value)
			return
		}
		names := slices.Sorted(maps.Keys(known))
		hint := "expected one of " + strings.Join(names, ", ")
		if near, ok := policy.Nearest(name, names); ok {
			hint = "did you mean " + near + "?"
		}
		r.Fail("unknown-field", key, "unknown field "+strconv.Quote(name)+" of "+what+": "+hint)
	})
}

// Entries reads a mapping of free names.
func (r *Reader) Entries(n *yaml.Node, what string, each func(name string, key, value *yaml.Node)) {
	target := Resolve(n)
	if target.Kind != yaml.MappingNode || target.ShortTag() != "!!map" {
		r.wrong(n, what+" as a mapping")
		return
	}
	for i := 0; i+1 < len(target.Content); i += 2 {
		each(Resolve(target.Content[i]).Value, target.Content[i], target.Content[i+1])
	}
}

// Items reads a list.
func (r *Reader) Items(n *yaml.Node, what string, each func(*yaml.Node)) {
	target := Resolve(n)
	if target.Kind != yaml.SequenceNode || target.ShortTag() != "!!seq" {
		r.wrong(n, what+" as a list")
		return
	}
	for _, item := range target.Content {
		each(item)
	}
}

// Text reads a text. Numbers, dates and booleans count as the text they are written as: account ids and tag values
// look like them. It reports false for everything else.
func (r *Reader) Text(n *yaml.Node, what string) (string, bool) {
	target := Resolve(n)
	if target.Kind == yaml.ScalarNode {
		switch target.ShortTag() {
		case "!!str", "!!int", "!!float", "!!bool", "!!timestamp":
			return target.Value, true
		}
	}
	r.wrong(n, what+" as a text")
	return "", false
}
