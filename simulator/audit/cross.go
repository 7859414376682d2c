package audit

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// crossRules are about policies that do not fit together.
var crossRules = []*Rule{
	{
		Code: "KP110", Name: "principal-made-after-key", Severity: Medium,
		Summary: "A key policy names a user or role of the same template, and the key does not depend on it.",
		Why:     "KMS refuses a key policy with a principal that does not exist: when the key is made first, the deployment fails.",
		Fix:     "Refer to the role with Fn::GetAtt or Ref (in Terraform by its arn), or add DependsOn.",
		Source:  apiReference + "API_PutKeyPolicy.html",
		checks:  checks{onStatement: madeAfterKey},
	},
	{
		Code: "KP311", Name: "decrypt-on-every-key", Severity: Medium,
		Summary: "An IAM policy allows kms:Decrypt on all keys.",
		Why: "That means the keys of every account: also of others that let this account use theirs. Whoever can write a ciphertext for the " +
			"application to read chooses the key.",
		Fix:    "Write the ARNs of the keys, or add a condition on aws:ResourceAccount or kms:ResourceAliases.",
		Source: developerGuide + "iam-policies-best-practices.html",
		Also:   []string{"KMS.1", "KMS.2", "CKV_AWS_356"},
		checks: checks{onIdentity: decryptOnEveryKey},
	},
	{
		Code: "KP601", Name: "iam-allow-without-key-policy", Severity: High, Semantic: true,
		Summary: "An IAM policy allows actions on a key whose key policy does not let IAM decide about them.",
		Why:     "The Allow has no effect: without a statement for the account in the key policy, IAM policies are not asked.",
		Fix:     "Add a statement for the account to the key policy, or name the principal there.",
		Source:  developerGuide + "policy-evaluation.html",
		checks:  checks{onWorld: iamWithoutKeyPolicy},
	},
	{
		Code: "KP602", Name: "boundary-without-kms", Severity: High, Semantic: true,
		Summary: "A key policy names a role whose permissions boundary does not allow what the key policy does.",
		Why:     "A boundary also limits what a key policy gives to a role: the role is denied.",
		Fix:     "Add the actions to the boundary.",
		Source:  userGuide + "access_policies_boundaries.html",
		checks:  checks{onKey: boundaryWithoutKMS},
	},
	{
		Code: "KP603", Name: "half-of-cross-account", Severity: Medium, Semantic: true,
		Summary: "A key policy allows a principal of another account that its own account does not.",
		Why:     "Across accounts both have to allow: the key policy, and an IAM policy of the caller's account.",
		Fix:     "Attach an IAM policy with the key's ARN to the principal, or take it out of the key policy.",
		Source:  developerGuide + "key-policy-modifying-external-accounts.html",
		checks:  checks{onKey: halfOfCrossAccount},
	},
	{
		Code: "KP604", Name: "iam-resource-is-no-key", Severity: High,
		Summary: "The Resource of an IAM policy is a key id, or an alias, for actions on keys.",
		Why:     "IAM policies name keys by their ARN. An alias ARN stands for the alias itself, which only the alias actions are about, never for its key.",
		Fix:     "Write the ARN of the key, or \"*\" with a condition on kms:ResourceAliases.",
		Source:  developerGuide + "cmks-in-iam-policies.html",
		checks:  checks{onIdentity: resourceIsNoKey, diagnosed: notAnARN},
	},
	{
		Code: "KP605", Name: "half-of-a-pair", Severity: Medium, Semantic: true,
		Summary: "A key policy allows one half of what is needed: ReEncrypt on one side, or data keys through S3 or EBS without Decrypt.",
		Why:     "ReEncrypt needs kms:ReEncryptFrom and kms:ReEncryptTo; S3 multipart uploads and EBS need kms:Decrypt besides kms:GenerateDataKey.",
		Fix:     "Write kms:ReEncrypt*, or add kms:Decrypt.",
		Source:  developerGuide + "kms-api-permissions-reference.html",
		checks:  checks{onKey: reEncryptHalf, onStatement: dataKeysWithoutDecrypt},
	},
	{
		Code: "KP606", Name: "one-region-of-multi-region-key", Severity: Info,
		Summary: "An IAM policy names a multi-Region key in one Region.",
		Why:     "Its replicas have the same id in other Regions, and the policy is not about them.",
		Fix:     "Write * for the Region, if the replicas are meant too.",
		Source:  developerGuide + "multi-region-keys-auth.html",
		checks: checks{onIdentity: func(p *pass, s *statement) {
			eachResource(s, func(v policy.Value, arn policy.ARN) {
				if id, ok := arn.KeyID(); ok && strings.HasPrefix(id, "mrk-") && !strings.ContainsAny(arn.Region, "*?") {
					p.inStatement(s, v.Pos, "%s is the key in %s only", id, arn.Region)
				}
			})
		}},
	},
}

