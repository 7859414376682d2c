package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/instance"
)

// execParams are what exec is asked.
type execParams struct {
	serve serveParams
	as    string
	args  []string
}

func newExec(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &execParams{serve: serveParams{now: now, store: instance.StoreMem, listen: "127.0.0.1:0"}}
	cmd := &cobra.Command{
		Use:   "exec --as PRINCIPAL -- COMMAND [ARGUMENT]...",
		Short: "Run a command against a server of its own, as a principal",
		Long: `Run a command with the credentials of a principal against a server that lives as long as the command: what it may
not do with KMS it is denied. The server is in memory and is filled from --load; the command finds it by
AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_KMS, which AWS SDKs, the AWS CLI and Terraform read.

PRINCIPAL is an ARN, user/NAME, role/NAME, role/NAME/SESSION, root, service/NAME, or the logical id in a template.

The exit code is that of the command. When calls were denied, each denial is explained on stderr, once per cause.`,
		Example: `  strictkms exec --as role/App --load template.yaml -- go test ./...
  strictkms exec --as user/alice --load template.yaml -- aws kms decrypt --ciphertext-blob fileb://blob`,
		RunE: func(_ *cobra.Command, args []string) error {
			p.args = args
			return runExec(ctx, p, s)
		},
	}
	cmd.Flags().StringVar(&p.as, "as", "", "the `PRINCIPAL` whose credentials the command gets (required)")
	addServer(cmd, &p.serve)
	return cmd
}

// runExec runs the command; its exit code is an [exitError].
func runExec(ctx context.Context, p *execParams, s streams) (err error) {
	if p.as == "" {
		return errors.New("say with --as whose credentials the command gets, for example --as role/App")
	}
	if len(p.args) == 0 {
		return errors.New("exec expects a command after --")
	}
	program, err := exec.LookPath(p.args[0])
	if err != nil {
		return err
	}
	config, err := p.serve.config(s.err)
	if err != nil {
		return err
	}
	principal, err := config.World.Principal(p.as)
	if err != nil {
		return fmt.Errorf("--as: %w", err)
	}
	in, err := instance.Start(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, in.Close(closing))
	}()
	credentials, err := in.IAM().CredentialsFor(ctx, principal.ARN)
	if err != nil {
		return err
	}
	code, err := runCommand(ctx, program, p.args, environment(in, credentials), s)
	if err != nil {
		return err
	}
	if err := explainDenials(ctx, in, s.err); err != nil {
		return err
	}
	if code != 0 {
		return &exitError{code}
	}
	return nil
}

// explainDenials prints why calls were denied, once per cause.
func explainDenials(ctx context.Context, in *instance.Instance, errw io.Writer) error {
	told := map[string]bool{}
	for _, id := range in.Trail().Denied() {
		e, ok := in.Trail().Explain(ctx, id)
		if !ok {
			continue
		}
		for _, d := range e.Decisions {
			cause := fmt.Sprint(e.Principal, d.Action, d.Resource, d.Reason)
			if d.Decision.Decision == evaluator.Allow || told[cause] {
				continue
			}
			told[cause] = true
			if err := writeExplanation(errw, &e); err != nil {
				return err
			}
		}
	}
	return nil
}

// environment is what leads the command to the server, with the credentials of the principal and no others.
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
func environment(in *instance.Instance, c iam.Credentials) []string {
	var kept []string
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		switch name {
		case "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN":
		default:
			kept = append(kept, setting)
		}
	}
	kept = append(kept,
		"AWS_ENDPOINT_URL="+in.URL(), "AWS_ENDPOINT_URL_KMS="+in.URL(), "AWS_KMS_ENDPOINT="+in.URL(),
		"AWS_REGION="+in.Region(), "AWS_DEFAULT_REGION="+in.Region(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID="+c.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey)
	if c.SessionToken != "" {
		kept = append(kept, "AWS_SESSION_TOKEN="+c.SessionToken)
	}
	return kept
}

// runCommand runs the command and returns its exit code, in the way of a shell when a signal ended it.
func runCommand(ctx context.Context, program string, args, env []string, s streams) (int, error) {
	cmd := exec.CommandContext(ctx, program, args[1:]...) //nolint:gosec // running what the user asks for is the purpose
	cmd.Args[0] = args[0]
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, s.in, s.out, s.err
	// An interrupt from the terminal reaches the command by itself; it says what follows from it.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	err := cmd.Run()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return 0, nil
	case !failed:
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
