package evaluator_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// unknown draws what a question leaves open, and takes it out of the context of the request.
func (g *gen) unknown(req evaluator.Request) (evaluator.Request, evaluator.Unknown) {
	u := evaluator.Unknown{Others: g.chance(25)}
	for range g.upTo(5) {
		name := pick(g, keyPools).name
		if g.chance(15) {
			name = pick(g, []string{"kms:EncryptionContext:*", "aws:PrincipalTag/*", "aws:*", "acme:*", "kms:EncryptionContext:Other"})
		}
		u.Keys = append(u.Keys, g.oddCase(name))
	}
	open := func(name string) bool {
		return slices.ContainsFunc(u.Keys, func(key string) bool {
			prefix, family := strings.CutSuffix(strings.ToLower(key), "*")
			folded := strings.ToLower(name)
			return folded == prefix || family && strings.HasPrefix(folded, prefix) && g.chance(80)
		})
	}
	rest := evaluator.Context{}
	for _, name := range slices.Sorted(maps.Keys(req.Context)) {
		if open(name) || u.Others && g.chance(60) {
			continue
		}
		rest[name] = req.Context[name]
	}
	req.Context = rest
	return req, u
}

// assign draws values of the open keys: a request that the question stands for.
func (g *gen) assign(world mapWorld, req evaluator.Request, u evaluator.Unknown, open []string) evaluator.Request {
	named := slices.ContainsFunc(u.Keys, func(key string) bool {
		return slices.Contains([]string{"aws:viaawsservice", "aws:*"}, strings.ToLower(key))
	})
	follows := newReference(evaluator.Readings{}, world, req).context
	context := maps.Clone(req.Context)
	pools := slices.Clone(keyPools)
	slices.SortStableFunc(pools, func(a, b keyPool) int { // last what follows from others
		return ordered(a.name == "aws:ViaAWSService") - ordered(b.name == "aws:ViaAWSService")
	})
	for _, key := range pools {
		folded := strings.ToLower(key.name)
		if !slices.Contains(open, key.name) || folded == "kms:encryptioncontextkeys" || g.chance(35) && len(follows[folded]) == 0 {
			continue
		}
		if folded == "aws:viaawsservice" && (!named || slices.ContainsFunc(slices.Collect(maps.Keys(context)), isForwarding)) {
			continue // it follows
		}
		high := 1
		if key.multi {
			high = 3
		}
		context[key.name] = some(g, 1, high, func() string { return pick(g, key.values) })
	}
	for _, name := range []string{"kms:EncryptionContext:Other", "kms:EncryptionContext:Team"} {
		if slices.Contains(open, name) && g.chance(20) {
			context[name] = []string{pick(g, odd)}
		}
	}
	req.Context = context
	return req
}

func ordered(last bool) int {
	if last {
		return 1
	}
	return 0
}

// isForwarding reports whether a key says that a service makes the call.
func isForwarding(name string) bool {
	return slices.Contains([]string{"kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"}, strings.ToLower(name))
}

// openNames are the names of keys that assign may give values.
func openNames() []string {
	names := []string{"kms:EncryptionContext:Other", "kms:EncryptionContext:Team"}
	for _, key := range keyPools {
		names = append(names, key.name)
	}
	return names
}

// holds judges a condition of a way in one request, by the reference.
func (r *reference) holds(t *rapid.T, c evaluator.Condition) bool {
	doc := &policy.Document{Kind: policy.IdentityPolicy, Version: policy.Version2012}
	if c.Layer == "key-policy" {
		doc.Kind = policy.KeyPolicy
	}
	values := make([]policy.Value, len(c.Values))
	for i, text := range c.Values {
		values[i] = policy.Value{Text: text}
	}
	switch c.Element {
	case "Condition", "Endpoint":
		o, ok := policy.ParseOperator(c.Operator)
		if !ok {
			t.Fatalf("operator %q", c.Operator)
		}
		return r.condition(doc, policy.Condition{Operator: o, Key: policy.Value{Text: c.Key}, Values: values}) != c.Unless
	case "Resource", "NotResource":
		return r.resourceIn(doc, &policy.Strings{Negated: c.Element == "NotResource", Values: values}) != c.Unless
	case "Constraints":
		at := slices.IndexFunc(r.req.Key.Grants, func(g *evaluator.Grant) bool { return "grant "+g.ID == c.Policy })
		g := *r.req.Key.Grants[at]
		switch c.Operator {
		case "EncryptionContextEquals":
			g.EncryptionContextSubset, g.SourceArn = nil, ""
		case "EncryptionContextSubset":
			g.EncryptionContextEquals, g.SourceArn = nil, ""
		default:
			g.EncryptionContextEquals, g.EncryptionContextSubset = nil, nil
		}
		return r.constraintsMet(&g)
	default:
		t.Fatalf("condition %+v", c)
		return false
	}
}

