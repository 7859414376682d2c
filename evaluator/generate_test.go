package evaluator_test

import (
	"encoding/json"
	"strings"

	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/policy"
)

// gen draws worlds, policies and requests from pools that are small, so that things match.
type gen struct {
	t *rapid.T
	// version is that of the policy that is being written.
	version string
	kind    policy.Kind
	// pools are the condition keys that policies test, all of [keyPools] when there are none.
	pools []keyPool
	// holes is how many percent of the values of policies are left unresolved.
	holes int
}

// hole leaves a value unresolved now and then.
func (g *gen) hole(text string) string {
	if g.holes > 0 && g.chance(g.holes) {
		return string(policy.Unresolved) + text
	}
	return text
}

// chance is true in percent of 100 cases.
func (g *gen) chance(percent int) bool {
	return rapid.IntRange(0, 99).Draw(g.t, "chance") >= 100-percent
}

func (g *gen) upTo(n int) int { return rapid.IntRange(0, n).Draw(g.t, "n") }

func pick[T any](g *gen, pool []T) T { return rapid.SampledFrom(pool).Draw(g.t, "pick") }

// some draws between low and high values.
func some[T any](g *gen, low, high int, draw func() T) []T {
	out := make([]T, rapid.IntRange(low, high).Draw(g.t, "some"))
	for i := range out {
		out[i] = draw()
	}
	return out
}

// oneOrList is a text by itself or in a list, both of which policies may have.
func (g *gen) oneOrList(values []string) any {
	if len(values) == 1 && g.chance(50) {
		return values[0]
	}
	return values
}

// document writes a policy and parses it.
func (g *gen) document(kind policy.Kind, name string, statements func() []map[string]any) *policy.Document {
	g.kind, g.version = kind, "2012-10-17"
	if kind != policy.ResourceControlPolicy && kind != policy.ServiceControlPolicy && g.chance(20) {
		g.version = "2008-10-17"
	}
	form := map[string]any{"Statement": statements()}
	if g.version == "2012-10-17" || g.chance(50) {
		form["Version"] = g.version
	}
	src, err := json.Marshal(form)
	if err != nil {
		g.t.Fatal(err)
	}
	doc, diags := policy.Parse(kind, name, src, policy.WithoutSizeLimit(), policy.WithUnresolved())
	if doc == nil {
		g.t.Fatalf("a generated policy does not parse: %v\n%s", diags, src)
	}
	return doc
}

// statements draws statements, some of which deny.
func (g *gen) statements(high, denyPercent int) []map[string]any {
	return some(g, 1, high, func() map[string]any {
		effect := "Allow"
		if g.chance(denyPercent) {
			effect = "Deny"
		}
		return g.statement(effect)
	})
}

// statement draws one statement of the policy's kind.
func (g *gen) statement(effect string) map[string]any {
	st := map[string]any{"Effect": effect}
	rcp := g.kind == policy.ResourceControlPolicy
	g.put(st, "Action", !rcp, func() []string { return some(g, 1, 3, g.actionPattern) })
	g.put(st, "Resource", true, func() []string { return some(g, 1, 2, g.resourcePattern) })
	switch g.kind {
	case policy.KeyPolicy, policy.VPCEndpointPolicy:
		g.principal(st)
	case policy.ResourceControlPolicy:
		st["Principal"] = "*"
	default:
	}
	conditions := 0
	if g.chance(45) || effect == "Deny" && g.chance(70) {
		conditions = 1 + g.upTo(1)
	}
	if conditions > 0 {
		st["Condition"] = g.conditions(conditions)
	}
	if g.kind == policy.KeyPolicy && g.chance(3) {
		delete(st, pick(g, []string{"Action", "NotAction", "Resource", "NotResource"}))
	}
	return st
}

// put adds an element, or its negation.
func (g *gen) put(st map[string]any, name string, negatable bool, values func() []string) {
	if negatable && g.chance(12) {
		name = "Not" + name
	}
	list := values()
	for i := range list {
		list[i] = g.hole(list[i])
	}
	st[name] = g.oneOrList(list)
}

func (g *gen) actionPattern() string {
	if g.chance(60) {
		return pick(g, []string{"*", "kms:*", "kms:*"})
	}
	if g.chance(60) {
		return pick(g, requestActions)
	}
	return pick(g, []string{
		"kms:D*", "kms:?ecrypt", "kms:Generate*", "kms:*Grant*", "kms:re*", "KMS:decrypt", "kms:*t", "s3:*", "kms:*e*r*",
		"*:*", "kms:Describe?ey", "s3:GetObject", "kms:List*", "kms:*Alias",
	})
}

func (g *gen) resourcePattern() string {
	if g.chance(70) {
		return "*"
	}
	own := pick(g, []string{keyOne, keyTwo, keyOne, aliasOne})
	parts := strings.SplitN(own, ":", 6)
	switch g.upTo(5) {
	case 0:
		return own
	case 1: // any part may have wildcards
		for _, i := range []int{1, 2, 3, 4} {
			if g.chance(35) {
				parts[i] = g.wild(parts[i])
			}
		}
		parts[5] = g.wild(parts[5])
		return strings.Join(parts, ":")
	case 2: // parts may be left out
		return strings.Join(parts[:2+g.upTo(3)], ":")
	case 3:
		kind, id, _ := strings.Cut(parts[5], "/")
		parts[5] = kind + "/" + g.pattern(id)
		return strings.Join(parts, ":")
	case 4:
		return pick(g, []string{
			"arn:aws:kms:*:*:key/*", "arn:aws:kms:us-east-1:" + accountA + ":key/*", "arn:aws:kms:*:key/*", "arn:aws:s3:::bucket/*",
			"arn:aws:kms:*:" + accountA + ":*", "arn:*:kms:*:*:alias/*", "arn:aws:*:*:*:*", "arn:aws:kms::*:*",
			"arn:aws:kms:us-east-1:" + accountA + ":key/?1", "arn:aws:kms:*:*:key/${aws:username}",
			"arn:aws:kms:*:${aws:PrincipalAccount}:key/*",
		})
	default:
		if g.kind == policy.KeyPolicy {
			return pick(g, []string{"**", "key/*", "*:key/*", "*k1", "?", "k1", ""})
		}
		return own
	}
}

// principal draws Principal or NotPrincipal.
func (g *gen) principal(st map[string]any) {
	name := "Principal"
	if g.chance(12) {
		name = "NotPrincipal"
	}
	if g.chance(25) {
		st[name] = pick(g, []any{"*", map[string]any{"AWS": "*"}, map[string]any{"AWS": []string{"*"}}})
		return
	}
	lists := map[string]any{}
	lists["AWS"] = g.oneOrList(some(g, 1, 3, func() string { return g.hole(pick(g, policyPrincipals)) }))
	if g.chance(20) {
		lists["Service"] = g.oneOrList(some(g, 1, 2, func() string { return pick(g, services) }))
	}
	if g.chance(15) {
		lists["Federated"] = pick(g, providers)
	}
	if g.chance(5) {
		lists["CanonicalUser"] = strings.Repeat("0a", 32)
	}
	if len(lists) > 1 && g.chance(50) {
		delete(lists, "AWS")
	}
	st[name] = lists
}
