package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// conditions reads a Condition element: operators over keys over values.
func (p *parser) conditions(n *node) []Condition {
	if n.kind != jsonObject {
		p.wrongType(n, "Condition", `an object such as {"StringEquals": {"kms:ViaService": "…"}}`)
		return nil
	}
	var out []Condition
	for i := range n.members {
		m := &n.members[i]
		op, ok := ParseOperator(m.name)
		if !ok {
			p.unknownOperator(m)
		}
		if m.value.kind != jsonObject {
			p.wrongType(&m.value, "condition operator "+m.name, "an object of condition keys and values")
			continue
		}
		if op.Comparison == Null && op.Quantifier != NoQuantifier {
			p.warn(CodeNoEffect, m.offset, "%s has no use for %s", Null, op.Quantifier)
		}
		out = p.conditionKeys(out, op, m)
	}
	return out
}

func (p *parser) unknownOperator(m *member) {
	if strings.HasSuffix(m.name, Null.String()+ifExists) {
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IfExists
		p.fail(CodeUnknownOperator, m.offset, "condition operator %q: %s cannot have %s", m.name, Null, ifExists)
		return
	}
	p.fail(CodeUnknownOperator, m.offset, "unknown condition operator %q: did you mean %q?", m.name, nearestOperator(m.name))
}

func (p *parser) conditionKeys(out []Condition, op Operator, operator *member) []Condition {
	if len(operator.value.members) == 0 {
		p.warn(CodeEmptyList, operator.value.offset, "condition operator %s has no condition key", operator.name)
	}
	seen := map[string]int{}
	for i := range operator.value.members {
		m := &operator.value.members[i]
		key := p.value(&node{offset: m.offset, text: m.name})
		if !key.Unresolved {
			p.checkConditionKey(m)
			if first, ok := seen[FoldKey(m.name)]; ok {
				p.warn(CodeDuplicateConditionKey, m.offset, "condition key %q is the same key in other case; both must be met", m.name)
				p.related(first)
			} else {
				seen[FoldKey(m.name)] = m.offset
			}
		}
		out = append(out, Condition{
			Operator: op, Key: key, Values: p.operands(op, m), Pos: p.pos(operator.offset),
		})
	}
	return out
}

// checkConditionKey asks for service:name and warns of keys that KMS requests never have.
func (p *parser) checkConditionKey(m *member) {
	if at := strings.IndexFunc(m.name, unicode.IsControl); at >= 0 {
		c, _ := utf8.DecodeRuneInString(m.name[at:])
		p.fail(CodeInvalidConditionKey, m.offset, "condition key %q has the control character %U: expected service:name, for example kms:ViaService", m.name, c)
		return
	}
	service, name, ok := strings.Cut(m.name, ":")
	if !ok || service == "" || name == "" {
		p.fail(CodeInvalidConditionKey, m.offset, "condition key %q is not service:name, for example kms:ViaService", m.name)
		return
	}
	if _, known := LookupConditionKey(m.name); known {
		return
	}
	if folded := FoldKey(service); folded == "kms" || folded == "aws" {
		hint := ""
		if name, ok := Nearest(m.name, theCatalogue.keyNames); ok {
			hint = ": did you mean " + name + "?"
		}
		p.warn(CodeUnknownConditionKey, m.offset, "condition key %q is not known%s", m.name, hint)
	}
}

// operands reads the values of a condition key: strings, and numbers and booleans as their text
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
func (p *parser) operands(op Operator, m *member) []Value {
	list := m.value.list()
	if len(list) == 0 {
		p.warn(CodeEmptyList, m.value.offset, "condition key %s has no values", m.name)
	}
	var out []Value
	for i := range list {
		n := &list[i]
		switch n.kind {
		case jsonString, jsonNumber, jsonBool:
			v := p.value(n)
			out = append(out, v)
			if !v.Unresolved && op.Comparison != ComparisonUnknown {
				p.checkOperand(op, v, n.offset)
			}
		default:
			p.wrongType(n, "a value of condition key "+m.name, "a string, number or boolean")
		}
	}
	return out
}
