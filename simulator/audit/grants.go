package audit

import (
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// grantRules are about grants, replicas, and what lives beside key policies.
var grantRules = []*Rule{
	{
		Code: "KP308", Name: "access-by-tags-that-others-change", Severity: Medium, Semantic: true,
		Summary: "Access depends on tags or aliases of keys, and somebody who does not administer the keys can change them.",
		Why:     "Whoever may tag a key, or give it an alias, decides who may use it.",
		Fix:     "Allow kms:TagResource, kms:UntagResource and the alias actions to administrators of the keys only.",
		Source:  developerGuide + "abac.html",
		checks:  checks{onWorld: accessByTags},
	},
	{
		Code: "KP309", Name: "replicas-anywhere", Severity: Medium, Semantic: true,
		Summary: "kms:ReplicateKey without a condition on kms:ReplicaRegion, or a replica that lets in whom its primary key does not.",
		Why:     "Each replica has a key policy of its own, and the same key material: the widest of them counts.",
		Fix:     `Add "StringEquals": {"kms:ReplicaRegion": […]}, and give replicas the policy of the primary key.`,
		Source:  developerGuide + "multi-region-keys-auth.html",
		checks:  checks{onStatement: replicateAnywhere, onWorld: widerReplicas},
	},
	{
		Code: "KP310", Name: "loose-grant", Severity: Medium, Others: []Severity{Info},
		Summary: "A grant is for a whole account or for nobody, may be passed on, is there twice, or allows every operation.",
		Why:     "Grants never expire, are in no template, and nobody reviews them.",
		Fix:     "Revoke the grant, and make one for one role, with the operations it needs and with an encryption context.",
		Source:  developerGuide + "create-grant-overview.html",
		Also:    []string{"kmsDuplicateGrants", "kmsGrantLeastPrivilege"},
		checks:  checks{onGrants: looseGrants},
	},
	{
		Code: "KP419", Name: "grant-constraint-case", Severity: Medium,
		Summary: "Two grants of a key have encryption context constraints whose keys differ only by case.",
		Why:     "AWS's documents contradict each other on whether the case counts: one of the grants may not do what it was made for.",
		Fix:     "Spell the keys of an encryption context in one way.",
		Source:  apiReference + "API_GrantConstraints.html",
		checks:  checks{onGrants: constraintCase},
	},
}

func looseGrants(p *pass, k *source.Key) {
	seen := map[string]*policy.Grant{}
	arn, _ := policy.ParseARN(k.ARN)
	for _, g := range k.Grants {
		looseGrantee(p, k, g)
		if slices.Contains(g.Operations, "CreateGrant") {
			p.inGrant(k, g, "the grantee can pass the grant on: it has the CreateGrant operation")
		}
		if all := grantable(k); len(g.Operations) >= len(all) && len(all) > 0 {
			p.inGrant(k, g, "the grant allows every operation of the key")
		}
		if g.EncryptionContextEquals == nil && g.EncryptionContextSubset == nil && g.SourceArn == "" && k.Spec == "SYMMETRIC_DEFAULT" && slices.ContainsFunc(g.Operations, reveals) {
			p.inGrant(k, g, "the grant has no constraint on the encryption context: it is good for all that the key encrypts").as(Info)
		}
		if issuing := accountID(g.IssuingAccount); issuing != "" && issuing != arn.Account && p.world.Account(issuing) == nil && !hasAccount(p.world, issuing) {
			p.inGrant(k, g, "the grant was made by account %s, of which nothing is loaded", issuing).as(Info)
		}
		id := grantText(g)
		if first := seen[id]; first != nil {
			p.inGrant(k, g, "the grant says the same as grant %s", first.ID).as(Info).related(first.Pos, "the other grant")
		} else {
			seen[id] = g
		}
	}
}

func looseGrantee(p *pass, k *source.Key, g *policy.Grant) {
	grantee, ok := policy.ParsePrincipal(g.GranteePrincipal)
	switch {
	case g.GranteePrincipal == "" || !ok:
	case grantee.Form == policy.PrincipalAccount:
		p.inGrant(k, g, "the grantee is the whole account %s", grantee.Account)
	case grantee.Form == policy.PrincipalUniqueID:
		p.inGrant(k, g, "the grantee %s is the id of a user or role that was deleted", g.GranteePrincipal)
	case p.world.WholeAccounts[grantee.Account] && !exists(p.world, g.GranteePrincipal):
		p.inGrant(k, g, "the grantee %s does not exist", g.GranteePrincipal)
	}
}

// exists reports whether a user, role or session of an account that was loaded as a whole is there.
func exists(w *source.World, arn string) bool {
	parsed, _ := policy.ParseARN(arn)
	kind, name, _ := strings.Cut(parsed.Resource, "/")
	last := name[strings.LastIndexByte(name, '/')+1:]
	switch kind {
	case "role":
		return slices.ContainsFunc(w.Roles, func(r *source.Role) bool { return r.Account == parsed.Account && r.Name == last })
	case "assumed-role":
		role, _, _ := strings.Cut(name, "/")
		return slices.ContainsFunc(w.Roles, func(r *source.Role) bool { return r.Account == parsed.Account && r.Name == role })
	case "user":
		return slices.ContainsFunc(w.Users, func(u *source.User) bool { return u.Account == parsed.Account && u.Name == last })
	default:
		return true
	}
}

// grantable are the operations that a grant on the key can have and that use its material.
func grantable(k *source.Key) []string {
	can, ok := operationsOf(k.Spec, k.Usage)
	if !ok {
		return nil
	}
	var out []string
	for _, a := range can.Actions() {
		if a.Grantable {
			out = append(out, a.Operation())
		}
	}
	return out
}

func reveals(operation string) bool {
	a, ok := policy.LookupAction("kms:" + operation)
	return ok && revealing.Has(a)
}

func accountID(text string) string {
	if arn, ok := policy.ParseARN(text); ok {
		return arn.Account
	}
	return text
}

func hasAccount(w *source.World, id string) bool {
	return slices.ContainsFunc(w.Roles, func(r *source.Role) bool { return r.Account == id }) ||
		slices.ContainsFunc(w.Users, func(u *source.User) bool { return u.Account == id }) ||
		slices.ContainsFunc(w.Keys, func(k *source.Key) bool { return accountOf(&k.Key) == id })
}

// grantText is what a grant says, the same for grants that say the same.
func grantText(g *policy.Grant) string {
	parts := []string{g.GranteePrincipal, g.GranteeServicePrincipal, g.SourceArn, strings.Join(slices.Sorted(slices.Values(g.Operations)), ",")}
	for _, pairs := range []map[string]string{g.EncryptionContextEquals, g.EncryptionContextSubset} {
		for _, key := range slices.Sorted(maps.Keys(pairs)) {
			parts = append(parts, key, pairs[key])
		}
		parts = append(parts, "|")
	}
	return strings.Join(parts, "\x00")
}

func constraintCase(p *pass, k *source.Key) {
	type use struct {
		key   string
		grant *policy.Grant
	}
	first := map[string]use{}
	for _, g := range k.Grants {
		pairs := slices.Concat(slices.Sorted(maps.Keys(g.EncryptionContextEquals)), slices.Sorted(maps.Keys(g.EncryptionContextSubset)))
		for _, key := range pairs {
			before, ok := first[strings.ToLower(key)]
			switch {
			case !ok:
				first[strings.ToLower(key)] = use{key, g}
			case before.key != key:
				p.inGrant(k, g, "the constraint key %q differs from %q of grant %s only by case", key, before.key, before.grant.ID).
					related(before.grant.Pos, "grant %s", before.grant.ID)
			}
		}
	}
}

func replicateAnywhere(p *pass, s *statement) {
	if !s.allows() || s.hasCondition("kms:replicaregion") || s.of.key != nil && s.of.key.MultiRegion == "false" || s.hasUnresolvedCondition() {
		return
	}
	for _, v := range s.namedActions() {
		if action(v.Text) == replicateKey {
			p.inStatement(s, v.Pos, "kms:ReplicateKey into any Region: no condition on kms:ReplicaRegion")
		}
	}
}

// widerReplicas compares replicas with their primary keys, for everybody whom either policy names.
func widerReplicas(p *pass) {
	for _, replica := range p.subjects {
		if replica.key == nil || replica.key.MultiRegionKeyType != "REPLICA" {
			continue
		}
		primary := p.primaryOf(replica)
		if primary == nil {
			continue
		}
		of, own := p.audienceOf(primary), p.audienceOf(replica)
		for _, m := range append([]*member{own.admin}, own.named...) {
			var wider policy.ActionSet
			for _, act := range harmful.Union(recovering).Actions() {
				if own.verdict(m, act) == evaluator.Allow && of.verdict(m, act) == evaluator.Deny {
					wider.Add(act)
				}
			}
			if wider.IsEmpty() {
				continue
			}
			pos := m.pos
			if !pos.IsValid() {
				pos = replica.doc.Pos
			}
			p.inPolicy(replica, pos, "the replica lets %s use %s, and its primary key does not", describe(own, m), some(wider)).
				related(primary.doc.Pos, "the policy of the primary key")
		}
	}
}

// primaryOf is the primary key of a replica: the multi-Region key with the same id.
func (r *run) primaryOf(replica *subject) *subject {
	_, id, _ := strings.Cut(replica.key.ARN, ":key/")
	for _, s := range r.subjects {
		if s.key != nil && s.key.MultiRegionKeyType == "PRIMARY" && strings.HasSuffix(s.key.ARN, ":key/"+id) {
			return s
		}
	}
	return nil
}

// changing are the actions that change what access by tags and aliases depends on.
var changing = map[string][]string{
	"aws:resourcetag/":    {"TagResource", "UntagResource"},
	"kms:resourcealiases": {"CreateAlias", "UpdateAlias", "DeleteAlias"},
}

// accessByTags is KP308.
func accessByTags(p *pass) {
	for _, s := range p.subjects {
		if s.doc.Kind != policy.IdentityPolicy {
			continue
		}
		for _, st := range s.statements {
			for _, on := range slices.Sorted(maps.Keys(changing)) {
				conditions := st.conditionsOn(on)
				if st.Effect != policy.Allow || len(conditions) == 0 || st.kms.Intersect(allOperations).IsEmpty() {
					continue
				}
				if who := p.changers(changing[on]); len(who) > 0 {
					p.inStatement(st, conditions[0].Key.Pos, "who may use a key depends on %s, which %s can change without administering the key",
						conditions[0].Key.Text, list(who))
				}
			}
		}
	}
}

// changers are the users and roles that may do one of the actions on a key, and may not change its policy.
func (p *pass) changers(operations []string) []string {
	var out []string
	for _, m := range p.loaded() {
		if slices.ContainsFunc(p.world.Keys, func(k *source.Key) bool {
			return p.settle(m, &k.Key, putKeyPolicy) != evaluator.Allow && slices.ContainsFunc(operations, func(name string) bool {
				return p.settle(m, &k.Key, action("kms:"+name)) == evaluator.Allow
			})
		}) {
			out = append(out, m.name())
		}
	}
	return out
}

// loaded are the users and roles of the world as callers.
func (r *run) loaded() []*member {
	var out []*member
	add := func(kind, account, path, name string) {
		arn := "arn:" + r.world.Defaults.Partition + ":iam::" + account + ":" + kind + path + name
		if r.world.Defaults.Partition == "" {
			arn = "arn:aws:iam::" + account + ":" + kind + path + name
		}
		if principal, err := r.world.Principal(arn); err == nil {
			out = append(out, &member{principal: principal})
		}
	}
	for _, u := range r.world.Users {
		add("user", u.Account, u.Path, u.Name)
	}
	for _, role := range r.world.Roles {
		add("role", role.Account, role.Path, role.Name)
	}
	return out
}

// settle decides whether somebody may do an action on a key of the world, whatever the rest of the request is.
func (r *run) settle(m *member, k *evaluator.Key, act *policy.Action) evaluator.Verdict {
	req := evaluator.Request{Principal: m.principal, Action: act.Name, Key: k}
	verdict, err := r.evaluator.Settle(r.ctx, req, evaluator.Unknown{Others: true})
	if err != nil {
		if r.ctx.Err() != nil {
			r.fail(r.ctx.Err())
		}
		return evaluator.Conditional
	}
	return verdict
}
