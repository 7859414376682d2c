package cloudformation

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// reference is one use of a resource by another.
type reference struct {
	to  *resource
	pos policy.Position
}

// checkReferences looks at every reference in resources and outputs, those of resources that
// decide nothing here too: names must exist, and resources must not depend on each other in a
// circle, which CloudFormation refuses.
func (t *template) checkReferences() {
	for _, r := range t.order {
		if r.exists == no {
			continue
		}
		r.uses = t.references(r.properties)
		for _, d := range r.dependsOn {
			switch to := t.resources[d.text]; {
			case to != nil && to.exists != no:
				r.uses = append(r.uses, reference{to, d.pos})
			case to == nil && !t.macro:
				t.fail(d.pos, "unknown-reference", "the template has no resource %s%s", quote(d.text), didYouMean(d.text, t.names()))
			}
		}
	}
	t.checkOutputs()
	for _, r := range t.order {
		t.findCycle(r, nil)
	}
}

// checkOutputs checks the references of the Outputs section.
func (t *template) checkOutputs() {
	section := t.section("Outputs")
	if section == nil {
		return
	}
	for _, e := range section.entries {
		if c := e.value.get("Condition"); c != nil && c.kind == scalarNode && t.condition(c.text, c.pos) == no {
			continue
		}
		t.references(e.value.get("Value"))
		t.references(e.value.get("Export"))
	}
}

// findCycle follows the references of r; path is how the search came here.
func (t *template) findCycle(r *resource, path []*resource) {
	if r.searched {
		return
	}
	r.searching = true
	path = append(path, r)
	for _, use := range r.uses {
		if !use.to.searching {
			t.findCycle(use.to, path)
			continue
		}
		names := make([]string, 0, len(path)+1)
		for _, p := range path[slices.Index(path, use.to):] {
			names = append(names, p.id)
		}
		names = append(names, use.to.id)
		t.failSee(use.pos, use.to.pos, "cyclic-reference", "these resources depend on each other in a circle: %s", strings.Join(names, " → "))
	}
	r.searching, r.searched = false, true
}

// references finds the resources that a node uses and reports names that mean nothing. Of an
// Fn::If only the branch that is taken counts.
func (t *template) references(n *node) []reference {
	f := &finder{t: t, seen: map[*node]bool{}}
	f.walk(n)
	return f.found
}

// finder collects references; a node that stands in several places is looked at once.
type finder struct {
	t     *template
	seen  map[*node]bool
	found []reference
}

// use records a reference by name.
func (f *finder) use(name string, pos policy.Position) {
	if slices.Contains(pseudoParameters, name) || f.t.parameters[name] != nil {
		return
	}
	f.t.quiet++ // a macro's resource is worth a warning only where its value decides something
	if r := f.t.resource(name, pos); r != nil {
		f.found = append(f.found, reference{r, pos})
	}
	f.t.quiet--
}

func (f *finder) walk(n *node) {
	if n == nil || f.seen[n] {
		return
	}
	f.seen[n] = true
	name, arg := function(n)
	switch {
	case name == "Ref":
		if arg.kind == scalarNode {
			f.use(arg.text, n.pos)
		}
		return
	case name == "Fn::GetAtt":
		f.getAtt(n, arg)
	case name == "Fn::Sub":
		f.sub(arg)
	case name == "Fn::If" && arg.kind == listNode && len(arg.items) == 3:
		f.branch(arg)
		return
	case strings.HasPrefix(name, "Fn::ForEach"):
		return // its names are its own
	}
	for _, item := range n.items {
		f.walk(item)
	}
	for _, e := range n.entries {
		f.walk(e.value)
	}
}

// getAtt records what Fn::GetAtt uses; what is wrong with its form is reported on resolving.
func (f *finder) getAtt(n, arg *node) {
	name := arg.text
	if arg.kind == listNode && len(arg.items) > 0 {
		name = arg.items[0].text
	}
	if name, _, _ = strings.Cut(name, "."); name != "" {
		f.use(name, n.pos)
	}
}

// sub records what the text of Fn::Sub uses.
func (f *finder) sub(arg *node) {
	text, variables := arg, (*node)(nil)
	if arg.kind == listNode && len(arg.items) == 2 {
		text, variables = arg.items[0], arg.items[1]
	}
	if text.kind != scalarNode {
		return
	}
	for _, p := range subPieces(text.text) {
		if !p.variable || variables.get(p.text) != nil {
			continue
		}
		name, _, _ := strings.Cut(p.text, ".")
		if strings.Contains(name, ":") && !strings.HasPrefix(name, "AWS::") {
			f.t.policyVariable(p, text)
			continue
		}
		f.use(name, f.t.inside(text, p))
	}
}

// branch looks at the branch of Fn::If that is taken, or at both.
func (f *finder) branch(arg *node) {
	truth := unknownTruth
	if arg.items[0].kind == scalarNode {
		truth = f.t.condition(arg.items[0].text, arg.items[0].pos)
	}
	if truth != no {
		f.walk(arg.items[1])
	}
	if truth != yes {
		f.walk(arg.items[2])
	}
}
