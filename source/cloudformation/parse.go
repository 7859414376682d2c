package cloudformation

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// maxDepth bounds how deep functions, conditions and values may nest when they are computed.
// CloudFormation has no published limit of its own; no template written by or for people comes near.
const maxDepth = 200

// maxTemplateSizeInBytes is 1 MB, the limit for a template in Amazon S3 (CloudFormation User
// Guide, "Understand CloudFormation quotas", Template body size,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
const maxTemplateSizeInBytes = 1 << 20

// reserved are the two private-use characters that mark values inside this package.
const reserved = string(unresolvedMark) + string(opaqueMark)

// parse reads a template, JSON or YAML; there is no root when it cannot be read.
//
// CloudFormation takes YAML 1.1 without hash merges and without the types binary, omap, pairs,
// set and timestamp (CloudFormation User Guide, "CloudFormation template format",
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html).
// Aliases are followed, because tools that prepare templates expand them.
func parse(file string, src []byte) (*yamljson.File, *node, policy.Diagnostics) {
	f, diags := yamljson.Parse(file, src, yamljson.Options{
		Expected: "a CloudFormation template", MaxBytes: maxTemplateSizeInBytes, Reserved: reserved,
	})
	if f == nil {
		return nil, nil, diags
	}
	c := newConverter(f)
	root := c.value(f.Root)
	return f, root, append(diags, c.diags...)
}

// converter turns the nodes of a file into those of a template.
type converter struct {
	file  *yamljson.File
	diags policy.Diagnostics
	done  map[*yaml.Node]*node
}

func newConverter(f *yamljson.File) *converter {
	return &converter{file: f, done: map[*yaml.Node]*node{}}
}

// problem adds an error.
func (c *converter) problem(n *yaml.Node, code, message string) {
	c.diags = append(c.diags, policy.Diagnostic{
		Code: code, Severity: policy.SeverityError, Message: message, Pos: c.file.Position(n),
	})
}

// value converts a node with everything in it, once however many aliases point at it.
func (c *converter) value(n *yaml.Node) *node {
	n = yamljson.Resolve(n)
	if done, ok := c.done[n]; ok {
		return done
	}
	converted := c.intrinsic(n, c.plain(n))
	c.done[n] = converted
	return converted
}

// plain converts a node without regard to its tag.
func (c *converter) plain(n *yaml.Node) *node {
	pos := c.file.Position(n)
	switch n.Kind {
	case yaml.MappingNode:
		mapping := &node{kind: mapNode, pos: pos}
		for i := 0; i+1 < len(n.Content); i += 2 {
			mapping.entries = append(mapping.entries, entry{
				key: yamljson.Resolve(n.Content[i]).Value, pos: c.file.Position(n.Content[i]), value: c.value(n.Content[i+1]),
			})
		}
		return mapping
	case yaml.SequenceNode:
		list := &node{kind: listNode, pos: pos}
		for _, item := range n.Content {
			list.items = append(list.items, c.value(item))
		}
		return list
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return &node{kind: nullNode, pos: pos}
		}
		return &node{kind: scalarNode, pos: pos, text: n.Value, origin: n}
	default:
		return &node{kind: nullNode, pos: pos}
	}
}

// intrinsic turns a tagged node into the long form of the function that its tag stands for.
func (c *converter) intrinsic(n *yaml.Node, content *node) *node {
	name, tagged := strings.CutPrefix(n.Tag, "!")
	switch {
	case !tagged && n.Tag != "":
		c.problem(n, "unknown-tag", "unknown YAML tag "+quote(n.Tag))
		return content
	case !tagged, name == "":
		return content
	case strings.HasPrefix(name, "!"): // !!str and its like
		if n.Style&yaml.TaggedStyle != 0 && !plainTags[n.Tag] {
			c.problem(n, "unknown-tag", "CloudFormation has no YAML type "+n.Tag)
		}
		return content
	case name != "Ref" && name != "Condition":
		name = "Fn::" + name
	}
	if content.kind == nullNode { // a tag with nothing after it
		content = &node{kind: scalarNode, pos: content.pos}
	}
	return &node{kind: mapNode, pos: content.pos, entries: []entry{{key: name, pos: content.pos, value: content}}}
}

// plainTags are the YAML types that a template may name.
var plainTags = map[string]bool{
	"!!str": true, "!!int": true, "!!float": true, "!!bool": true, "!!null": true, "!!seq": true, "!!map": true,
}
