package evaluator

import (
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// condition writes a literal of a way down.
func (m *maker) condition(l literal) Condition {
	a := m.atoms.list[l.atom]
	c := Condition{Unless: l.negated, Layer: a.q.layerName(a.hit.layer), Values: []string{}}
	switch {
	case a.hit.statement < 0: // whether a service makes the call
		c.Element, c.Text = "Endpoint", ""
		a.describeCondition(&c)
		return c
	case a.st.grant != nil:
		g := a.st.grant
		c.Policy, c.Sid, c.Index, c.Source = grantName(g), g.Name, a.hit.statement, g.Pos
		c.Element, c.Operator, c.Key, c.Values = "Constraints", a.el.Operator, a.el.Key, a.el.Wanted
		c.Text = constraintWords(c)
		return c
	}
	doc := a.q.documents(a.hit.layer)[a.hit.group][a.hit.document]
	c.Policy, c.Sid, c.Index = doc.Name, a.st.source.Sid, a.st.source.Index
	if a.el.Kind == rego.ElementCondition {
		c.Element = "Condition"
		a.describeCondition(&c)
		return c
	}
	s := a.st.source.Resources
	c.Element, c.Source = negatable("Resource", s), s.Pos
	for _, v := range s.Values {
		c.Values = append(c.Values, a.q.folded(policy.ParsePattern(v.Text, a.st.doc.Version), v.Text, a.st.doc.Version, true))
	}
	c.Text = resourceWords(c, a.q.resourceARN)
	return c
}

// describeCondition writes down a condition of a policy.
func (a *atom) describeCondition(c *Condition) {
	from := a.st.source.Conditions[a.el.Condition]
	c.Operator, c.Key, c.Source = from.Operator.String(), from.Key.Text, from.Pos
	if known, ok := policy.LookupConditionKey(from.Key.Text); ok && !strings.Contains(known.Name, "${") {
		c.Key = known.Name
	}
	for _, v := range from.Values {
		text, ok := a.q.operand(from.Operator.Comparison.Positive(), v.Text, a.st.doc.Version)
		if ok && !slices.Contains(c.Values, text) { // with the variables replaced two may be one
			c.Values = append(c.Values, text)
		}
	}
	c.Text = conditionWords(from.Operator, c.Key, thatMatch(from.Operator, c.Values), c.Unless)
	if other, ok := oppositeOf(from.Operator, c); ok {
		c.Text = other
	}
	if a.key != nil && a.key.known != nil && a.key.known.Multivalued && from.Operator.Quantifier == policy.NoQuantifier &&
		from.Operator.Comparison != policy.Null && !a.q.readings.Reads(rego.MultivaluedWithoutSetOperator, rego.ReadAnyValue) {
		c.Text = presenceWords(c.Key, !c.Unless) // such a condition matches no value
	}
}

// thatMatch leaves out what Bool cannot compare with.
func thatMatch(o policy.Operator, values []string) []string {
	if o.Comparison != policy.Bool {
		return values
	}
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		folded := strings.ToLower(v)
		return folded != "true" && folded != "false" && !strings.Contains(v, "${")
	})
}

// oppositeOf says of a Boolean that must not be one value that it is the other.
func oppositeOf(o policy.Operator, c *Condition) (string, bool) {
	known, ok := policy.LookupConditionKey(c.Key)
	if !ok || known.Type != policy.KeyTypeBool || o.Comparison != policy.Bool || o.Quantifier != policy.NoQuantifier ||
		!c.Unless || len(c.Values) != 1 {
		return "", false
	}
	other, ok := map[string]string{"true": "false", "false": "true"}[strings.ToLower(c.Values[0])]
	words := c.Key + " = " + strconv.Quote(other)
	if !o.IfExists {
		words += " or missing"
	}
	return words, ok
}

// operand is a value of a condition with the known policy variables replaced; false when it matches nothing because
// one has no value.
func (q *query) operand(cmp policy.Comparison, text string, v policy.Version) (string, bool) {
	var p policy.Pattern
	switch cmp {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.Bool:
		p = policy.ParseText(text, v)
	case policy.StringLike, policy.ArnEquals, policy.ArnLike:
		p = policy.ParsePattern(text, v)
	default:
		return text, true
	}
	arn := (cmp == policy.ArnEquals || cmp == policy.ArnLike) && p.HasVariable() && p.HasWildcard()
	if _, ok, open := q.patternOf(p, false, arn); !ok && !open {
		return "", false // it has not the parts of an ARN
	}
	return q.folded(p, text, v, arn), true
}

// folded writes a pattern with the known policy variables replaced, as it was when there are none. What would change the
// parts of an ARN stays a variable.
func (q *query) folded(p policy.Pattern, text string, v policy.Version, arn bool) string {
	replaced := v != policy.Version2012 && strings.Contains(text, "${")
	out := slices.Clone(p)
	for i, s := range out {
		if s.Kind != policy.Var {
			continue
		}
		if value, state := q.variable(s.Variable); state == isTrue && (!arn || !strings.Contains(value, ":")) {
			out[i], replaced = policy.Segment{Kind: policy.Literal, Literal: value}, true
		} else {
			out[i].Variable.Key = spelling(text, s.Variable.Key)
		}
	}
	if !replaced {
		return text
	}
	return out.String()
}

