package cloudformation

import "strings"

// findInMap computes Fn::FindInMap, with the DefaultValue of AWS::LanguageExtensions
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-findinmap.html).
func (t *template) findInMap(n, arg *node) value {
	const name = "Fn::FindInMap"
	failed := t.unresolved(n.pos, name)
	args, ok := t.args(name, arg, 3, 4)
	if !ok {
		return failed
	}
	var fallback *node
	if len(args) == 4 {
		if fallback = args[3].get("DefaultValue"); fallback == nil {
			t.fail(args[3].pos, "wrong-arguments", "expected DefaultValue as fourth argument of %s", name)
			return failed
		}
	}
	here := t.mappings
	path := ""
	for _, a := range args[:3] {
		key, ok := t.text(name, a)
		switch {
		case !ok:
			return failed
		case strings.ContainsRune(key, unresolvedMark):
			return t.unresolved(n.pos, name+" "+key)
		}
		next := here.get(key)
		if next == nil && fallback != nil {
			return t.resolve(fallback)
		}
		if next == nil {
			t.fail(a.pos, "unknown-mapping", "there is no %s in Mappings%s%s", quote(key), path, didYouMean(key, here.keys()))
			return failed
		}
		here, path = next, path+"."+readable(key)
	}
	if here.kind == mapNode || here.kind == nullNode {
		t.fail(here.pos, "wrong-type", "expected a string or a list as value of a mapping, found %s", here.kind)
		return failed
	}
	found := t.resolve(here)
	found.pos = n.pos
	return found
}
