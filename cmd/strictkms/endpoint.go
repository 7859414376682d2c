package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/fetch"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/snapshot"
)

// endpointParams say which running server a question is about.
type endpointParams struct {
	url          string
	profiles     []string
	regions      []string
	organization bool
	// accountGiven is true when --account says which account short names belong to.
	accountGiven func() bool
	// regionGiven is true when --region says it.
	regionGiven func() bool
	now         func() time.Time
}

// addEndpoint adds the flags of a question about what a running server has.
func addEndpoint(cmd *cobra.Command, p *endpointParams, now func() time.Time) {
	flags := cmd.Flags()
	flags.StringVar(&p.url, "endpoint", "",
		"ask about what the server at this `URL` has, instead of files; it is read with the credentials of the environment")
	flags.StringArrayVar(&p.profiles, "profile", nil, "with --endpoint: a profile of the AWS configuration files whose account is read (repeatable)")
	flags.StringSliceVar(&p.regions, "regions", nil, "with --endpoint: the Regions whose keys are read (default: --region, or else the profile's Region)")
	flags.BoolVar(&p.organization, "organization", false, "with --endpoint: read the organization's units, accounts and policies as well")
	p.accountGiven = func() bool { return flags.Changed("account") }
	p.regionGiven = func() bool { return flags.Changed("region") }
	p.now = now
}

// openFrom reads the world of a question from files, or from a running server.
func (p *worldParams) openFrom(ctx context.Context, e *endpointParams, errw io.Writer) (*source.World, evaluator.Readings, error) {
	if e.url == "" {
		if len(e.profiles)+len(e.regions) > 0 || e.organization {
			return nil, evaluator.Readings{}, errors.New("--profile, --regions and --organization go with --endpoint")
		}
		return p.open(errw)
	}
	readings, err := readingsOf(p.assume)
	if err = errors.Join(err, e.check(p)); err != nil {
		return nil, readings, err
	}
	world, err := e.read(ctx, p.stack, errw)
	return world, readings, err
}

// check refuses what no server can be read with.
func (p *endpointParams) check(world *worldParams) error {
	var errs []error
	if len(world.load) > 0 {
		errs = append(errs, errors.New("a question is about files or about a server: use --load or --endpoint, not both"))
	}
	for _, region := range p.regions {
		if !regionName.MatchString(region) {
			errs = append(errs, fmt.Errorf("--regions %q: expected Regions such as us-east-1,eu-west-1", region))
		}
	}
	if !strings.HasPrefix(p.url, "http://") && !strings.HasPrefix(p.url, "https://") {
		errs = append(errs, fmt.Errorf("--endpoint %q: expected a URL such as http://127.0.0.1:4566", p.url))
	}
	return errors.Join(errs...)
}

// read fetches what every profile's account says about itself. Nothing is written anywhere.
func (p *endpointParams) read(ctx context.Context, stack stackParams, errw io.Writer) (*source.World, error) {
	l, err := newLoader(stack, false)
	if err != nil {
		return nil, err
	}
	profiles := p.profiles
	if len(profiles) == 0 {
		profiles = []string{""}
	}
	memory := fetch.NewMemory()
	for i, profile := range profiles {
		summary, err := p.fetch(ctx, profile, stack.region, memory)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.TrimSpace(p.url+" "+profile), err)
		}
		for _, f := range summary.Failures {
			_, _ = fmt.Fprintf(errw, "strictkms: warning: %s was refused with %s: what depends on its answer is conditional\n", f.Operation, f.Code)
		}
		if i == 0 && !p.accountGiven() {
			l.world.Defaults.Account = summary.Account
		}
		if i == 0 && !p.regionGiven() {
			l.world.Defaults.Region = summary.Regions[0]
		}
	}
	var files []snapshot.File
	for _, name := range memory.Names() {
		src, err := memory.Read(name)
		if err != nil { // not reached: it was just written
			return nil, err
		}
		files = append(files, snapshot.File{Name: p.url + "/" + name, Src: src})
	}
	err = snapshot.Load(l.world, files)
	warn(errw, l.world.Warnings)
	return l.world, err
}

// fetch reads the account of a profile.
func (p *endpointParams) fetch(ctx context.Context, profile, region string, store fetch.Store) (*fetch.Summary, error) {
	cfg, err := awsConfig(ctx, profile, p.url)
	if err != nil {
		return nil, err
	}
	// Somebody waits for the answer.
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 3 })
	}
	regions := p.regions
	if p.regionGiven() || cfg.Region == "" {
		cfg.Region = region
		if len(regions) == 0 {
			regions = []string{region}
		}
	}
	return fetch.Read(ctx, cfg, store, fetch.Options{
		Regions: regions, Organization: p.organization, Program: readVersions().StrictKMS, Now: p.now,
	})
}
