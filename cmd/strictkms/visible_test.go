package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVisible checks that no name of a file or a policy acts on a terminal or on a runner of GitHub Actions.
func TestVisible(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"text", "a\tb é 日本\n", "a\tb é 日本\n"},
		{"colours", "\x1b[31mred\x1b[0m", `\u001b[31mred\u001b[0m`},
		{"over the line before", "fine\r\x08x\x7f", `fine\u000d\u0008x\u007f`},
		{"a control character of two bytes", "\u009b31m", `\u009b31m`},
		{"the other direction", "a\u202eb\u2066", `a\u202eb\u2066`},
		{"a command", "a\n::error::x\n  ::warning::x", "a\n\\u003a:error::x\n  \\u003a:warning::x"},
		{"an older command", "##[error]x", `\u0023#[error]x`},
		{"no command", "a ::error::x arn:aws:kms::x\n# [a]", "a ::error::x arn:aws:kms::x\n# [a]"},
		{"no UTF-8", "a\xffb", "a\xffb"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			n, err := io.WriteString(&visible{w: &out}, c.in)
			require.NoError(t, err)
			require.Equal(t, len(c.in), n)
			require.Equal(t, c.want, out.String())
		})
	}
}

// TestVisibleJSON checks that JSON stays the same JSON.
func TestVisibleJSON(t *testing.T) {
	const name = "\x1b[31m\u202e::error::\u009b\x7f"
	var out bytes.Buffer
	require.NoError(t, json.NewEncoder(&visible{w: &out}).Encode(name))
	require.NotContains(t, out.String(), "\u202e")
	var back string
	require.NoError(t, json.Unmarshal(out.Bytes(), &back))
	require.Equal(t, name, back)
}

// TestVisibleFails checks that a closed pipe is noticed, and that a line goes on in the next call.
func TestVisibleFails(t *testing.T) {
	gone := errors.New("gone")
	_, err := (&visible{w: failing{gone}}).Write([]byte("x"))
	require.ErrorIs(t, err, gone)
	var out bytes.Buffer
	v := &visible{w: &out}
	for _, part := range []string{"a", "::b\n", "::c"} {
		_, err = io.WriteString(v, part)
		require.NoError(t, err)
	}
	require.Equal(t, "a::b\n\\u003a:c", out.String())
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
