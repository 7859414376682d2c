package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"sort"
	"unicode/utf8"
)

// maxDepth is how deep a document may nest. A policy needs seven levels.
const maxDepth = 32

// pos returns the position of a byte of the source.
func (p *parser) pos(offset int) Position {
	if p.locate != nil {
		return p.locate(offset)
	}
	if p.lines == nil {
		p.lines = []int{0}
		for i, b := range p.src {
			if b == '\n' {
				p.lines = append(p.lines, i+1)
			}
		}
	}
	line := sort.SearchInts(p.lines, offset+1)
	return Position{File: p.file, Offset: offset, Line: line, Column: offset - p.lines[line-1] + 1}
}

// checkText refuses what is not UTF-8 text.
func (p *parser) checkText() bool {
	switch {
	case len(bytes.TrimSpace(p.src)) == 0:
		p.fail(CodeInvalidJSON, 0, "the document is empty: expected a JSON object")
		return false
	case bytes.HasPrefix(p.src, []byte("\uFEFF")):
		p.fail(CodeNotText, 0, "the document begins with a byte order mark: expected JSON in UTF-8 without it")
		return false
	case bytes.HasPrefix(p.src, []byte{0xFE, 0xFF}), bytes.HasPrefix(p.src, []byte{0xFF, 0xFE}):
		p.fail(CodeNotText, 0, "the document is in UTF-16: expected JSON in UTF-8")
		return false
	}
	for i := 0; i < len(p.src); {
		r, n := utf8.DecodeRune(p.src[i:])
		if r == 0 || r == utf8.RuneError && n == 1 {
			p.fail(CodeNotText, i, "byte 0x%02X is not text: expected JSON in UTF-8", p.src[i])
			return false
		}
		i += n
	}
	return true
}

// checkDepth refuses nesting that no policy needs, before anything recursive reads the source.
func (p *parser) checkDepth() bool {
	depth, quoted := 0, false
	for i := 0; i < len(p.src); i++ {
		switch b := p.src[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{', b == '[':
			if depth++; depth > maxDepth {
				p.fail(CodeTooDeep, i, "the document nests deeper than %d levels", maxDepth)
				return false
			}
		case b == '}', b == ']':
			depth--
		}
	}
	return true
}

// checkJSON refuses what is not one JSON value.
func (p *parser) checkJSON() bool {
	var raw json.RawMessage
	err := json.Unmarshal(p.src, &raw)
	if err == nil {
		return true
	}
	offset := 0
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		// The decoder counts the bytes that it read, the offending one included.
		offset = int(syntax.Offset) - 1
		if syntax.Error() == unexpectedEnd {
			offset = len(p.src)
		}
	}
	p.fail(CodeInvalidJSON, offset, "the document is not valid JSON: %s", err)
	return false
}

// unexpectedEnd is the text of the decoder's error about JSON that stops too early.
const unexpectedEnd = "unexpected end of JSON input"

// checkCharacters refuses the characters that AWS refuses in the text of a policy
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html, Policy;
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
func (p *parser) checkCharacters() {
	if p.kind != KeyPolicy && !p.kind.isIAM() {
		return
	}
	for i := 0; i < len(p.src); {
		r, n := utf8.DecodeRune(p.src[i:])
		if r > 0xFF && (r != Unresolved || !p.unresolved) {
			p.fail(CodeInvalidCharacter, i,
				"character %U is not allowed in %s: expected tab, line feed, carriage return or U+0020 to U+00FF", r, p.kind.withArticle())
		}
		i += n
	}
}
