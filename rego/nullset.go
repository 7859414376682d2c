package rego

import (
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// readNullSet completes what a set operator says of the values of a key: an empty string as the only one is no value,
// so that ForAllValues is true, and ForAnyValue false
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html).
func readNullSet(c policy.Condition, t test, term string, nulls ...string) test {
	may := c.Operator.Comparison.Negated() || mayMatchEmpty(c)
	for _, null := range nulls {
		switch {
		case c.Operator.Quantifier == policy.ForAllValues && !t.isAlways() && (!c.Operator.Comparison.Negated() || mayMatchEmpty(c)):
			t = append(t, conjunctionOf(term+" == "+null))
		case c.Operator.Quantifier == policy.ForAnyValue && may:
			t = t.and(raw(term + " != " + null))
		}
	}
	return t
}

// mayMatchEmpty reports whether some value of a condition could match the empty string.
func mayMatchEmpty(c policy.Condition) bool {
	for _, v := range c.Values {
		if strings.Trim(v.Text, "*") == "" || strings.Contains(v.Text, "${") {
			return true
		}
	}
	return false
}

// The forms of an empty string as the only value of a key.
const (
	nullText = `""`
	nullList = `[""]`
)
