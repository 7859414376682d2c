package evaluator

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// pattern is a text to match in the form that [witnesses] walks: what a value of a condition compares with, after the
// known policy variables were replaced.
type pattern []symbol

// symbol is a part of a pattern.
type symbol struct {
	char rune // or wildcard
	run  bool // "*" rather than "?"
	// within says that the wildcard does not match a colon: it is in one of the first parts of an ARN.
	within bool
	fold   bool // the case of char does not matter
}

// wildcard is no character.
const wildcard rune = -1

func (s symbol) matches(r rune) bool {
	switch {
	case s.char == wildcard:
		return !s.within || r != ':'
	case s.fold:
		return strings.EqualFold(string(s.char), string(r)) || lower(s.char) == lower(r)
	default:
		return s.char == r
	}
}

func lower(r rune) string { return strings.ToLower(string(r)) }

func literalPattern(text string, fold bool) pattern {
	var p pattern
	for _, r := range text {
		p = append(p, symbol{char: r, fold: fold})
	}
	return p
}

// states is a set of places in a pattern, sorted: those that may come next.
type states []uint16

// start is where matching begins.
func (p pattern) start() states { return p.close(states{0}) }

// close adds the places behind wildcards that may match nothing.
func (p pattern) close(in states) states {
	out := slices.Clone(in)
	for i := 0; i < len(out); i++ {
		at := int(out[i])
		if at < len(p) && p[at].run && !slices.Contains(out, out[i]+1) {
			out = append(out, out[i]+1)
		}
	}
	slices.Sort(out)
	return out
}

// step reads one character.
func (p pattern) step(in states, r rune) states {
	var out states
	for _, at := range in {
		if int(at) >= len(p) || !p[at].matches(r) {
			continue
		}
		next := at + 1
		if p[at].run {
			next = at
		}
		if !slices.Contains(out, next) {
			out = append(out, next)
		}
	}
	return p.close(out)
}

func (p pattern) accepts(in states) bool { return slices.Contains(in, uint16(len(p))) } //nolint:gosec // patterns are short

// maxWalk bounds how many states [witnesses] visits.
const maxWalk = 4096

// witnesses returns a shortest text for each set of patterns that some text matches and no others: texts that show all
// that the patterns can tell apart. With some the empty text is none of them. ok is false when there are too many to tell.
func witnesses(patterns []pattern, some bool) (texts []string, ok bool) {
	type node struct {
		at   []states
		text string
	}
	key := func(at []states) string {
		var b strings.Builder
		for _, s := range at {
			for _, v := range s {
				b.WriteByte(byte(v >> 8)) //nolint:gosec // the upper half
				b.WriteByte(byte(v))      //nolint:gosec // the lower half
			}
			b.WriteString("\xff\xff")
		}
		return b.String()
	}
	first := node{}
	for _, p := range patterns {
		if len(p) >= 0xFF00 {
			return nil, false
		}
		first.at = append(first.at, p.start())
	}
	other := unusedRune(patterns)
	visited, told := map[string]bool{}, map[string]bool{}
	for queue := []node{first}; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		if accepted := acceptance(patterns, n.at); !told[accepted] && (n.text != "" || !some) {
			told[accepted] = true
			texts = append(texts, n.text)
		}
		for _, r := range nextRunes(patterns, n.at, other) {
			next := node{at: make([]states, len(patterns)), text: n.text + string(r)}
			for i, p := range patterns {
				next.at[i] = p.step(n.at[i], r)
			}
			if k := key(next.at); !visited[k] {
				if len(visited) == maxWalk {
					return nil, false
				}
				visited[k] = true
				queue = append(queue, next)
			}
		}
	}
	return texts, true
}

func acceptance(patterns []pattern, at []states) string {
	b := make([]byte, len(patterns))
	for i, p := range patterns {
		if p.accepts(at[i]) {
			b[i] = 1
		}
	}
	return string(b)
}

// nextRunes are the characters that lead to different states: those that some pattern expects next in all cases, and
// one that none does.
func nextRunes(patterns []pattern, at []states, other rune) []rune {
	out := []rune{other}
	add := func(r rune) {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for i, p := range patterns {
		for _, place := range at[i] {
			if int(place) >= len(p) {
				continue
			}
			switch s := p[place]; {
			case s.char == wildcard && s.within:
				add(':')
			case s.char == wildcard:
			case s.fold:
				for _, text := range []string{strings.ToLower(string(s.char)), strings.ToUpper(string(s.char))} {
					for _, r := range text {
						add(r)
					}
				}
				add(s.char)
			default:
				add(s.char)
			}
		}
	}
	return out
}

// unusedRune is a character that no pattern has.
func unusedRune(patterns []pattern) rune {
	used := map[rune]bool{':': true}
	for _, p := range patterns {
		for _, s := range p {
			used[s.char] = true
			for _, r := range strings.ToLower(string(s.char)) + strings.ToUpper(string(s.char)) {
				used[r] = true
			}
		}
	}
	r := 'x'
	for used[r] {
		r++
	}
	return r
}

// patternOf is a pattern of the policy language. values gives the known value of a policy variable; ok is false where
// the pattern matches nothing because a variable has no value, open where a variable is open.
func (q *query) patternOf(p policy.Pattern, fold, arn bool) (out pattern, ok, open bool) {
	colons := 0
	wild := arn && p.HasWildcard() && !allRuns(p)
	for _, seg := range p {
		switch seg.Kind {
		case policy.AnyRun, policy.AnyOne:
			out = append(out, symbol{char: wildcard, run: seg.Kind == policy.AnyRun, within: wild && colons < arnColons})
		case policy.Var:
			text, state := q.variable(seg.Variable)
			switch state {
			case isFalse:
				return nil, false, false
			case isOpen:
				return nil, true, true
			case isTrue:
			}
			out = append(out, literalPattern(text, fold)...)
		default:
			colons += strings.Count(seg.Literal, ":")
			out = append(out, literalPattern(seg.Literal, fold)...)
		}
	}
	return out, !wild || colons >= arnColons, false
}

// arnColons is the number of colons before the last part of an ARN.
const arnColons = 5

func allRuns(p policy.Pattern) bool {
	return !slices.ContainsFunc(p, func(s policy.Segment) bool { return s.Kind != policy.AnyRun })
}

// variable returns the value of a policy variable: isTrue when it is known, isOpen when it is open, isFalse when it has
// none that could be compared.
func (q *query) variable(v policy.Variable) (string, truth) {
	known, _ := policy.LookupConditionKey(v.Key)
	switch value := q.look(&mentionedKey{folded: v.Key, known: known}); {
	case value.state == valueOpen:
		return "", isOpen
	case value.state == valueText:
		return value.text, isTrue
	case value.state == valueMissing && v.HasDefault:
		return v.Default, isTrue
	default:
		return "", isFalse
	}
}
