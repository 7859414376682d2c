package cloudformation

import (
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// settler prepares a resolved policy for the policy parser, so that whatever is unknown of it ends up as
// an unresolved value of a document that could otherwise be read (see [policy.Document.Bound]).
// Names that are invented here stay where they only stand beside others, and are listed; they are
// unknown in principals and keys, where a wrong name would be a wrong answer.
type settler struct {
	t    *template
	kind policy.Kind
	name string
	// unknown is what makes the policy unknown as a whole, nil for most.
	unknown *value
	// added is true when a statement was added or completed.
	added bool
	// invented says in words which conditions compare with invented names.
	invented []string
}

// document prepares a whole policy.
func (s *settler) document(v value) value {
	if v.unresolved() {
		s.giveUp(s.name, v)
		return v
	}
	if v.kind != mapValue {
		return s.plain(v) // the policy parser says what is wrong with it
	}
	out := value{kind: mapValue, pos: v.pos}
	for _, f := range v.fields {
		switch {
		case f.value.unresolved() && (f.key == "Statement" || f.key == "Version"):
			s.giveUp("the "+f.key+" of "+s.name, f.value)
		case f.key == "Statement":
			f.value = s.statements(f.value)
		default:
			f.value = s.plain(f.value)
		}
		out.fields = append(out.fields, f)
	}
	return out
}

// giveUp notes that the policy is unknown as a whole.
func (s *settler) giveUp(what string, v value) {
	s.doubt(what, v)
	if s.unknown == nil {
		s.unknown = &v
	}
}

// doubt reports that something is unknown because a part of it is.
func (s *settler) doubt(what string, part value) {
	s.t.warn(part.pos, "unresolved-statement", "%s is unknown, because %s cannot be resolved", what, readable(part.text))
	s.added = true
}

// statements prepares the statements. What a statement of unknown effect would deny becomes a statement of
// its own at the end, so that the others keep their places.
func (s *settler) statements(v value) value {
	list := []value{v}
	if v.kind == listValue {
		list = v.items
	}
	out := value{kind: listValue, pos: v.pos}
	var denials []value
	for i, item := range list {
		effect, _ := item.get("Effect")
		if !item.unresolved() && !effect.unresolved() {
			out.items = append(out.items, s.statement(i, item))
			continue
		}
		allow, deny := s.eitherWay(i, item, effect)
		out.items, denials = append(out.items, allow), append(denials, deny)
	}
	if v.kind != listValue && len(denials) == 0 {
		return out.items[0]
	}
	out.items = append(out.items, denials...)
	return out
}

// eitherWay makes two statements of one whose effect is unknown, or of which everything is.
func (s *settler) eitherWay(index int, item, effect value) (allow, deny value) {
	unknown := effect
	if item.unresolved() {
		unknown = item
		item = s.anyStatement(item.pos)
	}
	s.doubt(s.label(index)+" of "+s.name, unknown)
	name := strconv.Itoa(index + 1)
	if sid, ok := item.get("Sid"); ok {
		name = readable(sid.text)
	}
	item = s.statement(index, item)
	condition, _ := item.get("Condition")
	item = item.with("Condition", inDoubt(condition, unknown))
	allow = item.with("Effect", textAt(unknown.pos, "Allow"))
	deny = item.with("Effect", textAt(unknown.pos, "Deny"))
	// A Sid that is marked as unresolved may be any text.
	deny = deny.with("Sid", textAt(unknown.pos, string(unresolvedMark)+name+", if it is a Deny"))
	return allow, deny
}

// inDoubt returns a Condition element with one more condition, on a key that is unresolved, which nobody can evaluate. What is no mapping is left to the policy parser.
func inDoubt(condition, unknown value) value {
	const operator = "StringEquals"
	keys, _ := condition.get(operator)
	if condition.kind == textValue || condition.kind == listValue || keys.kind == textValue || keys.kind == listValue {
		return condition
	}
	return condition.with(operator, keys.with(string(unresolvedMark)+readable(unknown.text), textAt(unknown.pos, "true")))
}

// anyStatement is a statement about everybody, every action and every resource, without its effect.
func (s *settler) anyStatement(pos policy.Position) value {
	all := value{kind: mapValue, pos: pos}
	if s.kind.IsResourcePolicy() {
		all = all.with("Principal", textAt(pos, "*"))
	}
	switch s.kind {
	case policy.KeyPolicy:
		all = all.with("Action", textAt(pos, "kms:*"))
	case policy.TrustPolicy:
		return all.with("Action", textAt(pos, "sts:*"))
	default:
		all = all.with("Action", textAt(pos, "*"))
	}
	return all.with("Resource", textAt(pos, "*"))
}

// with returns a mapping with a field set.
func (v value) with(key string, to value) value {
	out := value{kind: mapValue, pos: v.pos, fields: slices.Clone(v.fields)}
	if !out.pos.IsValid() {
		out.pos = to.pos
	}
	at := slices.IndexFunc(out.fields, func(f field) bool { return f.key == key })
	if at < 0 {
		out.fields = append(out.fields, field{key: key, pos: to.pos, value: to})
	} else {
		out.fields[at].value = to
	}
	return out
}

func (s *settler) label(index int) string { return "statement " + strconv.Itoa(index+1) }

// statement prepares one statement whose effect is known or taken care of.
func (s *settler) statement(index int, v value) value {
	out := v
	out.fields = slices.Clone(v.fields)
	for i := range out.fields {
		f := &out.fields[i]
		switch f.key {
		case "Principal", "NotPrincipal":
			f.value = s.principal(f.value)
		case "Resource", "NotResource":
			f.value = s.resource(f.value, v)
		case "Condition":
			f.value = s.condition(index, f.value, v)
		default:
			f.value = s.plain(f.value)
		}
	}
	return out
}

// condition prepares a Condition element: what is unknown of it as a whole, or of one of its operators,
// becomes a condition that nobody can evaluate.
func (s *settler) condition(index int, v, statement value) value {
	what := "Condition of " + s.label(index) + " of " + s.name
	if v.unresolved() {
		s.doubt(what, v)
		return inDoubt(value{pos: v.pos}, v)
	}
	if aboutKMS(statement) {
		s.listInvented(what, v)
	}
	for _, f := range v.fields {
		if f.value.unresolved() {
			s.doubt(what, f.value)
			v = v.with(f.key, value{pos: f.pos}.with(string(unresolvedMark)+readable(f.value.text), textAt(f.value.pos, "true")))
		}
	}
	return s.plain(v)
}

// listInvented notes the values of a Condition element that are, or hold, names that are made up here.
func (s *settler) listInvented(what string, v value) {
	v.mapText(func(text string, pos policy.Position) string {
		if strings.ContainsRune(text, opaqueMark) && !strings.ContainsRune(text, unresolvedMark) {
			s.invented = append(s.invented, what+" compares with "+quote(text)+" ("+pos.String()+
				"), a name that is made up here: only AWS knows the real one")
		}
		return text
	})
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
