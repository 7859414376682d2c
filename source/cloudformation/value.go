package cloudformation

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// unresolvedMark stands in front of a part of a text that could not be resolved, which follows
// in words: \uE000<Fn::ImportValue shared-role>. A text that holds it is unknown; whatever is
// made of such a text holds it too. [policy.WithUnresolved] reads it.
const unresolvedMark = '\uE000'

// opaqueMark stands in front of a name that is invented here for a resource, because only AWS
// knows the real one. It never leaves the package.
const opaqueMark = '\uE001'

// valueKind says what a resolved value is.
type valueKind int

const (
	noValue valueKind = iota // AWS::NoValue, or nothing was written
	textValue
	listValue
	mapValue
)

// String names the kind as a person would.
func (k valueKind) String() string {
	switch k {
	case textValue:
		return "a string"
	case listValue:
		return "a list"
	case mapValue:
		return "a mapping"
	default:
		return "nothing"
	}
}

// value is a part of a template after its functions have been computed. What cannot be
// computed, of whatever type it would be, is a text with [unresolvedMark].
type value struct {
	kind valueKind
	pos  policy.Position
	text string
	// origin is where a text stands in the source just so; nil for one that was computed.
	origin *yaml.Node
	items  []value
	// fields are the entries of a mapping in the order of the document.
	fields []field
}

// field is one entry of a mapping.
type field struct {
	key   string
	pos   policy.Position
	value value
}

// textAt makes a text value.
func textAt(pos policy.Position, text string) value {
	return value{kind: textValue, pos: pos, text: text}
}

// unresolved reports whether the value is a text that could not be computed.
func (v value) unresolved() bool {
	return v.kind == textValue && strings.ContainsRune(v.text, unresolvedMark)
}

// get returns the field under key.
func (v value) get(key string) (value, bool) {
	for i := range v.fields {
		if v.fields[i].key == key {
			return v.fields[i].value, true
		}
	}
	return value{}, false
}

// equal compares values as Fn::Equals does: by their text and structure, case counts.
func (v value) equal(o value) bool {
	if v.kind != o.kind || v.text != o.text || len(v.fields) != len(o.fields) {
		return false
	}
	for i := range v.fields {
		other, ok := o.get(v.fields[i].key)
		if !ok || !v.fields[i].value.equal(other) {
			return false
		}
	}
	return slices.EqualFunc(v.items, o.items, value.equal)
}

// hasUnresolved reports whether the value or anything in it could not be computed.
func (v value) hasUnresolved() bool { return v.firstUnresolved() != "" }

// firstUnresolved returns the first text in the value that could not be computed, in words.
func (v value) firstUnresolved() string {
	if v.unresolved() {
		return readable(v.text)
	}
	for _, item := range v.items {
		if text := item.firstUnresolved(); text != "" {
			return text
		}
	}
	for _, f := range v.fields {
		if text := f.value.firstUnresolved(); text != "" {
			return text
		}
	}
	return ""
}

// readable takes the marks out of a text, for people and for names.
func readable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == unresolvedMark || r == opaqueMark {
			return -1
		}
		return r
	}, text)
}

// quote quotes a text for a message, shortened when it is long.
func quote(text string) string {
	const most = 80
	text = readable(text)
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return strconv.Quote(text)
}
