package material

import (
	"fmt"
	"log/slog"
)

// redacted is what every printed form of a secret says.
const redacted = "[redacted]"

// redaction has the methods that keep fmt, log/slog and encoding/json from looking into the type that embeds it.
// The types keep the secret itself in a function besides: in an unexported field fmt cannot call methods, and for a
// verb that does not suit a pointer it follows the pointer. It never calls a function.
type redaction struct{}

// String tells nothing.
func (redaction) String() string { return redacted }

// GoString tells nothing.
func (redaction) GoString() string { return redacted }

// Format tells nothing, whatever the verb.
func (redaction) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// LogValue tells nothing.
func (redaction) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON tells nothing.
func (redaction) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText tells nothing.
func (redaction) MarshalText() ([]byte, error) { return []byte(redacted), nil }
