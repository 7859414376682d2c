package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator/access"
	"github.com/strictkms/strictkms/source"
)

// matrixParams are what matrix is asked.
type matrixParams struct {
	world      worldParams
	server     endpointParams
	request    requestParams
	principals []string
	keys       []string
	actions    []string
	why, all   bool
	output     string
	format     enum
}

// mattering are the actions of the matrix when none are named: what gives somebody data, power over others, or an end
// to both.
var mattering = []string{
	"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:Sign",
	"kms:CreateGrant", "kms:PutKeyPolicy", "kms:DisableKey", "kms:ScheduleKeyDeletion",
}

func newMatrix(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &matrixParams{request: requestParams{now: now}}
	cmd := &cobra.Command{
		Use:   "matrix",
		Short: "List who can do what with which key: everybody, all keys, the actions that matter",
		Long: `List for everybody whom who-can asks about and every key that was loaded whether they can do an action: as a table, as
comma-separated values, as JSON, or as one HTML page that needs nothing else. Only direct ways count; who-can lists the
others.

` + openLong,
		Example: `  strictkms matrix --load template.yaml
  strictkms matrix --load template.yaml --key alias/app --actions permissions --format csv
  strictkms matrix --load snapshot/ --format html --output matrix.html`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runMatrix(ctx, p, s.out, s.err) },
	}
	addWorld(cmd, &p.world)
	addEndpoint(cmd, &p.server, now)
	addRequest(cmd, &p.request)
	flags := cmd.Flags()
	flags.StringArrayVar(&p.principals, "principal", nil, "only this `PRINCIPAL` (repeatable; default: everybody)")
	flags.StringArrayVar(&p.keys, "key", nil, "only this `KEY` (repeatable; default: all)")
	addActions(cmd, &p.actions)
	flags.BoolVar(&p.why, "why", false, "also say how, in the formats csv and json; html always does")
	flags.BoolVar(&p.all, "all", false, "keep the rows of those who can do nothing with a key")
	flags.StringVarP(&p.output, "output", "o", "", "write to `FILE` instead of the standard output")
	p.format = newEnum(formatText, "csv", formatJSON, "html")
	flags.Var(&p.format, "format", "how the answer is written")
	return cmd
}

// runMatrix answers the question.
func runMatrix(ctx context.Context, p *matrixParams, out, errw io.Writer) error {
	world, readings, err := p.world.openFrom(ctx, &p.server, errw)
	if err != nil {
		return err
	}
	settings, settingsErr := p.request.settings(world)
	m, err := p.matrix(world)
	if err = errors.Join(err, settingsErr); err != nil {
		return err
	}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	asker := access.New(world, evaluator.New(world).Assuming(readings), settings)
	if len(p.keys) == 0 {
		m.Keys = asker.Keys()
	}
	write := map[string]func(context.Context, *access.Matrix, io.Writer) error{
		formatText: asker.WriteMatrixText, "csv": asker.WriteMatrixCSV, formatJSON: asker.WriteMatrixJSON, "html": asker.WriteMatrixHTML,
	}[p.format.value]
	if bar := newProgress(errw, "asking about principals", len(m.Principals)); bar != nil {
		m.Progress = func(done int) { _ = bar.Set(done) } // what it cannot show it need not
		defer func() { _ = bar.Finish() }()
	}
	if p.output == "" {
		if p.format.value == formatText {
			out = &visible{w: out}
		}
		return write(ctx, m, out)
	}
	return writeWhole(p.output, func(w io.Writer) error { return write(ctx, m, w) })
}

// matrix finds what the flags name, and reports every name that is not there.
func (p *matrixParams) matrix(w *source.World) (*access.Matrix, error) {
	m := &access.Matrix{Why: p.why || p.format.value == "html", All: p.all}
	var errs []error
	for _, name := range p.principals {
		c, err := w.CandidateNamed(name)
		errs = append(errs, err)
		m.Principals = append(m.Principals, c)
	}
	if len(p.principals) == 0 {
		m.Principals = w.Candidates()
	}
	for _, name := range p.keys {
		key, alias, err := keyNamed(w, name)
		errs = append(errs, err)
		m.Keys = append(m.Keys, access.Target{Key: key, Alias: alias})
	}
	names := p.actions
	if len(names) == 0 {
		names = mattering
	}
	actions, err := access.Actions(names...)
	errs = append(errs, err)
	for _, action := range actions {
		if action.On("key") {
			m.Actions = append(m.Actions, action)
		}
	}
	if err == nil && len(m.Actions) == 0 {
		errs = append(errs, errors.New("--actions: none of them acts on a key"))
	}
	return m, errors.Join(errs...)
}
