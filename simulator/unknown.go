package simulator

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// resolve answers a question that leaves condition keys open. When the answer is the same whatever they are, it is explained
// as if they were missing, unless that would give a reason that does not hold for other values.
func resolve(ctx context.Context, e *evaluator.Evaluator, q Question, requests []evaluator.Request) (*Answer, error) {
	r, err := e.ResolveAll(ctx, requests, q.Unknown)
	if err != nil {
		return nil, err
	}
	last := requests[len(requests)-1]
	answer := &Answer{
		Principal: q.Principal.ARN, Action: actionName(q.Action), Resource: cmp.Or(last.Acted(), "*"),
		Decision: r.Decision, Ways: r.Ways, Omitted: r.Omitted,
	}
	if answer.Layers == nil {
		answer.Layers = []evaluator.Layer{}
	}
	if r.Decision.Decision == evaluator.Conditional {
		return answer, nil
	}
	explained, err := explain(ctx, e, q, requests)
	switch {
	case err != nil:
		return nil, err
	case explained.Decision.Decision != r.Decision.Decision:
		return nil, fmt.Errorf("the answer with missing condition keys (%s) disagrees with that for all their values (%s): please report this",
			explained.Decision.Decision, r.Decision.Decision)
	case r.Decision.Decision == evaluator.Deny && explained.Reason != r.Reason:
		answer.Resource, answer.Warnings = explained.Resource, explained.Warnings
		return answer, nil
	default:
		return explained, nil
	}
}

// conditional writes an answer that depends on open condition keys: each way in which it is allowed.
func (t *textWriter) conditional(a *Answer) {
	t.line("%s  %s  %s  %s", strings.ToUpper(string(a.Decision.Decision)), a.Principal, a.Action, a.Resource)
	t.line("  because %s", reasons[a.Reason])
	for i, way := range a.Ways {
		if i == 0 {
			t.line("  allowed if")
		} else {
			t.line("  or if")
		}
		for j, c := range way.Conditions {
			and := ""
			if j > 0 {
				and = "and "
			}
			t.line("    %s%s", and, c.Text)
			if from := conditionSource(c); from != "" {
				t.line("      %s", from)
			}
		}
		t.line("    then %s", because(&evaluator.Decision{Reason: way.Reason, Layers: way.Layers}, a.Resource))
		for _, layer := range way.Layers {
			for _, st := range layer.Statements {
				t.line("      %-22s %s", deciding(evaluator.Allow, layer, st), Where(st))
			}
		}
	}
	if a.Omitted {
		t.line("  there are more ways, which are left out")
	}
	t.list("rests on assumptions (docs/assumptions.md)", a.Assumptions)
	t.list("not taken into account", a.Warnings)
}

// conditionSource names the statement that a condition comes from.
func conditionSource(c evaluator.Condition) string {
	switch {
	case c.Element == "Endpoint":
		return "so that the call does not pass the VPC endpoint"
	case c.Policy == "" || c.Element == "Unresolved": // its text says where it is
		return ""
	}
	where := Where(evaluator.Statement{Policy: c.Policy, Sid: c.Sid, Index: c.Index, Source: c.Source})
	if c.Unless {
		return policy.Deny.String() + " in " + where
	}
	return where
}
