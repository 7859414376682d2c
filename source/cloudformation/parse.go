package cloudformation

import (
	"bytes"
	"fmt"

	"github.com/strictkms/strictkms/policy"
)

// maxDepth bounds how deep mappings, lists and functions may nest. CloudFormation has no
// published limit of its own; no template written by or for people comes near.
const maxDepth = 200

// parse reads a template, JSON or YAML. JSON is read as JSON first, because YAML's rules for
// strings differ (escapes of characters outside the Basic Multilingual Plane); what begins
// with a brace and is no JSON may still be YAML in flow style.
func parse(t *text) (*node, policy.Diagnostics) {
	if !bytes.HasPrefix(bytes.TrimSpace(t.src), []byte("{")) {
		return parseYAML(t)
	}
	n, diags := parseJSON(t)
	if n != nil || diags[0].Code != codeSyntax {
		return n, diags
	}
	if y, yamlDiags := parseYAML(t); y != nil || yamlDiags[0].Code != codeSyntax {
		return y, yamlDiags
	}
	return nil, diags
}

// codeSyntax is the diagnostic code of text that is neither JSON nor YAML.
const codeSyntax = "syntax-error"

// builder holds what both readers share: the list of problems and the search for duplicates.
type builder struct {
	text  *text
	diags policy.Diagnostics
	// broken is true when a part of the template could not be read, so that what the rest of
	// it says cannot be judged.
	broken bool
}

// result is the node and the problems; no node for a template that could not be read.
func (b *builder) result(n *node) (*node, policy.Diagnostics) {
	if b.broken {
		return nil, b.diags
	}
	return n, b.diags
}

// problem adds an error.
func (b *builder) problem(pos policy.Position, code, message string, related ...policy.Position) {
	b.diags = append(b.diags, policy.Diagnostic{
		Code: code, Severity: policy.SeverityError, Message: message, Pos: pos, Related: related,
	})
}

// mapping makes a node of entries and reports keys that come twice.
func (b *builder) mapping(pos policy.Position, entries []entry) *node {
	first := make(map[string]policy.Position, len(entries))
	kept := entries[:0]
	for _, e := range entries {
		if before, ok := first[e.key]; ok {
			b.problem(e.pos, "duplicate-key", "the key "+quote(e.key)+" is already in this mapping", before)
			continue
		}
		first[e.key] = e.pos
		kept = append(kept, e)
	}
	return &node{kind: mapNode, pos: pos, entries: kept}
}

// tooDeep reports nesting beyond maxDepth.
func (b *builder) tooDeep(pos policy.Position) *node {
	if !b.broken {
		b.problem(pos, "too-deep", fmt.Sprintf("the template nests deeper than %d levels", maxDepth))
	}
	b.broken = true
	return &node{kind: nullNode, pos: pos}
}
