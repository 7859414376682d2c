package enforce

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestModeIsReadInItsExactSpelling(t *testing.T) {
	for _, mode := range []Mode{Strict, Soft, Off} {
		parsed, err := ParseMode(mode.String())
		require.NoError(t, err)
		require.Equal(t, mode, parsed)
		text, err := mode.MarshalText()
		require.NoError(t, err)
		var read Mode
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, mode, read)
	}
	for _, wrong := range []string{"", "STRICT", "strict ", "stirct", "on", "true", "none", "unknown"} {
		mode, err := ParseMode(wrong)
		require.ErrorContains(t, err, "expected strict, soft or off", wrong)
		require.Equal(t, ModeUnknown, mode, "a mode that was mistyped must not become another")
		kept := Strict
		require.Error(t, kept.UnmarshalText([]byte(wrong)))
		require.Equal(t, Strict, kept)
	}
	_, err := ModeUnknown.MarshalText()
	require.Error(t, err)
	require.Equal(t, "unknown", ModeUnknown.String())
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	_, err := New(Config{World: testWorld{}})
	require.ErrorContains(t, err, "mode")
	_, err = New(Config{World: testWorld{}, Mode: Mode(9)})
	require.ErrorContains(t, err, "mode")
	_, err = New(Config{Mode: Strict})
	require.ErrorContains(t, err, "world")
}
