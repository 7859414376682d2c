package policy

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// jsonKind is the type of a JSON value.
type jsonKind int

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

// String names the type with its article.
func (k jsonKind) String() string {
	switch k {
	case jsonBool:
		return "a boolean"
	case jsonNumber:
		return "a number"
	case jsonString:
		return "a string"
	case jsonArray:
		return "an array"
	case jsonObject:
		return "an object"
	default:
		return "null"
	}
}

// node is a JSON value and where it begins.
type node struct {
	kind   jsonKind
	offset int
	// text is a string without quotes and escapes, or a number, boolean or null as written.
	text    string
	elems   []node   // of an array
	members []member // of an object, in order, without the duplicates
}

// member is a name of an object and its value.
type member struct {
	name   string
	offset int // of the name
	value  node
}

// tree reads the source, which is valid JSON, and reports names that an object has twice.
func (p *parser) tree() *node {
	// A string, as gjson keeps parts of it.
	n := p.node(gjson.ParseBytes(p.src))
	return &n
}

func (p *parser) node(r gjson.Result) node {
	n := node{offset: r.Index, text: r.Raw}
	switch {
	case r.Type == gjson.String:
		n.kind, n.text = jsonString, r.Str
	case r.Type == gjson.Number:
		n.kind = jsonNumber
	case r.Type == gjson.True, r.Type == gjson.False:
		n.kind = jsonBool
	case r.IsArray():
		n.kind, n.text = jsonArray, ""
		r.ForEach(func(_, v gjson.Result) bool {
			n.elems = append(n.elems, p.node(v))
			return true
		})
	case r.IsObject():
		n.kind, n.text = jsonObject, ""
		n.members = p.members(r)
	}
	return n
}

func (p *parser) members(r gjson.Result) []member {
	var out []member
	seen := map[string]int{}
	r.ForEach(func(k, v gjson.Result) bool {
		value := p.node(v)
		if first, ok := seen[k.Str]; ok {
			p.fail(CodeDuplicateKey, k.Index, "duplicate key %q", k.Str)
			p.related(first)
			return true
		}
		seen[k.Str] = k.Index
		out = append(out, member{name: k.Str, offset: k.Index, value: value})
		return true
	})
	return out
}

// elements returns the members of an object by name and reports those that are not known.
func (p *parser) elements(n *node, what string, known []string) map[string]*member {
	out := make(map[string]*member, len(n.members))
	for i := range n.members {
		m := &n.members[i]
		if slices.Contains(known, m.name) {
			out[m.name] = m
			continue
		}
		if hint, ok := Nearest(m.name, known); ok {
			p.fail(CodeUnknownElement, m.offset, "unknown element %q in %s: did you mean %q?", m.name, what, hint)
		} else {
			p.fail(CodeUnknownElement, m.offset, "unknown element %q in %s: expected one of %s",
				m.name, what, strings.Join(known, ", "))
		}
	}
	return out
}

// plainString returns a string that cannot be a list.
func (p *parser) plainString(n *node, what string) string {
	if n.kind != jsonString {
		p.wrongType(n, what, "a string")
		return ""
	}
	return p.value(n).Text
}

// value makes a value of a string, number or boolean.
func (p *parser) value(n *node) Value {
	v := Value{Text: n.text, Pos: p.pos(n.offset)}
	if p.unresolved && strings.ContainsRune(v.Text, Unresolved) {
		v.Unresolved = true
		v.Text = strings.ReplaceAll(v.Text, string(Unresolved), "")
	}
	return v
}

// list returns the nodes of a value that is one thing or an array of them.
func (n *node) list() []node {
	if n.kind == jsonArray {
		return n.elems
	}
	return []node{*n}
}
