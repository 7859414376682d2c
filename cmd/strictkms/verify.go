package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/internal/live"
	"github.com/strictkms/strictkms/policy"
)

// verifyParams are what verify is asked.
type verifyParams struct {
	live      bool
	file      string
	profileOf []string
	assume    []string
	format    enum
	now       func() time.Time
}

func newVerify(ctx context.Context, s streams, now func() time.Time) *cobra.Command {
	p := &verifyParams{now: now}
	cmd := &cobra.Command{
		Use:   "verify --live FILE",
		Short: "Ask a real AWS account whether it decides as strictkms does, with DryRun calls",
		Long: `Put requests to AWS KMS and report where its answer is not the expected one.

FILE has a request per line, as decide reads them; - is standard input. A line may have "expect": "allow" or "deny";
of the others strictkms decides what is expected. Each request becomes a call with DryRun, with the credentials of its
principal: AWS decides the call and does nothing. What cannot be asked so is skipped, with the reason.

The calls are made with the environment's credentials when they are the principal's, or with the profiles of the AWS
configuration files that --profile-of names for principals. They go where AWS_ENDPOINT_URL says, when it is set.

Exit codes: 0 no differences, 1 differences, 2 usage or input error, a call that AWS did not decide, or nothing asked.`,
		Example: `  strictkms verify --live requests.jsonl
  strictkms verify --live --profile-of arn:aws:iam::111122223333:role/App=app requests.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("verify expects one FILE of requests, as decide reads them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p.file = args[0]
			return runVerify(ctx, p, s)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&p.live, "live", false, "call AWS KMS (required: nothing else can be verified against)")
	flags.StringArrayVar(&p.profileOf, "profile-of", nil, "the profile with a principal's credentials, as `ARN=PROFILE` (repeatable)")
	addAssume(cmd, &p.assume)
	addFormat(cmd, &p.format)
	return cmd
}

// runVerify asks every line and reports.
func runVerify(ctx context.Context, p *verifyParams, s streams) (err error) {
	if !p.live {
		return errors.New("verify calls AWS KMS, with DryRun: say so with --live")
	}
	readings, err := readingsOf(p.assume)
	if err != nil {
		return err
	}
	profiles, err := p.profiles()
	if err != nil {
		return err
	}
	in := s.in
	if p.file != "-" {
		f, err := os.Open(p.file)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		in = f
	}
	callers, err := live.NewCallers(ctx, live.SharedConfig, profiles)
	if err != nil {
		return err
	}
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	v := &verification{verifier: live.NewVerifier(callers, readings, p.now), format: p.format.value, out: s.out}
	if err := v.all(ctx, in); err != nil {
		return err
	}
	return v.end(s.err)
}

// profiles are those of --profile-of by principal.
func (p *verifyParams) profiles() (map[string]string, error) {
	profiles := map[string]string{}
	err := pairs("profile-of", p.profileOf, func(principal, profile string) error {
		if _, ok := policy.ParseARN(principal); !ok {
			return errors.New("expected the ARN of a principal")
		}
		if profile == "" {
			return errors.New("expected the name of a profile")
		}
		if _, ok := profiles[principal]; ok {
			return errors.New("the principal has a profile already")
		}
		profiles[principal] = profile
		return nil
	})
	return profiles, err
}

// verification is one run.
type verification struct {
	verifier *live.Verifier
	format   string
	out      io.Writer
	summary  live.Summary
}

// all asks every line, in order.
func (v *verification) all(ctx context.Context, in io.Reader) error {
	return newLineReader(in, "requests").each(func(line []byte, tooLong bool, name string) error {
		return v.one(ctx, line, tooLong, name)
	})
}

// one asks a line and writes what came of it; an empty line is none.
func (v *verification) one(ctx context.Context, line []byte, tooLong bool, name string) error {
	line = bytes.TrimRight(line, "\r\n")
	var r live.Result
	var err error
	switch {
	case tooLong:
		r = live.Result{Outcome: live.Failed, Why: fmt.Sprintf("%s: the line has more than %d bytes", name, maxLineInBytes)}
	case len(bytes.TrimSpace(line)) == 0:
		return nil
	default:
		r, err = v.verifier.Check(ctx, line, name)
	}
	v.summary.Add(r)
	return errors.Join(v.write(r), err)
}

func (v *verification) write(r live.Result) error {
	if v.format == formatText {
		return live.WriteText(v.out, r)
	}
	e := json.NewEncoder(v.out)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// end writes the counts and makes the exit code.
func (v *verification) end(errw io.Writer) error {
	to := v.out
	if v.format == formatJSON { // whose lines are results
		to = errw
	}
	if _, err := fmt.Fprintln(to, v.summary.String()); err != nil {
		return err
	}
	switch {
	case v.summary.Different > 0:
		return &exitError{exitDenied}
	case v.summary.Failed > 0:
		return &exitError{exitFailed}
	case v.summary.Asked() == 0:
		return errors.New("nothing was asked: nothing is verified")
	default:
		return nil
	}
}
