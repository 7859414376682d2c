package evaluator_test

import (
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// condition tests one condition.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func (r *reference) condition(doc *policy.Document, c policy.Condition) bool {
	key := strings.ToLower(c.Key.Text)
	values := r.context[key]
	if known, ok := policy.LookupConditionKey(key); ok && known.IAMOnly && doc.Kind == policy.KeyPolicy &&
		!r.reads("iam-only-condition-keys", "as-in-iam") {
		values = nil
	}
	if c.Operator.Comparison == policy.Null {
		return slices.ContainsFunc(c.Values, func(v policy.Value) bool {
			return strings.EqualFold(v.Text, "true") && len(values) == 0 ||
				strings.EqualFold(v.Text, "false") && len(values) > 0
		})
	}
	holds := func(value string) bool {
		if strings.EqualFold(key, "kms:ValidTo") && strings.HasPrefix(c.Operator.Comparison.String(), "Numeric") {
			value = inSeconds(value)
		}
		some := slices.ContainsFunc(c.Values, func(v policy.Value) bool {
			return r.compare(c.Operator.Comparison.Positive(), value, v.Text, doc.Version)
		})
		return some != isNegated(c.Operator)
	}
	if c.Operator.Quantifier != policy.NoQuantifier {
		return r.set(c.Operator, values, holds)
	}
	switch {
	case len(values) == 0:
		return isNegated(c.Operator) || c.Operator.IfExists
	case multivalued(key, values) && r.reads("multivalued-without-set-operator", "any-value"):
		if isNegated(c.Operator) { // none of them matches
			return !slices.ContainsFunc(values, func(v string) bool { return !holds(v) })
		}
		return slices.ContainsFunc(values, holds)
	case multivalued(key, values):
		return false // the assumption multivalued-without-set-operator
	default:
		return holds(values[0])
	}
}

// set tests a set of values.
func (r *reference) set(o policy.Operator, values []string, holds func(string) bool) bool {
	null := len(values) == 1 && values[0] == ""
	if o.Quantifier == policy.ForAllValues {
		return null || !slices.ContainsFunc(values, func(v string) bool { return !holds(v) })
	}
	if len(values) == 0 && o.IfExists && r.reads("foranyvalue-ifexists-missing", "match") {
		return true
	}
	return !null && slices.ContainsFunc(values, holds)
}

func isNegated(o policy.Operator) bool { return strings.Contains(o.String(), "Not") }

// compare compares the value of a condition key with one value of a policy.
func (r *reference) compare(c policy.Comparison, actual, wanted string, version policy.Version) bool {
	switch c {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.Bool:
		text, ok := r.plainText(wanted, version)
		if c != policy.StringEquals {
			text, actual = strings.ToLower(text), strings.ToLower(actual)
		}
		if c == policy.Bool && text != "true" && text != "false" {
			return false
		}
		return ok && text == actual
	case policy.StringLike:
		tokens, ok := r.tokens(wanted, version)
		return ok && matchTokens(tokens, actual)
	case policy.ArnEquals, policy.ArnLike:
		tokens, ok := r.tokens(wanted, version)
		return ok && (wanted != "" && strings.Trim(wanted, "*") == "" || matchARN(tokens, actual))
	case policy.BinaryEquals:
		return wanted == actual
	case policy.IPAddress:
		return inNetwork(actual, wanted)
	case policy.NumericEquals, policy.NumericLessThan, policy.NumericLessThanEquals,
		policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
		a, okA := readNumber(actual)
		b, okB := readNumber(wanted)
		return okA && okB && related(c.String(), a.Cmp(b))
	default:
		a, okA := readDate(actual)
		b, okB := readDate(wanted)
		return okA && okB && related(c.String(), a.Compare(b))
	}
}

// plainText replaces variables and leaves wildcards as they are.
func (r *reference) plainText(text string, version policy.Version) (string, bool) {
	tokens, ok := r.tokens(text, version)
	var b strings.Builder
	for _, t := range tokens {
		b.WriteRune(t.char + t.wild)
	}
	return b.String(), ok
}

// related tests the order of two values against the name of an operator.
func related(operator string, order int) bool {
	switch {
	case strings.HasSuffix(operator, "LessThanEquals"):
		return order <= 0
	case strings.HasSuffix(operator, "LessThan"):
		return order < 0
	case strings.HasSuffix(operator, "GreaterThanEquals"):
		return order >= 0
	case strings.HasSuffix(operator, "GreaterThan"):
		return order > 0
	default:
		return order == 0
	}
}

var refNumber = regexp.MustCompile(`^[+-]?\d+(\.\d+)?$`)

func readNumber(text string) (*big.Rat, bool) {
	if !refNumber.MatchString(text) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// readDate reads the forms of https://www.w3.org/TR/NOTE-datetime, a time without a zone as UTC, and seconds
// since 1970.
func readDate(text string) (time.Time, bool) {
	for _, layout := range []string{
		"2006", "2006-01", "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00",
		"2006-01-02T15:04", "2006-01-02T15:04:05",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	n, ok := readNumber(text)
	if !ok {
		return time.Time{}, false
	}
	nanos := new(big.Rat).Mul(n, big.NewRat(1e9, 1))
	whole := new(big.Int).Quo(nanos.Num(), nanos.Denom())
	seconds, rest := new(big.Int).DivMod(whole, big.NewInt(1e9), new(big.Int))
	if !seconds.IsInt64() { // no clock reaches it
		seconds = big.NewInt(int64(seconds.Sign()) << 60)
	}
	return time.Unix(seconds.Int64(), rest.Int64()).UTC(), true
}

// inSeconds writes a date as seconds since 1970. What is no date stays as it is.
func inSeconds(text string) string {
	t, ok := readDate(text)
	if !ok {
		return text
	}
	nanos := new(big.Int).Add(new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(1e9)), big.NewInt(int64(t.Nanosecond())))
	return new(big.Rat).SetFrac(nanos, big.NewInt(1e9)).FloatString(9)
}

// inNetwork reports whether an address is in a network; a network without length is one address.
func inNetwork(address, network string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	if one, err := netip.ParseAddr(network); err == nil {
		return one.Unmap() == addr.Unmap()
	}
	prefix, err := netip.ParsePrefix(network)
	return err == nil && prefix.Masked().Contains(addr.Unmap())
}
