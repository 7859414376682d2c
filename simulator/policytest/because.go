package policytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/expectations"
)

// CheckBecause finds what expectations name in because and no decision could ever rest on: neither the code of a
// reason nor a statement that was loaded.
func CheckBecause(w *source.World, cases []*expectations.Case) policy.Diagnostics {
	known := map[string]bool{}
	var candidates []string
	add := func(name string, worthShowing bool) {
		if !known[name] && worthShowing {
			candidates = append(candidates, name)
		}
		known[name] = true
	}
	for _, code := range simulator.Reasons() {
		add(code, true)
	}
	for _, st := range statementsOf(w) {
		for _, name := range names(st) {
			add(name, name == st.Sid || strings.HasPrefix(name, st.Policy)) // not places
		}
	}
	var diags policy.Diagnostics
	seen := map[policy.Position]bool{}
	for _, c := range cases {
		for _, because := range c.Because {
			if known[because.Value] || seen[because.Pos] || isOwn(c, because.Value) {
				continue
			}
			seen[because.Pos] = true
			near := policy.ClosestNames(because.Value, candidates, 3)
			slices.Sort(near)
			diags = append(diags, policy.Diagnostic{
				Code: "unknown-reason", Severity: policy.SeverityError, Pos: because.Pos,
				Message: fmt.Sprintf("%q is neither the code of a reason nor a statement that was loaded; nearest: %s",
					because.Value, strings.Join(near, ", ")),
			})
		}
	}
	return diags
}

// isOwn reports whether a name is that of a statement of the session policy that the expectation brings along.
func isOwn(c *expectations.Case, name string) bool {
	if c.SessionPolicy == nil {
		return c.SessionPolicyFile.Value != ""
	}
	l := &lister{seen: map[id]bool{}}
	l.document(c.SessionPolicy)
	for _, st := range l.found {
		if slices.Contains(names(st), name) {
			return true
		}
	}
	return false
}
