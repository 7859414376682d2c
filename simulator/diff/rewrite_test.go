package diff_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/diff"
)

// TestAnotherSpellingIsNoDifference writes a world in another way that means the same, and asks for no difference: the
// order of statements, of values and of keys; a text or a list; an account by its id or its root ARN; the case of
// condition keys and of actions; statements split by action, principal or value of a condition, or with another Sid;
// wildcards written out.
func TestAnotherSpellingIsNoDifference(t *testing.T) {
	rewritten := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := drawer{rt}
		before := d.world()
		after := clone(before)
		documents(after, func(holder object, name string) { holder[name] = d.rewritten(holder[name].(object)) })
		if write(before) != write(after) {
			rewritten++
		}
		r, err := diff.CompareAll(t.Context(), load(t, "old.yaml", write(before)), load(t, "new.yaml", write(after)))
		require.NoError(t, err)
		if r.Verdict != diff.Same {
			rt.Fatalf("%v\n%s\n%s", summary(r), write(before), write(after))
		}
	})
	require.NotZero(t, rewritten)
}

func (d drawer) rewritten(doc object) object {
	var statements []any
	for _, st := range doc["Statement"].([]any) {
		for _, part := range d.split(clone(st.(object))) {
			part["Sid"] = fmt.Sprintf("S%d", len(statements)) // each once
			statements = append(statements, d.respelt(part))
		}
	}
	return object{"Version": doc["Version"], "Statement": rapid.Permutation(statements).Draw(d.T, "order")}
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

// split makes several statements of one, in one of the ways that mean the same.
func (d drawer) split(st object) []object {
	by := func(set func(object, any), values []any) (out []object) {
		for _, v := range values {
			part := clone(st)
			set(part, v)
			out = append(out, part)
		}
		return out
	}
	switch rapid.IntRange(0, 4).Draw(d.T, "split") {
	case 0:
		if st["Action"] != nil {
			return by(func(o object, v any) { o["Action"] = v }, list(st["Action"]))
		}
	case 1:
		if p, ok := st["Principal"].(object); ok {
			return by(func(o object, v any) { o["Principal"] = object{"AWS": v} }, list(p["AWS"]))
		}
	case 2:
		return d.splitByValue(st, by)
	case 3: // wildcards written out
		if st["Action"] != nil {
			var out []any
			for _, v := range list(st["Action"]) {
				set := (&policy.Strings{Values: []policy.Value{{Text: v.(string)}}}).ActionSet()
				for _, a := range set.Actions() {
					out = append(out, a.Name)
				}
			}
			st["Action"] = out
		}
	default:
	}
	return []object{st}
}

// splitByValue splits at the values of a condition of which one must be met.
func (d drawer) splitByValue(st object, by func(func(object, any), []any) []object) []object {
	condition, _ := st["Condition"].(object)
	for _, operator := range slices.Sorted(maps.Keys(condition)) {
		keys := condition[operator].(object)
		if strings.Contains(operator, "Not") || strings.HasPrefix(operator, "ForAll") || len(keys) != 1 {
			continue
		}
		key := slices.Collect(maps.Keys(keys))[0]
		return by(func(o object, v any) { path(o, "Condition", operator)[key] = v }, list(keys[key]))
	}
	return []object{st}
}

// respelt changes how one statement is written.
func (d drawer) respelt(st object) object {
	for _, name := range []string{"Action", "NotAction"} {
		if st[name] == nil {
			continue
		}
		values := rapid.Permutation(list(st[name])).Draw(d.T, "actions")
		for i, v := range values {
			if d.chance(30, "case") {
				values[i] = strings.ToUpper(v.(string))
			}
		}
		st[name] = values
	}
	if p, ok := st["Principal"].(object); ok {
		values := rapid.Permutation(list(p["AWS"])).Draw(d.T, "principals")
		for i, v := range values {
			account, isRoot := strings.CutSuffix(v.(string), ":root")
			if isRoot && d.chance(50, "id") {
				values[i] = account[len(account)-12:]
			}
		}
		p["AWS"] = values
	}
	if condition, ok := st["Condition"].(object); ok {
		for _, operator := range slices.Sorted(maps.Keys(condition)) {
			keys, changed := condition[operator].(object), object{}
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				spelt := key
				if d.chance(40, "case of a key") {
					spelt = strings.ToUpper(key)
				}
				changed[spelt] = rapid.Permutation(append(list(keys[key]), list(keys[key])[0])).Draw(d.T, "values")
			}
			condition[operator] = changed
		}
	}
	return st
}
