package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// goMutator lists the mutants of one Go file. Each is a wrap around the code that it changes, which asks at run time
// whether the mutant is the active one: all mutants are compiled at once.
type goMutator struct {
	file, source string
	fset         *token.FileSet
	scope        string
	results      []string // types of the results of the innermost function
	final        map[ast.Stmt]bool
	handled      map[ast.Stmt]bool
	out          []*mutant
}

// goMutants returns the mutants of a file. Their wraps hold %[1]d where the id belongs.
func goMutants(file, source string) ([]*mutant, error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	m := &goMutator{file: file, source: source, fset: fset, final: map[ast.Stmt]bool{}, handled: map[ast.Stmt]bool{}}
	for _, decl := range parsed.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		m.scope = fn.Name.Name
		if fn.Recv != nil {
			m.scope = strings.TrimPrefix(types.ExprString(fn.Recv.List[0].Type), "*") + "." + m.scope
		}
		m.function(fn.Type, fn.Body)
	}
	return m.out, nil
}

// function walks a body with its own results.
func (m *goMutator) function(signature *ast.FuncType, body *ast.BlockStmt) {
	outer := m.results
	m.results = nil
	if signature.Results != nil {
		for _, field := range signature.Results.List {
			for range max(1, len(field.Names)) {
				m.results = append(m.results, types.ExprString(field.Type))
			}
		}
		m.markFinal(body)
	}
	ast.Inspect(body, m.visit)
	m.results = outer
}

// markFinal marks the statements that end a function, without which it would not compile.
func (m *goMutator) markFinal(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.BlockStmt:
		if len(s.List) > 0 {
			m.markFinal(s.List[len(s.List)-1])
		}
	case *ast.IfStmt:
		m.final[s] = true
		m.markFinal(s.Body)
		if s.Else != nil {
			m.markFinal(s.Else)
		}
	case *ast.SwitchStmt:
		m.final[s] = true
		for _, clause := range s.Body.List {
			if body := clause.(*ast.CaseClause).Body; len(body) > 0 {
				m.markFinal(body[len(body)-1])
			}
		}
	case nil:
	default:
		m.final[s] = true
	}
}

// add adds a mutant of a node.
func (m *goMutator) add(operator string, at ast.Node, wraps ...wrap) {
	start, end := m.span(at)
	m.out = append(m.out, &mutant{
		file: m.file, scope: m.scope, operator: operator, code: oneLine(m.source[start:end]),
		line: m.fset.Position(at.Pos()).Line, wraps: wraps,
	})
}

func (m *goMutator) span(n ast.Node) (start, end int) {
	return m.fset.Position(n.Pos()).Offset, m.fset.Position(n.End()).Offset
}

func (m *goMutator) around(n ast.Node, before, after string) wrap {
	start, end := m.span(n)
	return wrap{start: start, end: end, before: before, after: after}
}

func (m *goMutator) text(n ast.Node) string {
	start, end := m.span(n)
	return m.source[start:end]
}

// visit lists the mutants of one node. It leaves out what reports errors: the corpus has no broken input.
func (m *goMutator) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncLit:
		m.function(n.Type, n.Body)
		return false
	case *ast.IfStmt:
		m.keep(n.Init)
		if m.aboutError(n.Cond) {
			return false
		}
		m.condition(n.Cond)
		if n.Else == nil && len(n.Body.List) == 1 {
			m.handled[n.Body.List[0]] = true // without it, as if the condition were false
		}
	case *ast.SwitchStmt:
		m.keep(n.Init)
		for _, clause := range n.Body.List {
			m.clause(n, clause.(*ast.CaseClause))
		}
	case *ast.BinaryExpr:
		m.binary(n)
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			m.add("flip", n, m.around(n, "(mutantActive(%[1]d) != ", ")"))
		}
	case *ast.ReturnStmt:
		m.returned(n)
		m.statement(n)
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE && !m.aboutError(n) {
			m.statement(n)
		}
	case *ast.ForStmt:
		m.keep(n.Init, n.Post)
		m.statement(n)
	case *ast.ExprStmt, *ast.IncDecStmt, *ast.BranchStmt, *ast.RangeStmt:
		m.statement(n.(ast.Stmt))
	}
	return true
}

// keep leaves statements in the head of another as they are.
func (m *goMutator) keep(statements ...ast.Stmt) {
	for _, s := range statements {
		m.handled[s] = true
	}
}

