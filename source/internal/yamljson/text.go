package yamljson

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// Text returns the value of a scalar and where its bytes come from: exactly in block
// literals and in quoted texts on one line, the beginning of the scalar elsewhere. It is for
// documents that a text holds, such as a policy written as a JSON string.
func (f *File) Text(n *yaml.Node) ([]byte, Locate) {
	target := Resolve(n)
	if target.Line > 0 && target.Line <= len(f.lines) {
		switch {
		case target.Style&yaml.LiteralStyle != 0:
			return []byte(target.Value), f.literal(target)
		case target.Style&yaml.DoubleQuotedStyle != 0:
			if offsets, ok := f.doubleQuoted(target); ok {
				return []byte(target.Value), f.byTable(offsets)
			}
		case target.Style&yaml.SingleQuotedStyle != 0:
			if offsets, ok := f.singleQuoted(target); ok {
				return []byte(target.Value), f.byTable(offsets)
			}
		}
	}
	return []byte(target.Value), func(int) policy.Position { return f.Position(target) }
}

// byTable locates by one source offset for each byte of the value and one for its end.
func (f *File) byTable(offsets []int) Locate {
	return func(offset int) policy.Position {
		return f.at(offsets[min(max(offset, 0), len(offsets)-1)])
	}
}

// literal locates within a block literal: its lines are those of the source without their
// indentation, which is what a source line has more than the line of the value.
func (f *File) literal(n *yaml.Node) Locate {
	lines := strings.Split(n.Value, "\n")
	return func(offset int) policy.Position {
		line := 0
		for line < len(lines)-1 && offset > len(lines[line]) {
			offset -= len(lines[line]) + 1
			line++
		}
		number := n.Line + line // the header is on n.Line, counted from 1
		if number >= len(f.lines) {
			return f.at(len(f.src))
		}
		source := f.line(number)
		return f.at(f.lines[number] + max(len(source)-len(lines[line]), 0) + max(offset, 0))
	}
}

// line returns a source line, counted from 0, without its line end.
func (f *File) line(number int) []byte {
	end := len(f.src)
	if number+1 < len(f.lines) {
		end = f.lines[number+1]
	}
	return bytes.TrimRight(f.src[f.lines[number]:end], "\r\n")
}

// singleQuoted walks a single-quoted text beside its value; false when it is not on one line.
func (f *File) singleQuoted(n *yaml.Node) ([]int, bool) {
	at := f.nodeOffset(n) + 1
	offsets := make([]int, 0, len(n.Value)+1)
	for i := range len(n.Value) {
		if at >= len(f.src) || f.src[at] != n.Value[i] {
			return nil, false
		}
		offsets = append(offsets, at)
		if f.src[at] == '\'' {
			at++ // a quote is written twice
		}
		at++
	}
	return append(offsets, at), true
}

// doubleQuoted walks a double-quoted text beside its value; false when it is not on one line.
func (f *File) doubleQuoted(n *yaml.Node) ([]int, bool) {
	at := f.nodeOffset(n) + 1
	offsets := make([]int, 0, len(n.Value)+1)
	for i := 0; i < len(n.Value); {
		if at >= len(f.src) {
			return nil, false
		}
		_, size := utf8.DecodeRuneInString(n.Value[i:])
		written := size
		if f.src[at] == '\\' {
			written = escapeLength(f.src[at:])
		} else if !bytes.HasPrefix(f.src[at:], []byte(n.Value[i:i+size])) {
			return nil, false
		}
		for range size {
			offsets = append(offsets, at)
		}
		at += written
		i += size
	}
	return append(offsets, at), true
}

// escapeLength returns how long the escape at the beginning of src is
// (YAML 1.2.2, section 5.7, "Escaped Characters").
func escapeLength(src []byte) int {
	if len(src) < 2 {
		return 1
	}
	switch src[1] {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	default:
		return 2
	}
}
