package diff

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// isPair reports whether a condition key, folded, is about the encryption context.
func isPair(key string) bool {
	return key == policy.FoldKey(contextKeys) || strings.HasPrefix(key, policy.FoldKey(contextPrefix))
}

// maxContexts bounds the encryption contexts that are tried.
const maxContexts = 1 << 10

// contexts are encryption contexts made of the names and values that literals mention, of names of the same letters only
// one at a time. Their number is bounded: that none of them meets all literals proves nothing.
func contexts(about []literal) []evaluator.Context {
	names, values := mentionedPairs(about)
	out := []evaluator.Context{{}}
	for _, folded := range slices.Sorted(maps.Keys(names)) {
		var more []evaluator.Context
		for _, c := range out {
			for _, name := range names[folded] {
				for _, value := range values[folded] {
					if len(out)+len(more) >= maxContexts {
						break
					}
					more = append(more, withPair(c, name, value))
				}
			}
		}
		out = append(out, more...)
	}
	return out
}

// mentionedPairs are the names of pairs by name in lower case, as they are spelt, and the values that tell the conditions
// on each apart.
func mentionedPairs(about []literal) (names, values map[string][]string) {
	names, values = map[string][]string{}, map[string][]string{}
	conditions := map[string][]evaluator.Condition{}
	addName := func(name string) {
		if folded := policy.FoldKey(name); name != "" && !slices.Contains(names[folded], name) {
			names[folded] = append(names[folded], name)
		}
	}
	addName(another)
	for _, l := range about {
		for _, c := range l.clause {
			if name, ok := strings.CutPrefix(policy.FoldKey(c.Key), policy.FoldKey(contextPrefix)); ok {
				addName(c.Key[len(contextPrefix):])
				conditions[name] = append(conditions[name], c)
				continue
			}
			for _, v := range c.Values {
				addName(instance(v, ""))
				addName(instance(v, "x"))
			}
		}
	}
	for folded, spelt := range names {
		if upper := strings.ToUpper(folded); folded != another && !slices.Contains(spelt, upper) {
			names[folded] = append(spelt, upper) // another name, and the same condition key
		}
		values[folded] = elementsOf(conditions[folded])
	}
	return names, values
}

func withPair(c evaluator.Context, name, value string) evaluator.Context {
	out := evaluator.Context{contextPrefix + name: {value}}
	maps.Copy(out, c)
	return out
}

// pairsFound reports whether an encryption context was found that meets all literals about it.
func (t *tester) pairsFound(ctx context.Context, action *policy.Action, about []literal) (bool, error) {
	candidate, err := t.standIn(ctx, action, contextKeys)
	if err != nil || candidate == nil {
		return false, err
	}
	for _, c := range contexts(about) {
		ok, err := t.allMeet(ctx, candidate, about, c)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
