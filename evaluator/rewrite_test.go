package evaluator_test

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// rewriter changes the text of policies and reads it again.
type rewriter struct {
	*gen
	// statement changes one statement into others; nil leaves them as they are.
	statement func(st map[string]any) []map[string]any
	// shuffle says that the order of statements, members and values is drawn again.
	shuffle bool
}

// all returns a world and a request with every policy rewritten.
func (r *rewriter) all(world mapWorld, req evaluator.Request) (mapWorld, evaluator.Request) {
	return mapDocuments(world, req, r.document)
}

// document rewrites one policy.
func (r *rewriter) document(doc *policy.Document) *policy.Document {
	text, err := doc.MarshalJSON()
	if err != nil {
		r.t.Fatal(err)
	}
	var form struct {
		Version   string
		Statement []map[string]any
	}
	if err := json.Unmarshal(text, &form); err != nil {
		r.t.Fatalf("%v\n%s", err, text)
	}
	r.kind, r.version = doc.Kind, form.Version
	var statements []any
	for _, st := range form.Statement {
		if r.statement == nil {
			statements = append(statements, st)
			continue
		}
		for _, changed := range r.statement(st) {
			statements = append(statements, changed)
		}
	}
	if r.shuffle {
		statements = shuffled(r.gen, statements)
	}
	written := map[string]any{"Statement": statements}
	if len(statements) == 1 && r.shuffle {
		written["Statement"] = statements[0]
	}
	if form.Version != "" {
		written["Version"] = form.Version
	}
	var b strings.Builder
	r.write(&b, written)
	out, diags := policy.Parse(doc.Kind, doc.Name, []byte(b.String()), policy.WithoutSizeLimit())
	if out == nil {
		r.t.Fatalf("a rewritten policy does not parse: %v\n%s", diags, b.String())
	}
	return out
}

// write writes JSON with the members of objects in an order that is drawn.
func (r *rewriter) write(b *strings.Builder, value any) {
	switch v := value.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		if r.shuffle {
			names = shuffled(r.gen, names)
		}
		b.WriteString("{")
		for i, name := range names {
			if i > 0 {
				b.WriteString(", ")
			}
			r.write(b, name)
			b.WriteString(": ")
			r.write(b, v[name])
		}
		b.WriteString("}")
	case []any:
		b.WriteString("[")
		for i, one := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			r.write(b, one)
		}
		b.WriteString("]")
	default:
		text, err := json.Marshal(v)
		if err != nil {
			r.t.Fatal(err)
		}
		b.Write(text)
	}
}

// shuffled draws another order.
func shuffled[T any](g *gen, list []T) []T {
	out := slices.Clone(list)
	for i := range out {
		j := i + g.upTo(len(out)-1-i)
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// mapDocuments returns a world and a request with every policy changed.
func mapDocuments(world mapWorld, req evaluator.Request, change func(*policy.Document) *policy.Document) (mapWorld, evaluator.Request) {
	list := func(docs []*policy.Document) []*policy.Document {
		if docs == nil {
			return nil
		}
		out := make([]*policy.Document, len(docs))
		for i, doc := range docs {
			out[i] = change(doc)
		}
		return out
	}
	levels := func(levels [][]*policy.Document) [][]*policy.Document {
		if levels == nil {
			return nil
		}
		out := make([][]*policy.Document, len(levels))
		for i, level := range levels {
			out[i] = list(level)
		}
		return out
	}
	changed := mapWorld{}
	for id, account := range world {
		a := *account
		a.SCPs, a.RCPs = levels(a.SCPs), levels(a.RCPs)
		changed[id] = &a
	}
	p := copyPrincipal(req.Principal)
	p.Identity, p.Session = list(p.Identity), list(p.Session)
	if p.Boundary != nil {
		p.Boundary = change(p.Boundary)
	}
	req.Principal, req.EndpointPolicies = p, list(req.EndpointPolicies)
	if req.Key != nil {
		k := copyKey(req.Key)
		if k.Policy != nil {
			k.Policy = change(k.Policy)
		}
		req.Key = k
	}
	return changed, req
}

// asList is a text, a number or a list as a list.
func asList(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// copyPrincipal copies a principal so that it can be changed.
func copyPrincipal(p *evaluator.Principal) *evaluator.Principal {
	return &evaluator.Principal{
		Type: p.Type, ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, UniqueID: p.UniqueID, Name: p.Name, Provider: p.Provider,
		ServiceLinked: p.ServiceLinked, Tags: p.Tags, Identity: slices.Clone(p.Identity), Boundary: p.Boundary,
		HasSession: p.HasSession, Session: p.Session,
	}
}

// copyKey copies a key so that it can be changed.
func copyKey(k *evaluator.Key) *evaluator.Key {
	return &evaluator.Key{
		ARN: k.ARN, Policy: k.Policy, Grants: k.Grants, Aliases: k.Aliases, Tags: k.Tags, Spec: k.Spec, Usage: k.Usage,
		MultiRegion: k.MultiRegion, AWSManaged: k.AWSManaged,
	}
}
