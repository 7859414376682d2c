package evaluator

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/strictkms/strictkms/policy"
)

// scenario is a request in a world that changes are tried on. A changed scenario is a new value.
type scenario struct {
	req   Request
	world World
}

// withContext returns the scenario with a condition key set.
func (s scenario) withContext(key string, values ...string) scenario {
	context := Context{}
	for name, old := range s.req.Context {
		if policy.FoldKey(name) != policy.FoldKey(key) {
			context[name] = old
		}
	}
	context[key] = values
	s.req.Context = context
	return s
}

// replace returns the scenario with one policy in the place of another.
func (s scenario) replace(old, changed *policy.Document) scenario {
	swap := func(docs []*policy.Document) []*policy.Document {
		out := slices.Clone(docs)
		for i, doc := range out {
			if doc == old {
				out[i] = changed
			}
		}
		return out
	}
	p := s.req.Principal.clone()
	p.Identity, p.Session = swap(p.Identity), swap(p.Session)
	if p.Boundary == old {
		p.Boundary = changed
	}
	s.req.Principal = p
	if s.req.Key != nil && s.req.Key.Policy == old {
		k := s.req.Key.clone()
		k.Policy = changed
		s.req.Key = k
	}
	if s.req.Role != nil && s.req.Role.Trust == old {
		r := s.req.Role.clone()
		r.Trust = changed
		s.req.Role = r
	}
	if s.req.EndpointPolicies != nil {
		s.req.EndpointPolicies = swap(s.req.EndpointPolicies)
	}
	s.world = changedWorld{World: s.world, swap: swap}
	return s
}

// withIdentity returns the scenario with one more identity policy.
func (s scenario) withIdentity(doc *policy.Document) scenario {
	p := s.req.Principal.clone()
	p.Identity = append(slices.Clone(p.Identity), doc)
	s.req.Principal = p
	return s
}

// changedWorld is a world with other organization policies.
type changedWorld struct {
	World
	swap func([]*policy.Document) []*policy.Document
}

// Account implements [World].
func (w changedWorld) Account(id string) *Account {
	known := w.World.Account(id)
	if known == nil {
		return nil
	}
	a := *known
	a.SCPs, a.RCPs = swapLevels(a.SCPs, w.swap), swapLevels(a.RCPs, w.swap)
	return &a
}

func swapLevels(levels [][]*policy.Document, swap func([]*policy.Document) []*policy.Document) [][]*policy.Document {
	if levels == nil {
		return nil
	}
	out := make([][]*policy.Document, len(levels))
	for i, level := range levels {
		out[i] = swap(level)
	}
	return out
}

// clone copies a principal without what was prepared for it.
func (p *Principal) clone() *Principal {
	return &Principal{
		Type: p.Type, ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, UniqueID: p.UniqueID, Name: p.Name,
		Provider: p.Provider, ServiceLinked: p.ServiceLinked, Tags: maps.Clone(p.Tags), Identity: p.Identity,
		Boundary: p.Boundary, HasSession: p.HasSession, Session: p.Session, Unknown: p.Unknown,
		Open: p.Open,
	}
}

// clone copies a key without what was prepared for it.
func (k *Key) clone() *Key {
	return &Key{
		ARN: k.ARN, Policy: k.Policy, Grants: k.Grants, Aliases: k.Aliases, Tags: maps.Clone(k.Tags),
		Spec: k.Spec, Usage: k.Usage, Origin: k.Origin, MultiRegion: k.MultiRegion,
		MultiRegionKeyType: k.MultiRegionKeyType, AWSManaged: k.AWSManaged, Unknown: k.Unknown,
		Open: k.Open,
	}
}

// editStatement returns a policy with one statement changed, or removed when edit returns nil.
func editStatement(doc *policy.Document, index int, mark string, edit func(policy.Statement) *policy.Statement) *policy.Document {
	out := *doc
	out.Statements = nil
	for _, s := range doc.Statements {
		if s.Index == index {
			if s = edit(*s); s == nil {
				continue
			}
		}
		out.Statements = append(out.Statements, s)
	}
	out.Digest = editDigest(doc, mark)
	return &out
}

// addStatement returns a policy with one more statement.
func addStatement(doc *policy.Document, s policy.Statement, mark string) *policy.Document {
	out := *doc
	for _, known := range doc.Statements {
		s.Index = max(s.Index, known.Index+1)
	}
	out.Statements = append(slices.Clone(doc.Statements), &s)
	out.Digest = editDigest(doc, mark)
	return &out
}

// editDigest identifies a changed policy; mark says what was changed.
func editDigest(doc *policy.Document, mark string) [32]byte {
	return sha256.Sum256(append(doc.Digest[:], "edit:"+mark...))
}
