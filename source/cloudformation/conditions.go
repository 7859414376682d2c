package cloudformation

import (
	"cmp"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// truth is the value of a condition. It is unknown when the condition depends on something
// that could not be resolved.
type truth int

const (
	unknownTruth truth = iota
	yes
	no
)

// condition is one entry of the Conditions section.
type condition struct {
	name  string
	pos   policy.Position
	node  *node
	value truth
	why   string // what makes the value unknown, in words
	busy  bool
	done  bool
}

// declareConditions reads the section; conditions are evaluated when they are used, all of them
// at the latest in checkConditions.
func (t *template) declareConditions(section *node) {
	t.conditions = map[string]*condition{}
	if section == nil {
		return
	}
	for _, e := range section.entries {
		if strings.HasPrefix(e.key, "Fn::") {
			t.warn(e.pos, "unsupported-function", "%s is not supported among the conditions", e.key)
			continue
		}
		t.conditions[e.key] = &condition{name: e.key, pos: e.pos, node: e.value}
	}
}

// checkConditions evaluates every condition, used or not.
func (t *template) checkConditions() {
	section := t.root.get("Conditions")
	for _, name := range section.keys() {
		if c := t.conditions[name]; c != nil {
			t.condition(name, c.pos)
		}
	}
}

// condition returns the value of a condition that is used at pos.
func (t *template) condition(name string, pos policy.Position) truth {
	c := t.conditions[name]
	if c == nil {
		if t.macro {
			t.why = "the condition " + name + ", which is not in the template"
			return unknownTruth
		}
		t.fail(pos, "unknown-condition", "the template declares no condition %s%s",
			quote(name), didYouMean(name, t.root.get("Conditions").keys()))
		return unknownTruth
	}
	if c.done {
		return c.value
	}
	if c.busy {
		t.failSee(pos, c.pos, "cyclic-condition", "the condition %s depends on itself", quote(name))
		return unknownTruth
	}
	c.busy = true
	before := t.inConditions
	t.inConditions = true
	t.quiet++ // what is unknown is reported where the condition decides something
	c.value = t.evaluate(c.node)
	t.quiet--
	t.inConditions = before
	c.busy, c.done = false, true
	if c.value == unknownTruth {
		c.why = t.why
	}
	return c.value
}

// because says why a condition is unknown, as far as that is known.
func (t *template) because(name string) string {
	if c := t.conditions[name]; c != nil && c.why != "" {
		return " (it depends on " + c.why + ")"
	}
	return ""
}

// evaluate computes a condition function (CloudFormation User Guide, "Condition functions",
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html).
func (t *template) evaluate(n *node) truth {
	leave, ok := t.enter(n)
	defer leave()
	if !ok {
		return unknownTruth
	}
	name, arg := function(n)
	if name == "" && n.kind == mapNode && len(n.entries) == 1 && n.entries[0].key == "Condition" {
		name, arg = "Condition", n.entries[0].value
	}
	switch name {
	case "Condition":
		if arg.kind != scalarNode {
			t.fail(arg.pos, "wrong-type", "expected the name of a condition, found %s", arg.kind)
			return unknownTruth
		}
		return t.condition(arg.text, arg.pos)
	case "Fn::Equals":
		return t.equals(name, arg)
	case "Fn::Not":
		args, ok := t.args(name, arg, 1, 1)
		if !ok {
			return unknownTruth
		}
		return t.evaluate(args[0]).not()
	case "Fn::And", "Fn::Or":
		return t.junction(name, arg)
	case "":
		t.fail(n.pos, "wrong-type", "expected a condition function such as Fn::Equals, found %s", n.kind)
	default:
		t.why = name + ", which is not supported in a condition"
	}
	return unknownTruth
}

// not negates.
func (v truth) not() truth {
	switch v {
	case yes:
		return no
	case no:
		return yes
	default:
		return unknownTruth
	}
}

// equals computes Fn::Equals.
func (t *template) equals(name string, arg *node) truth {
	args, ok := t.args(name, arg, 2, 2)
	if !ok {
		return unknownTruth
	}
	a, b := t.resolve(args[0]), t.resolve(args[1])
	switch {
	case a.hasUnresolved() || b.hasUnresolved():
		t.why = cmp.Or(a.firstUnresolved(), b.firstUnresolved())
		return unknownTruth
	case a.equal(b):
		return yes
	default:
		return no
	}
}

// junction computes Fn::And and Fn::Or; every operand is looked at, for its mistakes.
func (t *template) junction(name string, arg *node) truth {
	args, ok := t.args(name, arg, 2, 10)
	if !ok {
		return unknownTruth
	}
	decisive := no // one false operand decides Fn::And
	if name == "Fn::Or" {
		decisive = yes
	}
	result := decisive.not()
	for _, a := range args {
		switch v := t.evaluate(a); {
		case v == decisive:
			result = decisive
		case v == unknownTruth && result != decisive:
			result = unknownTruth
		}
	}
	return result
}
