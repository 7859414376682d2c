package cloudformation

import "strings"

// transforms reports the macros that CloudFormation would run over the template. They are not
// run here: what they would add or change is unknown
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-section-structure.html).
func (t *template) transforms() {
	for _, key := range []string{"Transform", "Fn::Transform"} {
		n := t.root.get(key)
		if n == nil {
			continue
		}
		items := []*node{n}
		if n.kind == listNode {
			items = n.items
		}
		for _, item := range items {
			t.transform(item)
		}
	}
}

// transform reports one macro.
func (t *template) transform(n *node) {
	name := n
	if n.kind == mapNode {
		name = n.get("Name")
	}
	if name == nil || name.kind != scalarNode {
		t.fail(n.pos, "wrong-type", "expected the name of a macro, found %s", n.kind)
		return
	}
	t.macro = true
	switch {
	case name.text == "AWS::LanguageExtensions":
		// It adds functions, which are computed or reported where they stand.
	case name.text == samTransform && t.live == nil:
		t.serverless = true
	case strings.HasPrefix(name.text, "AWS::") && name.text != "AWS::Include":
		t.warn(name.pos, "macro-not-run", "the macro %s is not run: only what the template itself declares is loaded", name.text)
	default:
		t.warn(name.pos, "macro-not-run",
			"the macro %s is not run, and it may change anything: the answer holds for the template as written", quote(name.text))
		t.unknown = append(t.unknown, "the macro "+name.text+", which may change the template, was not run")
	}
}

// forEach handles a Fn::ForEach among the resources. Resources that decide nothing here may be
// missing; policies, principals and keys may not.
func (t *template) forEach(e entry) {
	if types, foreign := t.resourceTypes(e.value); foreign && types > 0 {
		t.warn(e.pos, "unsupported-foreach", "Fn::ForEach is not supported: the resources it makes are not loaded")
		return
	}
	t.fail(e.pos, "unsupported-foreach",
		"Fn::ForEach is not supported, and this one may make IAM or KMS resources: write them out")
}

// resourceTypes counts the resource types below n; foreign is false when one is not written as
// a string or belongs to IAM or KMS.
func (t *template) resourceTypes(n *node) (count int, foreign bool) {
	if !t.budget.spend() {
		return 0, false
	}
	for _, item := range n.items {
		c, fine := t.resourceTypes(item)
		if count += c; !fine {
			return count, false
		}
	}
	for _, e := range n.entries {
		if e.key == "Properties" {
			continue
		}
		if e.key == "Type" {
			if e.value.kind != scalarNode || ownedService(e.value.text) {
				return count, false
			}
			count++
			continue
		}
		c, fine := t.resourceTypes(e.value)
		if count += c; !fine {
			return count, false
		}
	}
	return count, true
}

// ownedService reports whether a resource type belongs to a service whose resources decide.
func ownedService(typ string) bool {
	return strings.HasPrefix(typ, "AWS::IAM::") || strings.HasPrefix(typ, "AWS::KMS::")
}
