package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// regoMutator lists the mutants of one Rego module.
type regoMutator struct {
	file, source string
	module       *ast.Module
	siblings     map[string][]string // last parts of the references into the input, by what stands before
	scope        string
	out          []*mutant
	seen         map[string]bool
}

// regoMutants returns the mutants of a hand-written module.
func regoMutants(file, source string) ([]*mutant, error) {
	module, err := ast.ParseModule(file, source)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", file, err)
	}
	m := &regoMutator{file: file, source: source, module: module, siblings: siblings(module), seen: map[string]bool{source: true}}
	for _, rule := range module.Rules {
		m.scope = string(rule.Head.Name)
		m.rule(rule)
		for branch := rule; branch != nil; branch = branch.Else {
			m.branch(branch)
		}
	}
	return m.out, nil
}

// siblings groups the references into the input that differ in their last part only.
func siblings(module *ast.Module) map[string][]string {
	out := map[string][]string{}
	ast.WalkRefs(module, func(ref ast.Ref) bool {
		if prefix, last, ok := inputMember(ref); ok && !slices.Contains(out[prefix], last) {
			out[prefix] = append(out[prefix], last)
		}
		return false
	})
	return out
}

// inputMember cuts a reference such as input.key.direct before its last part.
func inputMember(ref ast.Ref) (prefix, last string, ok bool) {
	if len(ref) < 2 || !ref[0].Equal(ast.InputRootDocument) || !ref.IsGround() {
		return "", "", false
	}
	name, ok := ref[len(ref)-1].Value.(ast.String)
	return ref[:len(ref)-1].String(), string(name), ok
}

// replace adds the mutant that has other text in place of a part of the source.
func (m *regoMutator) replace(operator string, start, end int, with string) {
	text := m.source[:start] + with + m.source[end:]
	if m.seen[text] {
		return
	}
	m.seen[text] = true
	code := m.source[start:end]
	if !strings.HasPrefix(operator, "drop") && with != "" {
		code += " → " + with
	}
	m.out = append(m.out, &mutant{
		file: m.file, scope: m.scope, line: 1 + strings.Count(m.source[:start], "\n"), operator: operator, code: oneLine(code), text: text,
	})
}

// span is where a node stands.
func span(l *ast.Location) (start, end int) { return l.Offset, l.Offset + len(l.Text) }

// branchSpans are where the rule and each of its else branches stand.
func (m *regoMutator) branchSpans(rule *ast.Rule) [][2]int {
	var out [][2]int
	_, end := span(rule.Location)
	if rule.Default {
		_, end = span(rule.Head.Location)
	}
	for b := rule; b != nil; b = b.Else {
		if len(out) > 0 {
			out[len(out)-1][1] = b.Location.Offset
		}
		out = append(out, [2]int{b.Location.Offset, end})
	}
	return out
}

// rule drops the rule or one of its branches, and swaps neighbouring branches.
func (m *regoMutator) rule(rule *ast.Rule) {
	spans := m.branchSpans(rule)
	first, last := spans[0], spans[len(spans)-1]
	m.replace("drop rule", first[0], last[1], "")
	if len(spans) == 1 {
		return
	}
	text := func(i int) string { return m.source[spans[i][0]:spans[i][1]] }
	head, _, _ := strings.Cut(text(0), " := ")
	asFirst := func(branch string) string { return head + strings.TrimPrefix(branch, "else") }
	asElse := func(branch string) string { return "\n\nelse" + strings.TrimPrefix(branch, head) }
	m.replace("drop first branch", first[0], spans[1][1], asFirst(text(1)))
	m.replace("swap with first branch", first[0], spans[1][1], asFirst(text(1))+asElse(text(0)))
	for i := 1; i < len(spans); i++ {
		m.replace("drop else", spans[i][0], spans[i][1], "")
		if i+1 < len(spans) {
			m.replace("swap else", spans[i][0], spans[i+1][1], text(i+1)+"\n\n"+text(i))
		}
	}
}

// branch changes what stands in one branch.
func (m *regoMutator) branch(branch *ast.Rule) {
	alone := *branch
	alone.Else = nil
	ast.WalkExprs(&alone, func(e *ast.Expr) bool {
		m.expression(e)
		return false
	})
	ast.WalkTerms(&alone, func(t *ast.Term) bool {
		m.term(t)
		return false
	})
}

