package simulator

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// maxNearMisses bounds the near misses that the text shows; JSON has all.
const maxNearMisses = 3

// reasons say in a sentence why the answer is what it is.
var reasons = map[string]string{
	"direct-key-policy":         "the key policy allows the caller itself",
	"key-policy-and-iam":        "the key policy lets the account's IAM policies decide, and one allows it",
	"grant":                     "a grant on the key allows it",
	"grant-and-iam":             "a grant covers the caller's account, and an IAM policy allows it",
	"iam-policy":                "an IAM policy allows it; no key policy has a say",
	"explicit-deny":             "a Deny statement matches, and nothing overrules a Deny",
	"no-service-control-policy": "a level of the organization's service control policies does not allow it",
	"no-vpc-endpoint-policy":    "the policy of the VPC endpoint does not allow it",
	"no-cross-account":          "this action does not work on a key of another account, whatever the policies say",
	"no-key-policy":             "the key policy neither allows the caller nor lets IAM policies decide, and no grant helps",
	"no-identity-policy":        "the key policy leaves it to IAM policies, and none of the caller's allows it",
	"no-permissions-boundary":   "the permissions boundary does not allow it",
	"no-session-policy":         "the session policy does not allow it",
	"direct-trust-policy":       "the role's trust policy allows the caller itself",
	"trust-policy-and-iam":      "the role's trust policy lets the account's IAM policies decide, and one allows it",
	"no-trust-policy":           "the role's trust policy neither allows the caller nor lets IAM policies decide",
	"no-permission-needed":      "it needs no permission, and no policy can deny it",
	"unknown-context":           "the answer depends on condition keys that are left open",
	"unresolved-value":          "the answer depends on values that are not known before deployment",
}

// Reasons are the codes that a decision may give as its reason, in alphabetical order.
func Reasons() []string { return slices.Sorted(maps.Keys(reasons)) }

// WriteText writes an answer for a person: the verdict, what it rests on, the nearest misses with wanted and
// actual values, and the smallest changes that would allow a denied request.
func WriteText(w io.Writer, a *Answer) error {
	t := &textWriter{w: bufio.NewWriter(w)}
	if len(a.Ways) > 0 {
		t.conditional(a)
		return t.w.Flush()
	}
	if len(a.Parts) == 0 {
		t.decision(a.Principal, a.Action, a.Resource, &a.Decision)
		return t.w.Flush()
	}
	for i, part := range a.Parts {
		if i > 0 {
			t.line("")
		}
		t.decision(a.Principal, a.Action, part.Resource, &part.Decision)
	}
	return t.w.Flush()
}

// because says why the answer is what it is. Actions without a key are left to IAM by nobody.
func because(d *evaluator.Decision, resource string) string {
	switch foreign := strings.HasPrefix(resource, "arn:") && !strings.Contains(resource, ":kms:"); {
	case !foreign:
	case d.Reason == "no-identity-policy" && slices.ContainsFunc(d.Layers, func(l evaluator.Layer) bool { return l.Layer == "trust-policy" }):
		return "the role's trust policy leaves it to IAM policies, and none of the caller's allows it"
	case d.Reason == "no-identity-policy":
		return "none of the caller's IAM policies allows it"
	case d.Reason == "iam-policy":
		return "an IAM policy allows it"
	case d.Reason == "no-cross-account":
		return "this action does not work on what is of another account, whatever the policies say"
	}
	if d.Reason == "no-identity-policy" && !strings.Contains(resource, ":key/") {
		return "none of the caller's IAM policies allows it; no key policy has a say"
	}
	return reasons[d.Reason]
}

// textWriter keeps the first error of its writer, which Flush reports.
type textWriter struct {
	w *bufio.Writer
}

func (t *textWriter) line(format string, args ...any) {
	_, _ = fmt.Fprintf(t.w, format+"\n", args...) // the bufio.Writer keeps the error
}

