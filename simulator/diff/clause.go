package diff

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// clause is conditions of the policy language that hold together: what one condition of an answer says, written so that a
// policy can ask for it.
type clause []evaluator.Condition

// The elements of the conditions of an answer.
const (
	elementCondition  = "Condition"
	elementConstraint = "Constraints"
)

const (
	contextKeys   = "kms:EncryptionContextKeys"
	contextPrefix = "kms:EncryptionContext:"
)

// clausesOf writes a condition as clauses that hold together, none when that cannot be said with conditions: what a source
// could not compute, whether a call passes a VPC endpoint, and a policy variable in a Resource.
func (t *tester) clausesOf(c evaluator.Condition) []clause {
	switch {
	case c.Element == elementCondition:
		return []clause{{{Operator: c.Operator, Key: c.Key, Values: c.Values}}}
	case c.Element == elementConstraint && c.Operator == "SourceArn":
		return []clause{{{Operator: "StringEquals", Key: c.Key, Values: c.Values}}}
	case c.Element == elementConstraint && !c.Unless:
		return t.constraint(c)
	default:
		return nil
	}
}

// constraint writes the constraint of a grant on the encryption context as conditions, a clause for each pair and one for
// that there are no others. The name of a pair is case-sensitive in a grant and not in a condition key, so that
// kms:EncryptionContextKeys must have it as well.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context-keys
func (t *tester) constraint(c evaluator.Condition) []clause {
	equals := "StringEquals"
	if t.ev.Readings().Reads("grant-constraint-case", "keys-insensitive") {
		equals = "StringEqualsIgnoreCase"
	}
	var out []clause
	var names []string
	for _, pair := range c.Values {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || strings.Contains(value, "=") || strings.Contains(pair, "${") {
			return nil // it is not known where the name ends, or a policy would take it for a variable
		}
		names = append(names, name)
		out = append(out, clause{
			{Operator: "StringEquals", Key: contextPrefix + name, Values: []string{value}},
			{Operator: "ForAnyValue:" + equals, Key: contextKeys, Values: []string{name}},
		})
	}
	if c.Operator != "EncryptionContextEquals" {
		return out
	}
	if len(names) == 0 {
		return append(out, clause{{Operator: "Null", Key: contextKeys, Values: []string{"true"}}})
	}
	return append(out, clause{{Operator: "ForAllValues:" + equals, Key: contextKeys, Values: names}})
}

// print tells clauses apart.
func (c clause) print() string {
	lines := make([]string, len(c))
	for i, condition := range c {
		lines[i] = conditionPrint(condition)
	}
	return strings.Join(lines, "\n")
}

// elements are the conditions by operator and key, as a policy has them.
func (c clause) elements() map[string]map[string][]string {
	out := map[string]map[string][]string{}
	for _, condition := range c {
		keys := out[condition.Operator]
		if keys == nil {
			keys = map[string][]string{}
			out[condition.Operator] = keys
		}
		keys[condition.Key] = append(keys[condition.Key], condition.Values...)
	}
	return out
}

// alwaysThere are condition keys, folded, that every request has.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
var alwaysThere = []string{"aws:securetransport", "aws:currenttime", "aws:epochtime"}

// possibleValues says what values a key can have at all by its type, nil when any text will do: a Boolean is true or
// false, a number is less than a large one.
func possibleValues(key string) *evaluator.Condition {
	known, ok := policy.LookupConditionKey(key)
	if !ok {
		return nil
	}
	c := &evaluator.Condition{Key: key}
	switch known.Type {
	case policy.KeyTypeBool:
		c.Operator, c.Values = "StringEquals", []string{"true", "false"}
	case policy.KeyTypeNumeric:
		c.Operator, c.Values = "NumericLessThan", []string{"1000000000000000000"}
	case policy.KeyTypeDate:
		c.Operator, c.Values = "DateLessThanEquals", []string{"9999-12-31T23:59:59Z"}
	case policy.KeyTypeIPAddress:
		c.Operator, c.Values = "IpAddress", []string{"0.0.0.0/0", "::/0"}
	default:
		return nil
	}
	if !slices.Contains(alwaysThere, policy.FoldKey(key)) {
		c.Operator += "IfExists"
	}
	return c
}
