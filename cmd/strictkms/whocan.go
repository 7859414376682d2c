package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/access"
	"github.com/strictkms/strictkms/source"
)

// whoCanParams are what who-can is asked.
type whoCanParams struct {
	action, key string

	world   worldParams
	server  endpointParams
	request requestParams
	options access.Options
	format  enum
}

func newWhoCan(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &whoCanParams{request: requestParams{now: now}}
	cmd := &cobra.Command{
		Use:   "who-can ACTION KEY",
		Short: "List who can do an action with a key, how, and under which conditions",
		Long: `List who can do an action with a key: directly, through IAM policies, through grants, and in more than one call.

Those who are asked about are the users, the roles and the root users of what was loaded, everybody whom a key policy, a
grant or a trust policy names, whoever else there may be in an account of which not all is loaded, and anyone at all.

` + openLong,
		Example: `  strictkms who-can kms:Decrypt alias/app --load template.yaml
  strictkms who-can kms:Decrypt alias/app --load template.yaml --via-service s3 --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("who-can expects ACTION and KEY")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p.action, p.key = args[0], args[1]
			return runWhoCan(ctx, p, s.out, s.err)
		},
	}
	addWorld(cmd, &p.world)
	addEndpoint(cmd, &p.server, now)
	addRequest(cmd, &p.request)
	cmd.Flags().BoolVar(&p.options.All, "all", false, "list those who never can, too, and why")
	cmd.Flags().BoolVar(&p.options.Direct, "direct", false, "leave out the ways that take more than one call")
	addFormat(cmd, &p.format)
	return cmd
}

// runWhoCan answers the question.
func runWhoCan(ctx context.Context, p *whoCanParams, out, errw io.Writer) error {
	world, readings, err := p.world.openFrom(ctx, &p.server, errw)
	if err != nil {
		return err
	}
	settings, settingsErr := p.request.settings(world)
	action, actionErr := lookupAction(p.action)
	key, alias, keyErr := keyNamed(world, p.key)
	if actionErr == nil && !action.On("key") {
		actionErr = errors.New(action.Name + " does not act on a key")
	}
	if err := errors.Join(actionErr, keyErr, settingsErr); err != nil {
		return err
	}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	asker := access.New(world, evaluator.New(world).Assuming(readings), settings)
	answer, err := asker.WhoCan(ctx, action, key, alias, p.options)
	if err != nil {
		return err
	}
	if p.format.value == formatJSON {
		return writeJSON(out, answer)
	}
	return answer.WriteText(&visible{w: out})
}

// keyNamed finds a key, and the ARN of the alias that it was named by.
func keyNamed(w *source.World, name string) (key *evaluator.Key, alias string, err error) {
	key, named, err := w.Key(name)
	if err != nil || named.Alias == "" {
		return key, "", err
	}
	arn, _ := policy.ParseARN(key.ARN)
	return key, policy.AliasARN(arn.Partition, arn.Region, arn.Account, named.Alias).String(), nil
}
