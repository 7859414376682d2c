package diff_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/simulator/diff"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// TestSharedCorpus compares templates of others with themselves, everything of them: also what depends on values that
// are not known before deployment is no difference.
func TestSharedCorpus(t *testing.T) {
	names, err := filepath.Glob("../../../shared/corpus/cfn/*")
	require.NoError(t, err)
	if len(names) == 0 {
		t.Skip("skipped: ../shared/corpus is not here")
	}
	compared, keys := 0, 0
	for _, name := range names {
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		side := func() (diff.Side, error) {
			w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
			err := cloudformation.Load(w, filepath.Base(name), src, cloudformation.Options{
				Account: "111122223333", Region: "us-east-1", StackName: "corpus",
			})
			return diff.Side{World: w, Evaluator: shared.In(w)}, err
		}
		before, err := side()
		if err != nil {
			continue // such as a parameter without a value
		}
		after, err := side()
		require.NoError(t, err)
		r, err := diff.CompareAll(t.Context(), before, after)
		require.NoError(t, err, name)
		require.Equal(t, diff.Same, r.Verdict, "%s: %v", name, summary(r))
		compared++
		keys += len(before.World.Keys)
	}
	require.NotZero(t, keys)
	t.Logf("%d templates with %d keys", compared, keys)
}
