package operation

import (
	"fmt"
	"log/slog"
)

// Secret is a member of an output that only the answer itself shows: nothing that prints, logs or encodes it does, nor
// what looks into the fields of structs.
type Secret func() string

// NewSecret keeps a text secret.
func NewSecret(text string) Secret { return func() string { return text } }

// Reveal returns the secret, empty for none.
func (s Secret) Reveal() string {
	if s == nil {
		return ""
	}
	return s()
}

const redacted = "[redacted]"

// String does not return the secret.
func (Secret) String() string { return redacted }

// GoString does not return the secret.
func (Secret) GoString() string { return redacted }

// Format does not print the secret, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText does not return the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue does not return the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
