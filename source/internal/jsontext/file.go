// Package jsontext reads JSON with the position of every value, also of what stands inside a string that
// holds a document of its own, such as a policy. Values are those of gjson, whose Index is the place in
// the source. It knows nothing about policies, snapshots or plans.
package jsontext

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
)

// File is the text of one JSON document.
type File struct {
	// Name is the file as the user gave it.
	Name string

	src   []byte // without a byte order mark
	bom   int    // length of the byte order mark that was cut off
	lines []int  // offsets in src where lines begin: after LF, CR LF and CR
}

// Locate returns the position in the source of the byte at an offset of a text that was made from it.
type Locate func(offset int) policy.Position

var byteOrderMark = []byte("\ufeff")

// Parse reads src, which must hold exactly one JSON value. expected says what the file should hold, for
// messages: "a Terraform plan". There is no File when the text is not JSON; the reason is then the one
// diagnostic.
func Parse(name string, src []byte, expected string) (*File, gjson.Result, policy.Diagnostics) {
	f := newFile(name, src)
	if d, bad := f.check(expected); bad {
		return nil, gjson.Result{}, policy.Diagnostics{d}
	}
	return f, gjson.ParseBytes(f.src), nil
}

// newFile indexes the lines of a text.
func newFile(name string, src []byte) *File {
	f := &File{Name: name, src: src, lines: []int{0}}
	if bytes.HasPrefix(src, byteOrderMark) {
		f.src, f.bom = src[len(byteOrderMark):], len(byteOrderMark)
	}
	for i, b := range f.src {
		if b == '\n' || b == '\r' && (i+1 == len(f.src) || f.src[i+1] != '\n') {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// check finds out what keeps the text from being JSON.
func (f *File) check(expected string) (d policy.Diagnostic, bad bool) {
	fail := func(code string, offset int, format string, args ...any) (policy.Diagnostic, bool) {
		return policy.Diagnostic{
			Code: code, Severity: policy.SeverityError, Message: fmt.Sprintf(format, args...), Pos: f.At(offset),
		}, true
	}
	if len(bytes.TrimSpace(f.src)) == 0 {
		return fail("empty-file", 0, "the file is empty, expected %s", expected)
	}
	if !utf8.Valid(f.src) {
		offset := 0
		for i := 0; i < len(f.src); {
			c, n := utf8.DecodeRune(f.src[i:])
			if c == utf8.RuneError && n == 1 {
				offset = i
				break
			}
			i += n
		}
		return fail(policy.CodeNotText, offset, "byte 0x%02X is not text: expected %s as JSON in UTF-8", f.src[offset], expected)
	}
	var raw json.RawMessage
	if err := json.Unmarshal(f.src, &raw); err != nil {
		offset := len(f.src)
		// The decoder counts the bytes that it read, the offending one included.
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.HasPrefix(syntax.Error(), "unexpected end") {
			offset = max(int(syntax.Offset)-1, 0)
		}
		return fail(policy.CodeInvalidJSON, offset, "not valid JSON: %s: expected %s", err, expected)
	}
	return d, false
}

// At turns an offset into the source, a byte order mark not counted, into a position.
func (f *File) At(offset int) policy.Position {
	offset = max(0, min(offset, len(f.src)))
	n := sort.SearchInts(f.lines, offset+1) // lines that begin at or before offset
	return policy.Position{File: f.Name, Offset: offset + f.bom, Line: n, Column: offset - f.lines[n-1] + 1}
}

// Position returns where a value begins. The value must be one that was reached from the root that [Parse] returned,
// by Get, ForEach or Array.
func (f *File) Position(v gjson.Result) policy.Position { return f.At(f.offset(v)) }

// offset returns where a value begins. gjson gives the root no place, which may have white space before it.
func (f *File) offset(v gjson.Result) int {
	if v.Index > 0 || v.Raw == "" {
		return v.Index
	}
	return len(f.src) - len(bytes.TrimLeft(f.src, " \t\r\n"))
}
