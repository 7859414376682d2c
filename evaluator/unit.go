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
	compiler *ast.Compiler
	classes  [classCount]ruleIndex
	keys     []mentionedKey
	readsEC  bool

	explainOnce sync.Once
	explain     *explainUnit
	explainErr  error
	translate   func() *rego.Unit // again, for the explanation, which few units need
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

// mentionedKey is a condition key that a unit reads.
type mentionedKey struct {
	folded string
	term   *ast.Term
	known  *policy.ConditionKey // nil for a key that the catalogue does not have
}

// compile compiles a translated policy by itself.
func compile(translate func() *rego.Unit) (*unit, error) {
	translated := translate()
	module, err := ast.ParseModule("", translated.Module)
	if err != nil {
		return nil, fmt.Errorf("parse translated policy: %w", err)
	}
	rules := module.Rules
	c := ast.NewCompiler()
	c.Compile(map[string]*ast.Module{unitName: module})
	if c.Failed() {
		return nil, fmt.Errorf("compile translated policy: %w", c.Errors)
	}
	compiled := c.Modules[unitName].Rules
	if len(rules) < len(translated.Rules) || len(compiled) < len(translated.Rules) {
		return nil, fmt.Errorf("compile translated policy: %d rules became %d", len(translated.Rules), len(compiled))
	}
	u := &unit{readsEC: translated.EncryptionContext, translate: translate}
	u.compiler = slim(c, len(compiled) > len(translated.Rules))
	for _, key := range translated.Keys {
		known, _ := policy.LookupConditionKey(key)
		u.keys = append(u.keys, mentionedKey{folded: key, term: ast.InternedTerm(key), known: known})
	}
	for i, rule := range translated.Rules {
		u.classes[classes[rule.Class]].add(rule, compiled[i].Body)
	}
	for i := range u.classes {
		u.classes[i].sort()
	}
	return u, nil
}

// emptyCompiler serves all bodies that refer to the input only.
var emptyCompiler = ast.NewCompiler()

// slim keeps of a compiler only what evaluating a rule body needs: the tree of the helper rules,
// when there are any.
func slim(c *ast.Compiler, helpers bool) *ast.Compiler {
	if !helpers {
		*c = ast.Compiler{}
		return emptyCompiler
	}
	return c
}

// ruleIndex finds the rules of one class that may match a request.
type ruleIndex struct {
	// any are the rules that do not compare the principal by equality.
	any []candidate
	// named are the others, sorted by field and value.
	named []namedCandidate
}

type candidate struct {
	statement int
	actions   policy.ActionSet
	resources []string
	body      ast.Body
}

type namedCandidate struct {
	field rego.Field
	value string
	candidate
}

func (x *ruleIndex) add(rule rego.Rule, b ast.Body) {
	c := candidate{statement: rule.Statement, actions: rule.Actions, resources: rule.Resources, body: b}
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

// each calls visit for every rule that may match, until it returns false.
func (x *ruleIndex) each(r *query, visit func(*candidate) bool) {
	for i := range x.any {
		if x.any[i].mayMatch(r) && !visit(&x.any[i]) {
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
			if c := &x.named[at].candidate; c.mayMatch(r) && !visit(c) {
				return
			}
		}
	}
}

// mayMatch reports whether the rule can be true for the action and the resource.
func (c *candidate) mayMatch(r *query) bool {
	return c.actions.Has(r.action) && (len(c.resources) == 0 || slices.Contains(c.resources, r.resourceARN))
}
