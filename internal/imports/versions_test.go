package imports

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStockOPAIsTheSameVersion holds the opa binary that tests run exported Rego through to the
// version that the evaluator is built on (docs/adr/004-tools-in-their-own-modules.md).
func TestStockOPAIsTheSameVersion(t *testing.T) {
	require.Equal(t, opaVersion(t, "../../go.mod"), opaVersion(t, "../../tools/opa/go.mod"))
}

func opaVersion(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	match := regexp.MustCompile(`github\.com/open-policy-agent/opa (v\S+)`).FindSubmatch(text)
	require.NotNil(t, match, "%s does not require OPA", file)
	return string(match[1])
}
