package expectations

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/files"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// format is what yamljson should know about files of expectations.
var format = yamljson.Options{Expected: "a file of expectations"}

// maxCases bounds the cases of one expectation, whose lists stand for every combination.
const maxCases = 10_000

// Read reads a file of expectations. The error is a [policy.Diagnostics] with every problem of the file.
func Read(name string, src []byte) (*File, error) {
	doc, diags := yamljson.Parse(name, src, format)
	if doc == nil {
		return nil, diags
	}
	r := &reader{Reader: yamljson.Reader{File: doc, Diags: diags}, src: src, into: &File{Name: name}}
	f := r.into
	r.Fields(doc.Root, "a file of expectations", map[string]func(*yaml.Node){
		"load":         func(n *yaml.Node) { f.Load = r.texts(n, "load") },
		"account":      r.text(&f.Account, "account"),
		"region":       r.text(&f.Region, "region"),
		"stack-name":   r.text(&f.StackName, "stack-name"),
		"parameters":   func(n *yaml.Node) { f.Parameters = r.textMap(n, "parameters by name") },
		"assume":       func(n *yaml.Node) { f.Assume = r.textMap(n, "readings by the name of their assumption") },
		"expectations": func(n *yaml.Node) { r.Items(n, "expectations", r.expectation) },
	})
	if len(f.Cases) == 0 && !r.Diags.HasErrors() {
		r.Fail("no-expectations", doc.Root, "the file has no expectations: expected a list under expectations")
	}
	if r.Diags.HasErrors() {
		r.Diags.Sort()
		return nil, r.Diags
	}
	return f, nil
}

// reader reads one file.
type reader struct {
	yamljson.Reader

	src  []byte
	into *File
}

// at is a text with the place of its node.
func (r *reader) at(value string, n *yaml.Node) Text { return Text{value, r.File.Position(n)} }

// text returns a reader of a text that may not be empty.
func (r *reader) text(field *Text, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		value, ok := r.Text(n, what)
		if ok && value == "" {
			r.Fail("empty", n, what+" is empty")
		}
		*field = r.at(value, n)
	}
}

// texts reads a text or a list of texts.
func (r *reader) texts(n *yaml.Node, what string) []Text {
	var list []Text
	one := func(n *yaml.Node) {
		var item Text
		r.text(&item, what)(n)
		list = append(list, item)
	}
	if yamljson.Resolve(n).Kind != yaml.SequenceNode {
		one(n)
		return list
	}
	r.Items(n, what, one)
	if len(list) == 0 {
		r.Fail("empty", n, what+" is an empty list")
	}
	return list
}

// textMap reads a mapping of texts.
func (r *reader) textMap(n *yaml.Node, what string) map[string]Text {
	values := map[string]Text{}
	r.Entries(n, what, func(name string, _, value *yaml.Node) {
		text, _ := r.Text(value, "the value of "+name)
		values[name] = r.at(text, value)
	})
	return values
}

// form is one expectation as it is written: its lists stand for every combination.
type form struct {
	Case

	principals, actions, keys []Text
	expect                    Text
}

