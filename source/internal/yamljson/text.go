package yamljson

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// Text returns the value of a scalar and where its bytes come from: exactly in block literals and in
// texts on one line, the beginning of the scalar elsewhere. It is for documents that a text holds,
// such as a policy written as a JSON string.
func (f *File) Text(n *yaml.Node) ([]byte, Locate) {
	target := Resolve(n)
	if begin, ok := f.offset(target); ok {
		var offsets []int
		at := f.skipProperties(begin)
		switch style := target.Style; {
		case style&yaml.LiteralStyle != 0:
			offsets, ok = f.literal(target.Value, at)
		case style&yaml.DoubleQuotedStyle != 0:
			offsets, ok = f.doubleQuoted(target.Value, at)
		case style&yaml.SingleQuotedStyle != 0:
			offsets, ok = f.singleQuoted(target.Value, at)
		case style&yaml.FoldedStyle != 0:
			ok = false
		default:
			offsets, ok = []int{at}, bytes.HasPrefix(f.src[at:], []byte(target.Value))
		}
		if ok {
			return []byte(target.Value), f.byTable(offsets)
		}
	}
	return []byte(target.Value), func(int) policy.Position { return f.Position(target) }
}

// byTable locates by the source offsets of the first bytes of the value; what follows the last of them stands
// in the source as it is in the value.
func (f *File) byTable(offsets []int) Locate {
	return func(offset int) policy.Position {
		offset = max(offset, 0)
		last := min(offset, len(offsets)-1)
		return f.At(offsets[last] + offset - last)
	}
}

// skipProperties returns where the content of a node begins that begins at an offset: after its tag and
// anchor (YAML 1.2.2, section 6.9, "Node Properties").
func (f *File) skipProperties(at int) int {
	for at < len(f.src) && (f.src[at] == '!' || f.src[at] == '&') {
		length := bytes.IndexAny(f.src[at:], " \t\r\n")
		if length < 0 {
			return at
		}
		at += length
		at += len(f.src[at:]) - len(bytes.TrimLeft(f.src[at:], " \t\r\n"))
	}
	return at
}

// literal finds the lines of a block literal, whose header is at an offset: they are those of the source
// without their indentation. It returns false when the block is not where it should be: better no
// place than a wrong one.
func (f *File) literal(value string, header int) ([]int, bool) {
	number := sort.Search(len(f.yaml), func(i int) bool { return f.yaml[i].start > header }) // the line after the header
	offsets := make([]int, 0, len(value)+1)
	for text := range strings.Lines(strings.TrimRight(value, "\n") + "\n") {
		text = strings.TrimSuffix(text, "\n")
		if number >= len(f.yaml) {
			return nil, false
		}
		found := f.line(number)
		begin := len(found) - len(text)
		if !strings.HasSuffix(found, text) || strings.Trim(found[:max(begin, 0)], " ") != "" {
			return nil, false
		}
		for i := range len(text) + 1 {
			offsets = append(offsets, f.yaml[number].start+begin+i)
		}
		number++
	}
	return offsets, true
}

// line returns a line as YAML counts them, from 0, without its line end.
func (f *File) line(number int) string {
	end := len(f.src)
	if number+1 < len(f.yaml) {
		end = f.yaml[number+1].start
	}
	return strings.TrimRight(string(f.src[f.yaml[number].start:end]), "\r\n\u0085\u2028\u2029")
}

// singleQuoted walks a single-quoted text beside its value; false when it is not on one line.
func (f *File) singleQuoted(value string, quote int) ([]int, bool) {
	at := quote + 1
	offsets := make([]int, 0, len(value)+1)
	for i := range len(value) {
		if at >= len(f.src) || f.src[at] != value[i] {
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
func (f *File) doubleQuoted(value string, quote int) ([]int, bool) {
	at := quote + 1
	offsets := make([]int, 0, len(value)+1)
	for i := 0; i < len(value); {
		if at >= len(f.src) {
			return nil, false
		}
		_, size := utf8.DecodeRuneInString(value[i:])
		written := size
		if f.src[at] == '\\' {
			written = escapeLength(f.src[at:])
		} else if !bytes.HasPrefix(f.src[at:], []byte(value[i:i+size])) {
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
// (YAML 1.2.2, section 5.7, "Escaped Characters"; RFC 8259, section 7, "Strings").
func escapeLength(src []byte) int {
	if len(src) < 2 {
		return 1
	}
	switch src[1] {
	case 'x':
		return 4
	case 'u':
		if len(src) >= 12 && isSurrogate(src[2:6], "89ab") && src[6] == '\\' && src[7] == 'u' && isSurrogate(src[8:12], "cdef") {
			return 12 // a pair of UTF-16 escapes is one character of JSON
		}
		return 6
	case 'U':
		return 10
	default:
		return 2
	}
}

// isSurrogate reports whether four hexadecimal digits are one half of a pair: d, then one of second.
func isSurrogate(digits []byte, second string) bool {
	return digits[0]|0x20 == 'd' && strings.IndexByte(second, digits[1]|0x20) >= 0
}
