package server_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
)

// TestMetricsAreDocumented holds the table of docs/server.md to the metrics that there are.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/server.md")
	require.NoError(t, err)
	_, section, ok := strings.Cut(string(page), "### Metrics\n")
	require.True(t, ok)
	section, _, _ = strings.Cut(section, "\n## ")
	names := func(pattern, text string) (found []string) {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			found = append(found, match[1])
		}
		return found
	}
	told := send(t, mustGet(t, start(t, enforce.Strict).url+server.MetricsPath)).body
	require.ElementsMatch(t, names(`(?m)^# TYPE (strictkms_\w+) `, told), names("(?m)^\\| `(strictkms_\\w+)` ", section))
}
