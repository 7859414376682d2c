package evaluator_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// pairPools are what is about the encryption context.
var pairPools = []string{"kms:EncryptionContext:tenant", "kms:EncryptionContext:a.c", "kms:EncryptionContextKeys"}

// openScene draws a request that all policies are about: what they have conditions on is left open.
func (g *gen) openScene() (mapWorld, evaluator.Request, evaluator.Unknown) {
	g.pools = some(g, 1, 4, func() keyPool { return pick(g, keyPools) })
	if g.chance(30) {
		for _, pool := range keyPools {
			if slices.Contains(pairPools, pool.name) {
				g.pools = append(g.pools, pool)
			}
		}
	}
	world := g.world()
	for _, a := range world {
		a.SCPs, a.RCPs = nil, nil
		if g.chance(20) {
			a.SCPs = [][]*policy.Document{{g.about(policy.ServiceControlPolicy, "scp")}, {g.about(policy.ServiceControlPolicy, "scp of the OU")}}
		}
		if g.chance(15) {
			a.RCPs = [][]*policy.Document{{g.about(policy.ResourceControlPolicy, "rcp")}}
		}
	}
	p := g.caller(0)
	p.Identity, p.Boundary, p.HasSession, p.Session = nil, nil, false, nil
	if g.chance(60) {
		p.Identity = []*policy.Document{g.about(policy.IdentityPolicy, "caller 0")}
	}
	if g.chance(15) {
		p.Boundary = g.about(policy.PermissionsBoundary, "boundary")
	}
	if g.chance(15) {
		p.HasSession, p.Session = true, []*policy.Document{g.about(policy.SessionPolicy, "session")}
	}
	k := g.key(keyOne)
	k.Policy = g.about(policy.KeyPolicy, "key policy")
	for _, grant := range k.Grants {
		if g.chance(50) {
			grant.GranteePrincipal, grant.GranteeServicePrincipal = p.Issuer, ""
			if p.Issuer == "" {
				grant.GranteePrincipal = p.ARN
			}
			grant.Operations = append(grant.Operations, "Decrypt", "Encrypt")
			if len(g.pools) > 4 && g.chance(60) {
				grant.EncryptionContextSubset = g.pairs()
			}
		}
	}
	req := evaluator.Request{
		Principal: p, Key: k, Action: pick(g, []string{"kms:Decrypt", "kms:Encrypt", "kms:CreateGrant", "kms:ScheduleKeyDeletion", "kms:ImportKeyMaterial"}),
		Context: g.context(),
	}
	if g.chance(15) {
		req.EndpointPolicies = []*policy.Document{g.about(policy.VPCEndpointPolicy, "endpoint")}
	}
	u := evaluator.Unknown{}
	for _, pool := range g.pools {
		u.Keys = append(u.Keys, pool.name)
	}
	if g.chance(30) {
		u.Keys = append(u.Keys, pick(g, []string{"kms:EncryptionContext:*", "kms:ViaService", "aws:PrincipalTag/*", "acme:One", "aws:NoSuchKey"}))
	}
	rest := maps.Clone(req.Context)
	for name := range req.Context {
		if slices.ContainsFunc(u.Keys, func(key string) bool { return strings.EqualFold(key, name) }) {
			delete(rest, name)
		}
	}
	req.Context = rest
	return world, req, u
}

// about draws a policy of which nearly every statement is about the request.
func (g *gen) about(kind policy.Kind, name string) *policy.Document {
	return g.document(kind, name, func() []map[string]any {
		return some(g, 1, 4, func() map[string]any {
			st := map[string]any{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
			if g.chance(30) || kind == policy.ResourceControlPolicy {
				st["Effect"] = "Deny"
			}
			if g.chance(5) && kind == policy.IdentityPolicy {
				st["Resource"] = "arn:aws:kms:us-east-1:" + accountA + ":key/" + g.withVariable("k1")
			}
			if n := g.upTo(3); n > 0 || st["Effect"] == "Deny" {
				st["Condition"] = g.conditions(max(1, min(n, 2)))
			}
			switch kind {
			case policy.KeyPolicy:
				st["Principal"] = pick(g, []any{"*", map[string]any{"AWS": []string{accountA, "arn:aws:iam::" + accountA + ":user/alice", "arn:aws:iam::" + accountA + ":role/App"}}})
			case policy.ResourceControlPolicy, policy.VPCEndpointPolicy:
				st["Principal"] = "*"
			default:
			}
			return st
		})
	})
}
