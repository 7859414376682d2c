package cloudformation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// policy reads a policy document that a template holds. The document is nil when it has
// mistakes, which have then been reported, or when nothing of it is known; unknown says in
// words what of it could not be resolved.
func (t *template) policy(kind policy.Kind, name, arn string, v value) (doc *policy.Document, unknown []string) {
	if v.kind == textValue && !v.unresolved() {
		parsed, ok := t.embedded(v)
		if !ok {
			return nil, nil
		}
		v = parsed
	}
	s := &settler{t: t, name: name}
	v, ok := s.document(v)
	if !ok {
		return nil, s.unknown
	}
	r := &rendering{}
	r.value(v)
	doc, diags := policy.Parse(kind, name, r.text,
		policy.WithFile(t.source.file), policy.WithARN(arn), policy.WithLocator(r.locate), policy.WithUnresolved())
	for _, d := range diags {
		if d.Severity == policy.SeverityError {
			t.report(&t.errors, d)
		} else {
			t.report(&t.warnings, d)
		}
	}
	return doc, s.unknown
}

// embedded reads a policy that is written as JSON in a string.
func (t *template) embedded(v value) (value, bool) {
	source := &text{src: []byte(v.text), lines: []int{0}}
	for i := range v.text {
		if v.text[i] == '\n' {
			source.lines = append(source.lines, i+1)
		}
	}
	n, diags := parseJSON(source)
	for _, d := range diags {
		d.Message = "in a policy as JSON text: " + d.Message
		d.Pos = v.at(d.Pos)
		for i := range d.Related {
			d.Related[i] = v.at(d.Related[i])
		}
		t.report(&t.errors, d)
	}
	if n == nil || len(diags) > 0 {
		return value{}, false
	}
	return t.literal(n, v), true
}

// at is the place in the template of a place in a text value.
func (v value) at(in policy.Position) policy.Position {
	if in.Line < 1 || in.Line > len(v.lines) {
		return v.pos
	}
	pos := v.lines[in.Line-1]
	pos.Column += in.Column - 1
	pos.Offset += in.Column - 1
	return pos
}

// literal makes a value of JSON in a text value; nothing in it is a function.
func (t *template) literal(n *node, in value) value {
	v := value{pos: in.at(n.pos)}
	switch n.kind {
	case scalarNode:
		v.kind, v.text = textValue, n.text
	case listNode:
		v.kind = listValue
		for _, item := range n.items {
			v.items = append(v.items, t.literal(item, in))
		}
	case mapNode:
		v.kind = mapValue
		for _, e := range n.entries {
			v.fields = append(v.fields, field{key: e.key, pos: in.at(e.pos), value: t.literal(e.value, in)})
		}
	default:
	}
	return v
}

// settler prepares a resolved policy for the policy parser: names that are invented here may
// stand anywhere but in a principal, where a wrong name would be a wrong answer; statements
// of which too much is unknown are left out and listed.
type settler struct {
	t       *template
	name    string
	unknown []string
}

// document prepares a whole policy; false when nothing of it is known.
func (s *settler) document(v value) (value, bool) {
	if v.unresolved() {
		s.leaveOut(v.pos, s.name, v)
		return v, false
	}
	if v.kind != mapValue {
		return s.plain(v), true // the policy parser says what is wrong with it
	}
	out := value{kind: mapValue, pos: v.pos}
	for _, f := range v.fields {
		if f.key == "Statement" {
			statements, ok := s.statements(f.value)
			if !ok {
				return v, false
			}
			f.value = statements
		} else {
			f.value = s.plain(f.value)
		}
		out.fields = append(out.fields, f)
	}
	return out, true
}

// statements prepares the statements; false when they are all unknown.
func (s *settler) statements(v value) (value, bool) {
	if v.unresolved() {
		s.leaveOut(v.pos, "the statements of "+s.name, v)
		return v, false
	}
	if v.kind != listValue {
		if part, bad := unusable(v); bad {
			s.leaveOut(v.pos, "the statement of "+s.name, part)
			return v, false
		}
		return s.statement(v), true
	}
	out := value{kind: listValue, pos: v.pos}
	for i, item := range v.items {
		if part, bad := unusable(item); bad {
			s.leaveOut(item.pos, fmt.Sprintf("statement %d of %s", i+1, s.name), part)
			continue
		}
		out.items = append(out.items, s.statement(item))
	}
	return out, len(out.items) > 0 || len(v.items) == 0
}

