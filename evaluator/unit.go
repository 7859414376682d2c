package evaluator

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// unitName is the name of a unit that is compiled by itself.
const unitName = "one"

// unit is a translated and compiled policy, or the grants of one grantee on one key.
type unit struct {
	compiler  *ast.Compiler
	classes   [classCount]ruleIndex
	residuals []residual
	keys      []*mentionedKey
	reads     rego.Members
	// unresolved is true when the policy has values that its source could not compute.
	unresolved bool

	explainOnce sync.Once
	explain     *explainUnit
	explainErr  error
	translate   func() *rego.Unit // again, for the explanation, which few units need

	// opened are the statements that a question with open condition keys met, by index; see [openStatement].
	opened sync.Map
}

// class is rego.Class as an array index.
type class int

const (
	classDeny class = iota
	classAllow
	classDirect
	classLimited
	classDelegate
	classCount
)

var classes = map[rego.Class]class{
	rego.ClassDeny: classDeny, rego.ClassAllow: classAllow, rego.ClassDirect: classDirect,
	rego.ClassLimited: classLimited, rego.ClassDelegate: classDelegate,
}

// residual is what the index does not decide of a rule.
type residual struct {
	body ast.Body
	keys []*mentionedKey // that the body reads
}

// mentionedKey is a condition key that a unit reads.
type mentionedKey struct {
	folded string
	term   *ast.Term
	known  *policy.ConditionKey // nil for a key that the catalogue does not have
}

// compile compiles a translated policy by itself: the index over its rules, and the residual of those
// that the index does not decide.
func compile(translate func() *rego.Unit) (*unit, error) {
	translated := translate()
	u := &unit{reads: translated.Reads, translate: translate, compiler: emptyCompiler}
	for _, rule := range translated.Rules {
		u.classes[classes[rule.Class]].add(u, rule)
	}
	for i := range u.classes {
		u.classes[i].sort()
	}
	u.mention(translated.Keys)
	if translated.Residuals == 0 {
		return u, nil
	}
	module, err := ast.ParseModule("", translated.Residual)
	if err != nil {
		return nil, fmt.Errorf("parse translated policy: %w", err)
	}
	if u.reads == 0 {
		flatten(module)
	}
	c := ast.NewCompiler()
	c.Compile(map[string]*ast.Module{unitName: module})
	if c.Failed() {
		return nil, fmt.Errorf("compile translated policy: %w", c.Errors)
	}
	rules := c.Modules[unitName].Rules
	if len(rules) < translated.Residuals {
		return nil, fmt.Errorf("compile translated policy: %d rules for %d", len(rules), translated.Residuals)
	}
	u.residuals = make([]residual, translated.Residuals)
	for _, rule := range translated.Rules {
		if rule.Residual >= 0 {
			u.residuals[rule.Residual] = residual{body: rules[rule.Residual].Body, keys: u.mention(rule.Keys)}
		}
	}
	u.compiler = slim(c, len(rules) > translated.Residuals)
	return u, nil
}

// flatten makes the context the whole input of a module that reads nothing else: input.context["k"] becomes
// input["k"]. One object less is made for each request.
func flatten(module *ast.Module) {
	isContext := func(ref ast.Ref) bool {
		return len(ref) > 1 && ref[0].Equal(ast.InputRootDocument) && ref[1].Equal(contextKey)
	}
	ast.WalkTerms(module, func(t *ast.Term) bool {
		if ref, ok := t.Value.(ast.Ref); ok && isContext(ref) {
			t.Value = append(ast.Ref{ref[0]}, ref[2:]...)
		}
		return false
	})
}

// mention returns the keys as the unit's own.
func (u *unit) mention(names []string) []*mentionedKey {
	out := make([]*mentionedKey, 0, len(names))
	for _, name := range names {
		at := slices.IndexFunc(u.keys, func(k *mentionedKey) bool { return k.folded == name })
		if at < 0 {
			at = len(u.keys)
			known, _ := policy.LookupConditionKey(name)
			u.keys = append(u.keys, &mentionedKey{folded: name, term: ast.StringTerm(name), known: known})
		}
		out = append(out, u.keys[at])
	}
	return out
}

