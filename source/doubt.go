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
	return policy.Unknown(kind, name, arn, why, pos)
}

// InDoubt returns the policy as one that may be there or not. why says in words what that depends on,
// pos where that is said.
func InDoubt(doc *policy.Document, why string, pos policy.Position) *policy.Document {
	out := *doc
	out.Digest = sha256.Sum256(fmt.Appendf(nil, "strictkms in doubt %x", doc.Digest))
	out.Statements = make([]*policy.Statement, len(doc.Statements))
	for i, s := range doc.Statements {
		in := *s
		in.Conditions = append(slices.Clone(s.Conditions), policy.Doubt(why, pos))
		out.Statements[i] = &in
	}
	return &out
}
