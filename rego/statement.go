package rego

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// statement is a statement in terms of tests: what the decision rules and the explanation share.
type statement struct {
	index   int
	prefix  string   // tells apart the two entries of a grant
	comment []string // lines above its rules
	namings []naming
	actions policy.ActionSet
	// resources are the only ARNs for which the statement can match, empty when that is not known.
	resources []string
	elements  []elementTest
	keys      []string // condition keys that the elements read, folded
}

// elementTest is one element and the body that is true when it is met.
type elementTest struct {
	Element
	body body
	dead bool // never met
}

// statement translates one statement of a policy document.
func (s *scope) statement(doc *policy.Document, st *policy.Statement) statement {
	out := statement{
		index:   st.Index,
		comment: describe(st),
		namings: s.statementNamings(doc, st),
	}
	action := s.actionElement(st, &out)
	s.onlyKMS = policy.ServiceActions("kms").Contains(out.actions)
	resource := s.resourceElement(doc, st)
	if st.Resources != nil && !st.Resources.Negated && (doc.Kind != policy.KeyPolicy || s.readings.Reads(OwnARNAsResource, readMatches)) {
		out.resources = literalResources(st.Resources.Values, doc.Version)
	}
	resource.Keys = s.takeKeys()
	out.elements = append(out.elements, action, resource)
	for i, c := range st.Conditions {
		names := namesFor(st.Index, i)
		t := s.condition(c, names)
		out.elements = append(out.elements, elementTest{
			Element: Element{ID: fmt.Sprintf("%d.condition.%d", st.Index, i), Kind: ElementCondition, Condition: i, Keys: s.takeKeys()},
			body:    s.conjunction(names.rule, t),
			dead:    t.isNever(),
		})
	}
	out.keys = out.readKeys()
	return out
}

// readKeys are the condition keys that the elements read, sorted.
func (st statement) readKeys() []string {
	var keys []string
	for _, e := range st.elements {
		keys = append(keys, e.Keys...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (s *scope) statementNamings(doc *policy.Document, st *policy.Statement) []naming {
	if st.Principals == nil {
		if doc.Kind.IsResourcePolicy() {
			return nil // such a statement without a principal names nobody
		}
		return []naming{{class: classOf(st.Effect)}}
	}
	namings := s.namings(st.Principals, st.Effect)
	if doc.Kind.IsResourcePolicy() {
		return namings
	}
	// An endpoint policy or RCP gives no permission of its own: naming the caller in any way allows.
	for i := range namings {
		namings[i].class = classOf(st.Effect)
	}
	return namings
}

func classOf(e policy.Effect) Class {
	if e == policy.Deny {
		return ClassDeny
	}
	return ClassAllow
}

// actionElement expands Action or NotAction against the catalogue.
func (s *scope) actionElement(st *policy.Statement, out *statement) elementTest {
	e := elementTest{Element: Element{ID: fmt.Sprintf("%d.action", st.Index), Kind: ElementAction}}
	if st.Actions == nil {
		e.dead = true
		return e
	}
	out.actions = st.Actions.ActionSet()
	asked := askedAbout(s.kind)
	switch out.actions = out.actions.Intersect(asked); {
	case out.actions == asked:
	case s.kind == policy.KeyPolicy:
		out.actions = out.actions.Intersect(keyActions) // a key policy is not asked about others
	}
	e.body, e.dead = actionBody(out.actions, asked), out.actions.IsEmpty()
	return e
}

// askedAbout returns the actions that policies of a kind are asked about.
func askedAbout(kind policy.Kind) policy.ActionSet {
	switch kind {
	case policy.KeyPolicy:
		return policy.ServiceActions("kms")
	case policy.TrustPolicy:
		return roleActions
	default:
		return policy.AllActions()
	}
}

var (
	// keyActions are the actions that act on a key.
	keyActions = actionsOn("kms", "key")
	// roleActions are the actions that a trust policy decides.
	roleActions = actionsOn("sts", "role")
)

func actionsOn(service, resourceType string) policy.ActionSet {
	var out policy.ActionSet
	for _, a := range policy.ServiceActions(service).Actions() {
		if a.On(resourceType) {
			out.Add(a)
		}
	}
	return out
}

// resourceElement translates Resource or NotResource.
func (s *scope) resourceElement(doc *policy.Document, st *policy.Statement) elementTest {
	e := elementTest{Element: Element{ID: fmt.Sprintf("%d.resource", st.Index), Kind: ElementResource}}
	if doc.Kind == policy.TrustPolicy { // it is about its role
		e.body = body{}
		return e
	}
	if st.Resources == nil {
		e.dead = true
		return e
	}
	var t test
	for _, v := range st.Resources.Values {
		p := policy.ParsePattern(v.Text, doc.Version)
		if doc.Kind == policy.KeyPolicy && !isRuns(p) {
			t = append(t, s.ownResource(p)...)
		} else {
			t = append(t, s.matchResource(p)...)
		}
	}
	name := fmt.Sprintf("resource_%d", st.Index)
	if st.Resources.Negated {
		t = s.negation(fmt.Sprintf("listed_%d", st.Index), t)
	} else {
		t = t.merged()
	}
	e.body, e.dead = s.conjunction(name, t), t.isNever()
	return e
}

// ownResource tests a Resource of a key policy that is not "*".
func (s *scope) ownResource(p policy.Pattern) test {
	switch s.assume(OwnARNAsResource) {
	case readOnlyStar:
		return never()
	case readIgnored:
		return always()
	default:
		return s.matchResource(p)
	}
}

// literalResources returns the values when all of them are ARNs without wildcards and variables.
func literalResources(values []policy.Value, v policy.Version) []string {
	var out []string
	for _, value := range values {
		literal, ok := policy.ParsePattern(value.Text, v).IsLiteral()
		if !ok || strings.Count(literal, ":") < arnParts-1 {
			return nil
		}
		out = append(out, literal)
	}
	return out
}

// describe is the comment above a statement's rules.
func describe(st *policy.Statement) []string {
	title := fmt.Sprintf("Statement %d", st.Index)
	if st.Sid != "" {
		title += fmt.Sprintf(" %q", st.Sid)
	}
	title += ", " + st.Effect.String()
	if st.Pos.IsValid() {
		title += ", " + st.Pos.String()
	}
	return []string{title}
}
