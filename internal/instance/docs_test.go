package instance

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the table of docs/api.md")

const mark = "<!-- operations -->\n"

// TestOperationsAreDocumented holds the table at the end of docs/api.md to the operations that there are.
func TestOperationsAreDocumented(t *testing.T) {
	i, err := Start(t.Context(), Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, i.Close(t.Context())) })
	apis, err := i.apis(t.Context())
	require.NoError(t, err)
	page, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	text, list, found := strings.Cut(string(page), mark)
	require.True(t, found)
	var table strings.Builder
	table.WriteString("\n| service | version | operations |\n|---|---|---|\n")
	for _, api := range apis {
		d := api.Description()
		table.WriteString("| " + d.Name + " | " + d.Version + " | " + strings.Join(api.Operations(), ", ") + " |\n")
	}
	wanted := table.String()
	if *update {
		require.NoError(t, os.WriteFile("../../docs/api.md", []byte(text+mark+wanted), 0o644)) //nolint:gosec // a page
		return
	}
	require.Equal(t, wanted, list, "docs/api.md must end with this table; go test ./internal/instance -run Documented -update writes it")
}
