package cloudformation

import (
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// policy reads a policy document that a template holds. The document is nil when it has mistakes, which
// have then been reported. What of it is unknown is unresolved in the document; invented says
// in words which of its values are names that are made up here.
func (t *template) policy(kind policy.Kind, name, arn string, v value) (doc *policy.Document, invented []string) {
	if v.kind == textValue && !v.unresolved() {
		parsed, ok := t.embedded(v)
		if !ok {
			return nil, nil
		}
		v = parsed
	}
	s := &settler{t: t, kind: kind, name: name}
	v = s.document(v)
	if s.unknown != nil {
		return source.UnknownPolicy(kind, name, arn, readable(s.unknown.text), s.unknown.pos), nil
	}
	r := &rendering{}
	r.value(v)
	options := []policy.Option{
		policy.WithFile(t.source.file), policy.WithARN(arn), policy.WithLocator(r.locate), policy.WithUnresolved(),
	}
	if s.added { // the text has parts that are not in the template
		options = append(options, policy.WithoutSizeLimit())
	}
	doc, diags := policy.Parse(kind, name, r.text, options...)
	for _, d := range diags {
		if d.Severity == policy.SeverityError {
			t.report(&t.errors, d)
		} else {
			t.report(&t.warnings, d)
		}
	}
	return doc, s.invented
}

// embedded reads a policy that is written as JSON in a string.
func (t *template) embedded(v value) (value, bool) {
	inner := &text{src: []byte(v.text), lines: []int{0}}
	for i := range v.text {
		if v.text[i] == '\n' {
			inner.lines = append(inner.lines, i+1)
		}
	}
	n, diags := parseJSON(inner)
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
