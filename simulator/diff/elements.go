package diff

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// another is a value that no policy compares with.
const another = "~strictkms~"

// elementsOf returns values of a key that tell the conditions about it apart: whatever value a request has, one of
// these meets the same conditions. complete is false when that is not sure.
func elementsOf(about []literal) (elements []string, complete bool) {
	kinds := map[valueKind][]value{}
	complete = true
	for _, l := range about {
		op, ok := policy.ParseOperator(l.condition.Operator)
		kind := kindOf(op.Comparison)
		if !ok || kind == kindOther {
			complete = false
			continue
		}
		for _, text := range l.condition.Values {
			if strings.Contains(text, "${") || strings.Contains(strings.ToLower(text), another) {
				complete = false
			}
			kinds[kind] = append(kinds[kind], value{text, op.Comparison})
		}
	}
	delete(kinds, kindPresence)
	if len(kinds) > 1 {
		complete = false // the same key compared as text and as a number
	}
	elements = []string{another}
	for kind, values := range kinds {
		more, sure := elementMakers[kind](values)
		elements = append(elements, more...)
		complete = complete && sure
	}
	slices.Sort(elements)
	return slices.Compact(elements), complete
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
var elementMakers = map[valueKind]func([]value) ([]string, bool){
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

// texts are each value itself, and with something behind it where a pattern goes on. Patterns other than beginnings can
// overlap in ways that are not looked for, and so can texts that are compared with and without case.
func texts(values []value) ([]string, bool) {
	var out []string
	complete := true
	folding := 0
	for _, v := range values {
		head, pattern := v.text, false
		switch v.comparison {
		case policy.StringEqualsIgnoreCase, policy.StringNotEqualsIgnoreCase:
			folding++
		case policy.StringLike, policy.StringNotLike, policy.ArnEquals, policy.ArnLike, policy.ArnNotEquals, policy.ArnNotLike:
			head, pattern = strings.CutSuffix(v.text, "*")
			if strings.ContainsAny(head, "*?") || isARN(v.comparison) && strings.Count(head, ":") < 5 {
				complete = false
				out = append(out, instance(v.text, ""), instance(v.text, "x"))
				continue
			}
		default:
		}
		out = append(out, head)
		if pattern {
			out = append(out, head+another)
		}
		if isARN(v.comparison) {
			out = append(out, "arn:aws:strictkms:::"+another)
		}
	}
	return out, complete && (folding == 0 || folding == len(values))
}

func isARN(c policy.Comparison) bool {
	switch c {
	case policy.ArnEquals, policy.ArnLike, policy.ArnNotEquals, policy.ArnNotLike:
		return true
	default:
		return false
	}
}

// instance is a text that a pattern matches.
func instance(pattern, star string) string {
	return strings.NewReplacer("*", star, "?", "x").Replace(pattern)
}

// numbers are each number and one on each side of it.
func numbers(values []value) ([]string, bool) {
	var list []float64
	complete := true
	for _, v := range values {
		n, err := strconv.ParseFloat(v.text, 64)
		if err != nil || math.IsInf(n, 0) || math.Abs(n) > 1<<50 {
			complete = false
			continue
		}
		list = append(list, n)
	}
	var out []string
	for _, n := range around(list, func(a, b float64) float64 { return a + (b-a)/2 }, func(n float64, steps int) float64 { return n + float64(steps) }) {
		out = append(out, strconv.FormatFloat(n, 'f', -1, 64))
	}
	return out, complete
}

// dates are each time and one on each side of it.
func dates(values []value) ([]string, bool) {
	var list []int64
	complete := true
	for _, v := range values {
		at, err := time.Parse(time.RFC3339, v.text)
		if err != nil {
			complete = false // epoch seconds, or a date by itself
			continue
		}
		list = append(list, at.UnixMilli())
	}
	var out []string
	between := func(a, b int64) int64 { return a + (b-a)/2 }
	for _, ms := range around(list, between, func(n int64, steps int) int64 { return n + int64(steps)*1000 }) {
		out = append(out, time.UnixMilli(ms).UTC().Format(time.RFC3339Nano))
	}
	return out, complete
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

func bools([]value) ([]string, bool) { return []string{"true", "false"}, true }

// addresses are those where a range begins or ends, inside and outside: between two such places nothing changes.
func addresses(values []value) ([]string, bool) {
	out := []string{"203.0.113.254", "2001:db8::fffe"}
	complete := true
	for _, v := range values {
		prefix, err := netip.ParsePrefix(v.text)
		if err != nil {
			at, err := netip.ParseAddr(v.text)
			if err != nil {
				complete = false
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
	return out, complete
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
	{"kms:encryptioncontextkeys", "kms:encryptioncontext:"},
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