// unusable finds what makes a statement useless: itself, its effect or its conditions not
// being known as a whole. Single values that are unknown are the evaluator's business.
func unusable(statement value) (part value, bad bool) {
	if statement.unresolved() {
		return statement, true
	}
	if effect, _ := statement.get("Effect"); effect.unresolved() {
		return effect, true
	}
	conditions, _ := statement.get("Condition")
	if conditions.unresolved() {
		return conditions, true
	}
	for _, operator := range conditions.fields {
		if operator.value.unresolved() {
			return operator.value, true
		}
	}
	return value{}, false
}

// leaveOut reports something that is not counted.
func (s *settler) leaveOut(pos policy.Position, what string, part value) {
	because := "not counted, because " + readable(part.text) + " cannot be resolved"
	s.t.warn(pos, "unresolved-statement", "%s: %s", what, because)
	s.unknown = append(s.unknown, what+": "+because)
}

// statement prepares one statement.
func (s *settler) statement(v value) value {
	out := v
	out.fields = slices.Clone(v.fields)
	for i := range out.fields {
		f := &out.fields[i]
		switch f.key {
		case "Principal", "NotPrincipal":
			f.value = s.principal(f.value)
		case "Resource", "NotResource":
			f.value = s.resource(f.value, v)
		default:
			f.value = s.plain(f.value)
		}
	}
	return out
}

// resource turns invented names in a Resource into unresolved ones where they may name a key;
// the invented ARN of a bucket is as good as the real one, as it is no key either way.
func (s *settler) resource(v, statement value) value {
	return v.mapText(func(text string, pos policy.Position) string {
		name := readable(text)
		arn, ok := policy.ParseARN(name)
		if !strings.ContainsRune(text, opaqueMark) || ok && arn.Service != "kms" {
			return strings.ReplaceAll(text, string(opaqueMark), "")
		}
		if aboutKMS(statement) {
			s.t.warn(pos, "unresolved-resource", "this resource of %s depends on %s, which only AWS knows: it is unknown", s.name, quote(name))
		}
		return string(unresolvedMark) + "<" + name + ">"
	})
}

// aboutKMS reports whether a statement may be about actions of KMS.
func aboutKMS(statement value) bool {
	actions, ok := statement.get("Action")
	if !ok {
		return true
	}
	list := actions.items
	if actions.kind != listValue {
		list = []value{actions}
	}
	return slices.ContainsFunc(list, func(v value) bool {
		service, _, _ := strings.Cut(strings.ToLower(v.text), ":")
		return service == "kms" || service == "*" || v.unresolved()
	})
}

// plain takes the marks of invented names out of a value.
func (s *settler) plain(v value) value {
	return v.mapText(func(text string, _ policy.Position) string {
		return strings.ReplaceAll(text, string(opaqueMark), "")
	})
}

// principal turns invented names in a principal into unresolved ones.
func (s *settler) principal(v value) value {
	return v.mapText(func(text string, pos policy.Position) string {
		if !strings.ContainsRune(text, opaqueMark) {
			return text
		}
		name := readable(text)
		s.t.warn(pos, "unresolved-principal", "this principal of %s depends on %s, which only AWS knows: it is unknown", s.name, quote(name))
		return string(unresolvedMark) + "<" + name + ">"
	})
}

// mapText returns the value with every text in it changed.
func (v value) mapText(change func(text string, pos policy.Position) string) value {
	switch v.kind {
	case textValue:
		v.text = change(v.text, v.pos)
	case listValue:
		v.items = slices.Clone(v.items)
		for i := range v.items {
			v.items[i] = v.items[i].mapText(change)
		}
	case mapValue:
		v.fields = slices.Clone(v.fields)
		for i := range v.fields {
			v.fields[i].key = strings.ReplaceAll(v.fields[i].key, string(opaqueMark), "")
			v.fields[i].value = v.fields[i].value.mapText(change)
		}
	default:
	}
	return v
}
