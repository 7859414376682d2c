package evaluator_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// metamorphosis decides random requests before and after a change of their world, and holds the second answer to the
// first.
func metamorphosis(t *testing.T, change func(g *gen, world mapWorld, req evaluator.Request) (mapWorld, evaluator.Request),
	holds func(before, after evaluator.Decision) bool,
) {
	t.Helper()
	shared := evaluator.New(mapWorld{})
	var before tally
	changed := 0
	check(t, 1, func(t *rapid.T) {
		s := newScene(t, 6)
		g := &gen{t: t}
		readings := g.readings()
		for _, req := range s.requests {
			first, err := shared.In(s.world).Assuming(readings).Authorize(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			otherWorld, otherReq := change(g, s.world, req)
			second, err := shared.In(otherWorld).Assuming(readings).Authorize(t.Context(), otherReq)
			if err != nil {
				t.Fatal(err)
			}
			decided.Add(1)
			if !holds(first, second) {
				t.Fatalf("%s became %s\n%s\nwas:\n%s", summary(first), summary(second), describe(otherWorld, otherReq), describe(s.world, req))
			}
			before.add(string(first.Decision))
			if first.Decision != second.Decision {
				changed++
			}
		}
	})
	if len(before.counts) < 2 {
		t.Errorf("nothing was allowed, or nothing denied: %v", before.counts)
	}
	t.Logf("%v, %d answers changed", before.counts, changed)
}

// same asks for the same answer for the same reason.
func same(before, after evaluator.Decision) bool {
	return before.Decision == after.Decision && before.Reason == after.Reason
}

// oneDocument changes one of the policies of a request, which is drawn.
func oneDocument(g *gen, world mapWorld, req evaluator.Request, change func(*policy.Document) *policy.Document) (mapWorld, evaluator.Request) {
	count := 0
	mapDocuments(world, req, func(doc *policy.Document) *policy.Document { count++; return doc })
	if count == 0 {
		return world, req
	}
	at := g.upTo(count - 1)
	// A caller's own policies decide most; every other is one of several.
	if n := len(req.Principal.Identity); n > 0 && g.chance(30) {
		p := copyPrincipal(req.Principal)
		p.Identity[n-1] = change(p.Identity[n-1])
		req.Principal = p
		return world, req
	}
	count = 0
	return mapDocuments(world, req, func(doc *policy.Document) *policy.Document {
		if count++; count-1 == at {
			return change(doc)
		}
		return doc
	})
}

// TestDenyNeverAllows adds a Deny to a policy of any kind, or takes an Allow away: what was denied stays denied.
func TestDenyNeverAllows(t *testing.T) {
	t.Parallel()
	metamorphosis(t, func(g *gen, world mapWorld, req evaluator.Request) (mapWorld, evaluator.Request) {
		return oneDocument(g, world, req, g.narrowed)
	}, func(before, after evaluator.Decision) bool {
		return before.Decision == evaluator.Allow || after.Decision == evaluator.Deny
	})
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

// TestWideningNeverNarrows widens wildcards of Allow statements, which must not deny, or of Deny statements, which must
// not allow.
func TestWideningNeverNarrows(t *testing.T) {
	t.Parallel()
	for _, effect := range []string{"Allow", "Deny"} {
		t.Run(effect, func(t *testing.T) {
			metamorphosis(t, func(g *gen, world mapWorld, req evaluator.Request) (mapWorld, evaluator.Request) {
				return (&rewriter{gen: g, statement: func(st map[string]any) []map[string]any {
					if st["Effect"] == effect {
						g.widen(st)
					}
					return []map[string]any{st}
				}}).all(world, req)
			}, func(before, after evaluator.Decision) bool {
				if effect == "Allow" {
					return before.Decision == evaluator.Deny || after.Decision == evaluator.Allow
				}
				return before.Decision == evaluator.Allow || after.Decision == evaluator.Deny
			})
		})
	}
}

// widen makes some elements of a statement match more.
func (g *gen) widen(st map[string]any) {
	if actions, ok := st["Action"]; ok && g.chance(50) {
		st["Action"] = g.widenEach(actions, func(v string) string {
			service, name, _ := strings.Cut(v, ":")
			if name == "" || strings.ContainsAny(service, "*?") {
				return "*"
			}
			return service + ":" + name[:g.upTo(len(name))] + "*"
		})
	}
	if resources, ok := st["Resource"]; ok && g.chance(50) {
		st["Resource"] = g.widenEach(resources, func(string) string { return "*" })
	}
	if principals, ok := st["Principal"].(map[string]any); ok && g.chance(20) {
		aws := []any{"*"}
		if named, ok := principals["AWS"]; ok {
			aws = append(asList(named), "*")
		}
		principals["AWS"] = aws
	}
	conditions, _ := st["Condition"].(map[string]any)
	for operator, keys := range conditions {
		like := strings.Contains(operator, "Like") || strings.Contains(operator, "ArnEquals")
		if !like || strings.Contains(operator, "Not") || !g.chance(50) {
			continue
		}
		for key, values := range keys.(map[string]any) {
			if len(asList(values)) > 0 {
				keys.(map[string]any)[key] = g.widenEach(values, func(v string) string {
					if strings.Contains(v, "${") {
						return "*"
					}
					return v[:g.upTo(len(v))] + "*"
				})
			}
		}
	}
}

// widenEach widens some of the values of an element.
func (g *gen) widenEach(values any, widen func(string) string) any {
	out := slices.Clone(asList(values))
	for i, v := range out {
		if text, ok := v.(string); ok && g.chance(60) {
			out[i] = widen(text)
		}
	}
	return out
}

// TestOrderMeansNothing draws the order of statements and of the members of objects again.
func TestOrderMeansNothing(t *testing.T) {
	t.Parallel()
	metamorphosis(t, func(g *gen, world mapWorld, req evaluator.Request) (mapWorld, evaluator.Request) {
		return (&rewriter{gen: g, shuffle: true}).all(world, req)
	}, same)
}

// TestSplittingMeansNothing makes several statements of one: each with some of the values of one element.
func TestSplittingMeansNothing(t *testing.T) {
	t.Parallel()
	metamorphosis(t, func(g *gen, world mapWorld, req evaluator.Request) (mapWorld, evaluator.Request) {
		return (&rewriter{gen: g, statement: g.split}).all(world, req)
	}, same)
}

// split returns statements that together say what one says.
func (g *gen) split(st map[string]any) []map[string]any {
	with := func(name string, value any) map[string]any {
		out := maps.Clone(st)
		out[name] = value
		return out
	}
	switch element := pick(g, []string{"Action", "Resource", "Principal", "twice"}); element {
	case "Action", "Resource":
		values := asList(st[element])
		if st[element] == nil || len(values) < 2 {
			return []map[string]any{st}
		}
		at := 1 + g.upTo(len(values)-2)
		return []map[string]any{with(element, values[:at]), with(element, values[at:])}
	case "Principal":
		principals, ok := st[element].(map[string]any)
		if !ok {
			return []map[string]any{st}
		}
		var out []map[string]any
		for kind, values := range principals {
			for _, value := range asList(values) {
				out = append(out, with(element, map[string]any{kind: value}))
			}
		}
		return out
	default:
		return []map[string]any{st, st}
	}
}

// TestSpellingMeansNothing writes policies in other words that say the same.
func TestSpellingMeansNothing(t *testing.T) {
	t.Parallel()
	metamorphosis(t, func(g *gen, world mapWorld, req evaluator.Request) (mapWorld, evaluator.Request) {
		return (&rewriter{gen: g, statement: func(st map[string]any) []map[string]any {
			g.respell(st)
			return []map[string]any{st}
		}}).all(world, req)
	}, same)
}

// respell writes the elements of a statement otherwise.
func (g *gen) respell(st map[string]any) {
	for _, name := range []string{"Action", "NotAction"} {
		if values, ok := st[name]; ok {
			st[name] = g.listOrOne(values, func(v string) string { return pick(g, []string{v, strings.ToUpper(v), strings.ToLower(v)}) })
		}
	}
	for _, name := range []string{"Resource", "NotResource"} {
		if values, ok := st[name]; ok {
			st[name] = g.listOrOne(values, func(v string) string { return v })
		}
	}
	for _, name := range []string{"Principal", "NotPrincipal"} {
		switch principals := st[name].(type) {
		case string:
			st[name] = pick(g, []any{"*", map[string]any{"AWS": "*"}, map[string]any{"AWS": []any{"*", "*"}}})
		case map[string]any:
			for kind, values := range principals {
				principals[kind] = g.listOrOne(values, g.respellPrincipal)
			}
		}
	}
	conditions, _ := st["Condition"].(map[string]any)
	for operator, keys := range conditions {
		other := map[string]any{}
		for key, values := range keys.(map[string]any) {
			other[g.oddCase(key)] = g.listOrOne(values, func(v string) string { return v })
		}
		conditions[operator] = other
	}
}

// respellPrincipal writes an account by its id or by its root user.
func (g *gen) respellPrincipal(v string) string {
	const prefix, suffix = "arn:aws:iam::", ":root"
	id := strings.TrimSuffix(strings.TrimPrefix(v, prefix), suffix)
	if !policy.IsAccountID(id) {
		return v
	}
	return pick(g, []string{id, prefix + id + suffix})
}

// listOrOne writes values in another order, some of them twice, and one value by itself or in a list.
func (g *gen) listOrOne(values any, respell func(string) string) any {
	list := shuffled(g, asList(values))
	for i, v := range list {
		if text, ok := v.(string); ok {
			list[i] = respell(text)
		}
	}
	if len(list) > 0 && g.chance(20) {
		list = append(list, list[0])
	}
	if len(list) == 1 && g.chance(50) {
		return list[0]
	}
	return list
}
