package kms

import (
	"fmt"
	"log/slog"
)

// secret is bytes that only the caller may see: a plaintext that came with a request or goes with an answer. In JSON
// they are base64 as in the API; nothing else prints them.
type secret []byte

// redacted is what every printed form of a [secret] says.
const redacted = "[redacted]"

// String tells nothing.
func (secret) String() string { return redacted }

// GoString tells nothing.
func (secret) GoString() string { return redacted }

// Format tells nothing, whatever the verb.
func (secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// LogValue tells nothing.
func (secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// secretText is a secret that comes as a text and never goes with an answer: a password, a secret access key. Nothing
// prints it.
type secretText string

// String tells nothing.
func (secretText) String() string { return redacted }

// GoString tells nothing.
func (secretText) GoString() string { return redacted }

// Format tells nothing, whatever the verb.
func (secretText) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// LogValue tells nothing.
func (secretText) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText tells nothing.
func (secretText) MarshalText() ([]byte, error) { return []byte(redacted), nil }
