package evaluator

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// openStatement is one statement or grant, compiled element by element, so that those that read open condition keys
// can be told from the others. It serves every request that its unit serves.
type openStatement struct {
	compiler *ast.Compiler
	doc      *policy.Document  // as it was translated, nil for a grant
	source   *policy.Statement // nil for a grant
	grant    *Grant
	elements []openElement
	// namings are the ways in which the statement names the caller, by class.
	namings []openNaming
	// keys are the condition keys that the elements read.
	keys []*mentionedKey
	// assumptions are the named readings that the translation rests on.
	assumptions []rego.Assumption
}

// openElement is an element of a statement.
type openElement struct {
	rego.Element
	number uint64 // of this element, not of any other
	body   ast.Body
	keys   []*mentionedKey
}

type openNaming struct {
	class class
	body  ast.Body // nil for what names everyone
}

// openStatement returns the compiled elements of a statement that the index of a unit found.
func (e *Evaluator) openStatement(q *query, h hit, u *unit) (*openStatement, error) {
	if known, ok := u.opened.Load(h.statement); ok {
		return known.(*openStatement), nil //nolint:forcetypeassert // there is nothing else in it
	}
	st, translated := e.translateOne(q, h)
	if e.testOnlySpoil != nil {
		e.testOnlySpoil(translated)
	}
	if err := st.compile(e.shared, translated); err != nil {
		return nil, err
	}
	known, _ := u.opened.LoadOrStore(h.statement, st)
	return known.(*openStatement), nil //nolint:forcetypeassert // there is nothing else in it
}

// translateOne translates the one statement or grant.
func (e *Evaluator) translateOne(q *query, h hit) (*openStatement, *rego.Unit) {
	if h.layer == layerGrant {
		g := q.grants[h.group].grants[h.statement]
		return &openStatement{grant: g}, e.readings.Grants([]*Grant{g}, unitName)
	}
	doc := q.documents(h.layer)[h.group][h.document]
	if doc.HasUnresolved() {
		doc = doc.Bound(q.open.bound == permissive)
	}
	one := *doc
	one.Statements = []*policy.Statement{statementAt(doc, h.statement)}
	return &openStatement{doc: &one, source: one.Statements[0]}, e.readings.Policy(&one, unitName)
}

// compile compiles the elements of the only statement of a translated unit. A grant has a second entry, about retiring
// it, which reads no condition key.
func (st *openStatement) compile(s *shared, translated *rego.Unit) error {
	module, err := ast.ParseModule("", translated.Explain)
	if err != nil {
		return fmt.Errorf("parse the elements of a statement: %w", err)
	}
	c := ast.NewCompiler()
	c.Compile(map[string]*ast.Module{unitName: module})
	if c.Failed() {
		return fmt.Errorf("compile the elements of a statement: %w", c.Errors)
	}
	bodies := map[string]ast.Body{}
	rules := c.Modules[unitName].Rules
	for _, rule := range rules {
		if id, ok := metID(rule); ok {
			bodies[id] = rule.Body
		}
	}
	entry := translated.Statements[0]
	st.assumptions = entry.Assumptions
	for _, e := range entry.Elements {
		body, ok := bodies[e.ID]
		if !ok { // of a statement that the index finds every element can be met
			return fmt.Errorf("compile the elements of a statement: there is no %s", e.ID)
		}
		st.elements = append(st.elements, openElement{Element: e, number: s.numbers.Add(1), body: body, keys: st.mention(e.Keys)})
	}
	for _, n := range entry.Classes {
		naming := openNaming{class: classes[n.Class], body: bodies[n.ID]}
		if naming.body == nil {
			return fmt.Errorf("compile the elements of a statement: there is no %s", n.ID)
		}
		if isAlways(naming.body) {
			naming.body = nil
		}
		st.namings = append(st.namings, naming)
	}
	if st.compiler = c; !st.needsPartial() {
		st.compiler = slim(c, len(rules) > len(bodies))
	}
	return nil
}

// needsPartial reports whether an element may be evaluated in part, which takes all of the compiler.
func (st *openStatement) needsPartial() bool {
	return slices.ContainsFunc(st.elements, func(el openElement) bool {
		return len(el.keys) > 1 || el.ReadsEncryptionContext || el.Kind == rego.ElementResource && len(el.keys) > 0
	})
}

// isAlways reports whether a body is the one of a rule without a body.
func isAlways(b ast.Body) bool {
	if len(b) != 1 {
		return false
	}
	term, ok := b[0].Terms.(*ast.Term)
	return ok && term.Value.Compare(ast.Boolean(true)) == 0
}

// metID returns the element that a rule of an explanation is about, false for a helper rule.
func metID(rule *ast.Rule) (string, bool) {
	if rule.Head.Key == nil {
		return "", false
	}
	id, ok := rule.Head.Key.Value.(ast.String)
	return string(id), ok
}

