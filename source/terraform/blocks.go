package terraform

import (
	"slices"

	tfjson "github.com/hashicorp/terraform-json"
)

// Blocks of a resource stand beside those of the configuration that they are made of. A dynamic block makes any number of
// blocks and is not in the configuration of a plan: what it makes has no counterpart.

// ordered finds the counterparts of blocks whose order counts: those that they have in every way to find one for
// each block of the configuration without changing the order.
func ordered(values []value, config []map[string]*tfjson.Expression) []block {
	out := make([]block, len(values))
	for i, v := range values {
		out[i].value = v
	}
	first := earliest(values, config)
	backValues, backConfig := slices.Clone(values), slices.Clone(config)
	slices.Reverse(backValues)
	slices.Reverse(backConfig)
	last := earliest(backValues, backConfig)
	if first == nil || last == nil {
		return out
	}
	for i := range config {
		if at := len(values) - 1 - last[len(config)-1-i]; at == first[i] {
			out[at].e = config[i]
		}
	}
	return out
}

// earliest finds the first value that fits for each block of the configuration, in order; nil when there is none for one.
func earliest(values []value, config []map[string]*tfjson.Expression) []int {
	out := make([]int, 0, len(config))
	at := 0
	for _, e := range config {
		for at < len(values) && !fits(values[at], e) {
			at++
		}
		if at == len(values) {
			return nil
		}
		out = append(out, at)
		at++
	}
	return out
}

// matched finds the counterparts of blocks whose order does not count: where each can only be the other's.
func matched(values []value, config []map[string]*tfjson.Expression) []block {
	out := make([]block, len(values))
	for i, v := range values {
		out[i].value = v
		var found []map[string]*tfjson.Expression
		for _, e := range config {
			if fits(v, e) {
				found = append(found, e)
			}
		}
		if len(found) != 1 {
			continue
		}
		rivals := 0
		for _, other := range values {
			if fits(other, found[0]) {
				rivals++
			}
		}
		if rivals == 1 {
			out[i].e = found[0]
		}
	}
	return out
}

// fits reports whether a block can be made of one of the configuration: what is constant there is the same here.
func fits(v value, e map[string]*tfjson.Expression) bool {
	for name, expression := range e {
		if expression == nil || expression.ExpressionData == nil || len(expression.References) > 0 {
			continue
		}
		if len(expression.NestedBlocks) > 0 {
			if len(v.get(name).list()) < len(expression.NestedBlocks) && v.get(name).kind != laterValue {
				return false
			}
			continue
		}
		if !constant(v.get(name), expression.ConstantValue) {
			return false
		}
	}
	return true
}

// constant reports whether a value can be that of a constant. What is computed of constants by functions is not in the
// configuration of a plan: it can be anything.
func constant(v value, want any) bool {
	switch want := want.(type) {
	case string:
		return v.kind == textValue && v.text == want
	case []any:
		if v.kind != listValue {
			return v.kind == noValue && len(want) == 0
		}
		for _, item := range want {
			text, ok := item.(string)
			if ok && !slices.ContainsFunc(v.items, func(i value) bool { return i.text == text }) {
				return false
			}
		}
		return true
	default:
		return true
	}
}
