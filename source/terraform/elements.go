package terraform

import (
	"slices"
	"strings"
)

// aboutKMS reports whether a statement may be about actions of KMS.
func aboutKMS(b block) bool {
	actions := b.get("actions")
	if actions.kind != listValue || len(actions.items) == 0 {
		return true
	}
	return slices.ContainsFunc(actions.items, func(v value) bool {
		service, _, _ := strings.Cut(strings.ToLower(v.text), ":")
		return v.kind == laterValue || service == "kms" || strings.ContainsAny(service, "*?")
	})
}

// texts makes a list of texts, nil when the argument is empty. The data source writes variables of policies as
// &{…}, as ${…} is Terraform's own.
func (c *composer) texts(b block, name string, of domain) *part {
	v := b.get(name)
	out := &part{kind: listValue, offset: v.offset}
	found := []resolved{{text: later(c.p.origins(b.expression(name), c.r)), offset: v.offset, unknown: true}}
	if v.kind != laterValue {
		found = c.p.resolve(c.r, b.expression(name), v, of)
	}
	for _, t := range found {
		text := strings.ReplaceAll(t.text, "&{", "${")
		switch {
		case t.unknown:
			if c.about {
				c.p.warn(t.offset, "unresolved-value", "a value of %s of %s is unknown: %s", name, c.w.name, text)
			}
			text = unresolvedMark + text
		case t.taken:
			c.looked = append(c.looked, t.text)
		}
		out.list = append(out.list, textPart(t.offset, text))
	}
	if len(out.list) == 0 {
		return nil
	}
	return out
}

// principals makes a Principal or NotPrincipal element, nil when there is none.
func (c *composer) principals(b block, name string) *part {
	v := b.get(name)
	if v.kind == laterValue {
		out := &part{kind: mapValue, offset: v.offset}
		out.with("AWS", textPart(v.offset, unresolvedMark+later(nil)))
		return out
	}
	list := matched(v.list(), blocks(b.expression(name)))
	if len(list) == 0 {
		return nil
	}
	out := &part{kind: mapValue, offset: v.offset}
	for _, inner := range list {
		typ := inner.get("type")
		identifiers := c.texts(inner, "identifiers", principalDomain(typ.text))
		switch {
		case inner.kind == laterValue, typ.kind == laterValue:
			typ.text, identifiers = "AWS", textPart(inner.offset, unresolvedMark+later(nil))
		case identifiers == nil:
			identifiers = &part{kind: listValue, offset: inner.offset}
		case len(list) == 1 && typ.text == "*" && len(identifiers.list) == 1 && identifiers.list[0].text == "*":
			return textPart(inner.offset, "*")
		}
		if before := out.get(typ.text); before != nil && before.kind == listValue && identifiers.kind == listValue {
			before.list = append(before.list, identifiers.list...)
			continue
		} else if before != nil {
			*before = part{kind: listValue, offset: before.offset, list: []*part{textPart(inner.offset, unresolvedMark+later(nil))}}
			continue
		}
		out.with(typ.text, identifiers)
	}
	return out
}

func principalDomain(typ string) domain {
	if typ == "AWS" {
		return aPrincipal
	}
	return anything
}

// conditions makes the Condition element, nil when there is none.
func (c *composer) conditions(b block) *part {
	v := b.get("condition")
	list := matched(v.list(), blocks(b.expression("condition")))
	if len(list) == 0 {
		return nil
	}
	out := &part{kind: mapValue, offset: v.offset}
	for _, inner := range list {
		test, variable := inner.get("test"), inner.get("variable")
		operator, key := test.text, variable.text
		var values *part
		switch {
		case inner.kind == laterValue || test.kind == laterValue:
			// A condition that nobody can evaluate, as whatever it is.
			operator, key = "StringEquals", unresolvedMark+"a condition that is "+later(c.p.origins(inner.expression("test"), c.r))
			values = textPart(inner.offset, "true")
		case variable.kind == laterValue:
			key = unresolvedMark + later(c.p.origins(inner.expression("variable"), c.r))
		}
		if values == nil {
			values = c.texts(inner, "values", conditionDomain(key))
		}
		if values == nil {
			values = &part{kind: listValue, offset: inner.offset}
		}
		keys := out.get(operator)
		if keys == nil {
			keys = &part{kind: mapValue, offset: inner.offset}
			out.with(operator, keys)
		}
		if before := keys.get(key); before != nil && before.kind == listValue && values.kind == listValue {
			before.list = append(before.list, values.list...)
		} else if before == nil {
			keys.with(key, values)
		}
	}
	return out
}

// conditionDomain says what the values of a condition key are, where a reference can be all of such a value.
func conditionDomain(key string) domain {
	switch strings.ToLower(key) {
	case "aws:principalarn":
		return aPrincipal
	case "aws:sourcevpce":
		return anEndpoint
	case "aws:principalorgid", "aws:resourceorgid":
		return anOrgID
	default:
		return anything
	}
}
