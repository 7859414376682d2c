package enforce

import "fmt"

// Mode says what happens to a call that AWS would deny.
type Mode int

// The modes. The zero value is none of them.
const (
	ModeUnknown Mode = iota
	Strict           // denied calls are denied
	Soft             // denied calls are logged and pass
	Off              // nothing is decided
)

var modeNames = map[Mode]string{Strict: "strict", Soft: "soft", Off: "off"}

// String returns the name that [ParseMode] reads.
func (m Mode) String() string {
	if name, ok := modeNames[m]; ok {
		return name
	}
	return "unknown"
}

// ParseMode reads strict, soft or off, in exactly this spelling: a mode that was mistyped must not become another one.
func ParseMode(name string) (Mode, error) {
	for m, known := range modeNames {
		if known == name {
			return m, nil
		}
	}
	return ModeUnknown, fmt.Errorf("unknown enforcement mode %q: expected strict, soft or off", name)
}

// MarshalText writes the name.
func (m Mode) MarshalText() ([]byte, error) {
	if _, ok := modeNames[m]; !ok {
		return nil, fmt.Errorf("enforcement mode %d has no name", int(m))
	}
	return []byte(m.String()), nil
}

// UnmarshalText reads the name as [ParseMode] does, so that a Mode can be a flag or a setting.
func (m *Mode) UnmarshalText(text []byte) error {
	parsed, err := ParseMode(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}
