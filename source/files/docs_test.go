package files_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

// TestDocumentation loads the example of docs/world.md and holds the page to the fields that
// exist: it asks the loader for them by way of its error messages.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/world.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "```yaml\n")
	require.True(t, ok)
	example, prose, ok := strings.Cut(rest, "```")
	require.True(t, ok)

	w := &source.World{}
	require.NoError(t, files.Load(w, "world.md", []byte(example), defaults))
	require.Empty(t, w.Warnings)
	require.Len(t, w.Keys, 6)
	app, err := w.Principal("role/App")
	require.NoError(t, err)
	require.Empty(t, app.Unknown)

	fields := regexp.MustCompile(`expected one of (.*)`)
	for _, probe := range []string{
		`{x: 1}`,
		`{accounts: {"111122223333": {x: 1}}}`,
		`{accounts: {"111122223333": {users: {a: {x: 1}}}}}`,
		`{accounts: {"111122223333": {groups: {a: {x: 1}}}}}`,
		`{accounts: {"111122223333": {roles: {a: {x: 1}}}}}`,
		`{accounts: {"111122223333": {keys: {a: {x: 1}}}}}`,
		`{accounts: {"111122223333": {clusters: {cluster-a23b4cdefgh: {x: 1}}}}}`,
		`{accounts: {"111122223333": {keys: {a: {grants: [{x: 1}]}}}}}`,
		`{accounts: {"111122223333": {keys: {a: {grants: [{Constraints: {x: 1}}]}}}}}`,
		`{organization: {x: 1}}`,
		`{organization: {id: o-1, root: {id: r-1, x: 1}}}`,
		`{organization: {id: o-1, root: {id: r-1, units: [{id: ou-1, x: 1}]}}}`,
		`{organization: {id: o-1, root: {id: r-1, accounts: {"111122223333": {x: 1}}}}}`,
	} {
		err := files.Load(&source.World{}, "probe.yaml", []byte(probe), defaults)
		require.Error(t, err)
		names := fields.FindStringSubmatch(err.Error())
		require.NotNil(t, names, "%s: %v", probe, err)
		for name := range strings.SplitSeq(names[1], ", ") {
			require.Contains(t, prose, "`"+name+"`", "docs/world.md does not describe a field")
		}
	}
}
