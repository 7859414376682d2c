package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/internal/instance"
)

// explainParams are what explain is asked.
type explainParams struct {
	requestID string
	endpoint  string
	format    enum
}

func newExplain(ctx context.Context, s streams) *cobra.Command {
	p := &explainParams{}
	cmd := &cobra.Command{
		Use:   "explain REQUEST-ID",
		Short: "Say why a past call to a running server went as it did",
		Long: `Say why a past call to a running server went as it did: which statement of which policy decided, what came
nearest, and what would change the answer. AWS SDKs print the request id with each error; the AWS CLI shows it with
--debug, and the server's decision log (--trail) has it as requestID. The server remembers its latest 10,000 calls,
and tells about them on the loopback interface only.`,
		Example: `  strictkms explain 0f4b2c1e-3c1f-4f0e-9d0c-7d2f0a4c8e11
  strictkms explain 0f4b2c1e-3c1f-4f0e-9d0c-7d2f0a4c8e11 --endpoint http://127.0.0.1:4566 --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("explain expects the id of one request")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p.requestID = args[0]
			return runExplain(ctx, p, s.out)
		},
	}
	cmd.Flags().StringVar(&p.endpoint, "endpoint", "http://127.0.0.1:4566", "the `URL` of the server")
	addFormat(cmd, &p.format)
	return cmd
}

func runExplain(ctx context.Context, p *explainParams, out io.Writer) error {
	a, err := newAdmin(p.endpoint)
	if err != nil {
		return err
	}
	e, err := a.explain(ctx, p.requestID)
	if err != nil {
		return err
	}
	if p.format.value == formatJSON {
		return writeJSON(out, e)
	}
	return instance.WriteExplanation(&visible{w: out}, e)
}
