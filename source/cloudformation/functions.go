package cloudformation

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// join computes Fn::Join.
func (t *template) join(n, arg *node) value {
	const name = "Fn::Join"
	failed := t.unresolved(n.pos, name)
	args, ok := t.args(name, arg, 2, 2)
	if !ok {
		return failed
	}
	delimiter, ok := t.text(name, args[0])
	if !ok {
		return failed
	}
	list := t.resolve(args[1])
	if list.unresolved() {
		return textAt(n.pos, list.text)
	}
	if list.kind != listValue {
		t.fail(args[1].pos, "wrong-type", "expected a list as second argument of %s, found %s", name, list.kind)
		return failed
	}
	parts := make([]string, 0, len(list.items))
	length := 0
	for _, item := range list.items {
		if item.kind != textValue {
			t.fail(item.pos, "wrong-type", "expected strings in the list of %s, found %s", name, item.kind)
			return failed
		}
		parts = append(parts, item.text)
		length += len(item.text) + len(delimiter)
	}
	if !t.budget.spendText(length) {
		return failed
	}
	return textAt(n.pos, strings.Join(parts, delimiter))
}

// choose computes Fn::Select.
func (t *template) choose(n, arg *node) value {
	const name = "Fn::Select"
	failed := t.unresolved(n.pos, name)
	args, ok := t.args(name, arg, 2, 2)
	if !ok {
		return failed
	}
	index, ok := t.text(name, args[0])
	if !ok {
		return failed
	}
	list := t.resolve(args[1])
	if list.unresolved() {
		return textAt(n.pos, list.text)
	}
	if strings.ContainsRune(index, unresolvedMark) {
		return textAt(n.pos, index)
	}
	if list.kind != listValue {
		t.fail(args[1].pos, "wrong-type", "expected a list as second argument of %s, found %s", name, list.kind)
		return failed
	}
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(list.items) {
		t.fail(args[0].pos, "invalid-index", "expected an index from 0 to %d for %s, found %s", len(list.items)-1, name, quote(index))
		return failed
	}
	chosen := list.items[i]
	chosen.pos = n.pos
	return chosen
}

// split computes Fn::Split.
func (t *template) split(n, arg *node) value {
	const name = "Fn::Split"
	failed := t.unresolved(n.pos, name)
	args, ok := t.args(name, arg, 2, 2)
	if !ok {
		return failed
	}
	delimiter, ok := t.text(name, args[0])
	if !ok {
		return failed
	}
	source, ok := t.text(name, args[1])
	switch {
	case !ok:
		return failed
	case delimiter == "":
		t.fail(args[0].pos, "wrong-arguments", "expected a delimiter that is not empty for %s", name)
		return failed
	case strings.ContainsRune(source, unresolvedMark):
		return textAt(n.pos, source)
	}
	mark := ""
	if strings.ContainsRune(source, opaqueMark) { // every part is as invented as the whole
		source, mark = readable(source), string(opaqueMark)
	}
	list := value{kind: listValue, pos: n.pos}
	for part := range strings.SplitSeq(source, delimiter) {
		list.items = append(list.items, textAt(n.pos, mark+part))
	}
	return list
}

// branch computes Fn::If.
func (t *template) branch(n, arg *node) value {
	const name = "Fn::If"
	args, ok := t.args(name, arg, 3, 3)
	if !ok {
		return t.unresolved(n.pos, name)
	}
	if args[0].kind != scalarNode {
		t.fail(args[0].pos, "wrong-type", "expected the name of a condition as first argument of %s, found %s", name, args[0].kind)
		return t.unresolved(n.pos, name)
	}
	switch t.condition(args[0].text, args[0].pos) {
	case yes:
		return t.resolve(args[1])
	case no:
		return t.resolve(args[2])
	default:
		t.warn(n.pos, "unresolved-condition", "whether the condition %s is true is unknown%s, so this value is unknown",
			quote(args[0].text), t.because(args[0].text))
		return t.unresolved(n.pos, name+" "+args[0].text)
	}
}

// base64 computes Fn::Base64.
func (t *template) base64(n, arg *node) value {
	text, ok := t.text("Fn::Base64", arg)
	switch {
	case !ok:
		return t.unresolved(n.pos, "Fn::Base64")
	case strings.ContainsRune(text, unresolvedMark):
		return t.unresolved(n.pos, "Fn::Base64 "+text)
	}
	mark := ""
	if strings.ContainsRune(text, opaqueMark) {
		text, mark = readable(text), string(opaqueMark)
	}
	if !t.budget.spendText(base64.StdEncoding.EncodedLen(len(text))) {
		return t.unresolved(n.pos, "Fn::Base64")
	}
	return textAt(n.pos, mark+base64.StdEncoding.EncodeToString([]byte(text)))
}

// length computes Fn::Length of the macro AWS::LanguageExtensions.
func (t *template) length(n, arg *node) value {
	list := t.resolve(arg)
	switch {
	case list.unresolved():
		return t.unresolved(n.pos, "Fn::Length "+list.text)
	case list.kind != listValue:
		t.fail(arg.pos, "wrong-type", "expected a list as argument of Fn::Length, found %s", list.kind)
		return t.unresolved(n.pos, "Fn::Length")
	}
	return textAt(n.pos, strconv.Itoa(len(list.items)))
}

// toJSON computes Fn::ToJsonString of the macro AWS::LanguageExtensions.
func (t *template) toJSON(n, arg *node) value {
	v := t.resolve(arg)
	if v.kind != listValue && v.kind != mapValue {
		if !v.unresolved() {
			t.fail(arg.pos, "wrong-type", "expected a list or mapping as argument of Fn::ToJsonString, found %s", v.kind)
		}
		return t.unresolved(n.pos, "Fn::ToJsonString")
	}
	var w yamljson.Writer
	render(&w, v)
	if !t.budget.spendText(len(w.Bytes())) {
		return t.unresolved(n.pos, "Fn::ToJsonString")
	}
	return textAt(n.pos, string(w.Bytes()))
}

// importValue reports Fn::ImportValue, which reads what another stack exports.
func (t *template) importValue(n, arg *node) value {
	export, ok := t.text("Fn::ImportValue", arg)
	if !ok {
		return t.unresolved(n.pos, "Fn::ImportValue")
	}
	if t.live != nil {
		return t.liveImport(n, export)
	}
	if found, ok := t.opts.Exports.lookup(t.opts.Account, t.opts.Region, readable(export)); ok {
		v := textAt(n.pos, found.text)
		if v.unresolved() {
			t.warn(n.pos, "unresolved-import", "the export %s of another stack (%s) is unknown: %s", quote(export), found.pos, readable(found.text))
		}
		return v
	}
	t.warn(n.pos, "unresolved-import", "the export %s belongs to another stack: its value is unknown", quote(export))
	return t.unresolved(n.pos, "Fn::ImportValue "+export)
}

// liveImport computes Fn::ImportValue in a deployment.
func (t *template) liveImport(n *node, export string) value {
	text, ok := t.live.Import(export)
	switch {
	case ok:
		return textAt(n.pos, text)
	case !t.outline && !strings.ContainsRune(export, unresolvedMark):
		t.fail(n.pos, "unknown-export", "No export named %s found.", export)
	}
	return t.unresolved(n.pos, "Fn::ImportValue "+export)
}
