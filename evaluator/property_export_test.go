package evaluator_test

import (
	"context"
	"slices"
	"strconv"
	"testing"

	oparego "github.com/open-policy-agent/opa/v1/rego"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// evaluateExport decides an exported request as stock OPA does: all modules compiled together, and
// data.strictkms.layers.decision asked with the exported input.
func evaluateExport(ctx context.Context, x *evaluator.Export) (verdict, reason string, err error) {
	options := []func(*oparego.Rego){
		oparego.Query("decision = data.strictkms.layers.decision"),
		oparego.Module("decision.rego", rego.DecisionModule),
		oparego.Module("layers.rego", rego.LayersModule),
		oparego.Input(x.Input),
	}
	for _, u := range x.Units {
		options = append(options, oparego.Module(u.Name+".rego", u.Module))
	}
	results, err := oparego.New(options...).Eval(ctx)
	if err != nil || len(results) != 1 {
		return strconv.Itoa(len(results)) + " results", "", err
	}
	decision, _ := results[0].Bindings["decision"].(map[string]any)
	verdict, _ = decision["decision"].(string)
	reason, _ = decision["reason"].(string)
	return verdict, reason, nil
}

// TestExportIsTheReference holds the plain evaluation of the exported bundle to the reference, and so to the
// evaluator.
func TestExportIsTheReference(t *testing.T) {
	shared := evaluator.New(mapWorld{})
	check(t, 2, func(t *rapid.T) {
		s := newScene(t, 3)
		readings := (&gen{t: t}).readings()
		for _, req := range s.requests {
			want := refDecideAs(readings, s.world, req)
			x, err := shared.In(s.world).Assuming(readings).Export(req)
			if err != nil {
				t.Fatalf("export: %v\n%s", err, describe(s.world, req))
			}
			verdict, reason, err := evaluateExport(t.Context(), x)
			if err != nil || verdict != string(want.verdict) || reason != want.reason {
				t.Fatalf("export: %s (%s) %v\nreference: %s\n%s", verdict, reason, err, want, describe(s.world, req))
			}
		}
	})
}

// TestSuggestionsAllow holds every suggestion to being made only for what is denied. That each leads to an
// allowed request is tried by [evaluator.Evaluator.Suggest] itself.
func TestSuggestionsAllow(t *testing.T) {
	shared := evaluator.New(mapWorld{})
	suggested := 0
	check(t, 2, func(t *rapid.T) {
		s := newScene(t, 3)
		for _, req := range s.requests {
			texts, err := shared.In(s.world).Suggest(t.Context(), req)
			if err != nil {
				t.Fatalf("suggest: %v\n%s", err, describe(s.world, req))
			}
			want := refDecide(s.world, req)
			if len(texts) > 0 && want.verdict == evaluator.Allow {
				t.Fatalf("suggest: %q for an allowed request\n%s", texts, describe(s.world, req))
			}
			suggested += len(texts)
		}
	})
	if suggested == 0 {
		t.Error("nothing was suggested")
	}
}

// TestDenyNeverAllows adds a Deny to a policy of a request, or takes an Allow away: what was denied stays denied.
func TestDenyNeverAllows(t *testing.T) {
	shared := evaluator.New(mapWorld{})
	changed := 0
	check(t, 2, func(t *rapid.T) {
		s := newScene(t, 6)
		g := &gen{t: t}
		for _, req := range s.requests {
			e := shared.In(s.world)
			before, err := e.Authorize(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			narrowed := narrow(g, req)
			after, err := e.Authorize(t.Context(), narrowed)
			if err != nil {
				t.Fatal(err)
			}
			if before.Decision == evaluator.Deny && after.Decision != evaluator.Deny {
				t.Fatalf("%s became %s\n%s", summary(before), summary(after), describe(s.world, narrowed))
			}
			if before.Decision != after.Decision {
				changed++
			}
		}
	})
	if changed == 0 {
		t.Error("no change ever mattered")
	}
}

// narrow returns the request with one of its caller's or its key's policies allowing less.
func narrow(g *gen, req evaluator.Request) evaluator.Request {
	p, k := copyPrincipal(req.Principal), req.Key
	switch {
	case k != nil && k.Policy != nil && g.chance(50):
		k = copyKey(k)
		k.Policy = g.narrowed(k.Policy)
	case len(p.Identity) > 0:
		p.Identity[0] = g.narrowed(p.Identity[0])
	default:
		p.Identity = []*policy.Document{g.document(policy.IdentityPolicy, "added", func() []map[string]any {
			return []map[string]any{g.statement("Deny")}
		})}
	}
	req.Principal, req.Key = p, k
	return req
}

// narrowed returns a policy with a Deny more or an Allow less.
func (g *gen) narrowed(doc *policy.Document) *policy.Document {
	allows := slices.IndexFunc(doc.Statements, func(s *policy.Statement) bool { return s.Effect == policy.Allow })
	out := *doc
	if allows >= 0 && g.chance(50) {
		out.Statements = slices.Delete(slices.Clone(doc.Statements), allows, allows+1)
		out.Digest[0]++
		return &out
	}
	added := g.document(doc.Kind, "added", func() []map[string]any { return []map[string]any{g.statement("Deny")} })
	st := *added.Statements[0]
	st.Index = len(doc.Statements)
	out.Statements = append(slices.Clone(doc.Statements), &st)
	for i := range out.Digest {
		out.Digest[i] ^= added.Digest[i]
	}
	return &out
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
