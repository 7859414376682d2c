package evaluator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// TestNearMissesAreTheReference holds the elements that an explanation says were not met, of every statement and
// grant, to those that the reference finds: no more and no fewer.
func TestNearMissesAreTheReference(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	check(t, 1, func(t *rapid.T) {
		s := newScene(t, 6)
		readings := (&gen{t: t}).readings()
		for _, req := range s.requests {
			d, err := shared.In(s.world).Assuming(readings).Explain(t.Context(), req)
			if err != nil {
				t.Fatalf("explain: %v\n%s", err, describe(s.world, req))
			}
			r := newReference(readings, s.world, req)
			got, want := explainedMisses(d), r.misses(d)
			if !slices.Equal(got, want) {
				t.Fatalf("explain: %q\nreference: %q\n%s", got, want, describe(s.world, req))
			}
			decided.Add(1)
			for _, miss := range want {
				_, elements, _ := strings.Cut(miss, ": ")
				seen.add(elements[:strings.IndexAny(elements+" ", " ;")])
			}
		}
	})
	t.Log(seen.counts)
	for _, element := range []string{
		"Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition", "GranteePrincipal", "Operations", "Constraints",
	} {
		require.NotZero(t, seen.counts[element], "no statement missed by %s alone or first", element)
	}
}

// miss writes down the elements that a statement was missed by.
func miss(name string, elements []string) string {
	slices.Sort(elements)
	return name + ": " + strings.Join(elements, "; ")
}

// explainedMisses lists what an explanation says of the statements that did not match.
func explainedMisses(d evaluator.Decision) []string {
	var out []string
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			if st.Matched {
				continue
			}
			var elements []string
			for _, u := range st.Unmet {
				elements = append(elements, strings.TrimSpace(u.Element+" "+u.Operator+" "+u.Key))
			}
			out = append(out, miss(statementName(layer.Layer, st), elements))
		}
	}
	slices.Sort(out)
	return out
}

// misses lists the elements that are not met of the statements that apply and, of the grants, of those that the
// explanation is about: the others name other grantees.
func (r *reference) misses(d evaluator.Decision) []string {
	var out []string
	r.eachStatement(func(layer string, _ int, doc *policy.Document, st *policy.Statement) {
		if elements := r.unmet(doc, st); len(elements) > 0 {
			out = append(out, miss(fmt.Sprintf("%s/%s#%d", layer, doc.Name, st.Index), elements))
		}
	})
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			if layer.Layer != "grant" {
				continue
			}
			if elements := r.unmetByGrant(r.req.Key.Grants, strings.TrimPrefix(st.Policy, "grant ")); len(elements) > 0 {
				out = append(out, miss("grant/"+st.Policy, elements))
			}
		}
	}
	slices.Sort(out)
	return out
}

// unmet lists the elements of a statement that the request does not meet.
func (r *reference) unmet(doc *policy.Document, st *policy.Statement) []string {
	var out []string
	if len(r.principals(doc.Kind, st)) == 0 {
		name := "Principal"
		if st.Principals != nil && st.Principals.Negated {
			name = "NotPrincipal"
		}
		out = append(out, name)
	}
	negatable := func(name string, s *policy.Strings, met bool) {
		switch {
		case met:
		case s != nil && s.Negated:
			out = append(out, "Not"+name)
		default:
			out = append(out, name)
		}
	}
	negatable("Action", st.Actions, r.actionIn(st.Actions))
	negatable("Resource", st.Resources, r.resourceIn(doc, st.Resources))
	for _, c := range st.Conditions {
		if !r.condition(doc, c) {
			out = append(out, "Condition "+c.Operator.String()+" "+c.Key.Text)
		}
	}
	return out
}

// unmetByGrant lists what of a grant the request does not meet.
func (r *reference) unmetByGrant(grants []*evaluator.Grant, id string) []string {
	g := grants[slices.IndexFunc(grants, func(g *evaluator.Grant) bool { return g.ID == id })]
	if r.action.Name == "kms:RetireGrant" {
		if _, ok := r.retire(g); !ok {
			return []string{"GranteePrincipal"}
		}
		return nil
	}
	var out []string
	grantee := *g
	grantee.Operations = []string{strings.TrimPrefix(r.action.Name, "kms:")}
	grantee.EncryptionContextEquals, grantee.EncryptionContextSubset, grantee.SourceArn = nil, nil, ""
	if _, ok := r.grant(&grantee); !ok {
		out = append(out, "GranteePrincipal")
	}
	if !slices.Contains(g.Operations, grantee.Operations[0]) {
		out = append(out, "Operations")
	}
	one := func(name, key string, constrained evaluator.Grant) {
		if !r.constraintsMet(&constrained) {
			out = append(out, "Constraints "+name+" "+key)
		}
	}
	one("EncryptionContextEquals", "kms:EncryptionContext", evaluator.Grant{EncryptionContextEquals: g.EncryptionContextEquals})
	one("EncryptionContextSubset", "kms:EncryptionContext", evaluator.Grant{EncryptionContextSubset: g.EncryptionContextSubset})
	one("SourceArn", "aws:SourceArn", evaluator.Grant{SourceArn: g.SourceArn})
	return out
}
