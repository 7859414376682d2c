package terraform

import (
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/strictkms/strictkms/policy"
)

// composer puts the policy of a data source aws_iam_policy_document together, as the provider does when it reads it
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document).
type composer struct {
	p *plan
	r *resource
	w wanted

	// unknownAt and why say what makes the policy unknown as a whole.
	unknownAt int
	why       string
	// looked are the references that values are taken from.
	looked []string
	// about is true while the statement may be about actions of KMS.
	about bool
}

// giveUp notes why the policy is unknown as a whole.
func (c *composer) giveUp(offset int, why string) (*part, bool) {
	c.unknownAt, c.why = offset, why
	return nil, false
}

// document makes the policy: the source documents, the statements, and the documents that override them.
func (c *composer) document(depth int) (*part, bool) {
	doc := &part{kind: mapValue, offset: c.r.offset}
	version, ok := c.plain("version", "2012-10-17")
	if !ok {
		return nil, false
	}
	ownID, ok := c.plain("policy_id", "")
	if !ok {
		return nil, false
	}
	id := textPart(ownID.offset, "")
	own, ok := c.statements()
	if !ok {
		return nil, false
	}
	var all []*part
	for _, name := range []string{"source_json", "source_policy_documents"} {
		if all, ok = c.others(all, name, &id, depth); !ok {
			return nil, false
		}
	}
	if all, ok = c.override(all, own); !ok {
		return nil, false
	}
	if ownID.text != "" {
		id = ownID
	}
	for _, name := range []string{"override_json", "override_policy_documents"} {
		if all, ok = c.others(all, name, &id, depth); !ok {
			return nil, false
		}
	}
	doc.with("Version", version)
	if id.text != "" {
		doc.with("Id", id)
	}
	doc.with("Statement", &part{kind: listValue, offset: c.r.get("statement").offset, list: all})
	return doc, true
}

// plain returns an argument that must be known.
func (c *composer) plain(name, byDefault string) (*part, bool) {
	v := c.r.get(name)
	switch {
	case v.kind == laterValue:
		return c.giveUp(v.offset, later(c.p.origins(c.r.expression(name), c.r)))
	case v.kind == noValue || v.text == "":
		return textPart(v.offset, byDefault), true
	default:
		return textPart(v.offset, v.text), true
	}
}

// others merges the statements of documents that an argument lists over those that there are.
func (c *composer) others(all []*part, name string, id **part, depth int) ([]*part, bool) {
	v := c.r.get(name)
	if v.kind == laterValue && name != "source_json" && name != "override_json" {
		_, ok := c.giveUp(v.offset, later(c.p.origins(c.r.expression(name), c.r)))
		return nil, ok
	}
	origins := []origin(nil)
	if v.hasLater() {
		origins = c.p.origins(c.r.expression(name), c.r)
	}
	open := 0
	for _, item := range v.list() {
		if item.kind == laterValue {
			open++
		}
	}
	next := 0
	for _, item := range v.list() {
		var doc *part
		switch {
		case item.kind == textValue && item.raw != "" && strings.TrimSpace(item.text) != "":
			if doc = c.p.embedded(item, name+" of "+c.r.id); doc == nil {
				return nil, false
			}
		case item.kind == laterValue:
			inner, ok := c.inner(item, origins, open, next, depth)
			if !ok {
				return nil, false
			}
			next++
			doc = inner
		default:
			continue
		}
		if i := doc.get("Id"); i != nil && i.text != "" {
			*id = i
		}
		var ok bool
		if all, ok = c.override(all, doc.statements()); !ok {
			return nil, false
		}
	}
	return all, true
}

// inner makes a document that a document is made of, and that is known after apply itself.
func (c *composer) inner(item value, origins []origin, open, next, depth int) (*part, bool) {
	if len(origins) != open || depth >= maxDocuments {
		return c.giveUp(item.offset, later(origins))
	}
	o := origins[next]
	if o.resource == nil || !o.resource.data || o.resource.typ != typeDocument || o.attribute != "json" && o.attribute != "minified_json" && o.attribute != "" {
		return c.giveUp(item.offset, later(origins))
	}
	sub := &composer{p: c.p, r: o.resource, w: c.w}
	doc, ok := sub.document(depth + 1)
	c.looked = append(c.looked, sub.looked...)
	if !ok {
		return c.giveUp(sub.unknownAt, sub.why)
	}
	return doc, true
}

// override puts statements over those with the same Sid, and behind the others.
func (c *composer) override(all, more []*part) ([]*part, bool) {
	all = slices.Clone(all)
	for _, s := range more {
		sid := s.get("Sid")
		if sid != nil && strings.Contains(sid.text, unresolvedMark) && len(all) > 0 {
			_, ok := c.giveUp(sid.offset, readable(sid.text))
			return nil, ok
		}
		at := -1
		if sid != nil && sid.text != "" {
			at = slices.IndexFunc(all, func(o *part) bool {
				other := o.get("Sid")
				return other != nil && other.text == sid.text
			})
		}
		if at >= 0 && !slices.Contains(more, all[at]) {
			all[at] = s
			continue
		}
		all = append(all, s)
	}
	return all, true
}

// block is a block of the data source with its counterpart in the configuration, nil when it is made by a dynamic block.
type block struct {
	value
	e map[string]*tfjson.Expression
}

func (b block) expression(name string) *tfjson.Expression { return b.e[name] }

// statements makes the statements.
func (c *composer) statements() ([]*part, bool) {
	v := c.r.get("statement")
	if v.kind == laterValue {
		_, ok := c.giveUp(v.offset, later(c.p.origins(c.r.expression("statement"), c.r)))
		return nil, ok
	}
	var out []*part
	for i, b := range ordered(v.list(), blocks(c.r.expression("statement"))) {
		if b.kind == laterValue {
			_, ok := c.giveUp(b.offset, later(nil))
			return nil, ok
		}
		s, ok := c.statement(i, b)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// statement makes one statement.
func (c *composer) statement(index int, b block) (*part, bool) {
	s := &part{kind: mapValue, offset: b.offset}
	c.about = c.w.kind != policy.TrustPolicy && aboutKMS(b)
	if sid := b.get("sid"); sid.kind == textValue && sid.text != "" {
		s.with("Sid", textPart(sid.offset, sid.text))
	} else if sid.kind == laterValue {
		s.with("Sid", textPart(sid.offset, unresolvedMark+later(c.p.origins(b.expression("sid"), c.r))))
	}
	effect := b.get("effect")
	switch {
	case effect.kind == laterValue:
		return c.giveUp(effect.offset, "the effect of "+label(index)+" of "+c.r.id+" is "+later(c.p.origins(b.expression("effect"), c.r)))
	case effect.text == "":
		s.with("Effect", textPart(b.offset, "Allow"))
	default:
		s.with("Effect", textPart(effect.offset, effect.text))
	}
	for _, element := range []struct {
		argument, name string
		of             domain
	}{
		{"actions", "Action", anything},
		{"not_actions", "NotAction", anything},
		{"resources", "Resource", anARN},
		{"not_resources", "NotResource", anARN},
	} {
		if list := c.texts(b, element.argument, element.of); list != nil {
			s.with(element.name, list)
		}
	}
	if v := c.principals(b, "principals"); v != nil {
		s.with("Principal", v)
	}
	if v := c.principals(b, "not_principals"); v != nil {
		s.with("NotPrincipal", v)
	}
	if v := c.conditions(b); v != nil {
		s.with("Condition", v)
	}
	return s, true
}
