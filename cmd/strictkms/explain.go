package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/server/trail"
	"github.com/strictkms/strictkms/simulator"
)

// explainParams are what explain is asked.
type explainParams struct {
	requestID string
	endpoint  string
	format    enum
}

func newExplain(ctx context.Context, s streams) *cobra.Command {
	p := &explainParams{}
	cmd := &cobra.Command{
		Use:   "explain REQUEST-ID",
		Short: "Say why a past call to a running server went as it did",
		Long: `Say why a past call to a running server went as it did: which statement of which policy decided, what came
nearest, and what would change the answer. AWS SDKs print the request id with each error; the AWS CLI shows it with
--debug, and the server's decision log (--trail) has it as requestID. The server remembers its latest 10,000 calls,
and tells about them on the loopback interface only.`,
		Example: `  strictkms explain 0f4b2c1e-3c1f-4f0e-9d0c-7d2f0a4c8e11
  strictkms explain 0f4b2c1e-3c1f-4f0e-9d0c-7d2f0a4c8e11 --endpoint http://127.0.0.1:4566 --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("explain expects the id of one request")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p.requestID = args[0]
			return runExplain(ctx, p, s.out)
		},
	}
	cmd.Flags().StringVar(&p.endpoint, "endpoint", "http://127.0.0.1:4566", "the `URL` of the server")
	addFormat(cmd, &p.format)
	return cmd
}

func runExplain(ctx context.Context, p *explainParams, out io.Writer) error {
	a, err := newAdmin(p.endpoint)
	if err != nil {
		return err
	}
	e, err := a.explain(ctx, p.requestID)
	if err != nil {
		return err
	}
	if p.format.value == formatJSON {
		return writeJSON(out, e)
	}
	return writeExplanation(out, e)
}

// writeExplanation writes an explanation for a person.
func writeExplanation(out io.Writer, e *trail.Explanation) error {
	w := bufio.NewWriter(out)
	outcome := "succeeded"
	if e.ErrorCode != "" {
		outcome = "failed with " + e.ErrorCode
	}
	_, _ = fmt.Fprintf(w, "request %s: %s by %s at %s %s, enforcement %s\n",
		e.RequestID, e.Operation, e.Principal, e.Time, outcome, e.Enforcement)
	if e.Service != "" {
		_, _ = fmt.Fprintf(w, "called by the service %s on the principal's behalf\n", e.Service)
	}
	if len(e.Decisions) == 0 {
		_, _ = fmt.Fprintf(w, "it failed before it was decided: %s\n", e.ErrorMessage)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, d := range e.Decisions {
		if d.Error != "" {
			if _, err := fmt.Fprintf(out, "no decision on %s: %s\n", d.Action, d.Error); err != nil {
				return err
			}
			continue
		}
		answer := &simulator.Answer{Principal: e.Principal, Action: d.Action, Resource: d.Resource, Decision: d.Decision}
		if err := simulator.WriteText(out, answer); err != nil {
			return err
		}
	}
	return nil
}

// admin asks a running server about itself.
type admin struct{ base *url.URL }

// adminTimeout bounds one question to a server.
const adminTimeout = 30 * time.Second

func newAdmin(endpoint string) (*admin, error) {
	base, err := url.Parse(endpoint)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("--endpoint %q: expected a URL, for example http://127.0.0.1:4566", endpoint)
	}
	return &admin{base: base}, nil
}

// get asks for a path below /_strictkms/.
func (a *admin) get(ctx context.Context, path ...string) (*http.Response, error) {
	target := a.base.JoinPath(append([]string{"_strictkms"}, path...)...)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(request) //nolint:gosec // asking the server that the user names is the purpose
}

// explain asks why a call went as it did.
func (a *admin) explain(ctx context.Context, requestID string) (*trail.Explanation, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	response, err := a.get(ctx, "explain", requestID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
		var e trail.Explanation
		if err := json.NewDecoder(response.Body).Decode(&e); err != nil {
			return nil, fmt.Errorf("%s is not a strictkms server: %w", a.base, err)
		}
		return &e, nil
	case http.StatusNotFound:
		return nil, fmt.Errorf("%s knows no call with the request id %q", a.base, requestID)
	default:
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return nil, fmt.Errorf("%s answered %s: %s", a.base, response.Status, strings.TrimSpace(string(text)))
	}
}
