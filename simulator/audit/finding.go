package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Finding is one thing that a rule found. Its JSON form is stable.
type Finding struct {
	Code     string   `json:"code"`
	Name     string   `json:"name"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	// Position is where it stands; End is where what stands there ends, one byte after it, and unknown when that is.
	Position policy.Position `json:"position,omitzero"`
	End      policy.Position `json:"end,omitzero"`
	// Key is the ARN of the key it is about, Policy the name of the policy, Sid and Statement (counted from 0) the
	// statement; each is empty when there is none.
	Key       string `json:"key,omitempty"`
	Policy    string `json:"policy,omitempty"`
	Sid       string `json:"sid,omitempty"`
	Statement *int   `json:"statement,omitempty"`
	// Related are other places that matter.
	Related []Related `json:"related,omitempty"`
	Fix     string    `json:"fix"`
	// Source is the page of AWS's documents that the rule rests on.
	Source string `json:"source"`
	// Suppressed is set when somebody said to leave the finding out.
	Suppressed *Suppressed `json:"suppressed,omitempty"`
}

// Related is another place that matters to a finding.
type Related struct {
	Position policy.Position `json:"position,omitzero"`
	Message  string          `json:"message"`
}

// Suppressed says why a finding is left out, and where that is said.
type Suppressed struct {
	Reason string          `json:"reason"`
	By     string          `json:"by"` // comment, metadata, configuration or baseline
	Where  policy.Position `json:"where,omitzero"`
}

// Sort orders findings by file and place, then by code.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			strings.Compare(a.Position.File, b.Position.File), cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Position.Column, b.Position.Column), strings.Compare(a.Code, b.Code),
			strings.Compare(a.Policy, b.Policy), strings.Compare(a.Message, b.Message),
		)
	})
}

// AtLeast reports whether a finding that is not suppressed is at least as bad as the severity.
func AtLeast(findings []Finding, severity Severity) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Suppressed == nil && f.Severity >= severity })
}
