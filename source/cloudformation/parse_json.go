package cloudformation

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/strictkms/strictkms/policy"
)

// parseJSON reads a template in JSON. The text is checked as a whole first, so that the walk
// over its tokens only ever sees valid JSON.
func parseJSON(t *text) (*node, policy.Diagnostics) {
	b := &builder{text: t}
	var whole json.RawMessage
	if err := json.Unmarshal(t.src, &whole); err != nil {
		offset := len(t.src)
		// The error's offset counts the bytes read, with the one that is wrong.
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && int(syntax.Offset) < len(t.src) {
			offset = int(syntax.Offset) - 1
		}
		b.problem(t.position(offset), codeSyntax, "not valid JSON: "+err.Error())
		return nil, b.diags
	}
	r := &jsonReader{builder: b, dec: json.NewDecoder(bytes.NewReader(t.src))}
	r.dec.UseNumber()
	return b.result(r.value(0))
}

// jsonReader walks over the tokens of valid JSON.
type jsonReader struct {
	*builder
	dec *json.Decoder
}

// next returns the next token and where it begins.
func (r *jsonReader) next() (json.Token, policy.Position) {
	offset := int(r.dec.InputOffset())
	for offset < len(r.text.src) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text.src[offset]) >= 0 {
		offset++
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, r.text.position(offset)
	}
	return token, r.text.position(offset)
}

// value reads one value.
func (r *jsonReader) value(depth int) *node {
	token, pos := r.next()
	switch token := token.(type) {
	case json.Delim:
		if depth >= maxDepth {
			r.skip()
			return r.tooDeep(pos)
		}
		if token == '{' {
			return r.object(pos, depth)
		}
		return r.array(pos, depth)
	case string:
		return &node{kind: scalarNode, pos: pos, text: token}
	case json.Number:
		return &node{kind: scalarNode, pos: pos, text: token.String()}
	case bool:
		if token {
			return &node{kind: scalarNode, pos: pos, text: "true"}
		}
		return &node{kind: scalarNode, pos: pos, text: "false"}
	default:
		return &node{kind: nullNode, pos: pos}
	}
}

// object reads what follows an opening brace.
func (r *jsonReader) object(pos policy.Position, depth int) *node {
	var entries []entry
	for r.dec.More() {
		token, at := r.next()
		key, ok := token.(string)
		if !ok {
			break
		}
		entries = append(entries, entry{key: key, pos: at, value: r.value(depth + 1)})
	}
	r.next()
	return r.mapping(pos, entries)
}

// array reads what follows an opening bracket.
func (r *jsonReader) array(pos policy.Position, depth int) *node {
	list := &node{kind: listNode, pos: pos}
	for r.dec.More() {
		list.items = append(list.items, r.value(depth+1))
	}
	r.next()
	return list
}

// skip passes over the rest of a value whose opening delimiter has been read.
func (r *jsonReader) skip() {
	for open := 1; open > 0; {
		token, err := r.dec.Token()
		if err != nil {
			return
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
	}
}