// mention returns the keys as the statement's own.
func (st *openStatement) mention(names []string) []*mentionedKey {
	out := make([]*mentionedKey, 0, len(names))
	for _, name := range names {
		at := slices.IndexFunc(st.keys, func(k *mentionedKey) bool { return k.folded == name })
		if at < 0 {
			at = len(st.keys)
			known, _ := policy.LookupConditionKey(name)
			st.keys = append(st.keys, &mentionedKey{folded: name, term: ast.StringTerm(name), known: known})
		}
		out = append(out, st.keys[at])
	}
	return out
}

// truth is the value of a test when some condition keys are open.
type truth uint8

const (
	isFalse truth = iota
	isTrue
	isOpen
)

// surelyOpen reports whether some element reads open keys and nothing that is known: it may be met or not.
func (st *openStatement) surelyOpen(q *query) bool {
	return slices.ContainsFunc(st.elements, func(el openElement) bool {
		return el.Kind == rego.ElementCondition && len(el.keys) == 1 && q.look(el.keys[0]).state == valueOpen
	})
}

// meet tests a statement that the index found in a class: the elements that read no open key by evaluating them. It
// returns the others when they are what the statement depends on. indexed is true when the index looked at the principal.
func (e *Evaluator) meet(ctx context.Context, q *query, st *openStatement, c class, indexed bool) (truth, []*openElement, error) {
	m := meeting{ctx: ctx, e: e, q: q, st: st}
	if !indexed && !m.named(c) || m.err != nil {
		return isFalse, nil, m.err
	}
	var open []*openElement
	for i := range st.elements {
		el := &st.elements[i]
		if el.Kind == rego.ElementAction { // the index looked at it
			continue
		}
		switch m.element(el) {
		case isFalse:
			return isFalse, nil, m.err
		case isOpen:
			open = append(open, el)
		case isTrue:
		}
	}
	if len(open) == 0 {
		return isTrue, nil, m.err
	}
	return isOpen, open, m.err
}

// meeting is one statement that meets one request.
type meeting struct {
	ctx   context.Context //nolint:containedctx // lives for one call of meet
	e     *Evaluator
	q     *query
	st    *openStatement
	input *ast.Term
	err   error
}

// named reports whether the statement names the caller in a class.
func (m *meeting) named(c class) bool {
	return slices.ContainsFunc(m.st.namings, func(n openNaming) bool {
		return n.class == c && (n.body == nil || m.matches(n.body))
	})
}

func (m *meeting) matches(body ast.Body) bool {
	matched, err := m.e.matches(m.ctx, m.st.compiler, body, m.known())
	if err != nil { // the context ended, or the translation is wrong
		m.err = err
	}
	return matched
}

// known is the input with what is known, made when it is first needed.
func (m *meeting) known() *ast.Term {
	if m.input == nil {
		m.input = m.q.makeInput(allMembers, m.q.contextValues(m.st.keys))
	}
	return m.input
}

// element tests one element.
func (m *meeting) element(el *openElement) truth {
	if isAlways(el.body) {
		return isTrue
	}
	unknowns := m.unknowns(el)
	switch {
	case len(unknowns) == 0 && m.matches(el.body):
		return isTrue
	case len(unknowns) == 0:
		return isFalse
	case len(unknowns) == len(el.keys) && el.Kind == rego.ElementCondition: // nothing known is in it
		return isOpen
	}
	return m.partial(el, unknowns)
}

// unknowns are the open parts of the input that an element reads.
func (m *meeting) unknowns(el *openElement) []*ast.Term {
	var out []*ast.Term
	for _, key := range el.keys {
		if m.q.look(key).state == valueOpen {
			out = append(out, ast.NewTerm(ast.Ref{ast.InputRootDocument, contextKey, key.term}))
		}
	}
	if el.ReadsEncryptionContext && m.q.open.encryptionContext {
		out = append(out, ast.NewTerm(ast.Ref{ast.InputRootDocument, encryptionContextKey}))
	}
	return out
}

// partial evaluates an element as far as what is known goes.
func (m *meeting) partial(el *openElement, unknowns []*ast.Term) truth {
	rest, _, err := topdown.NewQuery(el.body).
		WithCompiler(m.st.compiler).
		WithInput(m.known()).
		WithUnknowns(unknowns).
		WithMetrics(metrics.NoOp()).
		WithTime(anyTime).
		WithInterQueryBuiltinValueCache(m.e.valueCache).
		PartialRun(m.ctx)
	switch {
	case err != nil:
		m.err = fmt.Errorf("evaluate a condition in part: %w", err)
		return isFalse
	case len(rest) == 0:
		return isFalse
	case slices.ContainsFunc(rest, func(b ast.Body) bool { return len(b) == 0 }):
		return isTrue
	default:
		return isOpen
	}
}
