package rego

import (
	"fmt"

	"github.com/strictkms/strictkms/policy"
)

// conditionNames are the names that the helper rules of one condition may take.
type conditionNames struct {
	rule     string // the whole condition
	match    string // what a negated operator negates
	function string // the same for one value of a multivalued key
}

func namesFor(statement, condition int) conditionNames {
	return conditionNames{
		rule:     fmt.Sprintf("condition_%d_%d", statement, condition),
		match:    fmt.Sprintf("match_%d_%d", statement, condition),
		function: fmt.Sprintf("value_%d_%d", statement, condition),
	}
}

// inner are names for a test that the condition is made of.
func (n conditionNames) inner() conditionNames {
	return conditionNames{rule: n.rule + "_present", match: n.match, function: n.function}
}

// condition translates one condition.
//
// What each operator says about a missing key and about several values is in the IAM User Guide,
// "Condition operators" and "Single-valued vs. multivalued context keys":
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func (s *scope) condition(c policy.Condition, names conditionNames) test {
	key := policy.FoldKey(c.Key.Text)
	known, ok := policy.LookupConditionKey(c.Key.Text)
	if ok && known.IAMOnly && s.kind == policy.KeyPolicy && s.assume(IAMOnlyConditionKeys) != ReadAsInIAM {
		return s.withoutValue(c)
	}
	term := s.context(key)
	if c.Operator.Comparison == policy.Null {
		return null(term, c.Values)
	}
	if c.Operator.Quantifier == policy.ForAnyValue && c.Operator.IfExists &&
		s.assume(ForAnyValueIfExistsMissing) == readMatch {
		c.Operator.IfExists = false
		return append(isMissing(term), s.condition(c, names.inner())...)
	}
	switch {
	case c.Operator.Quantifier != policy.NoQuantifier && !ok:
		return readNullSet(c, s.unknownQuantified(c, term, key, names), term, nullText, nullList)
	case c.Operator.Quantifier != policy.NoQuantifier && known.Multivalued:
		return readNullSet(c, s.quantified(c, term, key, names), term, nullList)
	case c.Operator.Quantifier != policy.NoQuantifier:
		// A single-valued key is a set of one value, or of none.
		return readNullSet(c, onPresence(c.Operator.Quantifier, term, s.single(c, term, key, names)), term, nullText)
	case ok && known.Multivalued:
		if s.assume(MultivaluedWithoutSetOperator) == ReadAnyValue {
			return s.anyValue(c, term, names)
		}
		if c.Operator.IfExists || c.Operator.Comparison.Negated() {
			return isMissing(term)
		}
		return never()
	}
	if !ok && s.readings.Reads(MultivaluedWithoutSetOperator, ReadAnyValue) {
		return s.anyValue(c, term, names)
	}
	t := s.single(c, term, key, names)
	if c.Operator.Comparison.Negated() {
		if !ok { // a key that the catalogue does not know may have several values
			return t.and(raw("not is_array(object.get(input.context, " + quote(key) + `, ""))`))
		}
		return t
	}
	if !ok {
		t = t.and(raw("is_string(" + term + ")"))
	}
	if c.Operator.IfExists {
		return append(isMissing(term), t...)
	}
	return t
}

// anyValue tests the values of a key without a set operator: one of them suffices, and a negated operator wants none.
func (s *scope) anyValue(c policy.Condition, term string, names conditionNames) test {
	positive := c
	positive.Operator = policy.Operator{Comparison: c.Operator.Comparison.Positive(), Quantifier: policy.ForAnyValue}
	key := policy.FoldKey(c.Key.Text)
	several := s.quantified
	if _, ok := policy.LookupConditionKey(key); !ok {
		several = s.unknownQuantified
	}
	t := several(positive, term, key, names.inner())
	if c.Operator.Comparison.Negated() {
		return s.negation(names.match, t)
	}
	if c.Operator.IfExists {
		return append(isMissing(term), t...)
	}
	return t
}

func isMissing(term string) test { return test{body{not(raw(term))}} }

// withoutValue is what a condition comes to on a key that never has a value.
func (s *scope) withoutValue(c policy.Condition) test {
	holds := c.Operator.IfExists || c.Operator.Comparison.Negated()
	switch {
	case c.Operator.Comparison == policy.Null:
		holds = false
		for _, v := range c.Values {
			holds = holds || policy.FoldKey(v.Text) == "true"
		}
	case c.Operator.Quantifier == policy.ForAllValues:
		holds = true
	case c.Operator.Quantifier == policy.ForAnyValue:
		holds = c.Operator.IfExists && s.assume(ForAnyValueIfExistsMissing) == readMatch
	}
	if holds {
		return always()
	}
	return never()
}

// null tests presence: "true" wants the key missing, "false" wants it present.
func null(term string, values []policy.Value) test {
	var t test
	for _, v := range values {
		switch policy.FoldKey(v.Text) {
		case "true":
			t = append(t, isMissing(term)...)
		case "false":
			t = append(t, conjunctionOf(term))
		}
	}
	return t
}

// single tests the one value of a key. A negated operator is true for a missing key.
func (s *scope) single(c policy.Condition, term, key string, names conditionNames) test {
	t := s.compare(c.Operator.Comparison.Positive(), term, key, c.Values)
	if c.Operator.Comparison.Negated() {
		return s.negation(names.match, t)
	}
	return t.merged()
}

// onPresence completes the test of the one value of a key that is read as a set: ForAllValues is true
// for the empty set, ForAnyValue is not.
func onPresence(q policy.Quantifier, term string, t test) test {
	if q == policy.ForAllValues {
		return append(isMissing(term), t...)
	}
	return t.and(raw(term))
}

// quantified tests the values of a multivalued key.
func (s *scope) quantified(c policy.Condition, term, key string, names conditionNames) test {
	all, negated := c.Operator.Quantifier == policy.ForAllValues, c.Operator.Comparison.Negated()
	t := s.compare(c.Operator.Comparison.Positive(), "value", key, c.Values).merged()
	if t.isAlways() || t.isNever() { // it is the same for every value
		return sameForAll(term, all, t.isAlways() != negated)
	}
	predicate := s.valuePredicate(t, names.function, negated)
	if all {
		return append(isMissing(term), body{raw("every value in " + term + " {\n\t" + predicate.text + "\n}")})
	}
	some := test{body{raw("some value in " + term), predicate}}
	return test{body{s.helper(names.rule, some)}} // a rule of its own keeps the variable apart
}

// sameForAll is a quantified test that no value can change.
func sameForAll(term string, all, passes bool) test {
	switch {
	case all && passes:
		return always()
	case all:
		return isMissing(term)
	case passes:
		return test{conjunctionOf(term)}
	default:
		return never()
	}
}

// valuePredicate is the expression that tests the variable value. What may be undefined is negated by
// way of a function only.
func (s *scope) valuePredicate(t test, function string, negated bool) expression {
	if len(t) == 1 && len(t[0]) == 1 && (t[0][0].plain() || !negated) {
		if negated {
			return not(t[0][0])
		}
		return t[0][0]
	}
	s.function(function, t)
	call := raw(function + "(value)")
	if negated {
		return not(call)
	}
	return call
}

// unknownQuantified tests a key that the catalogue does not know, which may have one value or several.
func (s *scope) unknownQuantified(c policy.Condition, term, key string, names conditionNames) test {
	one := s.single(c, term, key, names).and(raw("is_string(" + term + ")"))
	many := s.quantified(c, term, key, conditionNames{
		rule: names.rule + "_values", match: names.match + "_values", function: names.function,
	})
	return append(many, one...)
}
