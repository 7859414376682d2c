package evaluator

import (
	"context"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Residual is the answer to a request that leaves condition keys open. Its JSON form is stable.
type Residual struct {
	// Decision is conditional when it depends on the open keys; its conditions are the ways in words.
	Decision
	// Ways are what a conditional answer depends on: the request is allowed exactly if all conditions of one of them hold.
	Ways []Way `json:"ways,omitempty"`
	// Omitted is true when there are more ways than listed. Each way that is listed allows.
	Omitted bool `json:"ways_omitted,omitempty"`
}

// Way is one way in which a request with open condition keys is allowed.
type Way struct {
	// Reason is that of the decision when the way is taken, for example direct-key-policy.
	Reason string `json:"reason"`
	// Conditions must all hold.
	Conditions []Condition `json:"conditions"`
	// Layers hold the deciding statements.
	Layers []Layer `json:"layers"`

	doubts []Condition // unresolved values of the statements that allow
}

// follows reports whether the way holds whenever another does: its conditions are all among those of the other.
func (w Way) follows(other Way) bool {
	return !slices.ContainsFunc(w.Conditions, func(c Condition) bool { return !slices.ContainsFunc(other.Conditions, c.same) })
}

// String is the way in words.
func (w Way) String() string {
	words := make([]string, len(w.Conditions))
	for i, c := range w.Conditions {
		words[i] = c.Text
	}
	return strings.Join(words, " and ")
}

// Condition is one condition that a conditional answer depends on, and the statement or grant that it comes from.
type Condition struct {
	// Element is Condition, Resource or NotResource with an open policy variable, Constraints of a grant, Endpoint for
	// whether a call passes the VPC endpoint, or Unresolved for what the source of a policy could not compute.
	Element  string `json:"element"`
	Operator string `json:"operator,omitempty"`
	Key      string `json:"key,omitempty"`
	// Values are what the condition compares with, as in version 2012-10-17 of the policy language. Policy variables
	// whose values are known are replaced.
	Values []string `json:"values"`
	// Unless is true when the condition must not hold: it is that of a statement that denies.
	Unless bool `json:"unless,omitempty"`
	// Text is the condition in words.
	Text   string `json:"text"`
	Layer  string `json:"layer"`
	Policy string `json:"policy"`
	Sid    string `json:"sid,omitempty"`
	Index  int    `json:"index"`
	// Source is file:line:column in JSON: of the condition, or else of its statement or grant.
	Source policy.Position `json:"source,omitzero"`
}

// String is the condition in words.
func (c Condition) String() string { return c.Text }

// same reports whether two conditions are one.
func (c Condition) same(d Condition) bool {
	return c.Element == d.Element && c.Operator == d.Operator && c.Key == d.Key && slices.Equal(c.Values, d.Values) &&
		c.Unless == d.Unless && c.Policy == d.Policy && c.Index == d.Index && c.Source == d.Source
}

// unknownContext is the reason of a decision that depends on open condition keys.
const unknownContext = "unknown-context"

// Resolve decides a request that leaves condition keys open: Allow or Deny when that is the answer whatever they are, and
// else in which ways it is allowed. What no open key can change is evaluated; what is left are conditions of policies, and
// of which the decision consists is asked of the decision module.
//
// Conditions that exclude each other or follow from each other are found by trying the values that the conditions can
// tell apart. Where policy variables compare open keys with each other, or a key is compared in ways that have nothing to do with
// each other, each condition is taken to hold or not regardless of others: then a way may be listed that no request takes.
func (e *Evaluator) Resolve(ctx context.Context, req Request, u Unknown) (Residual, error) {
	return e.ResolveAll(ctx, []Request{req}, u)
}

// ResolveAll is [Evaluator.Resolve] for a question that AWS asks in several requests, for example about an alias and its
// key: all must be allowed. What is open is the same for all of them. The decision is that of the first that is not
// allowed, or else of the last.
func (e *Evaluator) ResolveAll(ctx context.Context, reqs []Request, u Unknown) (Residual, error) {
	if len(reqs) == 0 {
		return Residual{Decision: failed()}, badRequest("the question has no request")
	}
	if u.IsZero() && !slices.ContainsFunc(reqs, func(r Request) bool { return len(r.open()) > 0 }) {
		return e.authorizeAll(ctx, reqs)
	}
	strictly, err := e.resolve(ctx, reqs, u, strict, false)
	if err != nil || strictly.Decision.Decision == Allow || !strictly.unresolved {
		return strictly.Residual, err
	}
	permissively, err := e.resolve(ctx, reqs, u, permissive, false)
	if err != nil || permissively.Decision.Decision == Deny {
		return permissively.Residual, err
	}
	return mergeBounds(strictly, permissively), nil
}

// authorizeAll decides requests that leave nothing open: a Deny of any of them is the answer.
func (e *Evaluator) authorizeAll(ctx context.Context, reqs []Request) (Residual, error) {
	var out Decision
	for i := range reqs {
		d, _, err := e.authorize(ctx, &reqs[i])
		if err != nil {
			return Residual{Decision: failed()}, err
		}
		if d.Decision == Deny {
			return Residual{Decision: d}, nil
		}
		if out.Decision != Conditional {
			out = d
		}
	}
	return Residual{Decision: out}, nil
}
