package trail

import (
	"cmp"
	"context"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/server/enforce"
)

// Explanation is why a past call went as it did. Its JSON form is stable.
type Explanation struct {
	RequestID string `json:"requestId"`
	Time      string `json:"time"`
	Operation string `json:"operation"`
	// Principal is whose permissions decided; Service made the call for it, empty for the principal's own calls.
	Principal string `json:"principal"`
	Service   string `json:"service,omitempty"`
	// Enforcement is strict, soft or off.
	Enforcement  string `json:"enforcement"`
	ErrorCode    string `json:"errorCode,omitempty"`
	ErrorMessage string `json:"errorMessage,omitempty"`
	// Decisions are the accesses that the call asked for, each with its explanation: none for a call that failed
	// before, two for ReEncrypt and for the operations on aliases. In mode off they are what strict would decide.
	Decisions []ExplainedDecision `json:"decisions"`
}

// ExplainedDecision is one access with the whole decision about it.
type ExplainedDecision struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	// Passed says whether the call went on after this decision.
	Passed bool `json:"passed"`
	evaluator.Decision
	// Error is why there is no decision, empty when there is one.
	Error string `json:"error,omitempty"`
}

// Explain explains a recent call, false when it is not among them.
func (t *Trail) Explain(ctx context.Context, requestID string) (Explanation, bool) {
	e, ok := t.recent.get(requestID)
	if !ok {
		return Explanation{}, false
	}
	c := e.Call.Connection()
	x := Explanation{
		RequestID: requestID, Time: c.Time.UTC().Format(eventTime), Operation: e.Operation,
		Enforcement: e.Call.Mode().String(), Decisions: []ExplainedDecision{},
	}
	if p := e.Call.Caller(); p != nil {
		x.Principal = p.ARN
	}
	if c.OnBehalfOf != nil && c.Principal != nil {
		x.Service = c.Principal.ARN
	}
	x.ErrorCode, x.ErrorMessage = errorOf(e.Err)
	decisions := e.Call.Decisions()
	for i := range decisions {
		x.Decisions = append(x.Decisions, explained(ctx, e.Call, &decisions[i]))
	}
	return x, true
}

func explained(ctx context.Context, call *enforce.Call, d *enforce.Decision) ExplainedDecision {
	out := ExplainedDecision{Action: d.Request.Action, Resource: cmp.Or(d.Request.Acted(), "*"), Passed: d.Passed}
	var err error
	if out.Decision, err = call.Explain(ctx, d); err != nil {
		out.Error = err.Error()
	}
	return out
}