// expression drops or negates an expression of a body.
func (m *regoMutator) expression(e *ast.Expr) {
	start, end := span(e.Location)
	if t, ok := e.Terms.(*ast.Term); ok && t.Location != nil {
		if e.Negated {
			_, end = span(t.Location)
		} else {
			start, end = span(t.Location)
		}
	}
	if start == end || e.Generated || m.source[start:end] == "default" {
		return
	}
	text := m.source[start:end]
	switch e.Terms.(type) {
	case *ast.SomeDecl:
		return
	case *ast.Every:
		m.replace("drop expression", start, end, "true")
		m.everyToSome(start, end)
		return
	}
	m.replace("drop expression", start, end, "true")
	if e.Negated {
		m.replace("un-negate", start, end, strings.TrimSpace(strings.TrimPrefix(text, "not")))
		return
	}
	m.replace("negate", start, end, "not "+text)
	if e.IsCall() {
		m.comparison(e.Operand(0), e.Operand(1))
	}
}

func (m *regoMutator) everyToSome(start, end int) {
	text := m.source[start:end]
	head, body, ok := strings.Cut(text, "{")
	if !ok {
		return
	}
	body = strings.TrimSuffix(strings.TrimSpace(body), "}")
	m.replace("every to some", start, end, strings.Replace(head, "every ", "some ", 1)+"\n"+body)
}

// flips are what the comparisons become.
var flips = map[string]string{"==": "!=", "!=": "==", ">": ">=", "<": "<=", ">=": ">", "<=": "<"}

// comparison flips what stands between two operands.
func (m *regoMutator) comparison(left, right *ast.Term) {
	if left == nil || right == nil || left.Location == nil || right.Location == nil {
		return
	}
	_, from := span(left.Location)
	to := right.Location.Offset
	if from >= to || to > len(m.source) {
		return
	}
	operator := strings.TrimSpace(m.source[from:to])
	if other := flips[operator]; other != "" {
		_, end := span(right.Location)
		start := left.Location.Offset
		m.replace("compare", start, end, m.source[start:from]+" "+other+" "+m.source[to:end])
	}
}

// term changes a constant, a list, an object or a reference.
func (m *regoMutator) term(t *ast.Term) {
	if t.Location == nil {
		return
	}
	start, end := span(t.Location)
	text := m.source[start:end]
	switch v := t.Value.(type) {
	case ast.String:
		if strings.HasPrefix(text, `"`) {
			m.replace("change string", start, end, `"other"`)
		}
	case ast.Boolean:
		if text == "true" || text == "false" {
			m.replace("flip", start, end, map[string]string{"true": "false", "false": "true"}[text])
		}
	case ast.Number:
		m.replace("increment", start, end, text+" + 1")
	case ast.Call:
		if len(v) == 3 {
			m.comparison(v[1], v[2])
		}
	case *ast.Array:
		var elements []*ast.Term
		v.Foreach(func(e *ast.Term) { elements = append(elements, e) })
		m.list(elements)
	case ast.Object:
		m.object(v, end)
	case ast.Ref:
		m.reference(v, start, end)
	}
}

// list swaps neighbours.
func (m *regoMutator) list(elements []*ast.Term) {
	for i := 1; i < len(elements); i++ {
		start, mid := span(elements[i-1].Location)
		from, end := span(elements[i].Location)
		m.replace("swap elements", start, end, m.source[from:end]+m.source[mid:from]+m.source[start:mid])
	}
}

// object drops a member.
func (m *regoMutator) object(o ast.Object, end int) {
	keys := o.Keys()
	slices.SortFunc(keys, func(a, b *ast.Term) int { return cmp.Compare(a.Location.Offset, b.Location.Offset) })
	for i, key := range keys {
		to := end - 1
		if i+1 < len(keys) {
			to = keys[i+1].Location.Offset
		}
		m.replace("drop member", key.Location.Offset, to, "")
	}
}

// reference replaces the last part by each of its siblings.
func (m *regoMutator) reference(ref ast.Ref, start, end int) {
	prefix, last, ok := inputMember(ref)
	if !ok || !strings.HasSuffix(m.source[start:end], "."+last) {
		return
	}
	for _, sibling := range m.siblings[prefix] {
		if sibling != last {
			m.replace("refer", start, end, strings.TrimSuffix(m.source[start:end], last)+sibling)
		}
	}
}
