package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/inline"
)

// Outcome is how the answer to a line compares.
type Outcome string

// The outcomes.
const (
	Same      Outcome = "same"
	Different Outcome = "different"
	// Skipped is a line that could not be asked.
	Skipped Outcome = "skipped"
	// Failed is a line that cannot be read, or a call that was answered with neither yes nor no.
	Failed Outcome = "error"
)

// Result is what came of a line. Its JSON form is stable.
type Result struct {
	ID      json.RawMessage `json:"id,omitempty"`
	Outcome Outcome         `json:"outcome"`

	Principal string `json:"principal,omitempty"`
	Action    string `json:"action,omitempty"`
	Resource  string `json:"resource,omitempty"`
	// Expected is what the line expects or, when it says nothing, what the evaluator decides; Reason is the evaluator's.
	Expected evaluator.Verdict `json:"expected,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	// AWS is what AWS KMS says, to the request RequestID and, of a denial, in these words.
	AWS       evaluator.Verdict `json:"aws,omitempty"`
	RequestID string            `json:"requestId,omitempty"`
	Message   string            `json:"message,omitempty"`
	// Why says why a line was skipped or failed.
	Why string `json:"why,omitempty"`
}

// Verifier compares lines with what AWS KMS says.
type Verifier struct {
	callers *Callers
	base    *evaluator.Evaluator
	now     func() time.Time
}

// NewVerifier makes a verifier that asks with the credentials of callers, and expects what an evaluator with these
// readings of AWS's documents decides.
func NewVerifier(callers *Callers, readings evaluator.Readings, now func() time.Time) *Verifier {
	return &Verifier{callers: callers, base: evaluator.New(&source.World{}).Assuming(readings), now: now}
}

// Check asks what a line asks. The name is what errors call the line. The error is [ErrDone], after which nothing may
// be asked, or that of the context.
func (v *Verifier) Check(ctx context.Context, line []byte, name string) (Result, error) {
	c, err := inline.ReadExpecting(line, name)
	r := Result{ID: c.ID}
	if err != nil {
		return r.failed(err), nil
	}
	r.Principal, r.Action, r.Expected = c.Principal, c.Request.Action, c.Expect
	if c.Request.Key != nil {
		r.Resource = c.Request.Key.ARN
	}
	caller := v.callers.find(r.Principal)
	if caller == nil {
		return r.skipped("no credentials for the principal, only for " + v.callers.identities()), nil
	}
	q, why := newQuestion(c.Request, caller.tls(c.Request.Key))
	if why != "" {
		return r.skipped(why), nil
	}
	if r.Expected == "" {
		if err := v.expect(ctx, c, caller, &r); err != nil {
			return r.failed(fmt.Errorf("%s: %w", name, err)), ctx.Err()
		}
	}
	a, err := caller.ask(ctx, q)
	r.AWS, r.RequestID, r.Message = a.verdict, a.requestID, a.message
	switch {
	case err != nil && (errors.Is(err, ErrDone) || ctx.Err() != nil):
		return r.failed(err), err
	case err != nil:
		r.AWS, r.Message = "", ""
		if errors.Is(err, errAnotherAction) {
			return r.skipped(err.Error()), nil
		}
		return r.failed(err), nil
	case r.AWS == r.Expected:
		r.Outcome = Same
	default:
		r.Outcome = Different
	}
	return r, nil
}

func (r Result) skipped(why string) Result {
	r.Outcome, r.Why = Skipped, why
	return r
}

func (r Result) failed(err error) Result {
	r.Outcome, r.Why = Failed, err.Error()
	return r
}

// expect asks the evaluator, with what every call has.
func (v *Verifier) expect(ctx context.Context, c *inline.Case, caller *caller, r *Result) error {
	req := c.Request
	req.Context = maps.Clone(req.Context)
	now := v.now()
	for name, value := range map[string]string{
		"aws:CurrentTime": now.UTC().Format(time.RFC3339), "aws:EpochTime": strconv.FormatInt(now.Unix(), 10),
		"aws:SecureTransport": strconv.FormatBool(caller.tls(req.Key)),
	} {
		if !has(req.Context, name) {
			req.Context[name] = []string{value}
		}
	}
	readings, err := c.Readings(v.base.Readings())
	if err != nil { // not reached: each of them was read
		return err
	}
	decision, err := v.base.In(c.World).Assuming(readings).Explain(ctx, req)
	if err != nil {
		return err
	}
	r.Expected, r.Reason = decision.Decision, decision.Reason
	return nil
}

func has(c evaluator.Context, name string) bool {
	for given := range c {
		if policy.FoldKey(given) == policy.FoldKey(name) {
			return true
		}
	}
	return false
}

// tls reports whether calls about a key are made over TLS: always, but for an endpoint that is configured otherwise.
func (c *caller) tls(key *evaluator.Key) bool {
	if key == nil {
		return true
	}
	arn, _ := policy.ParseARN(key.ARN)
	endpoint := c.client(arn.Region).Options().BaseEndpoint
	return endpoint == nil || !strings.HasPrefix(strings.ToLower(*endpoint), "http:")
}
