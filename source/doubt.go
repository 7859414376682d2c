package source

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/strictkms/strictkms/policy"
)

// UnknownPolicy stands for a policy of which nothing is known but that it is there: it may allow
// everything and may deny everything. What depends on it is then neither allowed nor denied but conditional
// (see [policy.Document.Bound]). why says in words what is not known, pos where that is said.
func UnknownPolicy(kind policy.Kind, name, arn, why string, pos policy.Position) *policy.Document {
	doc := &policy.Document{
		Kind: kind, Name: name, ARN: arn, Version: policy.Version2012, Pos: pos,
		Digest: sha256.Sum256(fmt.Appendf(nil, "strictkms unknown policy %d", kind)),
	}
	all := func() *policy.Strings {
		return &policy.Strings{Values: []policy.Value{{Text: "*", Pos: pos}}, Pos: pos}
	}
	for i, s := range []*policy.Statement{
		{Effect: policy.Allow, Sid: "what it may allow"},
		{Effect: policy.Deny, Sid: "what it may deny"},
	} {
		s.Index, s.Pos = i, pos
		s.Actions, s.Resources = all(), all()
		s.Conditions = []policy.Condition{doubt(why, pos)}
		if kind == policy.KeyPolicy {
			s.Principals = &policy.Principals{
				Values: []policy.Principal{{Form: policy.PrincipalAny, Value: policy.Value{Text: "*", Pos: pos}}}, Pos: pos,
			}
		}
		doc.Statements = append(doc.Statements, s)
	}
	return doc
}

// InDoubt returns the policy as one that may be there or not. why says in words what that depends on,
// pos where that is said.
func InDoubt(doc *policy.Document, why string, pos policy.Position) *policy.Document {
	out := *doc
	out.Digest = sha256.Sum256(fmt.Appendf(nil, "strictkms in doubt %x", doc.Digest))
	out.Statements = make([]*policy.Statement, len(doc.Statements))
	for i, s := range doc.Statements {
		in := *s
		in.Conditions = append(slices.Clone(s.Conditions), doubt(why, pos))
		out.Statements[i] = &in
	}
	return &out
}

// doubt is a condition that nobody can evaluate: one on a key that is unresolved.
func doubt(why string, pos policy.Position) policy.Condition {
	return policy.Condition{
		Operator: policy.Operator{Comparison: policy.StringEquals},
		Key:      policy.Value{Text: why, Pos: pos, Unresolved: true},
		Values:   []policy.Value{{Text: "true", Pos: pos}},
		Pos:      pos,
	}
}
