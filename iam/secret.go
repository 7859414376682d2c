package iam

import (
	"fmt"
	"log/slog"
)

// redacted is what is shown in the place of a secret.
const redacted = "[redacted]"

// secret is a secret access key in the clear. It lives in memory only, and nothing that prints, logs or encodes it
// shows it, not even what looks into the fields of structs: reading it takes a call of reveal.
type secret func() string

// secretOf keeps a text secret.
func secretOf(text string) secret { return func() string { return text } }

// reveal returns the secret, empty for none.
func (s secret) reveal() string {
	if s == nil {
		return ""
	}
	return s()
}

// String does not return the secret.
func (secret) String() string { return redacted }

// GoString does not return the secret.
func (secret) GoString() string { return redacted }

// Format does not print the secret, whatever the verb.
func (secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText does not return the secret.
func (secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue does not return the secret.
func (secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// shown is a credential without its secrets: what is printed, logged and encoded of it.
type shown struct {
	AccessKeyID, Principal string
}

func (c Credential) shown() shown {
	out := shown{AccessKeyID: c.AccessKeyID}
	if c.Principal != nil {
		out.Principal = c.Principal.ARN
	}
	return out
}

// Format prints the credential without its secrets, whatever the verb.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "%+v", c.shown()) }

// MarshalJSON encodes the credential without its secrets.
func (c Credential) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"AccessKeyId":%q,"Principal":%q}`, c.shown().AccessKeyID, c.shown().Principal), nil
}

// LogValue logs the credential without its secrets.
func (c Credential) LogValue() slog.Value {
	s := c.shown()
	return slog.GroupValue(slog.String("accessKeyId", s.AccessKeyID), slog.String("principal", s.Principal))
}
