package live_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/live"
)

func TestWriteText(t *testing.T) {
	t.Parallel()
	about := live.Result{ID: []byte(`"a"`), Principal: alice, Action: "kms:Encrypt", Resource: key}
	different := about
	different.Outcome, different.Expected, different.Reason = live.Different, evaluator.Allow, "grant"
	different.AWS, different.RequestID, different.Message = evaluator.Deny, "r-1", "no."
	skipped := about
	skipped.Outcome, skipped.Why = live.Skipped, "why"
	same := about
	same.Outcome = live.Same
	failed := live.Result{Outcome: live.Failed, Why: "line 1:1:1: one\nline 1:1:2: two"}
	terse := live.Result{Outcome: live.Different, Expected: evaluator.Deny, AWS: evaluator.Allow, RequestID: "r-2"}

	var b strings.Builder
	var sum live.Summary
	for _, r := range []live.Result{different, skipped, same, failed, terse} {
		require.NoError(t, live.WriteText(&b, r))
		sum.Add(r)
	}
	what := `"a"  ` + alice + "  kms:Encrypt  " + key + "\n"
	require.Equal(t, "DIFFERENT  "+what+"  expected allow (grant), AWS says deny in request r-1\n  no.\n"+
		"SKIPPED    "+what+"  why\n"+
		"ERROR      \n  line 1:1:1: one\n  line 1:1:2: two\n"+
		"DIFFERENT      \n  expected deny, AWS says allow in request r-2\n", b.String())
	require.Equal(t, "3 lines asked, 2 differences; 1 skipped, 1 errors", sum.String())
	require.ErrorIs(t, live.WriteText(full{}, skipped), errFull)
}

var errFull = errors.New("no space left")

// full is a writer without room.
type full struct{}

// Write implements io.Writer.
func (full) Write([]byte) (int, error) { return 0, errFull }
