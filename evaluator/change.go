package evaluator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// againstDeny lists what keeps the first matching Deny from matching.
func (x *explainer) againstDeny() []change {
	for i := range x.results {
		r := &x.results[i]
		if !slices.Contains(r.classes, classDeny) {
			continue
		}
		var out []change
		for _, c := range r.source.Conditions {
			if change, ok := x.escape(c); ok {
				out = append(out, change)
			}
		}
		doc, index := r.doc, r.source.Index
		return append(out, change{
			text:   "remove or narrow the Deny in " + r.where(),
			weight: weightStatement,
			apply: func(s scenario) scenario {
				without := editStatement(doc, index, fmt.Sprintf("remove %d", index), func(policy.Statement) *policy.Statement { return nil })
				return s.replace(doc, without)
			},
		})
	}
	return nil // not reached: what is denied explicitly is denied by a Deny that matched
}

// where names a statement and its place for a person.
func (r *result) where() string {
	text := fmt.Sprintf("statement %s of %s", statementLabel(r.doc.Statements, r.source.Index), r.doc.Name)
	if r.source.Pos.IsValid() {
		text += " (" + r.source.Pos.String() + ")"
	}
	return text
}

// escape is the change of the request that makes a negated condition of a Deny false.
func (x *explainer) escape(c policy.Condition) (change, bool) {
	if !c.Operator.Comparison.Negated() {
		return change{}, false
	}
	c.Operator.Comparison = c.Operator.Comparison.Positive()
	return x.satisfy(c)
}

// satisfy is the change of the request that makes a condition true, when the caller can choose the value.
func (x *explainer) satisfy(c policy.Condition) (change, bool) {
	if !x.settable(policy.FoldKey(c.Key.Text)) || len(c.Values) == 0 {
		return change{}, false
	}
	value := c.Values[0].Text
	how, sample := "=", value
	switch c.Operator.Comparison {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.Bool, policy.NumericEquals:
	case policy.StringLike, policy.ArnLike, policy.ArnEquals:
		if sample = strings.NewReplacer("*", "x", "?", "x").Replace(value); sample != value {
			how = "like"
		}
	default:
		return change{}, false
	}
	key := c.Key.Text
	return change{
		text:   fmt.Sprintf("make the request with %s %s %q", key, how, value),
		weight: weightRequest,
		apply:  func(s scenario) scenario { return s.withContext(key, sample) },
	}, true
}

// settable reports whether a caller chooses the value of a condition key for each request.
func (x *explainer) settable(folded string) bool {
	for _, fixed := range []string{
		"aws:principal", "aws:resource", "aws:user", "aws:requestedregion", "aws:currenttime", "aws:epochtime",
		"aws:securetransport", "iam:resourcetag", "kms:calleraccount", "kms:key", "kms:multiregion", "kms:resourcealiases",
	} {
		if strings.HasPrefix(folded, fixed) {
			return false
		}
	}
	if x.q.req.Principal.Type == WebIdentity && strings.Contains(folded, ".") {
		return false // the provider chooses what the token says
	}
	return !policy.HasService(folded) || x.q.action.Populates(folded)
}

// towardsAllow lists what would make the layer that was missing allow: mending its near misses first, then a
// statement of its own.
func (x *explainer) towardsAllow(v *verdict) []change {
	var out []change
	for _, r := range x.nearMisses(v.layer) {
		if c, ok := x.mend(r); ok {
			out = append(out, c)
		}
	}
	if c, ok := x.newStatement(v); ok {
		out = append(out, c)
	}
	return out
}

// nearMisses are the Allow statements of a layer that did not match, nearest first.
func (x *explainer) nearMisses(layer string) []*result {
	var out []*result
	for i := range x.results {
		r := &x.results[i]
		if layerNames[r.layer] == layer && r.source != nil && r.source.Effect == policy.Allow && !r.matched() {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b *result) int { return byNearness(a.statement, b.statement) })
	return out[:min(len(out), maxSuggestions)]
}

