package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
	"github.com/strictkms/strictkms/simulator"
)

// canParams are what can is asked.
type canParams struct {
	principal, action, key string

	world         worldParams
	server        endpointParams
	context       []string
	unknown       []string
	viaService    string
	sourceVPCE    string
	sessionPolicy string
	grant         string
	keys          evaluator.Context // condition keys besides context
	session       *policy.Document  // a session policy besides the file
	export        string
	format        enum
	now           func() time.Time
}

func newCan(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &canParams{now: now}
	cmd := &cobra.Command{
		Use:   "can PRINCIPAL ACTION [KEY | RESOURCE]",
		Short: "Say whether a principal may do an action with a key, and why",
		Long: `Say whether a principal may do an action with a key, and which statements decide it.

PRINCIPAL is an ARN, user/NAME, role/NAME, role/NAME/SESSION, root, service/NAME, or the logical id in a template.
KEY is a key id, an ARN, an alias, or the logical id in a template. For actions of IAM, STS, CloudFormation and
Organizations RESOURCE is what they act on: an ARN, user/NAME, role/NAME, group/NAME or policy/NAME.

The request is made now and over TLS (aws:CurrentTime, aws:EpochTime, aws:SecureTransport) unless --context says
otherwise. Every other condition key that does not follow from principal, action and key is missing, unless --unknown
leaves it open: then the answer says on what it depends (docs/unknown.md).

Exit codes: 0 allowed, 1 denied, 2 usage or input error, 3 it depends on what is left open or not known before
deployment.`,
		Example: `  strictkms can user/alice kms:Decrypt alias/app --load template.yaml
  strictkms can role/App kms:CreateGrant alias/app --load template.yaml --via-service rds
  strictkms can role/App kms:Decrypt alias/app --load template.yaml --context kms:EncryptionContext:tenant=a
  strictkms can role/App kms:Decrypt alias/app --load template.yaml --unknown 'kms:EncryptionContext:*'
  strictkms can user/alice sts:AssumeRole role/App --load world.yaml --context sts:ExternalId=12345`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 || len(args) > 3 {
				return errors.New("can expects PRINCIPAL, ACTION and, for actions on a key, KEY, or RESOURCE")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p.principal, p.action = args[0], args[1]
			if len(args) == 3 {
				p.key = args[2]
			}
			return runCan(ctx, p, s.out, s.err)
		},
	}
	flags := cmd.Flags()
	addWorld(cmd, &p.world)
	addEndpoint(cmd, &p.server, now)
	flags.StringArrayVar(&p.context, "context", nil, "a condition key of the request as `K=V`; repeat it for a list of values")
	flags.StringArrayVar(&p.unknown, "unknown", nil,
		"a condition `KEY` that the question leaves open, or a family such as 'aws:PrincipalTag/*', or '*' for all that is not\n"+
			"known (repeatable): the answer then says on which values it depends")
	flags.StringVar(&p.viaService, "via-service", "",
		"the `SERVICE` that makes the call on the principal's behalf, for example s3 or s3.eu-west-2.amazonaws.com")
	flags.StringVar(&p.sourceVPCE, "source-vpce", "", "the `ID` of the VPC endpoint in a world file that the request comes through")
	flags.StringVar(&p.sessionPolicy, "session-policy", "", "a `FILE` with the session policy of the principal's session")
	flags.StringVar(&p.grant, "grant", "", "the `ID` of the grant that kms:RetireGrant is about")
	flags.StringVar(&p.export, "export", "",
		"also write the question and its policies as an OPA bundle to `FILE` (.tar.gz), for stock opa to decide: see docs/rego.md")
	addFormat(cmd, &p.format)
	return cmd
}

// errViaEndpoint refuses a service and an endpoint together
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-aws.html).
var errViaEndpoint = errors.New("a call that a service makes does not pass a VPC endpoint: use --via-service or --source-vpce, not both")

// runCan answers a question; a denial is an [exitError].
func runCan(ctx context.Context, p *canParams, out, errw io.Writer) error {
	if p.viaService != "" && p.sourceVPCE != "" {
		return errViaEndpoint
	}
	world, readings, err := p.world.openFrom(ctx, &p.server, errw)
	if err != nil {
		return err
	}
	q, err := p.question(world, errw)
	if err != nil {
		return err
	}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	ev := evaluator.New(world).Assuming(readings)
	answer, err := simulator.Can(ctx, ev, *q)
	if err != nil {
		return err
	}
	if p.export != "" {
		exported, err := simulator.Export(ev, *q)
		if err != nil {
			return err
		}
		b := rego.Bundle{
			Revision: revision(exported.Units, readings), Units: exported.Units, Request: exported.Input, Readings: readings,
		}
		if err := writeBundle(p.export, b); err != nil {
			return err
		}
	}
	if err := writeAnswer(out, p.format.value, answer); err != nil {
		return err
	}
	return verdictError(answer.Decision.Decision)
}

func writeAnswer(out io.Writer, format string, answer *simulator.Answer) error {
	if format == formatJSON {
		return writeJSON(out, answer)
	}
	return simulator.WriteText(&visible{w: out}, answer)
}

// writeJSON writes a value for programs and people.
func writeJSON(out io.Writer, value any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
