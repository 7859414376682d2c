package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	recorded "github.com/strictkms/strictkms/simulator/replay"
)

// replayParams are what replay is asked.
type replayParams struct {
	trails []string
	world  worldParams
	format enum
}

func newReplay(ctx context.Context, s streams) *cobra.Command {
	p := &replayParams{}
	cmd := &cobra.Command{
		Use:   "replay --trail FILE... --load NEW",
		Short: "Decide recorded calls under new policies, and say what would change",
		Long: `Decide the calls that AWS CloudTrail recorded under other policies, and say which of them would be decided otherwise.

FILE has events of AWS KMS: as CloudTrail delivers them (also .json.gz), as "aws cloudtrail lookup-events" prints them, or
an event on each line, as "strictkms serve --trail" writes them; - is standard input. Events that do not tell enough to
be decided are counted, with the reason.

Exit codes: 0 all calls that can be decided are decided as before, 1 some are not, 2 usage or input error.`,
		Example: `  strictkms replay --trail 111122223333_CloudTrail_us-east-1_20260101T0000Z.json.gz --load template.yaml
  strictkms replay --trail decisions.jsonl --load snapshot/ --load new-key-policies.yaml --format json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runReplay(ctx, p, s) },
	}
	cmd.Flags().StringArrayVar(&p.trails, "trail", nil, "a `FILE` of events of AWS CloudTrail (repeatable)")
	addWorld(cmd, &p.world)
	addFormat(cmd, &p.format)
	return cmd
}

// runReplay decides all events; that one is decided otherwise is an [exitError].
func runReplay(ctx context.Context, p *replayParams, s streams) error {
	if len(p.trails) == 0 {
		return errors.New("replay expects at least one file of events with --trail")
	}
	world, readings, err := p.world.open(s.err)
	if err != nil {
		return err
	}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	r := recorded.New(world, evaluator.New(world).Assuming(readings))
	var errs []error
	for _, name := range p.trails {
		errs = append(errs, readTrail(name, s.in, func(e *recorded.Event) error { return r.Add(ctx, e) }))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	report := r.Report()
	if p.format.value == formatJSON {
		err = writeJSON(s.out, report)
	} else {
		err = report.WriteText(&visible{w: s.out})
	}
	if err == nil && len(report.Changes) > 0 {
		return &exitError{exitDenied}
	}
	return err
}

// readTrail reads one file of events.
func readTrail(name string, stdin io.Reader, each func(*recorded.Event) error) (err error) {
	if name == "-" {
		return recorded.Read("standard input", stdin, each)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return recorded.Read(name, f, each)
}
