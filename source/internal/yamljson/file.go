// Package yamljson reads YAML (of which JSON is a part) as nodes with exact positions and
// renders parts of it as JSON, remembering where every part of the JSON came from. It knows
// nothing about policies, templates or worlds.
package yamljson

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// File is one YAML or JSON document and its source text.
type File struct {
	// Name is the file as the user gave it.
	Name string
	// Root is the document's one value.
	Root *yaml.Node

	src   []byte
	lines []int // offset of the first byte of each line
}

// Parse reads src, which must hold exactly one document. Mappings with a repeated key, cyclic
// aliases and anything that is not text are errors; every error has a position. The one form of JSON
// that is not YAML is refused too: a character written as a pair of UTF-16 escapes (\ud83d\ude00).
func Parse(name string, src []byte) (*File, policy.Diagnostics) {
	f := &File{Name: name, src: src, lines: lineStarts(src)}
	if at := notText(src); at >= 0 {
		return nil, policy.Diagnostics{f.problem("not-text", f.at(at),
			"expected YAML or JSON text in UTF-8, found byte "+hexByte(src[at]))}
	}
	var doc yaml.Node
	if err := yaml.Load(src, &doc); err != nil {
		return nil, policy.Diagnostics{f.loadProblem(err)}
	}
	if len(doc.Content) == 0 {
		return nil, policy.Diagnostics{f.problem("empty-document", f.at(0), "expected one YAML or JSON document, found none")}
	}
	f.Root = doc.Content[0]
	if diags := f.check(f.Root); len(diags) > 0 {
		return nil, diags
	}
	return f, nil
}

// Position returns where the node begins.
func (f *File) Position(n *yaml.Node) policy.Position {
	if n == nil || n.Line <= 0 || n.Line > len(f.lines) {
		return policy.Position{File: f.Name}
	}
	return f.at(f.nodeOffset(n))
}

// nodeOffset returns the byte offset at which the node begins. YAML counts characters, a
// [policy.Position] counts bytes.
func (f *File) nodeOffset(n *yaml.Node) int {
	offset := f.lines[n.Line-1]
	if n.Line == 1 && bytes.HasPrefix(f.src, byteOrderMark) {
		offset += len(byteOrderMark)
	}
	for range n.Column - 1 {
		if offset >= len(f.src) {
			break
		}
		_, size := utf8.DecodeRune(f.src[offset:])
		offset += size
	}
	return offset
}

// at turns a byte offset into a position.
func (f *File) at(offset int) policy.Position {
	offset = min(max(offset, 0), len(f.src))
	low, high := 0, len(f.lines) // the line is in [low, high)
	for high-low > 1 {
		middle := (low + high) / 2
		if f.lines[middle] <= offset {
			low = middle
		} else {
			high = middle
		}
	}
	return policy.Position{File: f.Name, Offset: offset, Line: low + 1, Column: offset - f.lines[low] + 1}
}

func (f *File) problem(code string, pos policy.Position, message string) policy.Diagnostic {
	return policy.Diagnostic{Code: code, Severity: policy.SeverityError, Message: message, Pos: pos}
}

// loadProblem words an error of the YAML library, which stops at the first.
func (f *File) loadProblem(err error) policy.Diagnostic {
	found, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		if all, isList := errors.AsType[*yaml.LoadErrors](err); isList && len(all.Errors) > 0 {
			found, ok = all.Errors[0], true
		}
	}
	if !ok {
		return f.problem("yaml-syntax", policy.Position{File: f.Name}, err.Error())
	}
	message := strings.TrimPrefix(found.Message, "yaml: ")
	if found.ContextMsg != "" {
		message = found.ContextMsg + ": " + message
	}
	pos := f.at(0)
	switch {
	case found.Mark.Line > len(f.lines): // something is missing at the end
		pos = f.at(len(f.src))
	case found.Mark.Line > 0:
		pos = f.Position(&yaml.Node{Line: found.Mark.Line, Column: max(found.Mark.Column, 1)})
	}
	return f.problem("yaml-syntax", pos, message)
}

var byteOrderMark = []byte("\ufeff")

// notText returns the offset of the first byte that cannot be part of a YAML text, -1 for none
// (YAML 1.2.2, section 5.1, "Character Set": no C0 control block except tab, LF and CR).
func notText(src []byte) int {
	for at := 0; at < len(src); {
		char, size := utf8.DecodeRune(src[at:])
		if char == utf8.RuneError && size == 1 || char < ' ' && char != '\t' && char != '\n' && char != '\r' || char == 0x7f {
			return at
		}
		at += size
	}
	return -1
}

func hexByte(b byte) string {
	const digits = "0123456789abcdef"
	return "0x" + string([]byte{digits[b>>4], digits[b&15]})
}

// lineStarts returns the offset of each line. A line ends with LF, CR LF or a CR alone, as in YAML.
func lineStarts(src []byte) []int {
	starts := []int{0}
	for i, b := range src {
		if b == '\n' || b == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return starts
}
