package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/internal/instance"
)

// execParams are what exec is asked.
type execParams struct {
	serve       serveParams
	as          string
	endpoint    string
	credentials string
	// sourceProfile assumes a role at a running server.
	sourceProfile string
	args          []string
}

func newExec(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &execParams{serve: serveParams{now: now, store: instance.StoreMem, listen: "127.0.0.1:0"}}
	cmd := &cobra.Command{
		Use:   "exec --as PRINCIPAL -- COMMAND [ARGUMENT]...",
		Short: "Run a command with a principal's credentials, against a server of its own or a running one",
		Long: `Run a command with the credentials of a principal: what it may not do with KMS it is denied. The command finds the
server by AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_KMS, which AWS SDKs, the AWS CLI and Terraform read.

Without --endpoint the server is in memory, is filled from --load and lives as long as the command. PRINCIPAL is an
ARN, user/NAME, role/NAME, role/NAME/SESSION, root, service/NAME, or the logical id in a template.

With --endpoint the server is one that runs, and the access key comes from the credentials file that it wrote:
PRINCIPAL is root, user/NAME or the name of another profile of the file. For role/NAME, role/NAME/SESSION or the ARN of
a role, a profile of the file assumes the role: the one that --source-profile names, or the only user's.

The exit code is that of the command. When calls were denied, each denial is explained on stderr, once per cause.`,
		Example: `  strictkms exec --as role/App --load template.yaml -- go test ./...
  strictkms exec --as user/alice --load template.yaml -- aws kms decrypt --ciphertext-blob fileb://blob
  strictkms exec --as user/alice --endpoint http://127.0.0.1:4566 -- terraform plan
  strictkms exec --as role/App --source-profile alice --endpoint http://127.0.0.1:4566 -- aws kms list-keys`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p.args = args
			return runExec(ctx, p, cmd, s)
		},
	}
	cmd.Flags().StringVar(&p.as, "as", "", "the `PRINCIPAL` whose credentials the command gets (required)")
	addServer(cmd, &p.serve)
	cmd.Flags().StringVar(&p.endpoint, "endpoint", "", "the `URL` of a running server (default: one of its own)")
	cmd.Flags().StringVar(&p.credentials, "credentials", defaultCredentials, "with --endpoint, the shared credentials `FILE` of the server")
	cmd.Flags().StringVar(&p.sourceProfile, "source-profile", "", "with --endpoint, the `PROFILE` of --credentials that assumes the role of --as")
	return cmd
}

// runExec runs the command; its exit code is an [exitError].
func runExec(ctx context.Context, p *execParams, cmd *cobra.Command, s streams) (err error) {
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
	if name, ok := strings.CutPrefix(p.as, "service/"); ok && serviceName.MatchString(name) && !strings.Contains(name, ".") {
		p.as += ".amazonaws.com"
	}
	target, err := p.target(ctx, cmd, s.err)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, target.close(closing))
	}()
	code, err := runCommand(ctx, program, p.args, environment(os.Environ(), target), s)
	if err != nil {
		return err
	}
	if err := target.explain(ctx, s.err); err != nil {
		_, _ = fmt.Fprintf(s.err, "strictkms: the denied calls cannot be explained: %v\n", err) // the exit code is the command's
	}
	if code != 0 {
		return &exitError{code}
	}
	return nil
}

// hidden are the settings that would lead the command away from the server or the credentials it is given.
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
var hidden = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_ROLE_ARN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
}

// environment is what leads the command to the server, with the credentials of the principal and no others.
func environment(outer []string, t *execTarget) []string {
	kept := slices.DeleteFunc(slices.Clone(outer), func(setting string) bool {
		name, _, _ := strings.Cut(setting, "=")
		return slices.Contains(hidden, name)
	})
	c := t.credentials
	kept = append(kept,
		"AWS_ENDPOINT_URL="+t.url, "AWS_ENDPOINT_URL_KMS="+t.url, "AWS_KMS_ENDPOINT="+t.url,
		"AWS_REGION="+c.Region, "AWS_DEFAULT_REGION="+c.Region, "AWS_EC2_METADATA_DISABLED=true",
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
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	defer close(ended)
	go forward(signals, ended, cmd.Process)
	err := cmd.Wait()
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

// forward passes on who wants the command to end. An interrupt from the terminal reaches the command by itself; what
// follows from either is for the command to say.
func forward(signals <-chan os.Signal, ended <-chan struct{}, to *os.Process) {
	for {
		select {
		case <-ended:
			return
		case sig := <-signals:
			if sig != os.Interrupt {
				_ = to.Signal(sig) // or it has ended
			}
		}
	}
}
