package iam

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSecretTypeIsNotShown prints the secret by itself and as a field that has no methods to ask.
func TestSecretTypeIsNotShown(t *testing.T) {
	s := secretOf("wJalrXUtnFEMI")
	require.Equal(t, "wJalrXUtnFEMI", s.reveal())
	require.Empty(t, secret(nil).reveal())
	opened := &AccessKey{ID: "AKIA1", opened: s}
	held := &session{accessKeyID: "ASIA1", secret: s, claims: &claims{}}
	var out strings.Builder
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range []any{s, &s, opened, *held.claims, struct{ S secret }{s}, struct{ s secret }{s}, []secret{s}} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q %x", v, v, v, v, v, v)
		logger.Info("shown", slog.Any("value", v))
	}
	fmt.Fprintf(&out, "%+v %#v %v", opened, held, s.String()+s.GoString())
	text, err := json.Marshal(map[string]any{"s": s, "key": opened})
	require.NoError(t, err)
	out.Write(text)
	require.NotContains(t, out.String(), "wJalr")
	require.NotContains(t, out.String(), fmt.Sprintf("%x", "wJalr"))
	require.Contains(t, out.String(), redacted)
}
