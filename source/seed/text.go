package seed

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// textOf returns a document as the server keeps it. name is that of the policy among others of its place, and label
// what explanations call it there by themselves.
func textOf(doc *policy.Document, name, label string) (*iam.Policy, error) {
	text, err := json.Marshal(printable(doc))
	if err != nil {
		return nil, fmt.Errorf("printing %s: %w", doc.Name, err)
	}
	p := &iam.Policy{Name: name, Text: string(text), Unresolved: doc.HasUnresolved(), Origin: iam.OriginOf(doc)}
	if doc.Name != label {
		p.Label = doc.Name
	}
	return p, nil
}

// printable returns a document that is read again as the same one. A source may have put conditions and statements
// into it that nobody could write down as they are.
func printable(doc *policy.Document) *policy.Document {
	out := *doc
	out.Statements = make([]*policy.Statement, len(doc.Statements))
	for i, s := range doc.Statements {
		in := *s
		in.Conditions = grouped(s.Conditions)
		if doc.Kind == policy.IdentityPolicy { // the Sids of a stand-in have spaces, which IAM does not take
			in.Sid = strings.Map(onlyAlphanumeric, s.Sid)
		}
		out.Statements[i] = &in
	}
	return &out
}

func onlyAlphanumeric(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// grouped puts conditions with the same operator next to each other, and leaves out what is there twice. All
// conditions must be met, so that their order does not matter.
func grouped(conditions []policy.Condition) []policy.Condition {
	var out []policy.Condition
	for _, c := range conditions {
		same := func(o policy.Condition) bool {
			return o.Operator == c.Operator && o.Key.Text == c.Key.Text && o.Key.Unresolved && c.Key.Unresolved
		}
		if slices.ContainsFunc(out, same) {
			continue
		}
		at := len(out)
		for i, o := range out {
			if o.Operator == c.Operator {
				at = i + 1
			}
		}
		out = slices.Insert(out, at, c)
	}
	return out
}

// inlineOf returns the inline policies of an owner, for example user/alice, each under a name of its own.
func inlineOf(owner string, docs []*policy.Document) ([]*iam.Policy, error) {
	var out []*iam.Policy
	taken := map[string]bool{}
	for _, doc := range docs {
		name := nameIn(owner, doc.Name)
		for i := 2; taken[name]; i++ {
			name = nameIn(owner, doc.Name) + "-" + strconv.Itoa(i)
		}
		taken[name] = true
		p, err := textOf(doc, name, owner+"/"+name)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// maxNameLength leaves room for a number behind a name, which may have 128 characters
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names).
const maxNameLength = 120

// nameIn returns the name of an inline policy by what explanations call it: user/alice/NAME, "policy NAME of user alice".
func nameIn(owner, label string) string {
	name, ok := strings.CutPrefix(label, owner+"/")
	if !ok {
		name = strings.TrimPrefix(name, "policy ")
		name, _, _ = strings.Cut(name, " of ")
	}
	name = strings.Map(func(r rune) rune {
		if onlyAlphanumeric(r) < 0 && !strings.ContainsRune("_+=,.@-", r) {
			return '-'
		}
		return r
	}, name)
	if name == "" {
		return "policy"
	}
	return name[:min(len(name), maxNameLength)]
}
