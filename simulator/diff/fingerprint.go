package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// What is compared here is whether two requests cannot but be decided alike, because all that decides is the same but
// for how it is written. Where these texts differ the requests are decided.

// fingerprint is everything about a candidate that a decision can depend on.
func fingerprint(c *source.Candidate) string {
	p := c.Principal
	var b strings.Builder
	write(&b, c.Open, p.Open, p.Type, p.ARN, p.Account, p.Issuer, p.UniqueID, p.Name, p.Provider, p.ServiceLinked, p.Tags,
		documentsPrint(p.Identity), documentPrint(p.Boundary), p.HasSession, documentsPrint(p.Session))
	return b.String()
}

// keyPrint is everything about a key that a decision can depend on.
func keyPrint(k *evaluator.Key) string {
	grants := make([]string, len(k.Grants))
	for i, g := range k.Grants {
		plain := *g
		plain.Pos = policy.Position{}
		grants[i] = text(plain)
	}
	slices.Sort(grants)
	var b strings.Builder
	write(&b, k.ARN, documentPrint(k.Policy), grants, slices.Sorted(slices.Values(k.Aliases)), k.Tags, k.Spec, k.Usage, k.Origin,
		k.MultiRegion, k.MultiRegionKeyType, k.AWSManaged, k.Open)
	return b.String()
}

func rolePrint(r *evaluator.Role) string { return text(r.ARN) + documentPrint(r.Trust) + text(r.Tags) }

// accountPrint is everything about an account.
func accountPrint(a *evaluator.Account) string {
	if a == nil {
		return ""
	}
	var b strings.Builder
	write(&b, a.ID, a.OrganizationID, a.OrganizationPath, a.Management)
	for _, levels := range [][][]*policy.Document{a.SCPs, a.RCPs} {
		for _, level := range levels {
			write(&b, documentsPrint(level))
		}
		write(&b, "")
	}
	return b.String()
}

// documentsPrint is the policies in any order.
func documentsPrint(docs []*policy.Document) string {
	texts := make([]string, len(docs))
	for i, doc := range docs {
		texts[i] = documentPrint(doc)
	}
	slices.Sort(texts)
	return text(texts)
}

// documentPrint is a policy without its name, its Sids, the order of its statements and where it stands.
func documentPrint(doc *policy.Document) string {
	if doc == nil {
		return ""
	}
	statements := make([]string, len(doc.Statements))
	for i, s := range doc.Statements {
		statements[i] = statementPrint(s)
	}
	slices.Sort(statements)
	return fmt.Sprint(int(doc.Kind), int(doc.Version)) + text(slices.Compact(statements))
}

func statementPrint(s *policy.Statement) string {
	var b strings.Builder
	write(&b, s.Effect.String())
	if p := s.Principals; p != nil {
		values := make([]string, len(p.Values))
		for i, v := range p.Values {
			values[i] = strconv.Itoa(int(v.Form)) + v.Account + valuePrint(v.Value)
		}
		slices.Sort(values)
		write(&b, "principals", p.Negated, values)
	}
	for _, list := range []*policy.Strings{s.Actions, s.Resources} {
		if list == nil {
			write(&b, nil)
			continue
		}
		write(&b, list.Negated, valuesPrint(list.Values))
	}
	conditions := make([]string, len(s.Conditions))
	for i, c := range s.Conditions {
		conditions[i] = c.Operator.String() + " " + policy.FoldKey(valuePrint(c.Key)) + " " + text(valuesPrint(c.Values))
	}
	slices.Sort(conditions)
	write(&b, conditions)
	return b.String()
}

func valuesPrint(values []policy.Value) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = valuePrint(v)
	}
	slices.Sort(texts)
	return texts
}

// valuePrint tells a value that could not be computed from one that was written so.
func valuePrint(v policy.Value) string {
	if v.Unresolved {
		return "?" + v.Text
	}
	return "=" + v.Text
}

// write writes values so that different ones never give the same text.
func write(b *strings.Builder, values ...any) {
	for _, v := range values {
		b.WriteString(text(v))
		b.WriteByte('\n')
	}
}

// text is a value as JSON, whose maps are sorted.
func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil { // texts, numbers, and maps and lists of them
		panic(err)
	}
	return string(out)
}
