package cloudformation

import (
	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// nodeKind says what a node of a template is.
type nodeKind int

const (
	unknownNode nodeKind = iota
	nullNode
	scalarNode
	listNode
	mapNode
)

// String names the kind as a person would.
func (k nodeKind) String() string {
	switch k {
	case nullNode:
		return "null"
	case scalarNode:
		return "a string"
	case listNode:
		return "a list"
	case mapNode:
		return "a mapping"
	default:
		return "nothing"
	}
}

// node is a part of a template as written, JSON or YAML. Short-form intrinsics (!Ref x) are
// already in their long form ({Ref: x}), aliases are replaced by what they point at. A node
// may therefore stand in several places; it is never changed.
type node struct {
	kind nodeKind
	pos  policy.Position
	// text is the source text of a scalar: 012 stays 012, 2012-10-17 stays 2012-10-17.
	text string
	// origin is the scalar in the source; nil for one that is not there.
	origin  *yaml.Node
	items   []*node // of a list
	entries []entry // of a mapping, in the order of the document
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	pos   policy.Position
	value *node
}

// get returns the value under key, nil when there is none or n is no mapping.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.entries {
		if n.entries[i].key == key {
			return n.entries[i].value
		}
	}
	return nil
}

// keys lists the keys of a mapping in the order of the document.
func (n *node) keys() []string {
	if n == nil {
		return nil
	}
	keys := make([]string, len(n.entries))
	for i := range n.entries {
		keys[i] = n.entries[i].key
	}
	return keys
}