// aboutError reports whether the code is about an error or a panic.
func (m *goMutator) aboutError(n ast.Node) bool {
	text := m.text(n)
	return strings.Contains(text, "err != nil") && !strings.Contains(text, "||") && !strings.Contains(text, "&&") ||
		strings.Contains(text, "Errorf(") || strings.Contains(text, "badRequest(") || strings.HasPrefix(text, "panic(")
}

// condition makes a condition true, and false.
func (m *goMutator) condition(e ast.Expr) {
	m.add("always true", e, m.around(e, "(mutantActive(%[1]d) || (", "))"))
	m.add("always false", e, m.around(e, "(!mutantActive(%[1]d) && (", "))"))
}

// clause drops the values of a case.
func (m *goMutator) clause(s *ast.SwitchStmt, c *ast.CaseClause) {
	for _, e := range c.List {
		if s.Tag == nil {
			m.condition(e)
			continue
		}
		m.add("drop case", e, m.around(e, "mutantCase(%[1]d, ", ")"))
	}
}

// binary drops the operands of && and ||, and flips or shifts comparisons and arithmetic.
func (m *goMutator) binary(n *ast.BinaryExpr) {
	switch n.Op {
	case token.LAND, token.LOR:
		before := map[token.Token]string{token.LAND: "(mutantActive(%[1]d) || (", token.LOR: "(!mutantActive(%[1]d) && ("}[n.Op]
		for _, operand := range []ast.Expr{n.X, n.Y} {
			if !m.aboutError(operand) {
				m.add("drop operand of "+n.Op.String(), operand, m.around(operand, before, "))"))
			}
		}
	case token.EQL, token.NEQ:
		if !m.aboutError(n) {
			m.add("flip "+n.Op.String(), n, m.around(n, "(mutantActive(%[1]d) != (", "))"))
		}
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		without := map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}[n.Op]
		other := m.text(n.X) + " " + without + " " + m.text(n.Y)
		m.add("compare "+without, n, m.around(n, "mutantPick(%[1]d, ", ", "+escape(other)+")"))
	case token.ADD, token.SUB:
		if isInt(n.X) || isInt(n.Y) {
			other := map[token.Token]string{token.ADD: " - ", token.SUB: " + "}[n.Op]
			m.add("arithmetic", n, m.around(n, "mutantPick(%[1]d, ", ", "+escape(m.text(n.X)+other+m.text(n.Y))+")"))
		}
	default: // multiplication and bits stay as they are
	}
}

// escape keeps text in a wrap as it is.
func escape(code string) string { return strings.ReplaceAll(code, "%", "%%") }

func isInt(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.INT
}

// returned changes the results of a return statement.
func (m *goMutator) returned(n *ast.ReturnStmt) {
	if len(n.Results) != len(m.results) || m.aboutError(n) {
		return
	}
	for i, e := range n.Results {
		text, kind := m.text(e), m.results[i]
		pick := func(operator, other string) {
			if text != other { // else it changes nothing
				m.add(operator, e, m.around(e, "mutantPick["+kind+"](%[1]d, ", ", "+other+")"))
			}
		}
		switch {
		case kind == "error":
		case kind == "bool":
			if text != "true" && text != "false" {
				pick("return true", "true")
				pick("return false", "false")
			}
		case kind == "test":
			if text != "never()" {
				pick("return never", "nil")
			}
			if text != "always()" {
				pick("return always", "test{body{}}")
			}
		case text != "nil" && text != `""` && text != "0":
			m.add("return zero", e, m.around(e, "mutantZero["+kind+"](%[1]d, ", ")"))
		}
	}
}

// statement removes a statement.
func (m *goMutator) statement(s ast.Stmt) {
	if m.final[s] || m.handled[s] || m.aboutError(s) && !isLoop(s) {
		return
	}
	m.add("remove", s, m.around(s, "if !mutantActive(%[1]d) { ", " }"))
}

func isLoop(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.RangeStmt, *ast.ForStmt:
		return true
	default:
		return false
	}
}

// mutated writes a file with all its mutants.
func mutated(source string, mutants []*mutant) string {
	var wraps []wrap
	for _, m := range mutants {
		for _, w := range m.wraps {
			w.before, w.after = fmt.Sprintf(w.before, m.id), strings.ReplaceAll(w.after, "%%", "%")
			wraps = append(wraps, w)
		}
	}
	return apply(source, slices.Clip(wraps))
}
