package imports

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDependenciesAreAccountedFor holds DEPENDENCIES.md to go.mod: every direct requirement has a
// row with its version, and every row of a linked module is a requirement.
func TestDependenciesAreAccountedFor(t *testing.T) {
	gomod, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	page, err := os.ReadFile("../../DEPENDENCIES.md")
	require.NoError(t, err)
	linked, _, found := strings.Cut(string(page), "\n## Tools\n")
	require.True(t, found, "DEPENDENCIES.md has no section Tools")

	rows := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^\| (\S+\.\S+/\S+) \| (v\S+) \|`).FindAllStringSubmatch(linked, -1) {
		rows[match[1]] = match[2]
	}
	require.NotEmpty(t, rows)

	required := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^(?:require )?\t?(\S+\.\S+/\S+) (v\S+)(.*)$`).FindAllStringSubmatch(string(gomod), -1) {
		required[match[1]] = match[2]
		if !strings.Contains(match[3], "// indirect") {
			require.Equal(t, match[2], rows[match[1]], "the row of %s in DEPENDENCIES.md", match[1])
		}
	}
	for module, version := range rows {
		require.Equal(t, required[module], version, "DEPENDENCIES.md has a row for %s, go.mod requires another version", module)
	}
}
