package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/iam/oidc"
	"github.com/strictkms/strictkms/internal/instance"
	"github.com/strictkms/strictkms/kms/attestation"
	"github.com/strictkms/strictkms/kms/quota"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/source/seed"
)

// serveParams are the settings of a server.
type serveParams struct {
	listen      string
	data        string
	store       string
	enforce     string
	load        []string
	stack       stackParams
	credentials string
	trail       string
	rootKey     string
	services    []string
	providers   []string
	throttle    string
	attestation []string
	xks         xksParams
	verbose     bool
	now         func() time.Time
}

func newServe(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &serveParams{now: now}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a KMS endpoint that enforces policies and grants on every call",
		Long: `Run a KMS endpoint for AWS SDKs, the AWS CLI and Terraform. Every call is decided by its key policy, the caller's
IAM policies and the grants on the key before it does anything; what AWS would deny is denied, in AWS's words.

Keys and identities come from --load. What is in the store already stays as it is: a second start with the same files
changes nothing. The account root user and every access key of the files get a generated secret, written to
--credentials as an AWS shared credentials file: the profile root, and one profile per user.

--throttle holds callers to AWS's request quotas per account and Region, with ThrottlingException: aws, or a multiple of
them such as 0.1x.

--enforce strict denies; soft lets pass what would be denied and logs each cause once; off lets everything pass and
takes unsigned calls.`,
		Example: `  strictkms serve
  strictkms serve --load template.yaml --trail trail.jsonl
  AWS_SHARED_CREDENTIALS_FILE=.strictkms/credentials AWS_PROFILE=root \
    aws kms create-key --endpoint-url http://127.0.0.1:4566 --region us-east-1`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error { return runServe(ctx, p, s.err) },
	}
	flags := cmd.Flags()
	flags.StringVar(&p.listen, "listen", "127.0.0.1:4566", "the `ADDRESS` to listen on")
	flags.StringVar(&p.data, "data", defaultData, "the `DIR` of store, root key and credentials")
	addServer(cmd, p)
	flags.StringVar(&p.store, "store", instance.StoreBolt, "where keys and identities are kept: bolt (in --data) or mem (lost at the end)")
	flags.StringVar(&p.credentials, "credentials", "", "the shared credentials `FILE` to write (default: credentials in --data)")
	flags.StringArrayVar(&p.services, "service", nil,
		"a `SERVICE`, for example s3, that gets an access key and may call on behalf of others (repeatable)")
	flags.StringVar(&p.rootKey, "root-key", "", "the `FILE` of the key that seals all others; made if it is not there (default: root.key in --data)")
	return cmd
}

// addServer adds the flags that serve and exec share.
func addServer(cmd *cobra.Command, p *serveParams) {
	flags := cmd.Flags()
	flags.StringVar(&p.enforce, "enforce", "strict", "strict, soft or off")
	flags.StringArrayVar(&p.load, "load", nil, "a `FILE` with keys and identities: a CloudFormation template or a world file (repeatable)")
	flags.StringVar(&p.trail, "trail", "", "the `FILE` that a record of each call is added to, in the form of CloudTrail with the decision")
	flags.StringArrayVar(&p.providers, "identity-provider", nil,
		"a `FILE` with an OpenID Connect identity provider, whose tokens AssumeRoleWithWebIdentity takes (repeatable)")
	flags.StringVar(&p.throttle, "throttle", "",
		"hold callers to request quotas: aws for AWS's, or a `MULTIPLE` of them such as 2x or 0.1x (default: none)")
	flags.StringArrayVar(&p.attestation, "attestation-root", nil,
		"a `FILE` with certificates in PEM that attestation documents of enclaves may end in, besides AWS's root (repeatable)")
	addXKS(cmd, &p.xks)
	flags.BoolVarP(&p.verbose, "verbose", "v", false, "log every call")
	addStack(cmd, &p.stack)
}

