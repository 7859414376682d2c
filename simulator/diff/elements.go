package diff

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// another is a value that no policy compares with.
const another = "~strictkms~"

// elementsOf returns values of a key that are likely to tell the conditions about it apart. They are examples: that none of
// them meets some conditions proves nothing.
func elementsOf(about []evaluator.Condition) []string {
	kinds := map[valueKind][]value{}
	for _, c := range about {
		if op, ok := policy.ParseOperator(c.Operator); ok {
			for _, text := range c.Values {
				kinds[kindOf(op.Comparison)] = append(kinds[kindOf(op.Comparison)], value{text, op.Comparison})
			}
		}
	}
	elements := []string{another}
	for kind, values := range kinds {
		if maker := elementMakers[kind]; maker != nil {
			elements = append(elements, maker(values)...)
		}
	}
	slices.Sort(elements)
	return slices.Compact(elements)
}

// value is what a condition compares with.
type value struct {
	text       string
	comparison policy.Comparison
}

// valueKind is how values are compared.
type valueKind int

const (
	kindOther valueKind = iota
	kindText
	kindNumber
	kindDate
	kindBool
	kindAddress
	kindPresence
)

// elementMakers make the elements of each kind.
var elementMakers = map[valueKind]func([]value) []string{
	kindText: texts, kindNumber: numbers, kindDate: dates, kindBool: bools, kindAddress: addresses,
}

func kindOf(c policy.Comparison) valueKind {
	switch c {
	case policy.StringEquals, policy.StringNotEquals, policy.StringEqualsIgnoreCase, policy.StringNotEqualsIgnoreCase,
		policy.StringLike, policy.StringNotLike, policy.ArnEquals, policy.ArnLike, policy.ArnNotEquals, policy.ArnNotLike:
		return kindText
	case policy.NumericEquals, policy.NumericNotEquals, policy.NumericLessThan, policy.NumericLessThanEquals,
		policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
		return kindNumber
	case policy.DateEquals, policy.DateNotEquals, policy.DateLessThan, policy.DateLessThanEquals, policy.DateGreaterThan,
		policy.DateGreaterThanEquals:
		return kindDate
	case policy.Bool:
		return kindBool
	case policy.IPAddress, policy.NotIPAddress:
		return kindAddress
	case policy.Null:
		return kindPresence
	default:
		return kindOther
	}
}

// texts are each value itself, in other case where that does not matter, and what patterns match.
func texts(values []value) []string {
	var out, arns []string
	for _, v := range values {
		switch v.comparison {
		case policy.StringEqualsIgnoreCase, policy.StringNotEqualsIgnoreCase:
			out = append(out, v.text, strings.ToLower(v.text), strings.ToUpper(v.text))
		case policy.StringLike, policy.StringNotLike, policy.ArnEquals, policy.ArnLike, policy.ArnNotEquals, policy.ArnNotLike:
			out = append(out, instance(v.text, ""), instance(v.text, "x"), instance(v.text, another))
			arns = append(arns, v.text)
		default:
			out = append(out, v.text)
			arns = append(arns, v.text)
		}
	}
	for _, a := range arns {
		for _, b := range arns {
			if merged, ok := mergedARN(a, b); ok {
				out = append(out, instance(merged, "x"))
			}
		}
	}
	return append(out, "arn:aws:strictkms:::"+another)
}

// arnParts is the number of parts of an ARN.
const arnParts = 6

// mergedARN is the first pattern of an ARN with the parts of the second one in the place of its wildcards.
func mergedARN(a, b string) (string, bool) {
	parts, others := strings.SplitN(a, ":", arnParts), strings.SplitN(b, ":", arnParts)
	if a == b || len(parts) != arnParts || len(others) != arnParts {
		return "", false
	}
	for i := range parts {
		if strings.Trim(parts[i], "*?") == "" {
			parts[i] = others[i]
		}
	}
	return strings.Join(parts, ":"), true
}

// instance is a text that a pattern matches.
func instance(pattern, star string) string {
	return strings.NewReplacer("*", star, "?", "x").Replace(pattern)
}

// numbers are each number and one on each side of it.
func numbers(values []value) []string {
	var list []float64
	for _, v := range values {
		if n, err := strconv.ParseFloat(v.text, 64); err == nil && math.Abs(n) <= 1<<50 {
			list = append(list, n)
		}
	}
	var out []string
	for _, n := range around(list, func(a, b float64) float64 { return a + (b-a)/2 }, func(n float64, steps int) float64 { return n + float64(steps) }) {
		out = append(out, strconv.FormatFloat(n, 'f', -1, 64))
	}
	return out
}

// dates are each time and one on each side of it.
func dates(values []value) []string {
	var list []int64
	for _, v := range values {
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if at, err := time.Parse(layout, v.text); err == nil {
				list = append(list, at.UnixMilli())
			}
		}
		if n, err := strconv.ParseInt(v.text, 10, 64); err == nil && len(v.text) > len("2006") {
			list = append(list, n*1000)
		}
	}
	var out []string
	between := func(a, b int64) int64 { return a + (b-a)/2 }
	for _, ms := range around(list, between, func(n int64, steps int) int64 { return n + int64(steps)*1000 }) {
		out = append(out, time.UnixMilli(ms).UTC().Format(time.RFC3339Nano))
	}
	return out
}

// around are numbers, one below them, one above them, and one between each two.
func around[T cmp.Ordered](list []T, between func(a, b T) T, add func(n T, steps int) T) []T {
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	list = slices.Compact(list)
	out := slices.Clone(list)
	for i := 1; i < len(list); i++ {
		out = append(out, between(list[i-1], list[i]))
	}
	return append(out, add(list[0], -1), add(list[len(list)-1], 1))
}

func bools([]value) []string { return []string{"true", "false"} }

// addresses are those where a range begins or ends, inside and outside: between two such places nothing changes.
func addresses(values []value) []string {
	out := []string{"203.0.113.254", "2001:db8::fffe"}
	for _, v := range values {
		prefix, err := netip.ParsePrefix(v.text)
		if err != nil {
			at, err := netip.ParseAddr(v.text)
			if err != nil {
				continue
			}
			prefix = netip.PrefixFrom(at, at.BitLen())
		}
		first, last := prefix.Masked().Addr(), lastOf(prefix)
		for _, at := range []netip.Addr{first.Prev(), first, last, last.Next()} {
			if at.IsValid() {
				out = append(out, at.String())
			}
		}
	}
	return out
}

// lastOf is the last address of a range.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	at, _ := netip.AddrFromSlice(bytes)
	return at
}

// ties are condition keys that have something to do with each other: not every combination of their values is a
// request.
var ties = [][]string{
	{"kms:viaservice", "aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce"},
	{"aws:principalarn", "aws:principaltype", "aws:principalaccount", "aws:userid", "aws:username", "aws:principaltag/"},
	{"aws:principalorgid", "aws:principalorgpaths"},
	{"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"},
	{"aws:currenttime", "aws:epochtime"},
}

// tied reports whether two of the keys have something to do with each other.
func tied[V any](keys map[string]V) bool {
	for _, group := range ties {
		found := 0
		for key := range keys {
			if slices.ContainsFunc(group, func(t string) bool {
				return key == t || (strings.HasSuffix(t, ":") || strings.HasSuffix(t, "/")) && strings.HasPrefix(key, t)
			}) {
				found++
			}
		}
		if found > 1 {
			return true
		}
	}
	return false
}
