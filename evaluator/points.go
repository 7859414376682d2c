package evaluator

import (
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// valueKind is what a comparison takes the value of a condition key for.
type valueKind uint8

const (
	noKind valueKind = iota // only whether there is a value
	textKind
	numberKind
	dateKind
	addressKind
)

func kindOf(c policy.Comparison) valueKind {
	switch c.Positive() {
	case policy.Null:
		return noKind
	case policy.NumericEquals, policy.NumericLessThan, policy.NumericLessThanEquals,
		policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
		return numberKind
	case policy.DateEquals, policy.DateLessThan, policy.DateLessThanEquals,
		policy.DateGreaterThan, policy.DateGreaterThanEquals:
		return dateKind
	case policy.IPAddress:
		return addressKind
	default:
		return textKind
	}
}

// point is one choice of the values of some open condition keys.
type point struct {
	values []contextValue
	pairs  map[string]string // of the encryption context
}

const (
	// maxPoints bounds the choices that are tried for keys that belong together.
	maxPoints = 1024
	// maxSetValues bounds the values of which the sets are tried for a multivalued key.
	maxSetValues = 9
	// nothingReadable is a value that is no number, date, address or Boolean.
	nothingReadable = "x"
)

// comparison is a condition on one open key, with the known policy variables replaced.
type comparison struct {
	kind     valueKind
	patterns []pattern // textKind
	values   []string  // others
}

// comparisonOf reads a condition. open is true when a policy variable is open.
func (q *query) comparisonOf(c *policy.Condition, v policy.Version) (out comparison, open bool) {
	out.kind = kindOf(c.Operator.Comparison)
	if out.kind == noKind {
		return out, false
	}
	if out.kind == textKind && c.Operator.Quantifier != policy.NoQuantifier {
		out.patterns = []pattern{{}} // an empty string alone is no value for a set operator
	}
	for _, value := range c.Values {
		if out.kind != textKind {
			out.values = append(out.values, value.Text)
			continue
		}
		p, ok, open := q.valuePattern(c.Operator.Comparison.Positive(), value.Text, v)
		if open {
			return out, true
		}
		if ok {
			out.patterns = append(out.patterns, p)
		}
	}
	return out, false
}

// valuePattern is what one value of a condition on text matches.
func (q *query) valuePattern(cmp policy.Comparison, text string, v policy.Version) (p pattern, ok, open bool) {
	switch cmp {
	case policy.StringLike:
		return q.patternOf(policy.ParsePattern(text, v), false, false)
	case policy.ArnEquals, policy.ArnLike:
		return q.patternOf(policy.ParsePattern(text, v), false, true)
	case policy.StringEqualsIgnoreCase:
		return q.patternOf(policy.ParseText(text, v), true, false)
	case policy.BinaryEquals:
		return literalPattern(text, false), true, false
	case policy.Bool:
		p, ok, open = q.patternOf(policy.ParseText(text, v), false, false)
		for i := range p {
			p[i].char = []rune(lower(p[i].char))[0]
		}
		return p, ok, open
	default:
		return q.patternOf(policy.ParseText(text, v), false, false)
	}
}

// valuesToTry returns values of one key that show all that the comparisons, which are of one kind, can tell apart.
func (o *opening) valuesToTry(key *mentionedKey, kind valueKind, of []comparison) ([]string, bool) {
	var (
		texts []string
		ok    = true
	)
	switch {
	case kind == numberKind:
		texts = numbersToTry(of)
	case kind == dateKind:
		texts = datesToTry(key.folded, of)
	case kind == addressKind:
		texts = addressesToTry(of)
	case key.known != nil && key.known.Type == policy.KeyTypeBool: // which AWS gives no other values
		texts = []string{"false", "true"}
	default:
		var patterns []pattern
		for _, c := range of {
			patterns = append(patterns, c.patterns...)
		}
		texts, ok = o.find(patterns, false)
	}
	for i, text := range texts {
		texts[i] = normal(key.known, key.folded, text)
	}
	slices.Sort(texts)
	return slices.Compact(texts), ok
}

// pointsOf returns the choices of one key: missing, one value, or several where the key can have them.
func pointsOf(key *mentionedKey, texts []string) ([]point, bool) {
	points := []point{{}}
	choose := func(value ast.Value) {
		points = append(points, point{values: []contextValue{{key.term, ast.NewTerm(value)}}})
	}
	known := key.known != nil
	if !known || !key.known.Multivalued {
		for _, text := range texts {
			choose(ast.String(text))
		}
	}
	if known && !key.known.Multivalued {
		return points, true
	}
	if len(texts) > maxSetValues {
		return nil, false
	}
	for set := 1; set < 1<<len(texts); set++ {
		var list []*ast.Term
		for i, text := range texts {
			if set&(1<<i) != 0 {
				list = append(list, ast.StringTerm(text))
			}
		}
		if len(list) == 1 && !known { // two equal ones are told apart from one alone
			list = append(list, list[0])
		}
		choose(ast.NewArray(list...))
	}
	return points, true
}

// numbersToTry are the numbers of the comparisons, one between each two of them, and one on either side.
func numbersToTry(of []comparison) []string {
	var bounds []*big.Rat
	for _, c := range of {
		for _, text := range c.values {
			if n, ok := rego.ParseNumber(text); ok {
				bounds = append(bounds, n)
			}
		}
	}
	slices.SortFunc(bounds, (*big.Rat).Cmp)
	out := []string{nothingReadable, ""}
	add := func(n *big.Rat) {
		digits, _ := n.FloatPrec()
		out = append(out, n.FloatString(digits))
	}
	for i, n := range bounds {
		if i == 0 {
			add(new(big.Rat).Sub(n, big.NewRat(1, 1)))
		} else {
			add(new(big.Rat).Mul(new(big.Rat).Add(n, bounds[i-1]), big.NewRat(1, 2)))
		}
		add(n)
		if i == len(bounds)-1 {
			add(new(big.Rat).Add(n, big.NewRat(1, 1)))
		}
	}
	return out
}

// datesToTry are the dates of the comparisons and those just before and after each.
func datesToTry(folded string, of []comparison) []string {
	out := []string{nothingReadable, ""}
	for _, c := range of {
		for _, text := range c.values {
			t, ok := rego.ParseDate(text)
			if !ok {
				continue
			}
			for _, at := range []time.Time{t.Add(-time.Nanosecond), t, t.Add(time.Nanosecond)} {
				out = append(out, dateText(folded, at))
			}
		}
	}
	return out
}

// dateText writes a date as requests have it: in seconds, or in RFC 3339.
func dateText(folded string, t time.Time) string {
	if folded != "aws:epochtime" {
		return t.Format(time.RFC3339Nano)
	}
	seconds := new(big.Rat).SetFrac(
		new(big.Int).Add(new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(int64(time.Second))), big.NewInt(int64(t.Nanosecond()))),
		big.NewInt(int64(time.Second)),
	)
	digits, _ := seconds.FloatPrec()
	return seconds.FloatString(digits)
}