func (t *textWriter) decision(principal, action, resource string, d *evaluator.Decision) {
	t.line("%s  %s  %s  %s", strings.ToUpper(string(d.Decision)), principal, action, resource)
	t.line("  because %s", because(d, resource))
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			if st.Deciding {
				t.line("    %-24s %s", deciding(d.Decision, layer, st), Where(st))
			}
		}
	}
	t.list("depends on", d.Conditions)
	if d.Decision != evaluator.Allow {
		t.nearMisses(d)
		t.list("would be allowed with any one of", d.Suggestions)
		if d.Message != "" {
			t.line("  AWS would answer")
			t.line("    %s", d.Message)
		}
	}
	t.list("rests on assumptions (docs/assumptions.md)", d.Assumptions)
	t.list("not taken into account", d.Warnings)
}

func (t *textWriter) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	if len(items) == 1 {
		title = strings.Replace(title, "any one of", "this change", 1)
	}
	t.line("  %s", title)
	for _, item := range items {
		t.line("    %s", item)
	}
}

// deciding says what a deciding statement did.
func deciding(v evaluator.Verdict, layer evaluator.Layer, st evaluator.Statement) string {
	switch {
	case v == evaluator.Conditional:
		return "may be denied by"
	case st.Effect == policy.Deny.String():
		return "denied by"
	case layer.Outcome == "delegates":
		return "left to IAM by"
	default:
		return "allowed by"
	}
}

// Where names a statement, its policy and its place, for a person.
func Where(st evaluator.Statement) string {
	text := st.Policy
	if !strings.HasPrefix(text, "grant ") {
		text = "statement " + label(st) + " of " + st.Policy
	}
	if source := st.Source.String(); source != "" {
		text += "  " + source
	}
	return text
}

func label(st evaluator.Statement) string {
	if st.Sid != "" {
		return strconv.Quote(st.Sid)
	}
	return strconv.Itoa(st.Index + 1)
}

// nearMiss is a statement that would have helped.
type nearMiss struct {
	layer     string
	statement evaluator.Statement
}

// nearMisses writes the Allow statements that came nearest to matching.
func (t *textWriter) nearMisses(d *evaluator.Decision) {
	var misses []nearMiss
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			if !st.Matched && st.Effect == policy.Allow.String() && len(st.Unmet) > 0 {
				misses = append(misses, nearMiss{layer.Layer, st})
			}
		}
	}
	slices.SortStableFunc(misses, func(a, b nearMiss) int { return a.statement.Distance() - b.statement.Distance() })
	if len(misses) > 0 {
		t.line("  nearest misses")
	}
	for i, miss := range misses {
		if i == maxNearMisses {
			t.line("    (%d more with --format json)", len(misses)-i)
			break
		}
		t.line("    %s", Where(miss.statement))
		for _, u := range miss.statement.Unmet {
			t.line("      %-9s %s", u.Element, unmet(u))
		}
	}
}

// unmet says what an element wanted and what the request had.
func unmet(u evaluator.Unmet) string {
	wanted, actual := values(u.Wanted), values(u.Actual)
	switch {
	case u.Key != "":
		if len(u.Actual) == 0 {
			actual = "no such key"
		}
		return fmt.Sprintf("%s %s wanted %s, the request has %s", u.Operator, u.Key, wanted, actual)
	case len(u.Wanted) == 0:
		return "is missing: the statement has no effect"
	default:
		return fmt.Sprintf("wanted %s, the request has %s", wanted, actual)
	}
}

// maxValues bounds the values of one element that the text shows.
const maxValues = 4

func values(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	shown := make([]string, 0, maxValues)
	for i, v := range list {
		if i == maxValues {
			return strings.Join(shown, ", ") + fmt.Sprintf(" and %d more", len(list)-i)
		}
		shown = append(shown, v)
	}
	return strings.Join(shown, ", ")
}

// Because says in a sentence what the code of a reason means, empty for no such code.
func Because(reason string) string { return reasons[reason] }
