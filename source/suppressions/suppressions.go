// Package suppressions reads what people say about findings that they have looked at: comments and metadata in the files
// that findings are about, and the configuration file .strictkms.yaml. docs/audit.md describes the forms. The package
// knows neither findings nor rules; it reads the documents that it is given and no other files.
package suppressions

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Origin says where a suppression was written.
type Origin string

// The origins.
const (
	FromComment       Origin = "comment"
	FromMetadata      Origin = "metadata"
	FromConfiguration Origin = "configuration"
)

// Suppression says to leave out what a rule finds in one place.
type Suppression struct {
	// Rule is the code or the name of the rule, as written.
	Rule   string
	Reason string
	Origin Origin
	Pos    policy.Position
	// File is the name of the file that it is for; of a configuration it is a pattern as of [path.Match] for the path or
	// its last part, empty for all files.
	File string
	// Sid and Key limit it to a statement and to a key, by its ARN or the end of it; empty for all.
	Sid, Key string
	// From and To are the part of the file that it is for: from here, and before there. To is zero for the rest of the
	// file, and both are for all of it.
	From, To policy.Position
}

// Covers reports whether the suppression is for something at a place, in a statement of a policy of a key.
func (s *Suppression) Covers(pos policy.Position, sid, key string) bool {
	return s.IsFor(pos.File) &&
		(s.Sid == "" || s.Sid == sid) &&
		(s.Key == "" || key == s.Key || strings.HasSuffix(key, "/"+s.Key)) &&
		(!s.From.IsValid() || !before(pos, s.From)) && (!s.To.IsValid() || before(pos, s.To))
}

// IsFor reports whether the suppression is for the file, or for parts of it.
func (s *Suppression) IsFor(file string) bool {
	if s.Origin != FromConfiguration {
		return s.File == file
	}
	if s.File == "" {
		return true
	}
	slashed := path.Clean(filepath.ToSlash(file))
	whole, _ := path.Match(path.Clean(s.File), slashed) // the pattern was checked when it was read
	last, _ := path.Match(s.File, path.Base(slashed))
	return whole || last
}

func before(a, b policy.Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}
