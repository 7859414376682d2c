package kmstest_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the table of errors in docs/api.md")

// TestErrorsThatNeverComeAreDocumented holds a table of docs/api.md to what TestWalk knows.
func TestErrorsThatNeverComeAreDocumented(t *testing.T) {
	t.Parallel()
	const file, begin, end = "../docs/api.md", "<!-- errors -->\n", "<!-- /errors -->\n"
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found)
	table, after, found := strings.Cut(rest, end)
	require.True(t, found)
	wanted := neverTable()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(before+begin+wanted+end+after), 0o644)) //nolint:gosec // a page
		return
	}
	require.Equal(t, wanted, table, "go test ./kmstest -run NeverCome -update writes the table of docs/api.md")
}

// neverTable is the table: an error and the reason why it does not come, with the operations that have it.
func neverTable() string {
	type row struct{ code, reason string }
	operations := map[row][]string{}
	for code, reason := range neverAnywhere {
		operations[row{code, reason}] = nil
	}
	for _, op := range walkedOperations() {
		for code, reason := range op.never {
			operations[row{code, reason}] = append(operations[row{code, reason}], op.name)
		}
	}
	rows := slices.SortedFunc(maps.Keys(operations), func(a, b row) int {
		return strings.Compare(a.code+a.reason, b.code+b.reason)
	})
	var b strings.Builder
	b.WriteString("\n| error | of | |\n|---|---|---|\n")
	for _, r := range rows {
		of := "all operations"
		if names := operations[r]; names != nil {
			of = strings.Join(slices.Sorted(slices.Values(names)), ", ")
		}
		b.WriteString("| " + r.code + " | " + of + " | " + strings.ToUpper(r.reason[:1]) + r.reason[1:] + " |\n")
	}
	return b.String() + "\n"
}
