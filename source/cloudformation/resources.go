package cloudformation

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// resource is one entry of the Resources section.
type resource struct {
	id         string
	typ        string
	kind       *resourceKind
	pos        policy.Position // of the logical id
	properties *node           // nil when there are none
	condition  string
	exists     truth
	dependsOn  []*node

	resolved map[string]value // properties that have been computed
	name     string           // see template.name
	busy     bool             // the name is being computed

	uses                []reference
	searching, searched bool
}

// resourceAttributes are the attributes of a resource
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-product-attribute-reference.html).
var resourceAttributes = []string{
	"Type", "Properties", "Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata",
	"UpdatePolicy", "UpdateReplacePolicy",
}

// declareResources reads the section.
func (t *template) declareResources(section *node) {
	t.resources = map[string]*resource{}
	if section == nil {
		return
	}
	for _, e := range section.entries {
		switch {
		case strings.HasPrefix(e.key, "Fn::ForEach"):
			t.forEach(e)
		case strings.HasPrefix(e.key, "Fn::"):
			t.fail(e.pos, "unsupported-function", "%s is not supported among the resources: what it makes is unknown", e.key)
		default:
			t.declareResource(e)
		}
	}
}

// declareResource reads one resource.
func (t *template) declareResource(e entry) {
	if e.value.kind != mapNode {
		t.fail(e.value.pos, "wrong-type", "expected the resource %s as a mapping, found %s", quote(e.key), e.value.kind)
		return
	}
	r := &resource{id: e.key, pos: e.pos, exists: yes, resolved: map[string]value{}}
	if !logicalID.MatchString(e.key) {
		t.fail(e.pos, "invalid-name", "%s is no logical id: expected letters and digits only", quote(e.key))
		return
	}
	if _, taken := t.parameters[e.key]; taken {
		t.failSee(e.pos, t.parameters[e.key].pos, "duplicate-name", "%s is already the name of a parameter", quote(e.key))
		return
	}
	for _, a := range e.value.entries {
		if slices.Contains(resourceAttributes, a.key) || t.macro {
			continue
		}
		if hint := didYouMean(a.key, resourceAttributes); hint != "" { // a misspelt Condition matters
			t.fail(a.pos, "unknown-attribute", "a resource has no attribute %s%s", quote(a.key), hint)
		}
	}
	typ := e.value.get("Type")
	if typ == nil || typ.kind != scalarNode {
		t.fail(e.pos, "wrong-type", "the resource %s needs a Type", quote(e.key))
		return
	}
	r.typ, r.kind = typ.text, resourceKinds[typ.text]
	if r.kind == nil && ownedService(r.typ) && t.live == nil {
		t.checkType(typ)
	}
	if r.properties = e.value.get("Properties"); r.properties != nil && r.properties.kind != mapNode {
		t.fail(r.properties.pos, "wrong-type", "expected Properties as a mapping, found %s", r.properties.kind)
		r.properties = nil
	}
	t.declareDependencies(r, e.value)
	t.resources[r.id] = r
	t.order = append(t.order, r)
}

// checkType reports a type of IAM or KMS that is not known: a misspelt key must not be
// taken for something that does not matter.
func (t *template) checkType(typ *node) {
	if slices.Contains(otherOwnedTypes, typ.text) {
		return
	}
	last := func(name string) string { return name[strings.LastIndex(name, ":")+1:] }
	known := ownedTypes()
	for i := range known {
		known[i] = last(known[i])
	}
	if hint := didYouMean(last(typ.text), known); hint != "" {
		t.fail(typ.pos, "unknown-type", "unknown resource type %s%s", quote(typ.text), hint)
		return
	}
	t.warn(typ.pos, "unknown-type", "resources of type %s are not loaded", quote(typ.text))
}

// declareDependencies reads Condition and DependsOn.
func (t *template) declareDependencies(r *resource, n *node) {
	if c := n.get("Condition"); c != nil {
		if c.kind != scalarNode {
			t.fail(c.pos, "wrong-type", "expected the name of a condition, found %s", c.kind)
		} else {
			r.condition = c.text
			r.exists = t.condition(c.text, c.pos)
		}
	}
	depends := n.get("DependsOn")
	switch {
	case depends == nil:
	case depends.kind == scalarNode:
		r.dependsOn = []*node{depends}
	case depends.kind == listNode:
		for _, d := range depends.items {
			if d.kind != scalarNode {
				t.fail(d.pos, "wrong-type", "expected the name of a resource in DependsOn, found %s", d.kind)
				continue
			}
			r.dependsOn = append(r.dependsOn, d)
		}
	default:
		t.fail(depends.pos, "wrong-type", "expected DependsOn as the name of a resource or a list of names, found %s", depends.kind)
	}
}

// of lists the resources of some types that exist, or may exist.
func (t *template) of(types ...string) []*resource {
	var found []*resource
	for _, r := range t.order {
		if r.exists != no && slices.Contains(types, r.typ) {
			found = append(found, r)
		}
	}
	return found
}

// maybe says in words that a resource exists only under a condition nobody can evaluate here,
// "" for other resources.
func (t *template) maybe(r *resource) string {
	if r.exists != unknownTruth {
		return ""
	}
	t.warn(r.pos, "unresolved-condition", "whether %s exists is unknown, because its condition %s is%s",
		quote(r.id), quote(r.condition), t.because(r.condition))
	return r.id + " exists only under the condition " + r.condition + ", which is unknown (" + r.pos.String() + ")"
}
