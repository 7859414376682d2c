package terraform

import (
	"maps"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// after lists the addresses of all that Terraform makes before a resource, because it depends on them, directly or not; nil
// when the plan does not tell: it has no configuration, or the way leads through a local value.
func (p *plan) after(r *resource) []string {
	if r.config == nil {
		return nil
	}
	seen := map[*resource]bool{r: true}
	queue := []*resource{r}
	for len(queue) > 0 {
		direct, ok := p.dependencies(queue[0])
		if !ok {
			return nil
		}
		queue = queue[1:]
		for _, d := range direct {
			if !seen[d] {
				seen[d] = true
				queue = append(queue, d)
			}
		}
	}
	out := make([]string, 0, len(seen))
	for d := range seen {
		if d != r {
			out = append(out, d.id)
		}
	}
	slices.Sort(out)
	return out
}

// dependencies are the resources that one depends on directly; ok is false when the plan does not tell all of them.
func (p *plan) dependencies(r *resource) (found []*resource, ok bool) {
	if r.dependsKnown {
		return r.depends, r.dependsOK
	}
	r.dependsKnown, r.dependsOK = true, false
	if r.config == nil || r.hasDynamic() {
		return nil, false
	}
	f := &follower{p: p, known: true}
	c := context{scope: r.scope, forEach: r.config.ForEachExpression, key: r.name.key}
	for _, name := range slices.Sorted(maps.Keys(r.config.Expressions)) {
		f.follow(r.config.Expressions[name], c, nil)
	}
	for _, e := range []*tfjson.Expression{r.config.ForEachExpression, r.config.CountExpression} {
		f.follow(e, c, nil)
	}
	for _, text := range r.config.DependsOn {
		f.dependsOn(text, c)
	}
	for s := r.scope; s.call != nil; s = s.parent {
		for _, text := range s.call.DependsOn {
			f.dependsOn(text, context{scope: s.parent})
		}
	}
	if f.steps > maxReferences {
		return nil, false
	}
	for _, o := range f.found {
		if o.resource == nil {
			return nil, false
		}
		r.depends = append(r.depends, o.resource)
	}
	r.dependsOK = true
	return r.depends, true
}

// hasDynamic reports whether a policy document has statements that dynamic blocks make: what they refer to is not in
// the plan.
func (r *resource) hasDynamic() bool {
	return r.typ == typeDocument && len(r.get("statement").list()) != len(blocks(r.expression("statement")))
}

// dependsOn adds what a depends_on names: a resource, or a module with everything in it.
func (f *follower) dependsOn(text string, c context) {
	if !strings.HasPrefix(text, "module.") {
		f.reference(text, c, nil)
		return
	}
	prefix := within(c.scope.address, text)
	for _, r := range f.p.order {
		if rest, ok := strings.CutPrefix(r.module(), prefix); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			f.found = append(f.found, origin{text: r.id, resource: r})
		}
	}
}