// takes reports whether a request takes one of the ways.
func (r *reference) takes(t *rapid.T, ways []evaluator.Way) bool {
	return slices.ContainsFunc(ways, func(w evaluator.Way) bool {
		return !slices.ContainsFunc(w.Conditions, func(c evaluator.Condition) bool { return !r.holds(t, c) })
	})
}

// sameAsAssigned resolves a question and puts requests to it that it stands for: each is allowed exactly if it takes one of
// the ways. It returns the answer and whether some of the requests are allowed and others not.
func (g *gen) sameAsAssigned(t *rapid.T, e *evaluator.Evaluator, world mapWorld, req evaluator.Request, u evaluator.Unknown, times int) (evaluator.Residual, bool) {
	residual, err := e.Resolve(t.Context(), req, u)
	if err != nil {
		t.Fatalf("%v: %v\n%s", u, err, describe(world, req))
	}
	settled, err := e.Settle(t.Context(), req, u)
	if err != nil || settled != residual.Decision.Decision && settled != evaluator.Conditional {
		t.Fatalf("settled %s %v, resolved %s", settled, err, residual.Decision.Decision)
	}
	if exactly, err := e.SettleExactly(t.Context(), req, u); err != nil || exactly != residual.Decision.Decision {
		t.Fatalf("settled exactly %s %v, resolved %s", exactly, err, residual.Decision.Decision)
	}
	open, err := evaluator.OpenAmong(e, req, u, openNames())
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[bool]bool{}
	for range times {
		full := g.assign(world, req, u, open)
		want, err := e.Authorize(t.Context(), full)
		if err != nil {
			t.Fatalf("%v\n%s", err, describe(world, full))
		}
		decided.Add(1)
		got := residual.Decision.Decision
		if got == evaluator.Conditional {
			if got = evaluator.Deny; newReference(e.Readings(), world, full).takes(t, residual.Ways) {
				got = evaluator.Allow
			}
		}
		if cut := residual.Omitted && got == evaluator.Deny; got != want.Decision && !cut {
			text, _ := json.MarshalIndent(residual, "", " ")
			t.Fatalf("%v: %s of\n%s\nbut %v\n%s", u, got, text, summary(want), describe(world, full))
		}
		allowed[want.Decision == evaluator.Allow] = true
	}
	return residual, len(allowed) == 2
}

// TestUnknownContextIsTheReference leaves condition keys open and gives them values: a request with these values is
// allowed exactly if all conditions of one of the ways hold.
func TestUnknownContextIsTheReference(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	check(t, 1, func(t *rapid.T) {
		g := &gen{t: t}
		s := g.scene(9)
		e := shared.In(s.world).Assuming(g.readings())
		for _, asked := range s.requests {
			req, u := g.unknown(asked)
			residual, _ := g.sameAsAssigned(t, e, s.world, req, u, 4)
			seen.add(string(residual.Decision.Decision))
		}
	})
	t.Log(seen.counts)
	require.Len(t, seen.counts, 3)
}

// TestOpenConditionsAreTheReference does the same where nearly everything depends on what is open.
func TestOpenConditionsAreTheReference(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	check(t, 2, func(t *rapid.T) {
		g := &gen{t: t}
		world, req, u := g.openScene()
		e := shared.In(world)
		if g.chance(15) {
			e = e.Assuming(g.readings())
		}
		residual, both := g.sameAsAssigned(t, e, world, req, u, 40)
		seen.add(string(residual.Decision.Decision))
		settled, err := e.Settle(t.Context(), req, u)
		switch {
		case err != nil:
			t.Fatal(err)
		case residual.Omitted:
			seen.add("omitted")
		case both:
			seen.add("both")
		case settled != residual.Decision.Decision:
			seen.add("settled by resolving")
		}
	})
	t.Log(seen.counts)
	for _, name := range []string{"allow", "deny", "conditional", "both"} {
		require.Contains(t, seen.counts, name)
	}
}