// config turns the flags into the configuration of a server.
func (p *serveParams) config(errw io.Writer) (instance.Config, error) {
	mode, err := enforce.ParseMode(p.enforce)
	if err != nil {
		return instance.Config{}, fmt.Errorf("--enforce: %w", err)
	}
	world, err := loadWorld(p.load, p.stack, errw)
	if err != nil {
		return instance.Config{}, err
	}
	services, err := serviceNames(p.services)
	if err != nil {
		return instance.Config{}, err
	}
	providers, err := identityProviders(p.providers)
	if err != nil {
		return instance.Config{}, err
	}
	throttle := 0.0
	if p.throttle != "" {
		if throttle, err = quota.Parse(p.throttle); err != nil {
			return instance.Config{}, fmt.Errorf("--throttle: %w", err)
		}
	}
	roots, err := attestationRoots(p.attestation)
	if err != nil {
		return instance.Config{}, err
	}
	stores, err := p.xks.config()
	if err != nil {
		return instance.Config{}, err
	}
	level := slog.LevelInfo
	if p.verbose {
		level = slog.LevelDebug
	}
	return instance.Config{
		Listen: p.listen, Store: p.store, Data: p.data, RootKey: p.rootKey,
		Enforce: mode, World: world, Trail: p.trail, Services: services, Providers: providers, Throttle: throttle, AttestationRoots: roots,
		ExternalKeyStores: stores,
		Version:           readVersions().StrictKMS, Clock: p.now, Logger: newLogger(errw, level),
	}, nil
}

// runServe serves until it is told to stop.
func runServe(ctx context.Context, p *serveParams, errw io.Writer) error {
	config, err := p.config(errw)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	instance.CollectLess()
	in, err := instance.Start(ctx, config)
	if err != nil {
		return err
	}
	err = p.serve(ctx, in, errw)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return errors.Join(err, in.Close(closing))
}

// closeTimeout bounds the calls that still run when the server is told to stop.
const closeTimeout = 10 * time.Second

// serve tells where the server is and who may use it, and waits for the end.
func (p *serveParams) serve(ctx context.Context, in *instance.Instance, errw io.Writer) error {
	credentials := p.credentials
	if credentials == "" && p.store == instance.StoreBolt {
		credentials = filepath.Join(p.data, "credentials")
	}
	if credentials != "" {
		if err := seed.WriteCredentials(credentials, in.Seeded().Profiles); err != nil {
			return err
		}
	}
	warn(errw, in.Seeded().Warnings)
	if err := p.announce(errw, in, credentials); err != nil {
		return err
	}
	return in.Wait(ctx)
}

// announce prints what has started.
func (p *serveParams) announce(w io.Writer, in *instance.Instance, credentials string) error {
	where := p.store
	if p.store == instance.StoreBolt {
		where += " in " + p.data
	}
	keys := "credentials not written: name a file with --credentials"
	if credentials != "" {
		keys = "credentials in " + credentials
	}
	if p.throttle != "" {
		where += ", request quotas " + p.throttle
	}
	_, err := fmt.Fprintf(w, "strictkms: listening on %s, enforcement %s, store %s, %s\n", in.URL(), in.Enforcement(), where, keys)
	return err
}

// serviceName is the short or the full name of a service principal.
var serviceName = regexp.MustCompile(`\A([a-z0-9-]+)(\.amazonaws\.com)?\z`)

// serviceNames completes the names of services.
func serviceNames(names []string) ([]string, error) {
	var full []string
	for _, name := range names {
		parts := serviceName.FindStringSubmatch(name)
		if parts == nil {
			return nil, fmt.Errorf("--service %q: expected a service such as s3, or in full s3.amazonaws.com", name)
		}
		full = append(full, parts[1]+".amazonaws.com")
	}
	return full, nil
}

// attestationRoots reads certificates from files, and tells all that is wrong with them.
func attestationRoots(files []string) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	var wrong []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		found, err := attestation.ParseRoots(file, text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("--attestation-root: %w", err))
		}
		roots = append(roots, found...)
	}
	return roots, errors.Join(wrong...)
}

// identityProviders reads identity providers from files.
func identityProviders(files []string) (*oidc.Providers, error) {
	var list []*oidc.Provider
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		provider, err := oidc.ParseProvider(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, provider)
	}
	return oidc.NewProviders(list...)
}
