package policy

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// Unknown stands for a policy of which nothing is known but that it is there: it may allow everything and may deny
// everything. What depends on it is then neither allowed nor denied but conditional (see [Document.Bound]). why says
// in words what is not known, pos where that is said.
func Unknown(kind Kind, name, arn, why string, pos Position) *Document {
	doc := &Document{
		Kind: kind, Name: name, ARN: arn, Version: Version2012, Pos: pos,
		Digest: sha256.Sum256(fmt.Appendf(nil, "strictkms unknown policy %d", kind)),
	}
	all := func() *Strings { return &Strings{Values: []Value{{Text: "*", Pos: pos}}, Pos: pos} }
	for i, s := range []*Statement{
		{Effect: Allow, Sid: "what it may allow"},
		{Effect: Deny, Sid: "what it may deny"},
	} {
		s.Index, s.Pos = i, pos
		s.Actions = all()
		if kind != TrustPolicy {
			s.Resources = all()
		}
		s.Conditions = []Condition{Doubt(why, pos)}
		if kind.IsResourcePolicy() {
			s.Principals = &Principals{
				Values: []Principal{{Form: PrincipalAny, Value: Value{Text: "*", Pos: pos}}}, Pos: pos,
			}
		}
		doc.Statements = append(doc.Statements, s)
	}
	return doc
}

// Doubt is a condition that nobody can evaluate: one on a key that is unresolved. why says in words what it depends on.
func Doubt(why string, pos Position) Condition {
	return Condition{
		Operator: Operator{Comparison: StringEquals},
		Key:      Value{Text: why, Pos: pos, Unresolved: true},
		Values:   []Value{{Text: "true", Pos: pos}},
		Pos:      pos,
	}
}

// As returns the document in another role: a managed policy as a permissions boundary or as a session policy. Its
// digest differs from that of the policy that gives permissions: they are translated differently.
func (d *Document) As(kind Kind) *Document {
	out := *d
	out.Kind = kind
	out.Digest = sha256.Sum256(append([]byte(kind.words()+" "), d.Digest[:]...))
	return &out
}

// Of the policies that AWS manages, those whose purpose is to deny have names that begin like this
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html).
var awsDenying = []string{"AWSDenyAll", "AWSCompromisedKeyQuarantine"}

// OnlyAllows reports whether a policy, named by its ARN, is one of those that AWS manages and that give permissions.
// Most have nothing to do with keys; a denial that does not count one says so in a warning.
func OnlyAllows(arn string) bool {
	_, name, ok := strings.Cut(arn, awsManaged)
	return ok && !slices.ContainsFunc(awsDenying, func(begin string) bool { return strings.HasPrefix(name, begin) })
}
