package yamljson

import (
	"bytes"
	"encoding/json"
	"errors"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// parseJSON reads the source as JSON, into the nodes that YAML has for it. The text is checked as a whole
// first, so that the walk over its tokens only ever sees valid JSON.
func (f *File) parseJSON() policy.Diagnostics {
	var whole json.RawMessage
	if err := json.Unmarshal(f.src, &whole); err != nil {
		offset := len(f.src)
		// The error's offset counts the bytes read, with the one that is wrong.
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && int(syntax.Offset) < len(f.src) {
			offset = int(syntax.Offset) - 1
		}
		return policy.Diagnostics{f.problem(codeSyntax, f.At(offset), "not valid JSON: "+err.Error())}
	}
	r := &jsonReader{file: f, dec: json.NewDecoder(bytes.NewReader(f.src))}
	r.dec.UseNumber()
	f.Root = r.value()
	return nil
}

// jsonReader walks over the tokens of valid JSON, which nests at most 10,000 levels deep.
type jsonReader struct {
	file *File
	dec  *json.Decoder
}

// node makes a node that begins at an offset.
func (r *jsonReader) node(offset int, n yaml.Node) *yaml.Node {
	r.file.offsets[&n] = offset
	return &n
}

// next returns the next token and where it begins.
func (r *jsonReader) next() (token json.Token, offset int) {
	offset = int(r.dec.InputOffset())
	for offset < len(r.file.src) && bytes.IndexByte([]byte(" \t\r\n,:"), r.file.src[offset]) >= 0 {
		offset++
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, offset
	}
	return token, offset
}

// value reads one value.
func (r *jsonReader) value() *yaml.Node {
	token, offset := r.next()
	switch token := token.(type) {
	case json.Delim:
		list := r.node(offset, yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle})
		if token == '{' {
			list.Kind, list.Tag = yaml.MappingNode, "!!map"
		}
		for r.dec.More() { // the keys of an object are values like the others
			list.Content = append(list.Content, r.value())
		}
		r.next()
		return list
	case string:
		return r.node(offset, yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: token})
	case json.Number:
		return r.node(offset, yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: token.String()})
	case bool:
		n := r.node(offset, yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"})
		if token {
			n.Value = "true"
		}
		return n
	default:
		return r.node(offset, yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"})
	}
}