// addressesToTry are the first address of each network and the first one after it.
func addressesToTry(of []comparison) []string {
	out := []string{nothingReadable, "", "0.0.0.0", "::"}
	for _, c := range of {
		for _, text := range c.values {
			prefix, err := netip.ParsePrefix(text)
			if err != nil {
				addr, err := netip.ParseAddr(text)
				if err != nil {
					continue
				}
				prefix = netip.PrefixFrom(addr, addr.BitLen())
			}
			out = append(out, prefix.Masked().Addr().String())
			if next := lastOf(prefix).Next(); next.IsValid() {
				out = append(out, next.String())
			}
		}
	}
	return out
}

// lastOf is the last address of a network.
func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Masked().Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// encryptionContextToTry returns choices of the encryption context that show all that the conditions on it can tell apart.
// names are patterns of the names of pairs, and values those of the values by name in lower case.
func (o *opening) encryptionContextToTry(names []pattern, values map[string][]pattern) ([]point, bool) {
	known := o.q.encryptionContext()
	for folded := range values {
		names = append(names, literalPattern(folded, true))
	}
	for _, named := range o.named {
		if name, ok := strings.CutPrefix(named, encryptionContextPrefix); ok {
			names = append(names, literalPattern(name, true))
		}
	}
	texts, ok := o.find(names, true)
	if !ok {
		return nil, false
	}
	spellings := map[string][]string{} // by name in lower case
	for _, text := range texts {
		folded := policy.FoldKey(text)
		if o.isOpen(encryptionContextPrefix+folded, encryptionContextOf(folded)) {
			spellings[folded] = append(spellings[folded], text)
		}
	}
	points := []map[string]string{known}
	for _, folded := range slices.Sorted(maps.Keys(spellings)) {
		texts, ok := o.find(values[folded], false)
		if !ok {
			return nil, false
		}
		var more []map[string]string
		for _, p := range points {
			for _, name := range spellings[folded] {
				for _, text := range texts {
					more = append(more, withPair(p, name, text))
				}
			}
		}
		if points = append(points, more...); len(points) > maxPoints {
			return nil, false
		}
	}
	out := make([]point, len(points))
	for i, pairs := range points {
		out[i] = point{pairs: pairs, values: o.pairValues(pairs)}
	}
	return out, true
}

func encryptionContextOf(name string) *policy.ConditionKey {
	known, _ := policy.LookupConditionKey(encryptionContextPrefix + name)
	return known
}

func withPair(pairs map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	maps.Copy(out, pairs)
	return out
}

// pairValues are the open condition keys of an encryption context.
func (o *opening) pairValues(pairs map[string]string) []contextValue {
	if len(pairs) == 0 {
		return nil
	}
	var (
		out   []contextValue
		names []*ast.Term
	)
	for name, value := range pairs {
		out = append(out, contextValue{ast.StringTerm(encryptionContextPrefix + strings.ToLower(name)), ast.StringTerm(value)})
		names = append(names, ast.StringTerm(name))
	}
	if known, _ := policy.LookupConditionKey(foldedEncryptionContextKey); !o.isOpen(foldedEncryptionContextKey, known) {
		return out
	}
	slices.SortFunc(names, func(a, b *ast.Term) int { return a.Value.Compare(b.Value) })
	return append(out, contextValue{ast.StringTerm(foldedEncryptionContextKey), ast.NewTerm(ast.NewArray(names...))})
}
