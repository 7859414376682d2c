package policy

import "fmt"

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