// expectation reads one expectation, and makes a case of every combination of its principals, actions and keys.
func (r *reader) expectation(n *yaml.Node) {
	x := &form{}
	x.Pos = r.File.Position(n)
	before := len(r.Diags)
	var name Text
	r.Fields(n, "an expectation", map[string]func(*yaml.Node){
		"name":           r.text(&name, "name"),
		"principal":      func(n *yaml.Node) { x.principals = r.texts(n, "principal") },
		"action":         func(n *yaml.Node) { x.actions = r.texts(n, "action") },
		"key":            func(n *yaml.Node) { x.keys = append(x.keys, r.texts(n, "key")...) },
		"resource":       func(n *yaml.Node) { x.keys = append(x.keys, r.texts(n, "resource")...) },
		"context":        func(n *yaml.Node) { r.context(x, n) },
		"unknown":        func(n *yaml.Node) { x.Unknown = r.texts(n, "unknown") },
		"via-service":    r.text(&x.ViaService, "via-service"),
		"source-vpce":    r.text(&x.SourceVPCE, "source-vpce"),
		"grant":          r.text(&x.Grant, "grant"),
		"session-policy": func(n *yaml.Node) { r.sessionPolicy(x, n) },
		"expect":         func(n *yaml.Node) { r.expect(x, n) },
		"because":        func(n *yaml.Node) { x.Because = r.texts(n, "because") },
	})
	if len(r.Diags) > before {
		return // what is missing may only be misspelt
	}
	x.Name = name.Value
	for _, m := range []struct {
		name, example string
		missing       bool
	}{
		{"principal", "user/alice", len(x.principals) == 0},
		{"action", "kms:Decrypt", len(x.actions) == 0},
		{"expect", "allow, deny or conditional", x.Expect == ""},
	} {
		if m.missing {
			r.Fail("missing-field", n, "the expectation has no "+m.name+": expected one, for example "+m.example)
		}
	}
	r.cases(x, n)
}

// cases makes the cases of an expectation.
func (r *reader) cases(x *form, n *yaml.Node) {
	if len(x.keys) == 0 {
		x.keys = []Text{{}} // none
	}
	if count := len(x.principals) * len(x.actions) * len(x.keys); count > maxCases {
		r.Fail("too-many-cases", n, fmt.Sprintf("the expectation stands for %d requests: expected at most %d", count, maxCases))
		return
	}
	for _, principal := range x.principals {
		for _, action := range x.actions {
			for _, key := range x.keys {
				c := x.Case
				c.Principal, c.Action, c.Key = principal, action, key
				r.into.Cases = append(r.into.Cases, &c)
			}
		}
	}
}

// context reads condition keys, each with a value or a list of values.
func (r *reader) context(x *form, n *yaml.Node) {
	x.Context, x.ContextPos = evaluator.Context{}, r.File.Position(n)
	r.Entries(n, "condition keys by name", func(name string, key, value *yaml.Node) {
		if service, rest, ok := strings.Cut(name, ":"); !ok || service == "" || rest == "" {
			r.Fail("condition-key", key, fmt.Sprintf("%q is no condition key: expected service:name, for example kms:ViaService", name))
			return
		}
		if yamljson.Resolve(value).Kind != yaml.SequenceNode {
			text, _ := r.Text(value, "the value of "+name)
			x.Context[name] = []string{text}
			return
		}
		x.Context[name] = []string{}
		r.Items(value, "the values of "+name, func(item *yaml.Node) {
			text, _ := r.Text(item, "a value of "+name)
			x.Context[name] = append(x.Context[name], text)
		})
	})
}

// sessionPolicy reads a policy that is written out, or the name of its file.
func (r *reader) sessionPolicy(x *form, n *yaml.Node) {
	if yamljson.Resolve(n).Kind == yaml.ScalarNode {
		r.text(&x.SessionPolicyFile, "session-policy")(n)
		return
	}
	doc, err := files.Document(r.File.Name, r.src, n, policy.SessionPolicy, "session policy")
	if err != nil {
		r.Add(err)
		return
	}
	x.SessionPolicy = doc
}

// verdicts are what may be expected.
var verdicts = []evaluator.Verdict{evaluator.Allow, evaluator.Deny, evaluator.Conditional}

// expect reads the verdict.
func (r *reader) expect(x *form, n *yaml.Node) {
	r.text(&x.expect, "expect")(n)
	x.Expect = evaluator.Verdict(x.expect.Value)
	if x.expect.Value != "" && !slices.Contains(verdicts, x.Expect) {
		r.Fail("unknown-verdict", n, fmt.Sprintf("%q is no decision: expected allow, deny or conditional", x.expect.Value))
	}
}
