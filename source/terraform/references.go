package terraform

import (
	"maps"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// origin is something that an expression refers to, and that is known after apply.
type origin struct {
	// text is what it is called, for people.
	text string
	// resource is nil for what the plan does not tell about, such as a local value.
	resource *resource
	// attribute is empty for the resource as a whole.
	attribute string
}

// maxReferences bounds how far references are followed, through variables and outputs of modules.
const maxReferences = 10_000

// origins are what an expression refers to that is known after apply, each as often as it is written. Everything
// else that it refers to is known, and so cannot be why its value is not.
func (p *plan) origins(e *tfjson.Expression, r *resource) []origin {
	f := &follower{p: p}
	f.follow(e, r.context(), nil)
	if f.steps > maxReferences {
		return []origin{{text: "more than can be followed"}}
	}
	return f.found
}

func forEachOf(r *resource) *tfjson.Expression {
	if r.config == nil {
		return nil
	}
	return r.config.ForEachExpression
}

// context is where an expression stands.
type context struct {
	scope *scope
	// forEach and key are those of the resource or module call that the expression belongs to.
	forEach *tfjson.Expression
	key     string
	// sameKey is true when the expression refers to the key: it may be used as the key of something else.
	sameKey bool
}

// follower collects what an expression comes from.
type follower struct {
	p     *plan
	steps int
	// known is true when what is known already is wanted as well.
	known bool
	found []origin
}

// follow adds what an expression refers to; rest is the part of its value that is meant.
func (f *follower) follow(e *tfjson.Expression, c context, rest []step) {
	if f.steps++; e == nil || e.ExpressionData == nil || f.steps > maxReferences {
		return
	}
	references := mains(e.References)
	c.sameKey = slices.Contains(references, "each.key") || slices.Contains(references, "count.index")
	for _, text := range references {
		f.reference(text, c, rest)
	}
	for _, block := range e.NestedBlocks {
		for _, name := range slices.Sorted(maps.Keys(block)) {
			f.follow(block[name], c, nil)
		}
	}
}

// mains returns the references without those that only shorten the one before: a plan lists a.b.c and then a.b.
func mains(references []string) []string {
	var out []string
	last := ""
	for _, text := range references {
		if rest, shortens := strings.CutPrefix(last, text); shortens && rest != "" && (rest[0] == '.' || rest[0] == '[') {
			continue
		}
		last = text
		out = append(out, text)
	}
	return out
}

// reference adds what one reference comes from
// (https://developer.hashicorp.com/terraform/language/expressions/references).
func (f *follower) reference(text string, c context, rest []step) {
	steps := splitAddress(text)
	if len(steps) == 0 {
		return
	}
	if !isScalar(steps) { // a part of a text is no part of it but of what it was put into
		steps = append(steps, rest...)
	}
	switch steps[0].name {
	case "count", "path", "terraform":
		return // always known
	case "each":
		if len(steps) > 1 && steps[1].name == "value" {
			f.eachValue(c, steps[2:])
		}
	case "var":
		f.variable(steps, c)
	case "module":
		f.output(text, steps, c)
	case "data":
		f.resource(text, "data.", steps[1:], c)
	case "local", "self", "ephemeral":
		f.opaque(text)
	default:
		f.resource(text, "", steps, c)
	}
}

// isScalar reports whether a reference is to an attribute that is a text.
func isScalar(steps []step) bool {
	if steps[0].name == "data" {
		steps = steps[1:]
	}
	return len(steps) == 3 && strings.HasPrefix(steps[0].name, "aws_") && steps[2].key == "" &&
		slices.Contains([]string{"arn", "id", "name", "key_id", "json", "minified_json", "policy", "unique_id"}, steps[2].name)
}

// eachValue adds what each.value comes from. That of for_each = aws_iam_role.app is the instance with the same key.
func (f *follower) eachValue(c context, rest []step) {
	inner := context{scope: c.scope}
	if c.forEach != nil && c.forEach.ExpressionData != nil {
		if references := mains(c.forEach.References); len(references) == 1 {
			a, ok := parseAddress(references[0])
			if ok && len(a.modules) == 0 && a.name.key == "" && f.p.hasKey(within(c.scope.address, a.resource()), c.key) {
				f.reference(references[0]+c.key, inner, rest)
				return
			}
		}
	}
	f.follow(c.forEach, inner, rest)
}

// hasKey reports whether a resource has an instance with a key.
func (p *plan) hasKey(address, key string) bool {
	return key != "" && slices.ContainsFunc(p.instances[address], func(r *resource) bool { return r.name.key == key })
}

// opaque adds something that the plan does not tell about.
func (f *follower) opaque(text string) { f.found = append(f.found, origin{text: text}) }

// variable adds what the value of a variable comes from. Those of the root module are known.
func (f *follower) variable(steps []step, c context) {
	if len(steps) < 2 || c.scope.call == nil || c.scope.parent == nil {
		return
	}
	f.follow(c.scope.call.Expressions[steps[1].name],
		context{scope: c.scope.parent, forEach: c.scope.call.ForEachExpression, key: c.scope.key}, steps[2:])
}

// output adds what an output of a module comes from.
func (f *follower) output(text string, steps []step, c context) {
	if len(steps) < 3 {
		f.opaque(text)
		return
	}
	called := f.p.called(c, steps[1])
	if called == nil || called.module == nil {
		f.opaque(text)
		return
	}
	output := called.module.Outputs[steps[2].name]
	if output == nil {
		f.opaque(text)
		return
	}
	f.follow(output.Expression, context{scope: called}, steps[3:])
}

// called is the module instance that a reference means, nil when the plan does not tell.
func (p *plan) called(c context, name step) *scope {
	if name.key != "" {
		return p.child(c.scope, name)
	}
	switch instances := c.scope.children[name.name]; {
	case len(instances) == 1:
		return instances[0]
	case len(instances) == 0:
		return p.child(c.scope, name)
	case c.sameKey && c.key != "":
		at := slices.IndexFunc(instances, func(s *scope) bool { return s.key == c.key })
		if at >= 0 {
			return instances[at]
		}
	}
	return nil
}

// resource adds the instances of a resource that a reference means, with what of them is meant.
func (f *follower) resource(text, prefix string, steps []step, c context) {
	if len(steps) < 2 {
		f.opaque(text)
		return
	}
	inModule := prefix + steps[0].name + "." + steps[1].name
	instances := f.p.instances[within(c.scope.address, inModule)]
	if len(instances) == 0 && !c.scope.mayHaveNone(inModule) {
		f.opaque(text)
		return
	}
	var names []string
	for _, s := range steps[2:] {
		names = append(names, s.String())
	}
	attribute := strings.Join(names, ".")
	key := steps[1].key
	if key == "" && attribute == "" && c.sameKey && len(instances) > 1 {
		key = c.key // aws_kms_key.x[each.key].arn is listed as aws_kms_key.x and each.key
	}
	for _, r := range instances {
		if key != "" && r.name.key != key {
			continue
		}
		if f.steps++; !f.known && !r.isLater(attribute) {
			continue
		}
		f.found = append(f.found, origin{text: strings.TrimSuffix(r.id+"."+attribute, "."), resource: r, attribute: attribute})
	}
}

// isLater reports whether an attribute of the resource, or the resource as a whole, is not known yet.
func (r *resource) isLater(attribute string) bool {
	name, _, _ := strings.Cut(attribute, ".")
	name, _, _ = strings.Cut(name, "[")
	if name == "" {
		return r.values().hasLater()
	}
	return r.get(name).hasLater()
}
