package terraform

import (
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/tidwall/gjson"
)

// What the provider may fill in is known after apply in a plan when the configuration does not give it, or gives null. So is
// what the configuration computes of something that is unknown, by a function such as uuid() for example, of which a plan
// holds nothing at all. Only what is null for certain counts as not given.

// explicitNull stands for the constant null in a configuration, which [tfjson.Expression] does not tell from an expression
// without references, such as uuid().
var explicitNull any = new(struct{ null bool })

// markNulls notes which expressions of a module are the constant null.
func markNulls(raw gjson.Result, m *tfjson.ConfigModule) {
	if m == nil {
		return
	}
	for i, r := range raw.Get("resources").Array() {
		if i < len(m.Resources) && m.Resources[i] != nil {
			markNullsIn(r.Get("expressions"), m.Resources[i].Expressions)
		}
	}
	raw.Get("module_calls").ForEach(func(name, call gjson.Result) bool {
		if c := m.ModuleCalls[textOf(name)]; c != nil {
			markNullsIn(call.Get("expressions"), c.Expressions)
			markNulls(call.Get("module"), c.Module)
		}
		return true
	})
}

// markNullsIn notes which expressions are the constant null.
func markNullsIn(raw gjson.Result, expressions map[string]*tfjson.Expression) {
	raw.ForEach(func(name, part gjson.Result) bool {
		e := expressions[textOf(name)]
		if e == nil || e.ExpressionData == nil {
			return true
		}
		if part.IsArray() {
			for i, block := range part.Array() {
				if i < len(e.NestedBlocks) {
					markNullsIn(block, e.NestedBlocks[i])
				}
			}
			return true
		}
		if constant := part.Get("constant_value"); constant.Exists() && constant.Type == gjson.Null {
			e.ConstantValue = explicitNull
		}
		return true
	})
}

// isSet reports whether the configuration gives the argument a value; what it does not, the provider may fill in. A
// resource without a configuration, as in a state, gives none.
func (r *resource) isSet(name string) bool {
	e := r.expression(name)
	return e != nil && !r.p.isNull(e, r.context())
}

// isUnset reports whether an argument that is known after apply is so only because the configuration does not give it.
func (r *resource) isUnset(name string) bool { return r.config != nil && !r.isSet(name) }

// context is where the expressions of the resource stand.
func (r *resource) context() context {
	return context{scope: r.scope, forEach: forEachOf(r), key: r.name.key}
}

// isNull reports whether an expression is null for certain: the constant, or all that it refers to are input variables
// whose values in the plan are null.
func (p *plan) isNull(e *tfjson.Expression, c context) bool {
	if e == nil || e.ExpressionData == nil {
		return true
	}
	if e.ConstantValue == explicitNull {
		return true
	}
	references := mains(e.References)
	for _, text := range references {
		if v, ok := p.input(text, c, 0); !ok || v != nil {
			return false
		}
	}
	return len(references) > 0
}

// maxModules bounds how deep modules are in each other.
const maxModules = 100

// input returns what an input variable is, or a part of it; ok is false for other references, and for what is computed
// on the way.
func (p *plan) input(text string, c context, depth int) (v any, ok bool) {
	steps := splitAddress(text)
	if len(steps) < 2 || depth > maxModules {
		return nil, false
	}
	switch {
	case steps[0].name == "var":
		v, ok = p.variable(steps[1].name, c, depth)
		if steps[1].key != "" {
			return nil, false
		}
	case steps[0].name == "each" && steps[1].String() == "value":
		if v, ok = p.evaluate(c.forEach, context{scope: c.scope}, depth); ok {
			v, ok = element(v, strings.Trim(c.key, `[]"`))
		}
	default:
		return nil, false
	}
	for _, s := range steps[2:] {
		if !ok || s.key != "" {
			return nil, false
		}
		v, ok = member(v, s.name)
	}
	return v, ok
}

// member is an attribute of an object; one that the object does not have is null.
func member(v any, name string) (any, bool) {
	object, ok := v.(map[string]any)
	return object[name], ok
}

// element is an element of a map.
func element(v any, key string) (any, bool) {
	object, _ := v.(map[string]any)
	found, ok := object[key]
	return found, ok
}

// variable returns the value of an input variable of a module.
func (p *plan) variable(name string, c context, depth int) (v any, ok bool) {
	if c.scope.parent == nil {
		value := p.variables[name].Get("value")
		return value.Value(), value.Exists()
	}
	if c.scope.call == nil {
		return nil, false
	}
	if e := c.scope.call.Expressions[name]; e != nil && e.ExpressionData != nil {
		return p.evaluate(e, context{scope: c.scope.parent, forEach: c.scope.call.ForEachExpression, key: c.scope.key}, depth+1)
	}
	if c.scope.module == nil || c.scope.module.Variables[name] == nil {
		return nil, false
	}
	return c.scope.module.Variables[name].Default, true
}

// evaluate returns the value of an expression that is a constant or one input variable.
func (p *plan) evaluate(e *tfjson.Expression, c context, depth int) (v any, ok bool) {
	if e == nil || e.ExpressionData == nil || len(e.NestedBlocks) > 0 {
		return nil, false
	}
	if e.ConstantValue == explicitNull {
		return nil, true
	}
	references := mains(e.References)
	if len(references) == 1 {
		return p.input(references[0], c, depth)
	}
	return e.ConstantValue, len(references) == 0 && e.ConstantValue != nil
}

// computedNull says in words that the configuration gives an argument something that is read as null, because of what it
// refers to; nothing when it refers to one thing, which it is then.
func (r *resource) computedNull(name, what string) []string {
	e := r.expression(name)
	if e == nil || r.get(name).kind != laterValue {
		return nil
	}
	references := mains(e.References)
	if len(references) < 2 {
		return nil
	}
	slices.Sort(references)
	return []string{howComputed + what + " is computed is not in the plan: it is read as null, as " +
		strings.Join(slices.Compact(references), ", ") + " are"}
}
