package yamljson

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// File is one YAML or JSON document and its source text.
type File struct {
	// Name is the file as the user gave it.
	Name string
	// Root is the document's one value. Every mapping in it has texts as keys, each once.
	Root *yaml.Node

	src     []byte // without a byte order mark
	bom     int    // length of the byte order mark that was cut off
	lines   []int  // offsets in src where lines begin, for people: after LF, CR LF and CR
	yaml    []line // the same for YAML, which has more line breaks
	offsets map[*yaml.Node]int
}

// line is one line as the YAML library counts them.
type line struct {
	start int
	// marks are the offsets of every markEvery-th character of the line, so that finding a column of a
	// very long line does not cost a walk from its start. They are nil when all characters are one byte.
	marks []int
}

const markEvery = 256

var byteOrderMark = []byte("\ufeff")

// newFile indexes the lines of a text.
func newFile(name string, src []byte) *File {
	f := &File{Name: name, src: src, offsets: map[*yaml.Node]int{}}
	if bytes.HasPrefix(src, byteOrderMark) {
		f.src, f.bom = src[len(byteOrderMark):], len(byteOrderMark)
	}
	f.lines = []int{0}
	for i, b := range f.src {
		if b == '\n' || b == '\r' && (i+1 == len(f.src) || f.src[i+1] != '\n') {
			f.lines = append(f.lines, i+1)
		}
	}
	f.indexYAMLLines()
	return f
}

// indexYAMLLines finds the line breaks that the YAML library counts: LF, CR, CR LF, and NEL, LS and PS
// of YAML 1.1.
func (f *File) indexYAMLLines() {
	current, wide, characters := line{}, false, 0
	end := func(next int) {
		if !wide {
			current.marks = nil
		}
		f.yaml = append(f.yaml, current)
		current, wide, characters = line{start: next}, false, 0
	}
	for i := 0; i < len(f.src); {
		char, size := utf8.DecodeRune(f.src[i:])
		if characters%markEvery == 0 {
			current.marks = append(current.marks, i)
		}
		characters++
		wide = wide || size > 1
		if char == '\r' && i+1 < len(f.src) && f.src[i+1] == '\n' {
			size = 2
		}
		i += size
		if strings.ContainsRune("\r\n\u0085\u2028\u2029", char) {
			end(i)
		}
	}
	end(len(f.src))
}

// check refuses what cannot be read at all.
func (f *File) check(o Options) *policy.Diagnostic {
	fail := func(offset int, code, format string, args ...any) *policy.Diagnostic {
		d := f.problem(code, f.At(offset), fmt.Sprintf(format, args...))
		return &d
	}
	switch {
	case o.MaxBytes > 0 && f.bom+len(f.src) > o.MaxBytes:
		return fail(0, "file-too-large", "the file has %d bytes, expected %s of at most %d", f.bom+len(f.src), o.Expected, o.MaxBytes)
	case len(bytes.TrimSpace(f.src)) == 0:
		return fail(0, "empty-file", "the file is empty, expected %s", o.Expected)
	case bytes.HasPrefix(f.src, []byte("\xff\xfe")), bytes.HasPrefix(f.src, []byte("\xfe\xff")):
		return fail(0, "not-text", "the file is in UTF-16, expected %s as UTF-8 text", o.Expected)
	}
	if offset, what := FirstBadByte(f.src, o.Reserved); offset >= 0 {
		return fail(offset, "not-text", "expected %s as UTF-8 text, found %s", o.Expected, what)
	}
	return nil
}

// FirstBadByte finds what no text can hold: control characters, bytes that are not UTF-8, and what is
// reserved. offset is -1 when there is nothing of the kind
// (YAML 1.2.2, section 5.1, "Character Set": no C0 control block except tab, LF and CR).
func FirstBadByte(src []byte, reserved string) (offset int, what string) {
	for i := 0; i < len(src); {
		char, size := utf8.DecodeRune(src[i:])
		switch {
		case char == utf8.RuneError && size == 1:
			return i, fmt.Sprintf("the byte 0x%02x", src[i])
		case char < ' ' && char != '\n' && char != '\r' && char != '\t':
			return i, fmt.Sprintf("the control character 0x%02x", char)
		case strings.ContainsRune(reserved, char):
			return i, fmt.Sprintf("the private-use character U+%04X", char)
		}
		i += size
	}
	return -1, ""
}

// At turns an offset into the source, a byte order mark not counted, into a position.
func (f *File) At(offset int) policy.Position {
	offset = max(0, min(offset, len(f.src)))
	n := sort.SearchInts(f.lines, offset+1) // lines that begin at or before offset
	return policy.Position{File: f.Name, Offset: offset + f.bom, Line: n, Column: offset - f.lines[n-1] + 1}
}

// Position returns where the node begins.
func (f *File) Position(n *yaml.Node) policy.Position {
	offset, ok := f.offset(n)
	if !ok {
		return policy.Position{File: f.Name}
	}
	return f.At(offset)
}

// offset returns the offset at which the node begins; false for a node that is in no source. The YAML library puts
// what is missing at the end into a line that is not there.
func (f *File) offset(n *yaml.Node) (offset int, ok bool) {
	if offset, ok = f.offsets[n]; ok || n == nil {
		return offset, ok
	}
	return f.yamlOffset(n.Line, n.Column), n.Line >= 1
}

// yamlOffset turns the line and column of the YAML library, which counts characters, into an offset.
func (f *File) yamlOffset(number, column int) int {
	switch {
	case number < 1:
		return 0
	case number > len(f.yaml):
		return len(f.src)
	}
	l := f.yaml[number-1]
	if l.marks == nil {
		return min(l.start+max(column, 1)-1, len(f.src))
	}
	skip := max(column, 1) - 1
	mark := min(skip/markEvery, len(l.marks)-1)
	offset := l.marks[mark]
	for range skip - mark*markEvery {
		if offset >= len(f.src) {
			break
		}
		_, size := utf8.DecodeRune(f.src[offset:])
		offset += size
	}
	return offset
}

func (f *File) problem(code string, pos policy.Position, message string, related ...policy.Position) policy.Diagnostic {
	return policy.Diagnostic{Code: code, Severity: policy.SeverityError, Message: message, Pos: pos, Related: related}
}
