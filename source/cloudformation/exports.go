package cloudformation

import "github.com/strictkms/strictkms/policy"

// Exports are what stacks that were loaded export, for Fn::ImportValue in the stacks that are loaded after them
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html). The zero value has none.
type Exports struct {
	values map[exportName]export
}

// exportName identifies an export: names are unique in a Region of an account.
type exportName struct{ account, region, name string }

// export is the text of an export, with what is unknown or invented of it, and where it is written.
type export struct {
	text string
	pos  policy.Position
}

// lookup finds an export.
func (e *Exports) lookup(account, region, name string) (export, bool) {
	if e == nil {
		return export{}, false
	}
	found, ok := e.values[exportName{account, region, name}]
	return found, ok
}

// export notes what the template exports. What is wrong with an output that nobody reads decides nothing.
func (t *template) export() {
	exports := t.opts.Exports
	section := t.root.get("Outputs")
	if exports == nil || section == nil || section.kind != mapNode {
		return
	}
	t.quiet++
	known := len(t.errors)
	for _, e := range section.entries {
		name, value := e.value.get("Export").get("Name"), e.value.get("Value")
		if name == nil || value == nil {
			continue
		}
		if c := e.value.get("Condition"); c != nil && c.kind == scalarNode && t.condition(c.text, c.pos) == no {
			continue
		}
		n, v := t.resolve(name), t.resolve(value)
		if n.kind != textValue || n.unresolved() || v.kind != textValue {
			continue
		}
		if exports.values == nil {
			exports.values = map[exportName]export{}
		}
		exports.values[exportName{t.opts.Account, t.opts.Region, readable(n.text)}] = export{v.text, value.pos}
	}
	t.errors = t.errors[:known]
	t.quiet--
}
