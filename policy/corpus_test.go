package policy

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite golden files")

// The policies of the corpus are from documentation and samples. Those that are refused have text
// for a person to replace, or the intrinsic functions of a template, where a string must be: see the
// golden file.
func TestCorpus(t *testing.T) {
	const golden = "testdata/corpus_refused.txt"
	if _, err := os.Stat(corpusDir); err != nil {
		t.Skipf("no corpus of policies: %v", err)
	}
	all := seeds(t)
	var refused strings.Builder
	accepted := 0
	for _, file := range slices.Sorted(maps.Keys(all)) {
		if filepath.Dir(file) != corpusDir {
			continue
		}
		base := filepath.Base(file)
		kind := KeyPolicy
		if strings.HasPrefix(base, "iam-policy") {
			kind = IdentityPolicy
		}
		doc, ds := Parse(kind, base, all[file], WithFile(base))
		if doc != nil {
			accepted++
			printed, err := doc.MarshalJSON()
			require.NoError(t, err)
			requireSame(t, doc, parse(t, kind, string(printed), WithoutSizeLimit()))
			continue
		}
		refused.WriteString(ds.Errors().Error() + "\n")
	}
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(refused.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), refused.String())
	require.Equal(t, 113, accepted)
}
