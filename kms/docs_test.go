package kms

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOperationsAreDocumented holds the lists of docs/server.md to the operations that are there and are not.
func TestOperationsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/server.md")
	require.NoError(t, err)
	_, list, found := strings.Cut(string(page), "<!-- operations -->\n")
	require.True(t, found)
	wanted := "\n| | |\n|---|---|\n| there | " + strings.Join(Operations(), ", ") + " |\n" +
		"| not there | " + strings.Join(notBuilt, ", ") + " |\n"
	require.Equal(t, wanted, list, "docs/server.md must end with this table")
}
