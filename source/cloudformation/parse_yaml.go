package cloudformation

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// parseYAML reads a template in YAML.
//
// CloudFormation takes YAML 1.1 without hash merges and without the types binary, omap, pairs,
// set and timestamp (CloudFormation User Guide, "CloudFormation template format",
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html).
// Aliases are followed, because tools that prepare templates expand them.
func parseYAML(t *text) (*node, policy.Diagnostics) {
	r := &yamlReader{builder: &builder{text: t}, done: map[*yaml.Node]*node{}, busy: map[*yaml.Node]bool{}}
	var documents []yaml.Node
	if err := yaml.Load(t.src, &documents, yaml.WithAllDocuments()); err != nil {
		r.loadError(err)
		return nil, r.diags
	}
	if len(documents) == 0 || len(documents[0].Content) == 0 {
		r.problem(t.position(0), "empty-template", "the file holds no document, expected a CloudFormation template")
		return nil, r.diags
	}
	if len(documents) > 1 {
		r.problem(r.pos(&documents[1]), "several-documents", "a second YAML document begins here, expected one template")
	}
	return r.result(r.value(documents[0].Content[0], 0))
}

// yamlReader turns the nodes of the YAML library into ours.
type yamlReader struct {
	*builder
	done map[*yaml.Node]*node
	busy map[*yaml.Node]bool
}

// loadError reports why the YAML library gave up.
func (r *yamlReader) loadError(err error) {
	load, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		r.problem(r.text.position(0), codeSyntax, "not valid YAML: "+err.Error())
		return
	}
	message := "not valid YAML: " + load.Message
	var related []policy.Position
	if load.ContextMsg != "" {
		message += " (" + load.ContextMsg + ")"
		if load.ContextMark.Line > 0 {
			related = append(related, r.text.yamlPosition(load.ContextMark.Line, load.ContextMark.Column))
		}
	}
	r.problem(r.text.yamlPosition(load.Mark.Line, load.Mark.Column), codeSyntax, message, related...)
}

// pos is where a node begins.
func (r *yamlReader) pos(n *yaml.Node) policy.Position { return r.text.yamlPosition(n.Line, n.Column) }

// value converts a node with everything in it, once however many aliases point at it.
func (r *yamlReader) value(n *yaml.Node, depth int) *node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		if r.busy[n.Alias] {
			r.problem(r.pos(n), "cyclic-alias", "the alias *"+n.Value+" stands inside what it points at")
			r.broken = true
			return &node{kind: nullNode, pos: r.pos(n)}
		}
		n = n.Alias
	}
	if done, ok := r.done[n]; ok {
		return done
	}
	if depth >= maxDepth {
		return r.tooDeep(r.pos(n))
	}
	r.busy[n] = true
	converted := r.intrinsic(n, r.plain(n, depth))
	delete(r.busy, n)
	r.done[n] = converted
	return converted
}

// plain converts a node without regard to its tag.
func (r *yamlReader) plain(n *yaml.Node, depth int) *node {
	pos := r.pos(n)
	switch n.Kind {
	case yaml.MappingNode:
		return r.mapping(pos, r.entries(n, depth))
	case yaml.SequenceNode:
		list := &node{kind: listNode, pos: pos}
		for _, item := range n.Content {
			list.items = append(list.items, r.value(item, depth+1))
		}
		return list
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return &node{kind: nullNode, pos: pos}
		}
		return &node{kind: scalarNode, pos: pos, text: n.Value, lines: r.literalLines(n)}
	default:
		return &node{kind: nullNode, pos: pos}
	}
}

// entries converts the content of a mapping.
func (r *yamlReader) entries(n *yaml.Node, depth int) []entry {
	entries := make([]entry, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, at := n.Content[i], r.pos(n.Content[i])
		if key.Kind == yaml.AliasNode && key.Alias != nil {
			key = key.Alias
		}
		value := r.value(n.Content[i+1], depth+1)
		switch {
		case key.Tag == "!!merge":
			r.problem(at, "yaml-merge", "CloudFormation has no YAML merge keys (<<): write the keys out")
		case key.Kind != yaml.ScalarNode:
			r.problem(at, "wrong-type", "expected a string as key of a mapping")
		default:
			entries = append(entries, entry{key: key.Value, pos: at, value: value})
		}
	}
	return entries
}

// intrinsic turns a tagged node into the long form of the function that its tag stands for.
func (r *yamlReader) intrinsic(n *yaml.Node, content *node) *node {
	name, tagged := strings.CutPrefix(n.Tag, "!")
	switch {
	case !tagged && n.Tag != "":
		r.problem(r.pos(n), "unknown-tag", "unknown YAML tag "+quote(n.Tag))
		return content
	case !tagged, name == "":
		return content
	case strings.HasPrefix(name, "!"): // !!str and its like
		if n.Style&yaml.TaggedStyle != 0 && !plainTags[n.Tag] {
			r.problem(r.pos(n), "unknown-tag", "CloudFormation has no YAML type "+n.Tag)
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

// literalLines finds where the lines of a block in literal style (|) begin in the source, so
// that a policy written as JSON in such a block keeps its positions.
func (r *yamlReader) literalLines(n *yaml.Node) []policy.Position {
	if n.Style&yaml.LiteralStyle == 0 {
		return nil
	}
	var lines []policy.Position
	content := strings.Split(strings.TrimRight(n.Value, "\n"), "\n")
	for i, want := range content {
		number := n.Line + 1 + i
		if number > len(r.text.yaml) {
			return nil
		}
		start := r.text.yaml[number-1].start
		end := len(r.text.src)
		if number < len(r.text.yaml) {
			end = r.text.yaml[number].start
		}
		found := strings.TrimRight(string(r.text.src[start:end]), "\r\n\u0085\u2028\u2029")
		if !strings.HasSuffix(found, want) || strings.TrimLeft(found[:len(found)-len(want)], " ") != "" {
			return nil // the block does not begin where we think: better no lines than wrong ones
		}
		lines = append(lines, r.text.position(start+len(found)-len(want)))
	}
	return lines
}
