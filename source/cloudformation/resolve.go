package cloudformation

import (
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// enter begins work on a node: it bounds depth and amount. The returned function ends it.
func (t *template) enter(n *node) (leave func(), ok bool) {
	t.budget.depth++
	leave = func() { t.budget.depth-- }
	if t.budget.depth > maxDepth {
		t.fail(n.pos, "too-deep", "functions, conditions and values nest deeper than %d levels here", maxDepth)
		return leave, false
	}
	if !t.budget.spend() {
		t.tooLarge()
		return leave, false
	}
	return leave, true
}

// tooLarge reports that the budget is spent.
func (t *template) tooLarge() {
	t.fail(t.root.pos, "too-large", "the template stands for more than %d values, or %d bytes in one text or %d in all",
		maxSteps, maxTextLength, maxTotalText)
}

// unresolved makes a value that is unknown; what says in words what it was made of.
func (t *template) unresolved(pos policy.Position, what string) value {
	return textAt(pos, string(unresolvedMark)+"<"+readable(what)+">")
}

// function returns the function that a mapping calls and its argument, "" for a mapping that
// is none.
func function(n *node) (name string, arg *node) {
	if n.kind != mapNode || len(n.entries) != 1 {
		return "", nil
	}
	e := n.entries[0]
	if e.key == "Ref" || strings.HasPrefix(e.key, "Fn::") {
		return e.key, e.value
	}
	return "", nil
}

// resolve computes the functions in a node and everything in it.
func (t *template) resolve(n *node) value {
	leave, ok := t.enter(n)
	defer leave()
	if !ok {
		return t.unresolved(n.pos, "too large")
	}
	if name, arg := function(n); name != "" {
		return t.settle(t.call(n, name, arg))
	}
	switch n.kind {
	case scalarNode:
		v := textAt(n.pos, n.text)
		v.origin = n.origin
		return t.settle(v)
	case listNode:
		return t.resolveList(n)
	case mapNode:
		return t.resolveMap(n)
	default:
		t.fail(n.pos, "null-value", "null is not allowed in a template, expected a value or AWS::NoValue")
		return t.unresolved(n.pos, "null")
	}
}

// resolveList computes the elements of a list; those that come to AWS::NoValue are left out.
func (t *template) resolveList(n *node) value {
	list := value{kind: listValue, pos: n.pos}
	for _, item := range n.items {
		if v := t.resolve(item); v.kind != noValue {
			list.items = append(list.items, v)
		}
	}
	return list
}

// resolveMap computes the values of a mapping; those that come to AWS::NoValue are left out.
func (t *template) resolveMap(n *node) value {
	mapping := value{kind: mapValue, pos: n.pos}
	for _, e := range n.entries {
		switch {
		case e.key == "Fn::Transform", strings.HasPrefix(e.key, "Fn::ForEach"):
			t.warn(e.pos, "unsupported-function", "%s is not supported: what this mapping holds is unknown", e.key)
			return t.unresolved(n.pos, e.key)
		case strings.HasPrefix(e.key, "Fn::"):
			t.fail(e.pos, "misplaced-function", "the function %s must be the only key of its mapping", e.key)
			continue
		}
		if v := t.resolve(e.value); v.kind != noValue {
			mapping.fields = append(mapping.fields, field{key: e.key, pos: e.pos, value: v})
		}
	}
	return mapping
}

// settle finds dynamic references, which CloudFormation looks up when it makes the resource
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html).
func (t *template) settle(v value) value {
	if v.kind != textValue || !strings.Contains(v.text, "{{resolve:") || v.unresolved() {
		return v
	}
	before, rest, _ := strings.Cut(v.text, "{{resolve:")
	reference, after, _ := strings.Cut(rest, "}}")
	t.warn(v.pos, "unresolved-reference", "the dynamic reference {{resolve:%s}} is not looked up: its value is unknown", readable(reference))
	v.text = before + string(unresolvedMark) + "<resolve:" + readable(reference) + ">" + after
	v.origin = nil
	return v
}

// args checks that a function's argument is a list with a number of elements.
func (t *template) args(name string, arg *node, least, most int) ([]*node, bool) {
	if arg.kind != listNode {
		t.fail(arg.pos, "wrong-type", "expected a list as argument of %s, found %s", name, arg.kind)
		return nil, false
	}
	switch n := len(arg.items); {
	case least == most && n != least:
		t.fail(arg.pos, "wrong-arguments", "expected %d arguments of %s, found %d", least, name, n)
	case n < least || n > most:
		t.fail(arg.pos, "wrong-arguments", "expected %d to %d arguments of %s, found %d", least, most, name, n)
	default:
		return arg.items, true
	}
	return nil, false
}

// text computes an argument that must be a string.
func (t *template) text(name string, n *node) (string, bool) {
	v := t.resolve(n)
	if v.kind != textValue {
		t.fail(n.pos, "wrong-type", "expected a string as argument of %s, found %s", name, v.kind)
		return "", false
	}
	return v.text, true
}

// call computes one function (CloudFormation User Guide, "Intrinsic function reference",
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html).
func (t *template) call(n *node, name string, arg *node) value {
	switch name {
	case "Ref":
		if arg.kind != scalarNode {
			t.fail(arg.pos, "wrong-type", "expected a name as argument of Ref, found %s", arg.kind)
			return t.unresolved(n.pos, "Ref")
		}
		return t.ref(arg.text, n.pos)
	case "Fn::GetAtt":
		return t.getAtt(n, arg)
	case "Fn::Sub":
		return t.sub(n, arg)
	case "Fn::Join":
		return t.join(n, arg)
	case "Fn::Select":
		return t.choose(n, arg)
	case "Fn::Split":
		return t.split(n, arg)
	case "Fn::If":
		return t.branch(n, arg)
	case "Fn::FindInMap":
		return t.findInMap(n, arg)
	case "Fn::Base64":
		return t.base64(n, arg)
	case "Fn::Length":
		return t.length(n, arg)
	case "Fn::ToJsonString":
		return t.toJSON(n, arg)
	case "Fn::ImportValue":
		return t.importValue(n, arg)
	case "Fn::GetAZs", "Fn::Cidr":
		t.warn(n.pos, "unresolved-function", "%s is not computed: its value is unknown", name)
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not":
		t.fail(n.pos, "misplaced-function", "%s may only stand in Conditions", name)
	default:
		t.warn(n.pos, "unsupported-function", "the function %s is not supported: its value is unknown", quote(name))
	}
	return t.unresolved(n.pos, name)
}
