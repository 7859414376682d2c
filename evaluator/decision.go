package evaluator

import "github.com/strictkms/strictkms/policy"

// Verdict is the answer to a request.
type Verdict string

// The verdicts. Conditional is only given when the question leaves something open.
const (
	Allow       Verdict = "allow"
	Deny        Verdict = "deny"
	Conditional Verdict = "conditional"
)

// Decision is the answer to a request with its reasons. Its JSON form is stable.
type Decision struct {
	Decision Verdict `json:"decision"`
	// Reason is a stable code, for example direct-key-policy or no-identity-policy.
	Reason string `json:"reason"`
	// Message is the sentence AWS would answer, empty when allowed.
	Message string `json:"message,omitempty"`
	// Layers are the kinds of policy that had a say, in the order of evaluation.
	Layers []Layer `json:"layers"`
	// Conditions are what a conditional answer depends on, in words.
	Conditions []string `json:"conditions,omitempty"`
	// Assumptions name the readings of AWS's documents that the decision rests on.
	Assumptions []string `json:"assumptions,omitempty"`
	// Suggestions are the smallest changes that would allow a denied request, best first.
	Suggestions []string `json:"suggestions,omitempty"`
	// Warnings are what the decision could not take into account.
	Warnings []string `json:"warnings,omitempty"`
}

// Layer is one kind of policy in a decision.
type Layer struct {
	// Layer is one of key-policy (trust-policy when a role is to be assumed), grant, identity-policy, permissions-boundary, session-policy,
	// service-control-policy, resource-control-policy, vpc-endpoint-policy.
	Layer string `json:"layer"`
	// Outcome is one of allow, deny, delegates, none, not-applicable.
	Outcome    string      `json:"outcome"`
	Statements []Statement `json:"statements"`
}

// Statement is one statement, or one grant, and how it met the request.
type Statement struct {
	Policy string `json:"policy"`
	Sid    string `json:"sid,omitempty"`
	Index  int    `json:"index"`
	// Source is file:line:column in JSON.
	Source policy.Position `json:"source,omitzero"`
	Effect string          `json:"effect"` // Allow or Deny
	// Matched is true when every element matched the request.
	Matched bool `json:"matched"`
	// Deciding is true when the verdict rests on this statement.
	Deciding bool    `json:"deciding,omitempty"`
	Unmet    []Unmet `json:"unmet,omitempty"`
}

// Unmet is one element of a statement that did not match.
type Unmet struct {
	Element  string   `json:"element"`            // Principal, Action, Resource, Condition, …
	Operator string   `json:"operator,omitempty"` // of a condition
	Key      string   `json:"key,omitempty"`      // of a condition
	Wanted   []string `json:"wanted"`
	// Actual is what the request had; empty when the key was missing.
	Actual []string `json:"actual"`
}