// mend is the change that makes a near miss match: all of its unmet elements must be changeable, and at
// most one by editing the statement, because two edits together would allow more than is asked for.
func (x *explainer) mend(r *result) (change, bool) {
	var (
		texts  []string
		steps  []func(scenario) scenario
		edits  []func(*policy.Statement)
		weight int
	)
	for _, u := range r.statement.Unmet {
		switch u.Element {
		case "Condition":
			c, ok := x.satisfy(x.conditionOf(r.source, u))
			if !ok {
				return change{}, false
			}
			texts, steps, weight = append(texts, c.text), append(steps, c.apply), weight+c.weight
		case "Principal", "Action", "Resource":
			text, edit, ok := x.addTo(u.Element, r)
			if !ok || len(edits) > 0 {
				return change{}, false
			}
			texts, edits, weight = append(texts, text), append(edits, edit), weight+r.editWeight(u.Element)
		default:
			return change{}, false
		}
	}
	doc, index, text := r.doc, r.source.Index, strings.Join(texts, " and ")
	return change{text: text, weight: weight, apply: func(s scenario) scenario {
		for _, step := range steps {
			s = step(s)
		}
		if len(edits) == 0 {
			return s
		}
		return s.replace(doc, editStatement(doc, index, text, func(st policy.Statement) *policy.Statement {
			for _, edit := range edits {
				edit(&st)
			}
			return &st
		}))
	}}, true
}

// editWeight says how much an edit of the statement touches besides the caller.
func (r *result) editWeight(element string) int {
	switch {
	case element == "Principal" && r.source.Actions != nil && r.source.Actions.ActionSet().Len() > 1:
		return weightMore
	case element == "Principal" || r.source.Principals == nil:
		return weightStatement
	}
	for _, p := range r.source.Principals.Values {
		if r.source.Principals.Negated || p.Form == policy.PrincipalAny || p.Form == policy.PrincipalAccount {
			return weightEveryone
		}
	}
	return weightStatement
}

// conditionOf finds the condition that an unmet element is about.
func (x *explainer) conditionOf(s *policy.Statement, u Unmet) policy.Condition {
	at := slices.IndexFunc(s.Conditions, func(c policy.Condition) bool {
		return c.Key.Text == u.Key && c.Operator.String() == u.Operator && slices.Equal(texts(c.Values), u.Wanted)
	})
	return s.Conditions[at]
}

// addTo is the edit that adds the caller, the action or the resource to an element of a statement.
func (x *explainer) addTo(element string, r *result) (string, func(*policy.Statement), bool) {
	switch element {
	case "Principal":
		if r.source.Principals == nil {
			return "", nil, false
		}
		p, ok := policy.ParsePrincipal(x.callerName())
		return fmt.Sprintf("add %q to Principal in %s", x.callerName(), r.where()), func(s *policy.Statement) {
			principals := *s.Principals
			principals.Values = append(slices.Clone(principals.Values), p)
			s.Principals = &principals
		}, ok
	case "Action":
		return fmt.Sprintf("add %q to Action in %s", x.q.action.Name, r.where()), func(s *policy.Statement) {
			s.Actions = withValue(s.Actions, x.q.action.Name)
		}, true
	default:
		return fmt.Sprintf("add %q to Resource in %s", x.resourceName(r.layer), r.where()), func(s *policy.Statement) {
			s.Resources = withValue(s.Resources, x.resourceName(r.layer))
		}, true
	}
}

func withValue(s *policy.Strings, text string) *policy.Strings {
	out := &policy.Strings{}
	if s != nil {
		*out = *s
	}
	out.Values = append(slices.Clone(out.Values), policy.Value{Text: text})
	return out
}

// callerName is how a policy names the caller: a session by its role.
func (x *explainer) callerName() string {
	if p := x.q.req.Principal; p.Type == RoleSession && p.Issuer != "" {
		return p.Issuer
	}
	return x.q.req.Principal.ARN
}

// resourceName is how a policy of the layer names the resource: a key policy calls its key "*".
func (x *explainer) resourceName(layer layerKind) string {
	if layer == layerKey {
		return "*"
	}
	return x.q.resourceARN
}
