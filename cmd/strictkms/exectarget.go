package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/internal/instance"
	"github.com/strictkms/strictkms/source/seed"
)

// defaultData is the directory that serve keeps everything in, and defaultCredentials the file that it writes there.
const defaultData = ".strictkms"

var defaultCredentials = filepath.Join(defaultData, "credentials")

// execTarget is the server that a command is run against.
type execTarget struct {
	url string
	// credentials are the principal's, with the Region of its calls.
	credentials seed.Profile
	// explain writes why calls of the command were denied.
	explain func(ctx context.Context, errw io.Writer) error
	close   func(ctx context.Context) error
}

// target is the running server that was named, or a new one.
func (p *execParams) target(ctx context.Context, cmd *cobra.Command, errw io.Writer) (*execTarget, error) {
	if p.endpoint == "" {
		for _, name := range []string{"credentials", "source-profile"} {
			if cmd.Flags().Changed(name) {
				return nil, errors.New("--" + name + " is for --endpoint: a server of its own has new access keys")
			}
		}
		return p.ownServer(ctx, errw)
	}
	for _, name := range []string{"load", "enforce", "trail", "identity-provider", "account", "stack-name", "parameter", "verbose"} {
		if cmd.Flags().Changed(name) {
			return nil, fmt.Errorf("--%s is for a server of its own, and cannot be given with --endpoint", name)
		}
	}
	region := ""
	if cmd.Flags().Changed("region") {
		if region = p.serve.stack.region; !regionName.MatchString(region) {
			return nil, fmt.Errorf("--region %q: expected a Region, for example eu-west-2", region)
		}
	}
	return p.runningServer(ctx, region, errw)
}

// ownServer starts a server that is filled from --load.
func (p *execParams) ownServer(ctx context.Context, errw io.Writer) (*execTarget, error) {
	config, err := p.serve.config(errw)
	if err != nil {
		return nil, err
	}
	principal, err := config.World.Principal(p.as)
	if err != nil {
		return nil, fmt.Errorf("--as: %w", err)
	}
	in, err := instance.Start(ctx, config)
	if err != nil {
		return nil, err
	}
	warn(errw, in.Seeded().Warnings)
	c, err := in.IAM().CredentialsFor(ctx, principal.ARN)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--as: %w", err), in.Close(ctx))
	}
	return &execTarget{
		url: in.URL(),
		credentials: seed.Profile{
			AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Region: in.Region(),
		},
		explain: in.WriteDenials, close: in.Close,
	}, nil
}

// runningServer takes credentials for the server that was named from its file.
func (p *execParams) runningServer(ctx context.Context, region string, errw io.Writer) (*execTarget, error) {
	a, err := newAdmin(p.endpoint)
	if err != nil {
		return nil, err
	}
	profile, err := p.profile(ctx)
	if err != nil {
		return nil, fmt.Errorf("--as %s: %w", p.as, err)
	}
	if region != "" {
		profile.Region = region
	}
	if profile.Region == "" {
		profile.Region = p.serve.stack.region
	}
	t := &execTarget{
		url: strings.TrimSuffix(p.endpoint, "/"), credentials: profile,
		close: func(context.Context) error { return nil },
	}
	before, err := a.denied(ctx, profile.AccessKeyID)
	if err != nil {
		_, _ = fmt.Fprintf(errw, "strictkms: denied calls will not be explained: %v\n", err)
		t.explain = func(context.Context, io.Writer) error { return nil }
		return t, nil
	}
	t.explain = func(ctx context.Context, w io.Writer) error {
		return a.writeDenials(ctx, w, profile.AccessKeyID, before)
	}
	return t, nil
}

// profile are the credentials of the principal at the running server.
func (p *execParams) profile(ctx context.Context) (seed.Profile, error) {
	if role, session, ok := roleName(p.as); ok {
		return p.assume(ctx, role, session)
	}
	if p.sourceProfile != "" {
		return seed.Profile{}, errors.New("--source-profile is for a role, role/NAME")
	}
	name, err := profileName(p.as)
	if err != nil {
		return seed.Profile{}, err
	}
	return readProfile(p.credentials, name)
}

// profileName is the profile of a principal in the file that serve writes (design §5: root, and one per user).
func profileName(as string) (string, error) {
	kind, rest, _ := strings.Cut(as, "/")
	switch {
	case strings.HasPrefix(as, "arn:"):
		return "", errors.New("with --endpoint the principal is root, user/NAME, a role or the name of a profile of --credentials")
	case (kind == "user" || kind == "service") && rest != "":
		return rest[strings.LastIndexByte(rest, '/')+1:], nil // without the path
	default:
		return as, nil
	}
}

// writeDenials writes why calls of an access key were denied, but for those of before.
func (a *admin) writeDenials(ctx context.Context, w io.Writer, accessKeyID string, before []string) error {
	ids, err := a.denied(ctx, accessKeyID)
	if err != nil {
		return err
	}
	var denials instance.Denials
	for _, id := range ids {
		if slices.Contains(before, id) {
			continue
		}
		e, err := a.explain(ctx, id)
		if err != nil {
			return err
		}
		if !denials.New(e) {
			continue
		}
		if err := instance.WriteExplanation(w, e); err != nil {
			return err
		}
	}
	return nil
}
