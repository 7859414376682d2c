package iam

import (
	"cmp"
	"sync"

	"github.com/strictkms/strictkms/policy"
)

// Policy is a policy document as it is kept: its text, with what explanations call it. It is immutable once it is
// stored.
type Policy struct {
	// Name is the name of an inline policy, of an SCP or of an RCP.
	Name string `json:"name"`
	// Label is what explanations call the policy when it is not what its place says, for example user/alice/NAME.
	Label string `json:"label,omitempty"`
	Text  string `json:"text"`
	// Unresolved says that [policy.Unresolved] in a text marks what the source of the policy could not compute.
	Unresolved bool `json:"unresolved,omitempty"`
	// Origin is where the policy was written down; nil for one that came through the API.
	Origin *Origin `json:"origin,omitempty"`

	once     sync.Once
	document *policy.Document
}

// Origin is where a policy was written down: explanations point there.
type Origin struct {
	File string `json:"file"`
	// At are offset, line and column of the document and then of each of its statements.
	At [][3]int `json:"at"`
}

// clone returns a policy that can be changed.
func (p *Policy) clone() *Policy {
	return &Policy{Name: p.Name, Label: p.Label, Text: p.Text, Unresolved: p.Unresolved, Origin: p.Origin}
}

// check reports whether AWS would take the text as a policy of the kind.
func (p *Policy) check(kind policy.Kind) error {
	_, diags := policy.Parse(kind, p.Name, []byte(p.Text), p.options()...)
	if errs := diags.Errors(); len(errs) > 0 {
		return failf(CodeMalformedPolicyDocument, "%s", errs[0].Message)
	}
	return nil
}

func (p *Policy) options() []policy.Option {
	// Sizes are those of the text that was given, which need not be this one.
	opts := []policy.Option{policy.WithoutSizeLimit()}
	if p.Unresolved {
		opts = append(opts, policy.WithUnresolved())
	}
	return opts
}

// parse returns the document; by the first call. A text that cannot be read stands for a policy that may deny
// everything: what is kept was checked before, so that this is damage, and a Deny must not get lost by it.
func (p *Policy) parse(kind policy.Kind, label, arn string) *policy.Document {
	p.once.Do(func() {
		label = cmp.Or(p.Label, label)
		doc, diags := policy.Parse(kind, label, []byte(p.Text), append(p.options(), policy.WithARN(arn))...)
		if doc == nil {
			doc = policy.Unknown(kind, label, arn, label+" cannot be read: "+diags.Errors()[0].Message, policy.Position{})
		}
		p.Origin.locate(doc)
		p.document = doc
	})
	return p.document
}

// locate gives a document that nobody else has yet the positions it was written at.
func (o *Origin) locate(doc *policy.Document) {
	if o == nil || len(o.At) != len(doc.Statements)+1 {
		return
	}
	at := func(i int) policy.Position {
		return policy.Position{File: o.File, Offset: o.At[i][0], Line: o.At[i][1], Column: o.At[i][2]}
	}
	doc.Pos = at(0)
	for i, s := range doc.Statements {
		s.Pos = at(i + 1)
	}
}

// OriginOf returns where a document was written down, nil when that is not known.
func OriginOf(doc *policy.Document) *Origin {
	if doc.Pos.File == "" {
		return nil
	}
	at := func(p policy.Position) [3]int { return [3]int{p.Offset, p.Line, p.Column} }
	o := &Origin{File: doc.Pos.File, At: [][3]int{at(doc.Pos)}}
	for _, s := range doc.Statements {
		o.At = append(o.At, at(s.Pos))
	}
	return o
}

// documents are the inline policies of an owner, for example user/alice.
func documents(owner string, policies []*Policy) []*policy.Document {
	docs := make([]*policy.Document, len(policies))
	for i, p := range policies {
		docs[i] = p.parse(policy.IdentityPolicy, owner+"/"+p.Name, "")
	}
	return docs
}