// TestOpenConditionsAndUnresolvedValues leaves values of the policies unresolved as well: a request that takes a way without
// an unresolved value is allowed, one that takes only others is not denied outright, and any other is denied.
func TestOpenConditionsAndUnresolvedValues(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	check(t, 1, func(t *rapid.T) {
		g := &gen{t: t, holes: 10}
		world, req, u := g.openScene()
		e := shared.In(world)
		residual, err := e.Resolve(t.Context(), req, u)
		if err != nil {
			t.Fatalf("%v: %v\n%s", u, err, describe(world, req))
		}
		if exactly, err := e.SettleExactly(t.Context(), req, u); err != nil || exactly != residual.Decision.Decision {
			t.Fatalf("settled exactly %s %v, resolved %s", exactly, err, residual.Decision.Decision)
		}
		open, err := evaluator.OpenAmong(e, req, u, openNames())
		if err != nil {
			t.Fatal(err)
		}
		seen.add(string(residual.Decision.Decision))
		for range 20 {
			full := g.assign(world, req, u, open)
			want, err := e.Authorize(t.Context(), full)
			if err != nil {
				t.Fatalf("%v\n%s", err, describe(world, full))
			}
			decided.Add(1)
			seen.add("assigned " + string(want.Decision))
			if got := newReference(e.Readings(), world, full).answer(t, &residual); got != want.Decision && !residual.Omitted {
				text, _ := json.MarshalIndent(residual, "", " ")
				t.Fatalf("%v: %s of\n%s\nbut %v\n%s", u, got, text, summary(want), describe(world, full))
			}
		}
	})
	t.Log(seen.counts)
	require.Len(t, seen.counts, 6)
}

// answer is what a residual answer says about a request.
func (r *reference) answer(t *rapid.T, residual *evaluator.Residual) evaluator.Verdict {
	if residual.Decision.Decision != evaluator.Conditional {
		return residual.Decision.Decision
	}
	certain, doubtful := []evaluator.Way{}, []evaluator.Way{}
	for _, w := range residual.Ways {
		known := slices.DeleteFunc(slices.Clone(w.Conditions), func(c evaluator.Condition) bool { return c.Element == "Unresolved" })
		if len(known) == len(w.Conditions) {
			certain = append(certain, w)
		}
		doubtful = append(doubtful, evaluator.Way{Conditions: known})
	}
	switch {
	case r.takes(t, certain):
		return evaluator.Allow
	case r.takes(t, doubtful):
		return evaluator.Conditional
	default:
		return evaluator.Deny
	}
}

// TestOpenConditionsOfPartsAreTheReference asks about an alias and its key: both must be allowed, by the same values.
func TestOpenConditionsOfPartsAreTheReference(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	check(t, 4, func(t *rapid.T) {
		g := &gen{t: t}
		world, req, u := g.openScene()
		e := shared.In(world)
		req.Action = "kms:UpdateAlias"
		alias := req
		alias.Key, alias.Alias = nil, aliasOne
		residual, err := e.ResolveAll(t.Context(), []evaluator.Request{alias, req}, u)
		if err != nil {
			t.Fatal(err)
		}
		open, err := evaluator.OpenAmong(e, req, u, openNames())
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			full := g.assign(world, req, u, open)
			for _, key := range keyPools { // what follows from the key would be missing for the alias
				follows := strings.HasPrefix(key.name, "kms:Key") || strings.HasPrefix(key.name, "aws:Resource") ||
					strings.HasPrefix(key.name, "kms:MultiRegion") || key.name == "kms:ResourceAliases"
				if follows && slices.Contains(open, key.name) && full.Context[key.name] == nil {
					full.Context[key.name] = []string{pick(g, key.values)}
				}
			}
			want, others := evaluator.Allow, full
			others.Key, others.Alias = nil, aliasOne
			for _, part := range []evaluator.Request{others, full} {
				d, err := e.Authorize(t.Context(), part)
				if err != nil {
					t.Fatal(err)
				}
				if d.Decision == evaluator.Deny {
					want = evaluator.Deny
				}
			}
			decided.Add(1)
			rs := []*reference{newReference(e.Readings(), world, others), newReference(e.Readings(), world, full)}
			got := residual.Decision.Decision
			if got == evaluator.Conditional {
				if got = evaluator.Deny; slices.ContainsFunc(residual.Ways, func(w evaluator.Way) bool {
					return !slices.ContainsFunc(w.Conditions, func(c evaluator.Condition) bool {
						r := rs[1]
						if strings.HasPrefix(c.Text, aliasOne) {
							r = rs[0]
						}
						return !r.holds(t, c)
					})
				}) {
					got = evaluator.Allow
				}
			}
			if cut := residual.Omitted && got == evaluator.Deny; got != want && !cut {
				text, _ := json.MarshalIndent(residual, "", " ")
				t.Fatalf("%v: %s of\n%s\nbut %s\n%s", u, got, text, want, describe(world, full))
			}
		}
		seen.add(string(residual.Decision.Decision))
	})
	t.Log(seen.counts)
	require.Len(t, seen.counts, 3)
}
