package audit

import (
	"fmt"
	"strings"
)

// Severity says how bad a finding is.
type Severity int

// The severities, the least first.
const (
	SeverityUnknown Severity = iota
	Info                     // worth knowing, often intended
	Medium                   // does less, or gives more, than it seems to
	High                     // does not do what it says, or gives away what it should not
	Critical                 // the key is open to strangers, or nobody can manage it
)

// severities are the names, the least first.
var severities = []string{"unknown", "info", "medium", "high", "critical"}

// String returns the name, for example "high".
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severities) {
		return severities[SeverityUnknown]
	}
	return severities[s]
}

// MarshalText implements [encoding.TextMarshaler].
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]: the reverse of MarshalText.
func (s *Severity) UnmarshalText(text []byte) error {
	parsed, err := ParseSeverity(string(text))
	*s = parsed
	return err
}

// ParseSeverity reads the name of a severity.
func ParseSeverity(name string) (Severity, error) {
	for i, known := range severities {
		if i > 0 && known == name {
			return Severity(i), nil
		}
	}
	return SeverityUnknown, fmt.Errorf("unknown severity %q: expected one of %s", name, strings.Join(SeverityNames(), ", "))
}

// SeverityNames are the names of the severities, the least first.
func SeverityNames() []string { return append([]string(nil), severities[1:]...) }
