package terraform

import (
	"slices"
	"strconv"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/internal/jsontext"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// wanted says which policy is read.
type wanted struct {
	kind      policy.Kind
	name, arn string
}

// policy reads a policy that an argument of a resource holds. The document is nil when it has mistakes, which have
// then been reported, and when there is none. taken says in words which of its values are looked up by reference.
func (p *plan) policy(r *resource, v value, e *tfjson.Expression, w wanted) (doc *policy.Document, taken []string) {
	switch v.kind {
	case noValue:
		return nil, nil
	case textValue:
		if v.raw == "" {
			p.fail(v.offset, "wrong-type", "expected %s as a string of JSON", w.name)
			return nil, nil
		}
		return p.written(v, w), nil
	case laterValue:
		return p.laterPolicy(r, v, e, w, 0)
	default:
		p.fail(v.offset, "wrong-type", "expected %s as a string of JSON, found %s", w.name, v.kind)
		return nil, nil
	}
}

// written reads a policy that is known, a JSON string in the plan. Positions point into the string.
func (p *plan) written(v value, w wanted) *policy.Document {
	text := p.textIn(v)
	doc, diags := policy.Parse(w.kind, w.name, text.Bytes, policy.WithFile(p.file.Name), policy.WithARN(w.arn),
		policy.WithLocator(text.Locate))
	for _, d := range diags {
		p.report(d)
	}
	return doc
}

// maxDocuments bounds how far policies are followed that are made of policies.
const maxDocuments = 20

// laterPolicy reads a policy whose text is known after apply: that of a data source whose statements are in the
// plan, or that of another resource.
func (p *plan) laterPolicy(r *resource, v value, e *tfjson.Expression, w wanted, depth int) (*policy.Document, []string) {
	origins := p.origins(e, r)
	if len(origins) == 1 && origins[0].resource != nil && depth < maxDocuments {
		from := origins[0].resource
		switch name := origins[0].attribute; {
		case from.data && from.typ == typeDocument && (name == "json" || name == "minified_json" || name == ""):
			return p.compose(from, w)
		case !from.data && (name == "policy" || name == "assume_role_policy"):
			if inner := from.get(name); inner.kind == laterValue {
				return p.laterPolicy(from, inner, from.expression(name), w, depth+1)
			}
		}
	}
	why := later(origins)
	p.warn(v.offset, "unresolved-policy", "%s is unknown: %s", w.name, why)
	return source.UnknownPolicy(w.kind, w.name, w.arn, why, p.at(v.offset)), nil
}

// compose reads the policy of a data source that is read during apply.
func (p *plan) compose(from *resource, w wanted) (*policy.Document, []string) {
	c := &composer{p: p, r: from, w: w}
	part, ok := c.document(0)
	if len(p.errors) > 0 && part == nil {
		return nil, nil
	}
	if !ok {
		p.warn(c.unknownAt, "unresolved-policy", "%s is unknown: %s", w.name, c.why)
		return source.UnknownPolicy(w.kind, w.name, w.arn, c.why, p.at(c.unknownAt)), nil
	}
	return p.parseParts(part, w), c.taken()
}

// parseParts reads a policy that is put together here; nil, with an error, when it has mistakes.
func (p *plan) parseParts(t *part, w wanted) *policy.Document {
	var writer yamljson.Writer
	t.render(p, &writer)
	doc, diags := policy.Parse(w.kind, w.name, writer.Bytes(), policy.WithFile(p.file.Name), policy.WithARN(w.arn),
		policy.WithLocator(writer.Locate), policy.WithUnresolved(), policy.WithoutSizeLimit())
	for _, d := range diags {
		p.report(d)
	}
	return doc
}

// howComputed begins what is said about values that are looked up by reference.
const howComputed = "how "

// taken says in words which values of the document are looked up by reference.
func (c *composer) taken() []string {
	if len(c.looked) == 0 {
		return nil
	}
	slices.Sort(c.looked)
	names := slices.Compact(c.looked)
	return []string{howComputed + c.w.name + " computes what is known after apply: it is read as what its expressions refer to, " +
		strings.Join(names, ", ")}
}

// part is a piece of a policy that is put together here.
type part struct {
	offset int
	text   string
	list   []*part
	fields []partField
	// kind is textValue, listValue or mapValue.
	kind valueKind
	// words is true for a number, a boolean or null: the text is JSON.
	words bool
}

type partField struct {
	key    string
	offset int
	value  *part
}

func textPart(offset int, text string) *part {
	return &part{kind: textValue, offset: offset, text: text}
}

// with adds a field.
func (t *part) with(key string, v *part) {
	t.fields = append(t.fields, partField{key, v.offset, v})
}

// get returns what is under a key, nil when nothing is.
func (t *part) get(key string) *part {
	for i := range t.fields {
		if t.fields[i].key == key {
			return t.fields[i].value
		}
	}
	return nil
}

// render writes the part as JSON with the place of everything in it.
func (t *part) render(p *plan, w *yamljson.Writer) {
	w.Mark(p.at(t.offset))
	switch t.kind {
	case listValue:
		w.Raw("[")
		for i, item := range t.list {
			if i > 0 {
				w.Raw(",")
			}
			item.render(p, w)
		}
		w.Raw("]")
	case mapValue:
		w.Raw("{")
		for i, f := range t.fields {
			if i > 0 {
				w.Raw(",")
			}
			w.Mark(p.at(f.offset))
			w.String(f.key)
			w.Raw(":")
			f.value.render(p, w)
		}
		w.Raw("}")
	default:
		if t.words {
			w.Raw(t.text)
			return
		}
		w.String(t.text)
	}
}

// textIn is a string of the plan without its escapes, with the place of every byte.
func (p *plan) textIn(v value) jsontext.Text {
	return p.file.Text(gjson.Result{Type: gjson.String, Raw: v.raw, Str: v.text, Index: v.offset})
}

// embedded reads a policy that is a JSON string in the plan as parts; nil, with an error, when it is no JSON object.
func (p *plan) embedded(v value, what string) *part {
	text := p.textIn(v)
	inner, root, diags := jsontext.Parse(p.file.Name, text.Bytes, "a policy")
	for _, d := range diags {
		d.Message = what + " is no policy: " + d.Message
		d.Pos = text.Locate(d.Pos.Offset)
		p.report(d)
	}
	if inner == nil {
		return nil
	}
	out := p.parts(root, func(r gjson.Result) int {
		return text.Locate(inner.Position(r).Offset).Offset - p.file.At(0).Offset // a byte order mark is not counted here
	})
	if out.kind != mapValue {
		p.fail(v.offset, policy.CodeWrongType, "expected %s as a JSON object", what)
		return nil
	}
	return out
}

// parts makes parts of JSON inside a string.
func (p *plan) parts(r gjson.Result, at func(gjson.Result) int) *part {
	out := &part{offset: at(r), kind: textValue, text: r.Raw, words: true}
	switch {
	case r.Type == gjson.String:
		out.text, out.words = textOf(r), false
	case r.IsArray():
		out.kind = listValue
		r.ForEach(func(_, item gjson.Result) bool {
			out.list = append(out.list, p.parts(item, at))
			return true
		})
	case r.IsObject():
		out.kind = mapValue
		r.ForEach(func(name, item gjson.Result) bool {
			out.fields = append(out.fields, partField{textOf(name), at(name), p.parts(item, at)})
			return true
		})
	}
	return out
}

// statements returns the statements of a policy.
func (t *part) statements() []*part {
	s := t.get("Statement")
	switch {
	case s == nil:
		return nil
	case s.kind == listValue:
		return s.list
	default:
		return []*part{s}
	}
}

// label names a statement for people.
func label(index int) string { return "statement " + strconv.Itoa(index+1) }
