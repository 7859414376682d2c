package main

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

// visible writes text for people, in which names come from files that others wrote: control characters, which a terminal
// would obey, and those that turn the direction of writing around are written as in JSON (\u001b), and no line is a command
// to the runner of GitHub Actions (https://docs.github.com/actions/reference/workflow-commands-for-github-actions). What is
// written as JSON, CSV and markdown stays that.
type visible struct {
	w      io.Writer
	inside bool // the line has begun with something that is no space
}

var _ io.Writer = (*visible)(nil)

// Write implements [io.Writer]. Characters that are split over two calls are left as they are.
func (v *visible) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); {
		r, size := utf8.DecodeRune(p[i:])
		switch {
		case r == '\n':
			v.inside = false
			out = append(out, '\n')
		case unseen(r) && size > 0 && (r != utf8.RuneError || size > 1):
			out = fmt.Appendf(out, `\u%04x`, r)
			v.inside = true
		case !v.inside && (bytes.HasPrefix(p[i:], []byte("::")) || bytes.HasPrefix(p[i:], []byte("##["))):
			out = fmt.Appendf(out, `\u%04x`, r)
			v.inside = true
		default:
			out = append(out, p[i:i+size]...)
			v.inside = v.inside || r != ' ' && r != '\t'
		}
		i += size
	}
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// unseen reports whether a character does something instead of showing: the control characters but for tabs, and what
// changes the direction of text (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
func unseen(r rune) bool {
	switch {
	case r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	default:
		return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}
}