// eachResource goes through the ARNs of KMS that a statement names.
func eachResource(s *statement, each func(policy.Value, policy.ARN)) {
	if s.Resources == nil || s.Resources.Negated {
		return
	}
	for _, v := range s.Resources.Values {
		if arn, ok := policy.ParseARN(v.Text); ok && !v.Unresolved && arn.Service == "kms" {
			each(v, arn)
		}
	}
}

func madeAfterKey(p *pass, s *statement) {
	k := s.of.key
	if k == nil || k.After == nil {
		return
	}
	s.eachPrincipal(func(v policy.Principal) {
		id, pos := p.declared(v)
		if id == "" || pos.File != k.Pos.File || slices.Contains(k.After, id) {
			return
		}
		p.inStatement(s, v.Pos, "the key does not depend on %s, which %s is of: the principal may not exist yet when the key is made", id, v.Text).
			related(pos, "%s", id)
	})
}

// declared is the logical id of the user or role that a principal is, and where it is declared.
func (r *run) declared(v policy.Principal) (id string, pos policy.Position) {
	arn, _ := policy.ParseARN(v.Text)
	switch v.Form {
	case policy.PrincipalUser:
		for _, u := range r.world.Users {
			if u.Account == v.Account && arn.Resource == "user"+u.Path+u.Name {
				return u.LogicalID, u.Pos
			}
		}
	case policy.PrincipalRole:
		for _, role := range r.world.Roles {
			if role.Account == v.Account && arn.Resource == "role"+role.Path+role.Name {
				return role.LogicalID, role.Pos
			}
		}
	case policy.PrincipalRoleSession:
		name, _ := roleOf(v)
		for _, role := range r.world.Roles {
			if role.Account == v.Account && role.Name == name {
				return role.LogicalID, role.Pos
			}
		}
	default:
	}
	return "", policy.Position{}
}

// scoping are condition keys, folded, that say which keys are meant.
var scoping = []string{
	"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "aws:resourcetag/", "kms:resourcealiases", "kms:requestalias",
	"kms:viaservice", contextPrefix,
}

func decryptOnEveryKey(p *pass, s *statement) {
	if s.Effect != policy.Allow || !s.kms.Has(decrypt) || s.Resources == nil || s.Resources.Negated || s.hasCondition(scoping...) || s.hasUnresolvedCondition() {
		return
	}
	if s.Actions.Negated || slices.ContainsFunc(s.Actions.Values, func(v policy.Value) bool { return v.Text == "*" || v.Text == "*:*" }) {
		return // an administrator of everything
	}
	for _, v := range s.Resources.Values {
		arn, ok := policy.ParseARN(v.Text)
		if v.Text == "*" || ok && arn.Service == "kms" && arn.Account == "*" && (arn.Resource == "*" || arn.Resource == "key/*") {
			p.inStatement(s, v.Pos, "kms:Decrypt on %q: also with keys of other accounts that allow this one", v.Text)
		}
	}
}

// deniedFor reports whether, for every action of the set, nobody else but the layer of the reason stands in the way.
func (p *pass) deniedFor(m *member, k *evaluator.Key, actions policy.ActionSet, reasons ...string) policy.ActionSet {
	var out policy.ActionSet
	for _, act := range actions.Actions() {
		req := evaluator.Request{Principal: m.principal, Action: act.Name, Key: k}
		answer, err := p.evaluator.Resolve(p.ctx, req, evaluator.Unknown{Others: true})
		if err == nil && answer.Decision.Decision == evaluator.Deny && slices.Contains(reasons, answer.Reason) {
			out.Add(act)
		}
	}
	return out
}

// onKeys are the actions whose requests are about a key and whose permission a key policy has a say in.
var onKeys = func() policy.ActionSet {
	var set policy.ActionSet
	for _, a := range kmsActions.Actions() {
		if a.On("key") && a.InKeyPolicy {
			set.Add(a)
		}
	}
	return set
}()

// iamWithoutKeyPolicy is KP601, for IAM policies that name a key.
func iamWithoutKeyPolicy(p *pass) {
	holders := map[*policy.Document][]*member{}
	for _, m := range p.loaded() {
		for _, doc := range m.principal.Identity {
			holders[doc] = append(holders[doc], m)
		}
	}
	for _, s := range p.subjects {
		if s.doc.Kind != policy.IdentityPolicy || len(holders[s.doc]) == 0 {
			continue
		}
		for _, st := range s.statements {
			if st.Effect == policy.Allow {
				eachResource(st, func(v policy.Value, _ policy.ARN) { p.keyDoesNotDelegate(st, v, holders[s.doc]) })
			}
		}
	}
}

func (p *pass) keyDoesNotDelegate(st *statement, v policy.Value, holders []*member) {
	i := slices.IndexFunc(p.world.Keys, func(k *source.Key) bool { return k.ARN == v.Text })
	if i < 0 {
		return
	}
	k := p.world.Keys[i]
	for _, m := range holders {
		actions := st.kms.Intersect(onKeys)
		if m.principal.Account != accountOf(&k.Key) {
			actions = across(actions)
		}
		if dead := p.deniedFor(m, &k.Key, actions, "no-key-policy"); !dead.IsEmpty() && dead == actions {
			f := p.inStatement(st, v.Pos, "the key policy does not let IAM policies allow %s for %s", some(dead), m.name())
			f.Key = k.ARN
			f.related(k.Policy.Pos, "the key policy")
			return
		}
	}
}

