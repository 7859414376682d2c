package evaluator

import (
	"crypto/sha256"
	"fmt"

	"github.com/strictkms/strictkms/policy"
)

// newStatement is the change that adds a statement to the layer that was missing.
func (x *explainer) newStatement(v *verdict) (change, bool) {
	layer := layerKey
	for l, name := range layerNames {
		if name == v.layer {
			layer = layerKind(l)
		}
	}
	st := policy.Statement{
		Effect:    policy.Allow,
		Actions:   withValue(nil, x.q.action.Name),
		Resources: withValue(nil, x.resourceName(layer)),
	}
	if layer == layerKey && x.q.req.Role != nil {
		st.Resources = nil // a trust policy is about its role
	}
	if layer == layerKey || layer == layerEndpoint {
		p, ok := policy.ParsePrincipal(x.callerName())
		if !ok { // a caller without a name that policies have
			return change{}, false
		}
		st.Principals = &policy.Principals{Values: []policy.Principal{p}}
	}
	doc, level := x.missingDocument(layer)
	what := fmt.Sprintf("allows %s on %s", x.q.action.Name, x.q.resourceARN)
	switch {
	case layer == layerIdentity:
		return change{
			text:   fmt.Sprintf("give %s an identity policy that %s", x.callerName(), what),
			weight: weightNew,
			apply:  func(s scenario) scenario { return s.withIdentity(newIdentityPolicy(st, what)) },
		}, true
	case doc == nil:
		return change{}, false
	}
	text := fmt.Sprintf("add a statement to %s%s that %s", documentWhere(doc), level, what)
	if st.Principals != nil {
		text = fmt.Sprintf("add a statement to %s that allows %s to do %s", documentWhere(doc), x.callerName(), x.q.action.Name)
	}
	return change{text: text, weight: weightNew, apply: func(s scenario) scenario {
		return s.replace(doc, addStatement(doc, st, text+what))
	}}, true
}

func documentWhere(doc *policy.Document) string {
	if doc.Pos.IsValid() {
		return fmt.Sprintf("%s (%s)", doc.Name, doc.Pos)
	}
	return doc.Name // a document that was made, not read
}

// missingDocument is the policy of a layer that a statement could be added to, nil for none. For SCPs it is
// one of the first level that does not allow.
func (x *explainer) missingDocument(layer layerKind) (doc *policy.Document, level string) {
	if layer == layerIdentity {
		return nil, "" // a policy of the caller's own, not a change for everyone who shares one
	}
	allowing := map[int]bool{}
	for i := range x.results {
		r := &x.results[i]
		for _, c := range r.classes {
			if r.layer == layer && c == classAllow {
				allowing[r.group] = true
			}
		}
	}
	groups := x.q.documents(layer)
	for group, docs := range groups {
		if allowing[group] || len(docs) == 0 {
			continue
		}
		if layer == layerSCP {
			level = fmt.Sprintf(" (level %d of %d)", group+1, len(groups))
		}
		return docs[0], level
	}
	return nil, ""
}

// newIdentityPolicy is a policy of one statement that does not exist yet.
func newIdentityPolicy(st policy.Statement, mark string) *policy.Document {
	return &policy.Document{
		Kind: policy.IdentityPolicy, Name: "a new identity policy", Version: policy.Version2012,
		Statements: []*policy.Statement{&st}, Digest: sha256.Sum256([]byte("new:" + mark)),
	}
}
