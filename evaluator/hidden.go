package evaluator

import (
	"context"
	"slices"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// hiddenAssumptions finds the assumptions that, read otherwise, give another answer although no statement that
// rests on them is near to deciding: by themselves they make up for several elements. Each is tried.
func (x *explainer) hiddenAssumptions(ctx context.Context, req *Request, d Decision, known []string) ([]string, error) {
	var out []string
	for _, a := range x.candidates(d) {
		label := x.q.readings.Label(a)
		if slices.Contains(known, label) || slices.Contains(out, label) {
			continue
		}
		matters, err := x.matters(ctx, req, d, a)
		if err != nil { // the context ended: this request was decided before
			return nil, err
		}
		if matters {
			out = append(out, label)
		}
	}
	return out, nil
}

// candidates are the assumptions that could turn the decision.
func (x *explainer) candidates(d Decision) []rego.Assumption {
	var out []rego.Assumption
	for i := range x.results {
		r := &x.results[i]
		if allows := r.statement.Effect == policy.Allow.String(); allows != (d.Decision == Allow) && (!allows || d.Reason != "explicit-deny") {
			out = append(out, r.assumptions...)
		}
	}
	if x.q.req.Principal.ServiceLinked {
		out = append(out, rego.ServiceRoleViaService)
	}
	for _, given := range x.q.given {
		if _, ok := policy.LookupConditionKey(given.name); !ok && len(given.values) > 1 {
			out = append(out, rego.MultivaluedWithoutSetOperator)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// matters reports whether another reading of the assumption gives another answer.
func (x *explainer) matters(ctx context.Context, req *Request, d Decision, a rego.Assumption) (bool, error) {
	other := *req
	other.Principal = req.Principal.clone() // what is prepared for the one reading stays
	if req.Key != nil {
		other.Key = req.Key.clone()
	}
	if req.Role != nil {
		other.Role = req.Role.clone()
	}
	for _, reading := range a.Readings() {
		readings, err := x.q.readings.With(a, reading)
		if err != nil { // not reached: it is one of the assumption's own readings
			return false, err
		}
		if readings == x.q.readings {
			continue
		}
		otherwise, err := x.e.Assuming(readings).Authorize(ctx, other)
		if err != nil || otherwise.Decision != d.Decision {
			return true, err
		}
	}
	return false, nil
}