// spelling is the name of a policy variable as the text has it.
func spelling(text, folded string) string {
	const start = "${"
	for at := range text {
		name, ok := strings.CutPrefix(text[at:], start)
		if ok && len(name) >= len(folded) && policy.FoldKey(name[:len(folded)]) == folded {
			return name[:len(folded)]
		}
	}
	return folded // not reached, but where letters in lower case are longer
}

// conditionWords says in words when a condition holds or, with unless, when it does not.
func conditionWords(o policy.Operator, key string, values []string, unless bool) string {
	negated := o.Comparison.Negated() != unless
	if o.Comparison == policy.Null {
		return nullWords(key, values, unless)
	}
	words, missing := key, o.Comparison.Negated() || o.IfExists // what the condition says of a missing key
	switch o.Quantifier {
	case policy.ForAllValues:
		words, missing = "every value of "+key, true
		if unless {
			words = "some value of " + key
		}
	case policy.ForAnyValue:
		words, missing = "some value of "+key, false
		if unless {
			words = "every value of " + key
		}
	default:
	}
	words += " " + relationWords(o.Comparison.Positive(), values, negated)
	switch {
	case missing == unless:
		return words
	case len(values) > 1:
		return words + ", or missing"
	default:
		return words + " or missing"
	}
}

func nullWords(key string, values []string, unless bool) string {
	missing := slices.ContainsFunc(values, func(v string) bool { return policy.FoldKey(v) == "true" })
	return presenceWords(key, missing != unless)
}

func presenceWords(key string, missing bool) string {
	if missing {
		return key + " is missing"
	}
	return key + " is present"
}

// relations are the signs and words of comparisons, and of their opposites.
var relations = map[policy.Comparison][2]string{
	policy.StringEquals:             {"=", "is not"},
	policy.StringEqualsIgnoreCase:   {"= (in any case)", "is not (in any case)"},
	policy.StringLike:               {"is like", "is not like"},
	policy.ArnEquals:                {"is like", "is not like"},
	policy.ArnLike:                  {"is like", "is not like"},
	policy.BinaryEquals:             {"=", "is not"},
	policy.Bool:                     {"=", "is not"},
	policy.IPAddress:                {"in", "not in"},
	policy.NumericEquals:            {"=", "is not"},
	policy.NumericLessThan:          {"<", "is not <"},
	policy.NumericLessThanEquals:    {"<=", "is not <="},
	policy.NumericGreaterThan:       {">", "is not >"},
	policy.NumericGreaterThanEquals: {">=", "is not >="},
	policy.DateEquals:               {"=", "is not"},
	policy.DateLessThan:             {"before", "is not before"},
	policy.DateLessThanEquals:       {"at or before", "is not at or before"},
	policy.DateGreaterThan:          {"after", "is not after"},
	policy.DateGreaterThanEquals:    {"at or after", "is not at or after"},
}

func relationWords(positive policy.Comparison, values []string, negated bool) string {
	sign := relations[positive][0]
	if negated {
		sign = relations[positive][1]
	}
	plain := kindOf(positive) == numberKind || kindOf(positive) == addressKind || kindOf(positive) == dateKind
	texts := make([]string, len(values))
	for i, v := range values {
		if texts[i] = v; !plain {
			texts[i] = strconv.Quote(v)
		}
	}
	switch {
	case len(texts) == 1:
		return sign + " " + texts[0]
	case sign == "=":
		sign = "is one of "
	case sign == "is not":
		sign = "is not one of "
	case negated:
		sign += " any of "
	default:
		sign += " one of "
	}
	if len(texts) == 0 {
		return sign + "no values"
	}
	return sign + strings.Join(texts, ", ")
}

// constraintWords says in words what a constraint of a grant wants.
func constraintWords(c Condition) string {
	pairs := "{" + strings.Join(c.Values, ", ") + "}"
	switch c.Operator {
	case "EncryptionContextEquals":
		return "the encryption context is exactly " + pairs
	case "EncryptionContextSubset":
		return "the encryption context contains " + pairs
	default:
		return c.Key + " = " + strconv.Quote(strings.Join(c.Values, ", "))
	}
}

// resourceWords says in words what an element with open policy variables wants of the resource.
func resourceWords(c Condition, arn string) string {
	verb := " matches "
	if (c.Element == "NotResource") != c.Unless {
		verb = " does not match "
	}
	texts := make([]string, len(c.Values))
	for i, v := range c.Values {
		texts[i] = strconv.Quote(v)
	}
	return arn + verb + strings.Join(texts, ", ")
}
