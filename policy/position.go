package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// Position is a place in a source document. The zero Position is unknown.
type Position struct {
	// File names the document as the user gave it.
	File string
	// Offset counts bytes from 0.
	Offset int
	// Line counts from 1; 0 means that the position is unknown.
	Line int
	// Column counts bytes within the line, from 1.
	Column int
}

// IsValid reports whether the position points into a document.
func (p Position) IsValid() bool { return p.Line > 0 }

// String formats the position as file:line:column, leaving out what is not known.
func (p Position) String() string {
	switch {
	case !p.IsValid():
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// MarshalText implements [encoding.TextMarshaler]: the form of [Position.String].
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]: the reverse of MarshalText. The offset is not part of the text.
func (p *Position) UnmarshalText(text []byte) error {
	*p = Position{}
	rest, column, ok := cutNumber(string(text))
	if !ok {
		p.File = string(text)
		return nil
	}
	file, line, ok := cutNumber(rest)
	if !ok {
		// Without a file the text is LINE:COLUMN.
		if line, err := strconv.Atoi(rest); err == nil && line > 0 {
			p.Line, p.Column = line, column
		} else {
			p.File = string(text)
		}
		return nil
	}
	p.File, p.Line, p.Column = file, line, column
	return nil
}

// cutNumber cuts a number off the end of a text, at the last colon.
func cutNumber(text string) (before string, number int, ok bool) {
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return text, 0, false
	}
	number, err := strconv.Atoi(text[at+1:])
	return text[:at], number, err == nil && number > 0
}
