package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/internal/fetch"
)

// snapshotParams say what a snapshot is made of.
type snapshotParams struct {
	out          string
	profiles     []string
	regions      []string
	endpoint     string
	organization bool
	refresh      bool
	concurrency  int
	now          func() time.Time
}

func newSnapshot(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &snapshotParams{now: now}
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "Read an AWS account's principals, keys, grants and organization policies into a folder that --load takes",
		Long: `Read what an account says about itself with the credentials of the environment or of profiles, and keep the answers
in a folder, in the form that the AWS CLI prints them in. Every call is read-only. strictkms can --load takes the folder.

A call that is refused is noted, and what depends on its answer is conditional. A run that is interrupted is continued by
running it again: answers about single keys that are there already are kept, unless --refresh asks for them again.
Several accounts go into one folder: name a profile for each.

It needs kms:ListKeys, kms:DescribeKey, kms:GetKeyPolicy, kms:ListGrants, kms:ListAliases, kms:ListResourceTags and
iam:GetAccountAuthorizationDetails, and organizations:DescribeOrganization for accounts in one. --organization needs the
management account or a delegated administrator, and organizations:List* and organizations:DescribePolicy.

Exit codes: 0 everything was read, 1 some calls were refused, 2 usage or input error, or a run that could not go on.`,
		Example: `  strictkms snapshot --out snapshot --regions us-east-1,eu-west-1
  strictkms snapshot --out snapshot --profile production --profile audit --organization`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("snapshot takes no arguments: the folder is named by --out")
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return runSnapshot(ctx, p, s.err) },
	}
	flags := cmd.Flags()
	flags.StringVar(&p.out, "out", "snapshot", "the `DIR` that the snapshot is written to")
	flags.StringArrayVar(&p.profiles, "profile", nil,
		"a profile of the AWS configuration files (repeatable: one for each account; default: what the environment says)")
	flags.StringSliceVar(&p.regions, "regions", nil, "the Regions whose keys are read (default: the profile's Region)")
	flags.StringVar(&p.endpoint, "endpoint", "", "read from the server at this `URL` instead of AWS")
	flags.BoolVar(&p.organization, "organization", false, "read the organization's units, accounts and policies as well")
	flags.BoolVar(&p.refresh, "refresh", false, "ask again for what is in the folder already")
	flags.IntVar(&p.concurrency, "concurrency", 8, "how many calls are made at a time")
	return cmd
}

// runSnapshot reads every account.
func runSnapshot(ctx context.Context, p *snapshotParams, errw io.Writer) (err error) {
	if err := p.check(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	folder, err := fetch.OpenFolder(p.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	profiles := p.profiles
	if len(profiles) == 0 {
		profiles = []string{""}
	}
	var errs []error
	complete := true
	for _, profile := range profiles {
		summary, err := p.account(ctx, profile, folder, errw)
		if summary != nil {
			p.report(errw, summary, err == nil)
			complete = complete && len(summary.Failures) == 0
		}
		if err != nil && profile != "" {
			err = fmt.Errorf("profile %s: %w", profile, err)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w\nrunning the same command again continues", err)
	}
	if !complete {
		return &exitError{exitDenied}
	}
	return nil
}

// check refuses what no account can be read with.
func (p *snapshotParams) check() error {
	var errs []error
	for _, region := range p.regions {
		if !regionName.MatchString(region) {
			errs = append(errs, fmt.Errorf("--regions %q: expected Regions such as us-east-1,eu-west-1", region))
		}
	}
	if p.out == "" {
		errs = append(errs, errors.New("--out is empty: expected the name of a folder"))
	}
	if p.concurrency < 1 || p.concurrency > 100 {
		errs = append(errs, fmt.Errorf("--concurrency %d: expected 1 to 100", p.concurrency))
	}
	if p.endpoint != "" && !strings.HasPrefix(p.endpoint, "http://") && !strings.HasPrefix(p.endpoint, "https://") {
		errs = append(errs, fmt.Errorf("--endpoint %q: expected a URL such as http://127.0.0.1:4566", p.endpoint))
	}
	return errors.Join(errs...)
}

// account reads the account of a profile.
func (p *snapshotParams) account(ctx context.Context, profile string, store fetch.Store, errw io.Writer) (*fetch.Summary, error) {
	cfg, err := awsConfig(ctx, profile, p.endpoint)
	if err != nil {
		return nil, err
	}
	show, end := progress(errw)
	defer end()
	return fetch.Read(ctx, cfg, store, fetch.Options{
		Regions: p.regions, Organization: p.organization, Refresh: p.refresh, Concurrency: p.concurrency,
		Program: readVersions().StrictKMS, Now: p.now, Progress: show,
	})
}

// awsConfig finds the credentials and the Region of a profile, or of the environment. AWS limits how often its control
// planes are asked: the SDK waits as long as it takes.
func awsConfig(ctx context.Context, profile, endpoint string) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // what matters of it is in the errors
		config.WithRetryer(func() aws.Retryer {
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
				o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) { o.MaxAttempts = 8 })
			})
		}),
	}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	if endpoint != "" {
		options = append(options, config.WithBaseEndpoint(endpoint))
	}
	return config.LoadDefaultConfig(ctx, options...)
}

// progress shows a bar on a terminal, and nothing elsewhere. How many keys there are is known Region by Region.
func progress(errw io.Writer) (show func(account string, done, found int), end func()) {
	bar := newProgress(errw, "reading keys", 1)
	if bar == nil {
		return nil, func() {}
	}
	var mu sync.Mutex
	show = func(account string, done, found int) {
		mu.Lock()
		defer mu.Unlock()
		bar.Describe("strictkms: reading the keys of account " + account)
		bar.ChangeMax(max(found, 1))
		_ = bar.Set(done) // a bar that cannot be drawn is not worth an error
	}
	return show, func() { _ = bar.Clear() }
}

// report says what came of an account.
func (p *snapshotParams) report(errw io.Writer, s *fetch.Summary, finished bool) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(errw, "strictkms: "+format+"\n", args...) }
	state := "read"
	if !finished {
		state = "read in part"
	}
	say("account %s %s as %s: keys in %s: %d; files written to %s: %d", s.Account, state, s.Caller,
		strings.Join(s.Regions, ", "), s.Keys, p.out, s.Written)
	if s.Kept > 0 {
		say("files kept from an earlier run, begun at %s: %d; --refresh asks for them again", s.Begun, s.Kept)
	}
	for _, folder := range s.Removed {
		say("%s is removed: there is no such key any more", folder)
	}
	if len(s.Failures) == 0 {
		return
	}
	say("calls that were refused: %d; what depends on their answers is conditional", len(s.Failures))
	table := tabwriter.NewWriter(errw, 0, 0, 2, ' ', 0)
	for _, f := range s.Failures {
		_, _ = fmt.Fprintf(table, "strictkms:   %s\t%s\t%s\n", f.Operation, f.Code, f.File)
	}
	_ = table.Flush()
}
