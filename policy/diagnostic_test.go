package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiagnostics(t *testing.T) {
	at := func(file string, line, column int) Position { return Position{File: file, Line: line, Column: column} }
	ds := Diagnostics{
		{Code: "c", Severity: SeverityWarning, Message: "third", Pos: at("b", 1, 1), Related: []Position{at("a", 1, 2), at("a", 2, 1)}},
		{Code: "b", Severity: SeverityError, Message: "second", Pos: at("a", 2, 5)},
		{Code: "a", Severity: SeverityError, Message: "first", Pos: at("a", 2, 4)},
		{Code: "d", Severity: SeverityUnknown, Message: "nowhere"},
	}
	ds.Sort()
	require.Equal(t, "nowhere\na:2:4: first\na:2:5: second\nb:1:1: warning: third (see a:1:2, a:2:1)", ds.Error())
	require.True(t, ds.HasErrors())
	require.Equal(t, ds[1:3], ds.Errors())
	require.Equal(t, ds[3:], ds.Warnings())
	require.False(t, ds.Warnings().HasErrors())
	require.Empty(t, Diagnostics(nil).Error())
	require.Equal(t, "2:4", at("", 2, 4).String())
}