// across are the actions of the set that work across accounts.
func across(set policy.ActionSet) policy.ActionSet {
	var out policy.ActionSet
	for _, a := range set.Actions() {
		if a.CrossAccount {
			out.Add(a)
		}
	}
	return out
}

// eachNamed goes through the users and roles of the world that Allow statements of a key policy name.
func (p *pass) eachNamed(s *subject, each func(*statement, policy.Principal, *member)) {
	if s.key == nil {
		return
	}
	for _, st := range s.statements {
		if !st.allows() || st.Principals.Negated {
			continue
		}
		st.eachPrincipal(func(v policy.Principal) {
			switch v.Form {
			case policy.PrincipalUser, policy.PrincipalRole, policy.PrincipalRoleSession:
			default:
				return
			}
			if !exists(p.world, v.Text) {
				return
			}
			if principal, err := p.world.Principal(v.Text); err == nil {
				each(st, v, &member{principal: principal, pos: v.Pos, st: st})
			}
		})
	}
}

func boundaryWithoutKMS(p *pass, s *subject) {
	p.eachNamed(s, func(st *statement, v policy.Principal, m *member) {
		if m.principal.Boundary == nil {
			return
		}
		if dead := p.deniedFor(m, &s.key.Key, st.kms.Intersect(onKeys), "no-permissions-boundary", "no-session-policy"); !dead.IsEmpty() {
			p.inStatement(st, v.Pos, "the permissions boundary of %s does not allow %s", v.Text, some(dead)).
				related(m.principal.Boundary.Pos, "the boundary")
		}
	})
}

func halfOfCrossAccount(p *pass, s *subject) {
	p.eachNamed(s, func(st *statement, v policy.Principal, m *member) {
		if v.Account == s.owner {
			return
		}
		actions := across(st.kms.Intersect(onKeys))
		if dead := p.deniedFor(m, &s.key.Key, actions, "no-identity-policy"); !dead.IsEmpty() && dead == actions {
			p.inStatement(st, v.Pos, "no IAM policy of account %s allows %s what the key policy does: %s", v.Account, v.Text, some(dead))
		}
	})
}

func notAnARN(d policy.Diagnostic, _ element) bool {
	return d.Code == policy.CodeInvalidResource && d.Severity == policy.SeverityError
}

func resourceIsNoKey(p *pass, s *statement) {
	if s.kms.IsEmpty() || slices.ContainsFunc(s.kms.Actions(), func(a *policy.Action) bool { return a.On("alias") }) {
		return
	}
	eachResource(s, func(v policy.Value, arn policy.ARN) {
		if _, ok := arn.AliasName(); ok {
			p.inStatement(s, v.Pos, "%s is an alias: for %s the resource is the key", v.Text, some(s.kms))
		}
	})
}

var (
	reEncryptFrom = action("kms:ReEncryptFrom")
	reEncryptTo   = action("kms:ReEncryptTo")
)

// reEncryptHalf is KP605 for whom the key policy names.
func reEncryptHalf(p *pass, s *subject) {
	a := p.audienceOf(s)
	for _, m := range a.named {
		for _, pair := range [][2]*policy.Action{{reEncryptFrom, reEncryptTo}, {reEncryptTo, reEncryptFrom}} {
			if m.st.named.Has(pair[0]) && a.verdict(m, pair[0]) != evaluator.Deny && a.verdict(m, pair[1]) == evaluator.Deny {
				p.inStatement(m.st, m.pos, "%s is allowed %s and not %s with this key", m.name(), pair[0].Name, pair[1].Name)
			}
		}
	}
}

// dataKeysWithoutDecrypt is KP605 for services that decrypt the data keys they ask for.
func dataKeysWithoutDecrypt(p *pass, s *statement) {
	if !s.allows() || s.kms.Has(decrypt) || s.kms.Intersect(dataKeyOperations).IsEmpty() {
		return
	}
	s.eachValue(func(c policy.Condition, v policy.Value) {
		service, _, _ := strings.Cut(v.Text, ".")
		if service != "s3" && service != "ec2" || !positive(c) {
			return
		}
		for _, other := range s.of.statements {
			if other.allows() && other.kms.Has(decrypt) && other.sharesPrincipal(s) {
				return
			}
		}
		p.inStatement(s, v.Pos, "data keys through %s without kms:Decrypt: multipart uploads and volumes need both", service)
	}, "kms:viaservice")
}

// sharesPrincipal reports whether two statements name the same principal, or one of them everyone.
func (s *statement) sharesPrincipal(o *statement) bool {
	return s.namesEveryone() || o.namesEveryone() || s.Principals.Negated || slices.ContainsFunc(s.Principals.Values, func(v policy.Principal) bool {
		return v.Form == policy.PrincipalAccount || slices.ContainsFunc(o.Principals.Values, func(w policy.Principal) bool { return v.Text == w.Text })
	})
}
