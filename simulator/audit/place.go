package audit

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// endOf finds where the value that begins at a place ends, one byte after it: a string in quotes, JSON in brackets, or
// a word up to the end of its line. It is unknown when the source is.
func endOf(src []byte, pos policy.Position) policy.Position {
	start, ok := offsetOf(src, pos)
	if !ok || start >= len(src) {
		return policy.Position{}
	}
	end := start + extent(src[start:])
	if end <= start {
		return policy.Position{}
	}
	before := src[:end]
	line := bytes.Count(before, []byte("\n")) + 1
	return policy.Position{
		File: pos.File, Offset: end, Line: line, Column: end - (bytes.LastIndexByte(before, '\n') + 1) + 1,
	}
}

// offsetOf finds the byte at a line and column.
func offsetOf(src []byte, pos policy.Position) (int, bool) {
	if pos.Line < 1 || pos.Column < 1 {
		return 0, false
	}
	offset := 0
	for range pos.Line - 1 {
		next := bytes.IndexByte(src[offset:], '\n')
		if next < 0 {
			return 0, false
		}
		offset += next + 1
	}
	offset += pos.Column - 1
	return offset, offset <= len(src)
}

// extent is how many bytes the value at the beginning of the text has.
func extent(text []byte) int {
	switch text[0] {
	case '"', '\'':
		return quoted(text)
	case '{', '[':
		return bracketed(text)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for _, stop := range []string{": ", " #"} {
		if at := bytes.Index(line, []byte(stop)); at >= 0 {
			line = line[:at]
		}
	}
	return len(bytes.TrimRight(bytes.TrimSuffix(bytes.TrimRight(line, " \t\r"), []byte(":")), " \t\r,"))
}

func quoted(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && text[0] == '"':
			i++
		case text[i] == text[0]:
			return i + 1
		}
	}
	return len(text)
}

func bracketed(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += quoted(text[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0 // it does not end: nothing is better than everything
}

// address is how a Terraform plan names a resource: what stands for its id until it is made.
var address = regexp.MustCompile(`\A(module\.[^:]+\.|data\.)*[a-z0-9]+_[a-z0-9_]+\.[A-Za-z0-9_.\[\]"-]+\z`)

// isLiteral reports whether a value is written in its file as it is. Others are made of references, such as the id of a
// resource that does not exist yet, for which a reader puts a name: nothing can be said about their form.
func (r *run) isLiteral(v policy.Value) bool {
	return !v.Unresolved && !address.MatchString(v.Text) && !strings.HasPrefix(v.Text, "opaque:") && !r.isComputed(v.Pos)
}

// isComputed reports whether a function of a template stands at a place.
func (r *run) isComputed(pos policy.Position) bool {
	src := r.in.Sources[pos.File]
	at, ok := offsetOf(src, pos)
	return ok && at < len(src) && (src[at] == '!' || src[at] == '{')
}
