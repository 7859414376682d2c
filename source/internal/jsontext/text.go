package jsontext

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
)

// Text is what a value says, with the place in the source of every byte of it.
type Text struct {
	// Bytes are the text.
	Bytes []byte

	file *File
	// offsets are the places of the bytes and of the end; nil when the text stands in the source as it is, from base on.
	offsets []int
	base    int
}

// Text returns the value of a string without its escapes, and any other value as it is written.
func (f *File) Text(v gjson.Result) Text {
	start := f.offset(v)
	if v.Type != gjson.String {
		return Text{Bytes: []byte(v.Raw), file: f, base: start}
	}
	inner := v.Raw[1 : len(v.Raw)-1]
	t := Text{Bytes: make([]byte, 0, len(inner)), file: f, offsets: make([]int, 0, len(inner)+1)}
	for i := 0; i < len(inner); {
		from := i
		if inner[i] != '\\' {
			i++
			t.add(start+1+from, inner[from])
			continue
		}
		var c rune
		c, i = unescape(inner, i)
		var encoded [utf8.UTFMax]byte
		t.add(start+1+from, encoded[:utf8.EncodeRune(encoded[:], c)]...)
	}
	t.offsets = append(t.offsets, start+1+len(inner))
	return t
}

// add appends bytes that one place of the source stands for.
func (t *Text) add(offset int, from ...byte) {
	for _, b := range from {
		t.Bytes = append(t.Bytes, b)
		t.offsets = append(t.offsets, offset)
	}
}

// Locate returns the position of the byte at an offset of the text.
func (t Text) Locate(offset int) policy.Position { return t.file.At(t.sourceOffset(offset)) }

func (t Text) sourceOffset(offset int) int {
	offset = max(0, min(offset, len(t.Bytes)))
	if t.offsets == nil {
		return t.base + offset
	}
	return t.offsets[offset]
}

// DecodePercent returns the text with every %XX replaced by the byte that it stands for (RFC 3986, section 2.1), as IAM
// encodes the policies in its answers. ok is false when a % is followed by something else.
func (t Text) DecodePercent() (decoded Text, ok bool) {
	decoded = Text{file: t.file, offsets: make([]int, 0, len(t.Bytes)+1)}
	for i := 0; i < len(t.Bytes); i++ {
		at := t.sourceOffset(i)
		if t.Bytes[i] != '%' {
			decoded.add(at, t.Bytes[i])
			continue
		}
		if i+2 >= len(t.Bytes) {
			return t, false
		}
		b, err := strconv.ParseUint(string(t.Bytes[i+1:i+3]), 16, 8)
		if err != nil {
			return t, false
		}
		decoded.add(at, byte(b))
		i += 2
	}
	decoded.offsets = append(decoded.offsets, t.sourceOffset(len(t.Bytes)))
	return decoded, true
}

// unescape reads the escape at a place of the inside of a valid JSON string (RFC 8259, section 7) and returns the
// character and the place after it. Half of a pair of UTF-16 escapes is the replacement character.
func unescape(s string, at int) (c rune, next int) {
	switch s[at+1] {
	case 'b':
		return '\b', at + 2
	case 'f':
		return '\f', at + 2
	case 'n':
		return '\n', at + 2
	case 'r':
		return '\r', at + 2
	case 't':
		return '\t', at + 2
	case 'u':
	default:
		return rune(s[at+1]), at + 2
	}
	c = hex4(s, at)
	if !utf16.IsSurrogate(c) {
		return c, at + 6
	}
	if at+12 <= len(s) && s[at+6] == '\\' && s[at+7] == 'u' {
		if pair := utf16.DecodeRune(c, hex4(s, at+6)); pair != utf8.RuneError {
			return pair, at + 12
		}
	}
	return utf8.RuneError, at + 6
}

// hex4 reads \uXXXX.
func hex4(s string, at int) rune {
	n, err := strconv.ParseUint(s[at+2:at+6], 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}
