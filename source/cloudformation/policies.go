package cloudformation

import (
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/internal/yamljson"
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
	var r yamljson.Writer
	render(&r, v)
	options := []policy.Option{
		policy.WithFile(t.source.Name), policy.WithARN(arn), policy.WithLocator(r.Locate), policy.WithUnresolved(),
	}
	if s.added { // the text has parts that are not in the template
		options = append(options, policy.WithoutSizeLimit())
	}
	doc, diags := policy.Parse(kind, name, r.Bytes(), options...)
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
	locate := func(int) policy.Position { return v.pos }
	if v.origin != nil {
		_, locate = t.source.Text(v.origin)
	}
	inner, diags := yamljson.ParseJSON(t.source.Name, []byte(v.text))
	for _, d := range diags {
		d.Message = "in a policy as JSON text: " + d.Message
		d.Pos = locate(d.Pos.Offset)
		for i := range d.Related {
			d.Related[i] = locate(d.Related[i].Offset)
		}
		t.report(&t.errors, d)
	}
	if inner == nil || len(diags) > 0 {
		return value{}, false
	}
	return literal(newConverter(inner).value(inner.Root), locate), true
}

// literal makes a value of JSON in a text value; nothing in it is a function.
func literal(n *node, locate yamljson.Locate) value {
	v := value{pos: locate(n.pos.Offset)}
	switch n.kind {
	case scalarNode:
		v.kind, v.text = textValue, n.text
	case listNode:
		v.kind = listValue
		for _, item := range n.items {
			v.items = append(v.items, literal(item, locate))
		}
	case mapNode:
		v.kind = mapValue
		for _, e := range n.entries {
			v.fields = append(v.fields, field{key: e.key, pos: locate(e.pos.Offset), value: literal(e.value, locate)})
		}
	default:
	}
	return v
}
