package rego

import (
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/strictkms/strictkms/policy"
)

const (
	// epochKey is the one date key whose value is in seconds since 1970.
	epochKey = "aws:epochtime"
	// validToKey is the one date key that AWS compares as seconds since 1970 with numeric operators too; the input has it
	// in RFC 3339.
	// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-valid-to
	validToKey = "kms:validto"
)

// compare tests a term, the value of one condition key or one of its values, against the values of a
// condition, any of which may match. cmp is not negated.
func (s *scope) compare(cmp policy.Comparison, term, key string, values []policy.Value) test {
	var t test
	for _, v := range values {
		t = append(t, s.compareOne(cmp, term, key, v.Text)...)
	}
	return t
}

// compareOne tests a term against one value.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func (s *scope) compareOne(cmp policy.Comparison, term, key, value string) test {
	switch cmp {
	case policy.StringEquals:
		return s.matchText(term, policy.ParseText(value, s.version))
	case policy.StringEqualsIgnoreCase:
		return s.equalFold(term, policy.ParseText(value, s.version))
	case policy.StringLike:
		return s.matchText(term, policy.ParsePattern(value, s.version))
	case policy.ArnEquals, policy.ArnLike:
		return s.matchARN(term, policy.ParsePattern(value, s.version))
	case policy.BinaryEquals:
		return test{body{equals(term, value)}}
	case policy.Bool:
		return s.compareBool(term, value)
	case policy.IPAddress:
		return compareIP(term, value)
	case policy.NumericEquals, policy.NumericLessThan, policy.NumericLessThanEquals,
		policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
		return compareNumber(term, key, relation(cmp), value)
	case policy.DateEquals, policy.DateLessThan, policy.DateLessThanEquals,
		policy.DateGreaterThan, policy.DateGreaterThanEquals:
		return compareDate(term, key, relation(cmp), value)
	default:
		return never() // the parser refuses every other operator
	}
}

func relation(cmp policy.Comparison) string {
	switch cmp {
	case policy.NumericLessThan, policy.DateLessThan:
		return "<"
	case policy.NumericLessThanEquals, policy.DateLessThanEquals:
		return "<="
	case policy.NumericGreaterThan, policy.DateGreaterThan:
		return ">"
	case policy.NumericGreaterThanEquals, policy.DateGreaterThanEquals:
		return ">="
	default:
		return "=="
	}
}

func (s *scope) equalFold(term string, p policy.Pattern) test {
	if literal, ok := p.IsLiteral(); ok {
		return test{conjunctionOf("lower(" + term + ") == " + quote(strings.ToLower(literal)))}
	}
	return test{conjunctionOf("lower(" + term + ") == lower(" + s.text(p) + ")")}
}

// compareBool compares with true or false in any case; the input has Boolean keys in lower case.
func (s *scope) compareBool(term, value string) test {
	if p := policy.ParseText(value, s.version); p.HasVariable() {
		return test{conjunctionOf(term + " == lower(" + s.text(p) + ")")}
	}
	value = strings.ToLower(value)
	if value != "true" && value != "false" {
		return never()
	}
	return test{body{equals(term, value)}}
}

// compareIP tests an address against a network; a single address is a network of one.
func compareIP(term, value string) test {
	prefix, err := netip.ParsePrefix(value)
	if err != nil {
		addr, err := netip.ParseAddr(value)
		if err != nil || addr.Zone() != "" {
			return never()
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	return test{conjunctionOf("net.cidr_contains(" + quote(prefix.Masked().String()) + ", " + term + ")")}
}

// number is the form of a number in a policy; JSON's, with an optional sign and leading zeros.
var number = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

// ParseNumber reads a number of a policy.
func ParseNumber(value string) (*big.Rat, bool) {
	if !number.MatchString(value) {
		return nil, false
	}
	return new(big.Rat).SetString(value)
}

func compareNumber(term, key, rel, value string) test {
	n, ok := ParseNumber(value)
	if !ok {
		return never()
	}
	if key == validToKey {
		nanos := n.Mul(n, big.NewRat(int64(time.Second), 1))
		return test{conjunctionOf(fmt.Sprintf("time.parse_rfc3339_ns(%s) %s %s", term, rel, decimal(nanos)))}
	}
	return test{conjunctionOf(fmt.Sprintf("to_number(%s) %s %s", term, rel, decimal(n)))}
}

// decimal writes a number as a Rego literal.
func decimal(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	digits, _ := n.FloatPrec()
	return n.FloatString(digits)
}

// dateLayouts are the forms of ISO 8601 that policies use (https://www.w3.org/TR/NOTE-datetime).
var dateLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	"2006-01-02", "2006-01", "2006",
}

// The dates that Rego can compare: those whose nanoseconds since 1970 have 64 bits.
var (
	firstDate = time.Unix(0, math.MinInt64).UTC()
	lastDate  = time.Unix(0, math.MaxInt64).UTC()
)

// ParseDate reads a date of a policy or a request: ISO 8601, or seconds since 1970 when it is a
// number that is not a year of four digits. Dates before 1677 or after 2262 become the first or the last
// date that Rego can compare, so that "9999-12-31" is after every date of today.
func ParseDate(value string) (time.Time, bool) {
	t, ok := parseDate(value)
	switch {
	case t.Before(firstDate):
		return firstDate, ok
	case t.After(lastDate):
		return lastDate, ok
	default:
		return t, ok
	}
}

func parseDate(value string) (time.Time, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC(), true
		}
	}
	if !number.MatchString(value) {
		return time.Time{}, false
	}
	seconds, _ := new(big.Rat).SetString(value) // every such number is one
	nanos := seconds.Mul(seconds, big.NewRat(int64(time.Second), 1))
	whole, rest := new(big.Int).DivMod(new(big.Int).Div(nanos.Num(), nanos.Denom()), big.NewInt(int64(time.Second)), new(big.Int))
	switch {
	case whole.IsInt64():
		return time.Unix(whole.Int64(), rest.Int64()).UTC(), true
	case whole.Sign() < 0:
		return firstDate, true
	default:
		return lastDate, true
	}
}

func compareDate(term, key, rel, value string) test {
	t, ok := ParseDate(value)
	if !ok {
		return never()
	}
	if key == epochKey {
		seconds := big.NewRat(t.UnixNano(), int64(time.Second))
		return test{conjunctionOf(fmt.Sprintf("to_number(%s) %s %s", term, rel, decimal(seconds)))}
	}
	out := test{conjunctionOf(fmt.Sprintf("time.parse_rfc3339_ns(%s) %s %d", term, rel, t.UnixNano()))}
	if known, ok := policy.LookupConditionKey(key); ok && known.Type == policy.KeyTypeDate {
		return out // the input has such keys in RFC 3339
	}
	for _, rest := range shortDates {
		completed := `concat("", [` + term + `, "` + rest + `"])`
		out = append(out, conjunctionOf(fmt.Sprintf("time.parse_rfc3339_ns(%s) %s %d", completed, rel, t.UnixNano())))
	}
	return append(out, conjunctionOf(
		"regex.match(`^[0-9]{5,}$`, "+term+")",
		fmt.Sprintf("to_number(%s) * 1000000000 %s %d", term, rel, t.UnixNano()),
	))
}

// shortDates complete the shorter forms of ISO 8601, which the value of a tag may have, to RFC 3339. At most one of
// them makes a date of a text.
var shortDates = []string{"Z", ":00Z", "T00:00:00Z", "-01T00:00:00Z", "-01-01T00:00:00Z"}
