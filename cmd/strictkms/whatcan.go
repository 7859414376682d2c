package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator/access"
)

// whatCanParams are what what-can is asked.
type whatCanParams struct {
	principal, key string

	world   worldParams
	server  endpointParams
	request requestParams
	actions []string
	all     bool
	format  enum
}

func newWhatCan(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &whatCanParams{request: requestParams{now: now}}
	cmd := &cobra.Command{
		Use:   "what-can PRINCIPAL [KEY]",
		Short: "List what a principal can do with a key, or with all keys, how, and under which conditions",
		Long: `List what a principal can do with a key, or with every key that was loaded and without one.

PRINCIPAL and KEY are named as for can.

` + openLong,
		Example: `  strictkms what-can role/App --load template.yaml
  strictkms what-can role/App alias/app --load template.yaml --actions cryptographic
  strictkms what-can user/alice --load template.yaml --actions 'kms:Generate*' --actions Decrypt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return errors.New("what-can expects PRINCIPAL and, to ask about one key only, KEY")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p.principal = args[0]
			if len(args) == 2 {
				p.key = args[1]
			}
			return runWhatCan(ctx, p, s.out, s.err)
		},
	}
	addWorld(cmd, &p.world)
	addEndpoint(cmd, &p.server, now)
	addRequest(cmd, &p.request)
	addActions(cmd, &p.actions)
	cmd.Flags().BoolVar(&p.all, "all", false, "list what the principal can never do, too, and why")
	addFormat(cmd, &p.format)
	return cmd
}

// addActions adds --actions.
func addActions(cmd *cobra.Command, actions *[]string) {
	cmd.Flags().StringSliceVar(actions, "actions", nil,
		"only these `ACTIONS`: names with or without wildcards, or cryptographic, permissions, manage, read (a list with commas, repeatable)")
}

// runWhatCan answers the question.
func runWhatCan(ctx context.Context, p *whatCanParams, out, errw io.Writer) error {
	world, readings, err := p.world.openFrom(ctx, &p.server, errw)
	if err != nil {
		return err
	}
	settings, settingsErr := p.request.settings(world)
	actions, actionsErr := access.Actions(p.actions...)
	principal, principalErr := world.CandidateNamed(p.principal)
	var targets []access.Target
	var keyErr error
	if p.key != "" {
		targets = make([]access.Target, 1)
		targets[0].Key, targets[0].Alias, keyErr = keyNamed(world, p.key)
	}
	if err := errors.Join(principalErr, keyErr, actionsErr, settingsErr); err != nil {
		return err
	}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	asker := access.New(world, evaluator.New(world).Assuming(readings), settings)
	answer, err := asker.WhatCan(ctx, &principal, targets, actions, p.all)
	if err != nil {
		return err
	}
	if p.format.value == formatJSON {
		return writeJSON(out, answer)
	}
	return answer.WriteText(&visible{w: out})
}
