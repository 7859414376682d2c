package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// streams are what a command reads and writes: results on out, everything else on err.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, s streams, now func() time.Time) int {
	root := newRoot(ctx, s, now)
	root.SetArgs(args)
	return report(s.err, root.ExecuteContext(ctx))
}

// newRoot makes the command line.
func newRoot(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	root := &cobra.Command{
		Use:   "strictkms",
		Short: "Decide, explain and enforce AWS KMS authorization",
		Long: `strictkms decides AWS KMS authorization: may this principal do this action with this key, and why.
It reads key policies, IAM policies, grants and organization policies from the files they are written in, and runs a
KMS endpoint that enforces them on every call.

Exit codes: 0 allowed or done, 1 denied, 2 usage or input error, 3 allowed under conditions.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newServe(ctx, s, now), newExec(ctx, s, now), newCan(ctx, s, now), newWhoCan(ctx, s, now), newWhatCan(ctx, s, now),
		newMatrix(ctx, s, now), newExplain(ctx, s),
		newRego(s), newDecide(ctx, s), newSnapshot(ctx, s, now), newVerify(ctx, s, now), newTest(ctx, s, now), newDiff(ctx, s), newReplay(ctx, s), newAudit(ctx, s, now), newRules(s),
		newXksProxy(ctx, s),
		newVersion(s),
	)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return root
}
