package evaluator_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// sameAsReference fails when the evaluator or its explanation differs from the reference.
func sameAsReference(t *rapid.T, e *evaluator.Evaluator, world mapWorld, req evaluator.Request) refDecision {
	decided.Add(1)
	want := refDecideAs(e.Readings(), world, req)
	got, err := e.Authorize(t.Context(), req)
	if err != nil {
		t.Fatalf("authorize: %v\n%s", err, describe(world, req))
	}
	if summary(got).String() != want.String() {
		t.Fatalf("authorize: %s\nreference: %s\n%s", summary(got), want, describe(world, req))
	}
	explained, err := e.Explain(t.Context(), req)
	if err != nil {
		t.Fatalf("explain: %v\n%s", err, describe(world, req))
	}
	if summary(explained).String() != want.String() {
		t.Fatalf("explain: %s\nreference: %s\n%s", summary(explained), want, describe(world, req))
	}
	if matched := matchedStatements(t, explained); !slices.Equal(matched, want.matched) {
		t.Fatalf("explain: %q match\nreference: %q\n%s", matched, want.matched, describe(world, req))
	}
	return want
}

// matchedStatements lists the statements that an explanation says match. Every other must say why it does not.
func matchedStatements(t *rapid.T, d evaluator.Decision) []string {
	var out []string
	for _, layer := range d.Layers {
		for _, st := range layer.Statements {
			if st.Matched == (len(st.Unmet) > 0) {
				t.Fatalf("explain: matched %t with unmet %v", st.Matched, st.Unmet)
			}
			if st.Matched {
				out = append(out, statementName(layer.Layer, st))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// alice is a user to whom the open key policy gives nothing but what her identity policies say.
func alice(g *gen) *evaluator.Principal {
	return &evaluator.Principal{
		Type: evaluator.User, ARN: "arn:aws:iam::" + accountA + ":user/alice", Account: accountA, Name: "alice", UniqueID: "AIDAALICE",
		Tags: map[string]string{"team": pick(g, odd), "Cost.Center": pick(g, odd)},
	}
}

// openKey is a key that leaves everything to the identity policies of its account.
func openKey(g *gen) *evaluator.Key {
	return &evaluator.Key{
		ARN: keyOne, Tags: map[string]string{"env": pick(g, odd)}, Aliases: []string{"alias/one"},
		Policy: g.document(policy.KeyPolicy, "open key", func() []map[string]any {
			return []map[string]any{{"Effect": "Allow", "Principal": map[string]any{"AWS": accountA}, "Action": "kms:*", "Resource": "*"}}
		}),
	}
}

// TestConditionsAreTheReference looks at one condition at a time, in an Allow and in a Deny of every kind of
// policy that the two can tell apart.
func TestConditionsAreTheReference(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	check(t, 3, func(t *rapid.T) {
		g := &gen{t: t}
		readings := g.readings()
		effect := pick(g, []string{"Allow", "Allow", "Deny"})
		one := func(principal any) func() []map[string]any {
			return func() []map[string]any {
				st := map[string]any{"Effect": effect, "Action": "*", "Resource": "*", "Condition": g.conditions(1)}
				all := map[string]any{"Effect": "Allow", "Action": "*", "Resource": "*"}
				if principal != nil {
					st["Principal"], all["Principal"] = principal, principal
				}
				if effect == "Deny" {
					return []map[string]any{st, all}
				}
				return []map[string]any{st}
			}
		}
		p, k := alice(g), openKey(g)
		if g.chance(60) {
			p.Identity = []*policy.Document{g.document(policy.IdentityPolicy, "identity", one(nil))}
		} else {
			k.Policy = g.document(policy.KeyPolicy, "key", one("*"))
		}
		for range 12 {
			req := evaluator.Request{Principal: p, Key: k, Context: g.context(), Action: pick(g, []string{
				"kms:Decrypt", "kms:CreateGrant", "kms:ImportKeyMaterial", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:PutKeyPolicy",
			})}
			world := mapWorld{accountA: {ID: accountA, OrganizationID: "o-1", OrganizationPath: "o-1/r-1/ou-1/"}}
			seen.add(sameAsReference(t, shared.In(world).Assuming(readings), world, req).reason)
		}
	})
	t.Log(seen.counts)
}

// TestResourcesAreTheReference looks at one Resource or NotResource at a time.
func TestResourcesAreTheReference(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	var seen tally
	check(t, 3, func(t *rapid.T) {
		g := &gen{t: t}
		readings := g.readings()
		kind, principal := policy.IdentityPolicy, any(nil)
		if g.chance(40) {
			kind, principal = policy.KeyPolicy, "*"
		}
		doc := g.document(kind, "one", func() []map[string]any {
			st := map[string]any{"Effect": "Allow", "Action": "kms:*"}
			if principal != nil {
				st["Principal"] = principal
			}
			g.put(st, "Resource", true, func() []string { return some(g, 1, 2, g.resourcePattern) })
			return []map[string]any{st}
		})
		p, one, two := alice(g), openKey(g), openKey(g)
		two.ARN = pick(g, []string{"arn:aws-cn:kms:us-east-1:" + accountA + ":key/k1", "arn:aws:kms:eu-west-2:" + accountA + ":key/mrk-2.x"})
		if kind == policy.KeyPolicy {
			one.Policy, two.Policy = doc, doc
		} else {
			p.Identity = []*policy.Document{doc}
		}
		for _, req := range []evaluator.Request{
			{Principal: p, Action: "kms:Decrypt", Key: one},
			{Principal: p, Action: "kms:Decrypt", Key: two},
			{Principal: p, Action: "kms:CreateAlias", Alias: aliasOne},
			{Principal: p, Action: "kms:ListKeys"},
		} {
			seen.add(sameAsReference(t, shared.Assuming(readings), mapWorld{}, req).reason)
		}
	})
	t.Log(seen.counts)
}
