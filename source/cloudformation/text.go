package cloudformation

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/strictkms/strictkms/policy"
)

// maxTemplateSizeInBytes is 1 MB, the limit for a template in Amazon S3 (CloudFormation User
// Guide, "Understand CloudFormation quotas", Template body size,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
const maxTemplateSizeInBytes = 1 << 20

// text is the source of a template with the places of its line ends.
type text struct {
	file  string
	src   []byte // without a byte order mark
	bom   int    // length of the byte order mark that was cut off
	lines []int  // offsets in src where lines begin, for people: after each \n
	yaml  []line // the same for YAML, which has more line breaks
	last  cursor
}

// line is one line as the YAML parser counts them.
type line struct {
	start int
	ascii bool
}

// cursor remembers where the last column was found, so that one very long line does not
// cost a walk from its start for every node.
type cursor struct{ line, column, offset int }

// newText checks that src can be a template at all: text of a sane size.
func newText(file string, src []byte) (*text, *policy.Diagnostic) {
	t := &text{file: file, src: src}
	if bytes.HasPrefix(src, []byte("\xef\xbb\xbf")) {
		t.src, t.bom = src[3:], 3
	}
	t.lines = append(t.lines, 0)
	for i, b := range t.src {
		if b == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	fail := func(offset int, code, message string) (*text, *policy.Diagnostic) {
		return t, &policy.Diagnostic{Code: code, Severity: policy.SeverityError, Message: message, Pos: t.position(offset)}
	}
	switch {
	case len(src) > maxTemplateSizeInBytes:
		return fail(0, "template-too-large", fmt.Sprintf(
			"the file has %d bytes, a template has at most %d", len(src), maxTemplateSizeInBytes))
	case len(bytes.TrimSpace(t.src)) == 0:
		return fail(0, "empty-template", "the file is empty, expected a CloudFormation template")
	case bytes.HasPrefix(src, []byte("\xff\xfe")), bytes.HasPrefix(src, []byte("\xfe\xff")):
		return fail(0, "not-utf-8", "the file is in UTF-16, expected a template in UTF-8")
	}
	if offset, what := firstBadByte(t.src); offset >= 0 {
		return fail(offset, "not-text", "expected a template as UTF-8 text, found "+what)
	}
	t.indexYAMLLines()
	return t, nil
}

// firstBadByte finds what no template can hold: control characters, bytes that are not UTF-8,
// and the two private-use characters that mark values inside this package.
func firstBadByte(src []byte) (offset int, what string) {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return i, fmt.Sprintf("the byte 0x%02x", src[i])
		case r < ' ' && r != '\n' && r != '\r' && r != '\t':
			return i, fmt.Sprintf("the control character 0x%02x", r)
		case r == unresolvedMark || r == opaqueMark:
			return i, fmt.Sprintf("the private-use character U+%04X", r)
		}
		i += size
	}
	return -1, ""
}

// position turns an offset into the source without byte order mark into a position.
func (t *text) position(offset int) policy.Position {
	offset = max(0, min(offset, len(t.src)))
	n := sort.SearchInts(t.lines, offset+1) // lines that begin at or before offset
	return policy.Position{
		File:   t.file,
		Offset: offset + t.bom,
		Line:   n,
		Column: offset - t.lines[n-1] + 1,
	}
}

// indexYAMLLines finds the line breaks of YAML 1.1: CR, LF, CR LF, NEL, LS and PS.
func (t *text) indexYAMLLines() {
	current := line{ascii: true}
	for i := 0; i < len(t.src); {
		r, size := utf8.DecodeRune(t.src[i:])
		if r == '\r' && i+1 < len(t.src) && t.src[i+1] == '\n' {
			size = 2
		}
		i += size
		if r >= utf8.RuneSelf {
			current.ascii = false
		}
		if strings.ContainsRune("\r\n\u0085\u2028\u2029", r) {
			t.yaml = append(t.yaml, current)
			current = line{start: i, ascii: true}
		}
	}
	t.yaml = append(t.yaml, current)
}

// yamlPosition turns the YAML parser's line and column, which counts characters, into a position.
func (t *text) yamlPosition(lineNumber, column int) policy.Position {
	switch {
	case lineNumber < 1:
		return t.position(0)
	case lineNumber > len(t.yaml):
		return t.position(len(t.src))
	}
	l := t.yaml[lineNumber-1]
	if l.ascii {
		return t.position(l.start + column - 1)
	}
	c := cursor{line: lineNumber, column: 1, offset: l.start}
	if t.last.line == lineNumber && t.last.column <= column {
		c = t.last
	}
	for c.column < column && c.offset < len(t.src) {
		_, size := utf8.DecodeRune(t.src[c.offset:])
		c.offset += size
		c.column++
	}
	t.last = c
	return t.position(c.offset)
}
