package cloudformation

import (
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// piece is a part of the text of Fn::Sub: literal text, or the name between ${ and }.
type piece struct {
	text     string
	variable bool
	offset   int // where a variable begins in the text
}

// subPieces takes the text of Fn::Sub apart. ${!Name} stands for the text ${Name}; a ${ that
// is never closed is text.
func subPieces(text string) []piece {
	var pieces []piece
	for at := 0; at < len(text); {
		open := strings.Index(text[at:], "${")
		if open < 0 {
			return append(pieces, piece{text: text[at:]})
		}
		end := strings.IndexByte(text[at+open:], '}')
		if end < 0 {
			return append(pieces, piece{text: text[at:]})
		}
		name := text[at+open+2 : at+open+end]
		if open > 0 {
			pieces = append(pieces, piece{text: text[at : at+open]})
		}
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			pieces = append(pieces, piece{text: "${" + literal + "}"})
		} else {
			pieces = append(pieces, piece{text: strings.TrimSpace(name), variable: true, offset: at + open})
		}
		at += open + end + 1
	}
	return pieces
}

// subArguments returns the text and the variables of Fn::Sub, which is written as one string
// or as a list of a string and a mapping
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html).
func (t *template) subArguments(arg *node) (text, variables *node, ok bool) {
	text = arg
	if arg.kind == listNode {
		args, ok := t.args("Fn::Sub", arg, 2, 2)
		if !ok {
			return nil, nil, false
		}
		text, variables = args[0], args[1]
		if variables.kind != mapNode {
			t.fail(variables.pos, "wrong-type", "expected a mapping as second argument of Fn::Sub, found %s", variables.kind)
			return nil, nil, false
		}
	}
	if text.kind != scalarNode {
		t.fail(text.pos, "wrong-type", "expected a string as text of Fn::Sub, found %s", text.kind)
		return nil, nil, false
	}
	return text, variables, true
}

// sub computes Fn::Sub.
func (t *template) sub(n, arg *node) value {
	failed := t.unresolved(n.pos, "Fn::Sub")
	text, variables, ok := t.subArguments(arg)
	if !ok {
		return failed
	}
	var b strings.Builder
	plain := true
	for _, p := range subPieces(text.text) {
		if !p.variable {
			b.WriteString(p.text)
			continue
		}
		plain = false
		v := t.subVariable(p, text, variables)
		if v.kind != textValue {
			t.fail(text.pos, "wrong-type", "expected ${%s} to be a string in Fn::Sub, found %s", p.text, v.kind)
			return failed
		}
		if !t.budget.spendText(b.Len() + len(v.text)) {
			return failed
		}
		b.WriteString(v.text)
	}
	result := textAt(n.pos, b.String())
	if plain && result.text == text.text {
		result.origin = text.origin
	}
	return result
}

// subVariable computes one ${…} of Fn::Sub.
func (t *template) subVariable(p piece, text, variables *node) value {
	if n := variables.get(p.text); n != nil {
		return t.resolve(n)
	}
	pos := t.inside(text, p)
	if logical, attribute, ok := strings.Cut(p.text, "."); ok {
		return t.attribute(logical, attribute, pos)
	}
	if strings.Contains(p.text, ":") && !strings.HasPrefix(p.text, "AWS::") {
		t.policyVariable(p, text)
		return t.unresolved(pos, p.text)
	}
	return t.ref(p.text, pos)
}

// policyVariable reports a variable of the policy language where Fn::Sub would replace it.
func (t *template) policyVariable(p piece, text *node) {
	t.fail(t.inside(text, p), "unknown-reference",
		"${%s} is no parameter or resource: a policy variable in Fn::Sub is written ${!%s}", p.text, p.text)
}

// inside is the place of a variable in the text of Fn::Sub, as exactly as it can be told.
func (t *template) inside(text *node, p piece) policy.Position {
	if text.origin == nil {
		return text.pos
	}
	_, locate := t.source.Text(text.origin)
	return locate(p.offset)
}
