package evaluator

import (
	"context"
	"maps"
	"slices"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// unmet lists the elements of a statement that the request did not meet.
func (x *explainer) unmet(doc *policy.Document, s *policy.Statement, st rego.StatementElements, met map[string]bool) []Unmet {
	var out []Unmet
	if !principalMet(st, met) {
		out = append(out, x.unmetPrincipal(s))
	}
	for _, e := range st.Elements {
		if met[e.ID] {
			continue
		}
		switch e.Kind {
		case rego.ElementAction:
			out = append(out, Unmet{Element: negatable("Action", s.Actions), Wanted: textsOf(s.Actions), Actual: []string{x.q.action.Name}})
		case rego.ElementResource:
			out = append(out, Unmet{Element: negatable("Resource", s.Resources), Wanted: textsOf(s.Resources), Actual: []string{x.q.resourceARN}})
		case rego.ElementCondition:
			out = append(out, x.unmetCondition(doc.Kind, s.Conditions[e.Condition]))
		default: // constraints are a grant's
		}
	}
	return out
}

// negatable is the name of an element as the statement has it.
func negatable(name string, s *policy.Strings) string {
	if s != nil && s.Negated {
		return "Not" + name
	}
	return name
}

func textsOf(s *policy.Strings) []string {
	if s == nil {
		return []string{}
	}
	return texts(s.Values)
}

func texts(values []policy.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.Text
	}
	return out
}

func (x *explainer) unmetPrincipal(s *policy.Statement) Unmet {
	u := Unmet{Element: "Principal", Wanted: []string{}, Actual: x.callerNames()}
	if s.Principals == nil {
		return u
	}
	if s.Principals.Negated {
		u.Element = "NotPrincipal"
	}
	for _, p := range s.Principals.Values {
		u.Wanted = append(u.Wanted, p.Text)
	}
	return u
}

// callerNames are the names that a policy can match the caller by: itself and the role or user behind it.
func (x *explainer) callerNames() []string {
	p := x.q.req.Principal
	if p.Issuer != "" {
		return []string{p.ARN, p.Issuer}
	}
	return []string{p.ARN}
}

func (x *explainer) unmetCondition(kind policy.Kind, c policy.Condition) Unmet {
	u := Unmet{
		Element: "Condition", Operator: c.Operator.String(), Key: c.Key.Text,
		Wanted: texts(c.Values), Actual: x.actual(policy.FoldKey(c.Key.Text)),
	}
	if known, ok := policy.LookupConditionKey(c.Key.Text); ok && known.IAMOnly && kind == policy.KeyPolicy &&
		!x.q.readings.Reads(rego.IAMOnlyConditionKeys, rego.ReadAsInIAM) {
		u.Actual = []string{} // such a key has no value in a key policy
	}
	return u
}

// actual are the values of a condition key in the request, empty when it is missing.
func (x *explainer) actual(folded string) []string {
	return append([]string{}, x.q.lookup(folded)...)
}

// grantGroup explains the grants of one grantee.
func (x *explainer) grantGroup(ctx context.Context, group int) error {
	grants := x.q.grants[group]
	u, err := grants.unitOf()
	if err != nil { // not where the request was decided before
		return err
	}
	explanation, err := u.explanation(ctx)
	if err != nil {
		return err
	}
	met, err := explanation.met(ctx, x.input)
	if err != nil {
		return err
	}
	for _, st := range explanation.statements {
		if isRetireEntry(st) == (x.q.action.Name == retireGrant) {
			x.grantEntry(group, grants.grants[st.Index], st, met)
		}
	}
	return nil
}

// isRetireEntry reports whether the entry is about retiring the grant, not about using it.
func isRetireEntry(st rego.StatementElements) bool {
	action, _ := policy.LookupAction(retireGrant)
	return st.Actions.Has(action)
}

func (x *explainer) grantEntry(group int, g *Grant, st rego.StatementElements, met map[string]bool) {
	r := result{
		layer: layerGrant, group: group, grant: g, classes: classesMet(st, met),
		statement: grantStatement(g, st.Index), assumptions: st.Assumptions,
	}
	r.statement.Matched, r.statement.Deciding = r.matched(), false
	if !r.matched() {
		r.statement.Unmet = x.unmetGrant(g, st, met)
	}
	x.results = append(x.results, r)
}

func (x *explainer) unmetGrant(g *Grant, st rego.StatementElements, met map[string]bool) []Unmet {
	var out []Unmet
	if !principalMet(st, met) {
		out = append(out, Unmet{
			Element: "GranteePrincipal", Wanted: []string{g.GranteePrincipal + g.GranteeServicePrincipal}, Actual: x.callerNames(),
		})
	}
	for _, e := range st.Elements {
		switch {
		case met[e.ID]:
		case e.Key == "kms:EncryptionContext" && !rego.TakesEncryptionContext(x.q.action): // the constraint is about others
		case e.Kind == rego.ElementAction:
			out = append(out, Unmet{Element: "Operations", Wanted: g.Operations, Actual: []string{x.q.action.Operation()}})
		case e.Key == "aws:SourceArn":
			out = append(out, Unmet{
				Element: "Constraints", Operator: e.Operator, Key: e.Key, Wanted: e.Wanted,
				Actual: x.actual("aws:sourcearn"),
			})
		default:
			out = append(out, Unmet{
				Element: "Constraints", Operator: e.Operator, Key: e.Key, Wanted: e.Wanted, Actual: x.encryptionContext(),
			})
		}
	}
	return out
}

// encryptionContext lists the pairs of the request's encryption context.
func (x *explainer) encryptionContext() []string {
	pairs := x.q.encryptionContext()
	out := make([]string, 0, len(pairs))
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		out = append(out, k+"="+pairs[k])
	}
	return out
}