// emptyCompiler serves all bodies that refer to the input only.
var emptyCompiler = ast.NewCompiler()

// slim keeps of a compiler only what evaluating a rule body needs: the tree of the helper rules, when there
// are any. The rest is several times as large, and the rule indexes of the tree hold on to it.
func slim(c *ast.Compiler, helpers bool) *ast.Compiler {
	kept := emptyCompiler
	if helpers {
		shell := *emptyCompiler
		shell.RuleTree = c.RuleTree
		kept = &shell
	}
	*c = ast.Compiler{}
	return kept
}

// ruleIndex finds the rules of one class by principal, action, resource and guards.
type ruleIndex struct {
	// any are the rules whose test of the principal, if there is one, is in the residual.
	any []candidate
	// named are the others, sorted by field and value.
	named []namedCandidate
}

// candidate is a rule. It is true when the index finds it and its residual is true.
type candidate struct {
	indexed   bool // by the principal
	statement int
	residual  int // -1 when the index decides the rule
	actions   policy.ActionSet
	resources []string
	guards    []guard
}

// guard is a necessary condition of a rule on one condition key.
type guard struct {
	key     *mentionedKey
	values  []string
	negated bool
}

// fails reports whether the key's value makes the rule false.
func (g *guard) fails(r *query) bool {
	v := r.look(g.key)
	if v.state == valueList || v.state == valueOpen {
		return false // for the residual to decide
	}
	return (v.state == valueText && slices.Contains(g.values, v.text)) == g.negated
}

type namedCandidate struct {
	field rego.Field
	value string
	candidate
}

func (x *ruleIndex) add(u *unit, rule rego.Rule) {
	c := candidate{indexed: rule.Field != rego.FieldAny, statement: rule.Statement, residual: rule.Residual, actions: rule.Actions, resources: rule.Resources}
	for _, g := range rule.Guards {
		c.guards = append(c.guards, guard{key: u.mention([]string{g.Key})[0], values: g.Values, negated: g.Negated})
	}
	if rule.Field == rego.FieldAny {
		x.any = append(x.any, c)
		return
	}
	for _, value := range rule.Values {
		x.named = append(x.named, namedCandidate{field: rule.Field, value: value, candidate: c})
	}
}

func (x *ruleIndex) sort() {
	slices.SortStableFunc(x.named, func(a, b namedCandidate) int { return compareNamed(a, b.field, b.value) })
}

func compareNamed(c namedCandidate, field rego.Field, value string) int {
	if n := strings.Compare(string(c.field), string(field)); n != 0 {
		return n
	}
	return strings.Compare(c.value, value)
}

// each calls visit for every rule that the index finds, until it returns false.
func (x *ruleIndex) each(r *query, visit func(*candidate) bool) {
	for i := range x.any {
		if x.any[i].found(r) && !visit(&x.any[i]) {
			return
		}
	}
	if len(x.named) == 0 {
		return
	}
	for _, f := range r.fields {
		if f.value == "" {
			continue
		}
		at, _ := slices.BinarySearchFunc(x.named, f, func(c namedCandidate, f fieldValue) int {
			return compareNamed(c, f.field, f.value)
		})
		for ; at < len(x.named) && x.named[at].field == f.field && x.named[at].value == f.value; at++ {
			if c := &x.named[at].candidate; c.found(r) && !visit(c) { // visit ends it after an error
				return
			}
		}
	}
}

// found reports whether the rule is about the action and the resource, and no guard fails.
func (c *candidate) found(r *query) bool {
	if !c.actions.Has(r.action) || len(c.resources) > 0 && !slices.Contains(c.resources, r.resourceARN) {
		return false
	}
	for i := range c.guards {
		if c.guards[i].fails(r) {
			return false
		}
	}
	return true
}
