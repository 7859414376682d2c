package audit

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// exposureRules are about access that is wider than it looks.
var exposureRules = []*Rule{
	{
		Code: "KP301", Name: "open-to-strangers", Severity: Critical, Others: []Severity{Medium}, Semantic: true,
		Summary: "An Allow for everyone has no condition that keeps callers of other accounts out.",
		Why: "Any AWS account in the world can use the key: a condition on kms:ViaService, the encryption context, the user agent or a " +
			"tag of the caller is met by whoever wants to.",
		Fix:    `Name the principals, or add "StringEquals": {"aws:PrincipalOrgID": "o-…"} or {"kms:CallerAccount": "…"}.`,
		Source: developerGuide + "key-policy-overview.html",
		Also:   []string{"CKV_AWS_33", "F76", "kms_key_not_publicly_accessible", "CheckNoPublicAccess"},
		checks: checks{onStatement: openToStrangers},
	},
	{
		Code: "KP302", Name: "allow-everything-but", Severity: High,
		Summary: "An Allow has NotPrincipal or NotAction.",
		Why:     "Everybody who is not listed, of any account, or every action that is not listed, new ones included, is allowed.",
		Fix:     "List whom and what you allow; take exceptions away with a Deny.",
		Source:  userGuide + "reference_policies_elements_notprincipal.html",
		Also:    []string{"ALLOW_WITH_NOT_PRINCIPAL", "NOTPRINCIPAL_WITH_ALLOW"},
		checks:  checks{onStatement: allowNotAction, diagnosed: warnedAt(principalsElement, policy.CodeNoEffect)},
	},
	{
		Code: "KP303", Name: "external-access", Severity: Info, Others: []Severity{Medium}, Semantic: true,
		Summary: "A principal of another account can decrypt with the key.",
		Why:     "What the key protects can be read outside of the account; who there may do it is up to that account when the account itself is named.",
		Fix:     "Check that the account is meant. Name a role of it in place of the account, and limit it by the encryption context.",
		Source:  developerGuide + "key-policy-modifying-external-accounts.html",
		checks:  checks{onStatement: externalAccess},
	},
	{
		Code: "KP304", Name: "creategrant-unlimited", Severity: High, Others: []Severity{Medium},
		Summary: "kms:CreateGrant without a condition that limits the grants.",
		Why: "Whoever may create grants can let anybody, of any account, do anything with the key that a grant can allow: it is as strong as " +
			"changing the key policy.",
		Fix:    `Add "Bool": {"kms:GrantIsForAWSResource": "true"}, or conditions on kms:GranteePrincipal, kms:GrantOperations or kms:GrantConstraintType.`,
		Source: developerGuide + "create-grant-overview.html",
		checks: checks{onStatement: createGrantUnlimited},
	},
	{
		Code: "KP305", Name: "creategrant-in-wildcard", Severity: Medium,
		Summary: "kms:CreateGrant is hidden in a wildcard such as kms:Create* or kms:*.",
		Why:     "Who administers a key by such a list can also create grants, and so let anybody use it.",
		Fix:     "Write the actions that are meant, for example kms:CreateAlias, and kms:CreateGrant with a condition if at all.",
		Source:  developerGuide + "create-grant-overview.html",
		checks:  checks{onStatement: createGrantInWildcard},
	},
	{
		Code: "KP306", Name: "administers-and-decrypts", Severity: Info, Semantic: true,
		Summary: "One principal both changes the key policy and decrypts.",
		Why:     "Nobody else is needed to read what the key protects and to let others read it: separation of duties is not kept.",
		Fix:     "Give administration and use to different roles.",
		Source:  developerGuide + "key-policy-default.html#key-policy-default-allow-administrators",
		checks:  checks{onKey: administersAndDecrypts},
	},
	{
		Code: "KP307", Name: "service-for-anybody", Severity: High, Others: []Severity{Medium},
		Summary: "An Allow for a service does not say for whose resources, or asks for a key that services do not have.",
		Why: "The service works for every AWS customer: without aws:SourceAccount or aws:SourceArn somebody else's resource makes it use your " +
			"key. A service has no account and no organization, so that kms:CallerAccount and aws:PrincipalOrgID never match it.",
		Fix:    `Add "StringEquals": {"aws:SourceAccount": "ACCOUNT"} or a condition on aws:SourceArn.`,
		Source: userGuide + "confused-deputy.html",
		Also:   []string{"RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL", "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL"},
		checks: checks{onStatement: serviceForAnybody},
	},
	{
		Code: "KP312", Name: "enclave-bypassed", Severity: High, Semantic: true,
		Summary: "A key that an enclave decrypts with can also be used without attestation.",
		Why:     "A condition on kms:RecipientAttestation keeps the plaintext inside the enclave only when no other way leads to it.",
		Fix:     "Leave kms:Decrypt and the other actions with plaintext out of every other statement, that of the account included.",
		Source:  developerGuide + "conditions-nitro-enclaves.html",
		Also:    []string{"kms_key_enclave_attestation_bypassable_path"},
		checks:  checks{onKey: enclaveBypassed},
	},
}

func allowNotAction(p *pass, s *statement) {
	if s.allows() && s.Actions.Negated {
		p.inStatement(s, s.Actions.Pos, "an Allow with NotAction allows every other action, new ones included: %s", some(s.kms))
	}
}

// externalAccess is KP303. What a stranger could have anyway is KP301.
func externalAccess(p *pass, s *statement) {
	shown := s.kms.Intersect(revealing)
	if !s.allows() || s.misplaced() || s.Principals.Negated || shown.IsEmpty() {
		return
	}
	s.eachPrincipal(func(v policy.Principal) {
		if !s.of.isExternal(v) {
			return
		}
		m := &member{principal: userOf("aws", v.Account, adminName)}
		if v.Form != policy.PrincipalAccount {
			principal, err := p.world.Principal(v.Text)
			if err != nil {
				return
			}
			m.principal = withEverything(principal)
		}
		a := p.audienceOf(s.of)
		var can policy.ActionSet
		for _, act := range shown.Actions() {
			if a.verdict(m, act) != evaluator.Deny {
				can.Add(act)
			}
		}
		if can.IsEmpty() {
			return
		}
		f := p.inStatement(s, v.Pos, "%s of account %s can use %s with this key, if its own IAM policies allow it", v.Form, v.Account, names(can))
		if v.Form == policy.PrincipalAccount {
			f.Message = "account " + v.Account + " can let anybody of its own use " + names(can) + " with this key"
			if len(s.Conditions) == 0 {
				f.as(Medium)
			}
		}
	})
}

// withEverything is the principal with IAM policies that allow everything: what its account gives is not known.
func withEverything(p *evaluator.Principal) *evaluator.Principal {
	return &evaluator.Principal{
		Type: p.Type, ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, UniqueID: p.UniqueID, Name: p.Name, Provider: p.Provider,
		ServiceLinked: p.ServiceLinked, Tags: p.Tags, Identity: []*policy.Document{everything},
	}
}

// limits are the condition keys, folded, that limit which grants are created; weakly do so those that leave the grantee open.
var (
	limits = []string{
		"kms:grantisforawsresource", "kms:granteeprincipal", "kms:granteeserviceprincipal", "kms:grantoperations", "kms:grantconstrainttype",
		"kms:grantconstraintsourcearn", "kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast",
	}
	weakLimits = []string{"kms:retiringprincipal", "kms:retiringserviceprincipal", contextPrefix, contextKeys}
)

// forOthers reports whether the statement is for more than the key's own account as a whole, which IAM policies divide.
func (s *statement) forOthers() bool {
	return s.Principals != nil && slices.ContainsFunc(s.Principals.Values, func(v policy.Principal) bool {
		return v.Form != policy.PrincipalAccount || s.of.isExternal(v)
	})
}

func createGrantUnlimited(p *pass, s *statement) {
	if !s.allows() || s.misplaced() || !s.named.Has(createGrant) || !s.forOthers() || s.hasUnresolvedCondition() {
		return
	}
	for _, v := range s.namedActions() {
		if action(v.Text) != createGrant {
			continue
		}
		switch {
		case s.hasCondition(limits...):
		case s.hasCondition(weakLimits...):
			p.inStatement(s, v.Pos, "kms:CreateGrant: the conditions leave open to whom grants are given").as(Medium)
		default:
			p.inStatement(s, v.Pos, "kms:CreateGrant without a condition on the grants: they can let anybody do anything with the key")
		}
	}
}

func createGrantInWildcard(p *pass, s *statement) {
	if !s.allows() || s.misplaced() || s.Actions.Negated || s.named.Has(createGrant) || !s.forOthers() || s.hasCondition(limits...) || s.hasUnresolvedCondition() {
		return
	}
	for _, v := range s.Actions.Values {
		if strings.ContainsAny(v.Text, "*?") && actionsOf(v).Has(createGrant) {
			p.inStatement(s, v.Pos, "%s includes kms:CreateGrant: grants can let anybody do anything with the key", v.Text)
			return
		}
	}
}

func administersAndDecrypts(p *pass, s *subject) {
	a := p.audienceOf(s)
	for _, m := range a.named {
		if m.principal.Type == evaluator.Service || m.principal.Account != s.owner || len(m.principal.Identity) > 0 {
			continue
		}
		if a.verdict(m, putKeyPolicy) == evaluator.Allow && a.verdict(m, decrypt) == evaluator.Allow {
			p.inStatement(m.st, m.pos, "%s both changes the key policy and decrypts", m.name())
		}
	}
}

var (
	// sourceKeys say for whose resource a service acts.
	sourceKeys = []string{"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"}
	// callerKeys are those that a service as the caller does not have
	// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
	callerKeys = []string{
		"kms:calleraccount", "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:principaltag/",
		"aws:userid", "aws:username", "aws:sourcevpc", "aws:sourcevpce",
	}
)

func serviceForAnybody(p *pass, s *statement) {
	if !s.allows() || s.Principals.Negated || s.hasUnresolvedCondition() || !s.hasForm(policy.PrincipalService) {
		return
	}
	onlyServices := !slices.ContainsFunc(s.Principals.Values, func(v policy.Principal) bool { return v.Form != policy.PrincipalService })
	for _, c := range s.conditionsOn(callerKeys...) {
		if onlyServices && positive(c) {
			p.inStatement(s, c.Key.Pos, "a service has no %s: the statement never allows anything", c.Key.Text)
			return
		}
	}
	positiveSource := slices.ContainsFunc(s.conditionsOn(sourceKeys...), positive)
	if positiveSource || slices.ContainsFunc(s.conditionsOn(callerKeys...), positive) {
		return
	}
	if s.kms.Minus(harmless).IsEmpty() {
		return
	}
	s.eachPrincipal(func(v policy.Principal) {
		if v.Form != policy.PrincipalService {
			return
		}
		f := p.inStatement(s, v.Pos, "%s may use the key for any customer's resource: no condition on aws:SourceAccount, aws:SourceArn or aws:SourceOrgID", v.Text)
		if s.hasCondition(contextPrefix, "kms:granteeprincipal", "kms:viaservice") || len(s.conditionsOn(sourceKeys...)) > 0 {
			f.as(Medium) // whose resource it is for may be told by the encryption context
		}
		if using.Contains(s.kms) {
			f.as(Medium) // as the guides of services have it: nobody can pass it on
		}
	})
}

// harmless are the actions that neither reveal nor change anything of worth.
var harmless = actionSet("DescribeKey", "GetKeyRotationStatus", "GetKeyPolicy", "ListGrants", "ListKeyPolicies", "ListResourceTags", "GetPublicKey")

// using are the actions with which a service encrypts and decrypts what it keeps.
var using = harmless.Union(actionSet(
	"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
	"ReEncryptFrom", "ReEncryptTo",
))

const attestationPrefix = "kms:recipientattestation:"

// attested are the actions that answer an enclave with what only it can read.
var attested = withKey("kms:RecipientAttestation:ImageSha384")

func enclaveBypassed(p *pass, s *subject) {
	var enclave *statement
	var actions policy.ActionSet
	for _, st := range s.statements {
		for _, c := range st.conditionsOn(attestationPrefix) {
			if st.Effect == policy.Allow && positive(c) {
				if enclave == nil {
					enclave = st
				}
				actions = actions.Union(st.kms.Intersect(attested).Intersect(onKeys))
			}
		}
	}
	if enclave == nil {
		return
	}
	a := p.audienceOf(s)
	strict := s.doc.Bound(false)
	var who []string
	var first evaluator.Residual
	var act *policy.Action
	for _, m := range a.everyone() {
		for _, candidate := range actions.Actions() {
			answer := a.ask(question{member: m, action: candidate, doc: strict, open: unattested(s), closed: true})
			if answer.Decision.Decision == evaluator.Deny {
				continue
			}
			if act == nil {
				first, act = answer, candidate
			}
			if candidate == act {
				who = append(who, describe(a, m))
			}
			break
		}
	}
	if act == nil {
		return
	}
	f := p.inStatement(enclave, enclave.Pos, "%s can use %s without attestation", list(who), act.Name)
	for _, pos := range deciding(first) {
		f.related(pos, "allowed here")
	}
}

// unattested are the condition keys of a policy that the question leaves open when the request has no attestation: all
// but those that follow from who asks, and attestation.
func unattested(s *subject) []string {
	open := []string{"aws:PrincipalTag/*", "kms:EncryptionContext:*"}
	for _, st := range s.statements {
		for _, c := range st.Conditions {
			if name := folded(c); name != "" && !strings.HasPrefix(name, attestationPrefix) && !slices.Contains(alwaysThere, name) &&
				!strings.HasPrefix(name, contextPrefix) && !strings.HasPrefix(name, "aws:principaltag/") && !slices.Contains(open, name) {
				open = append(open, name)
			}
		}
	}
	return open
}

// describe names a member in a sentence.
func describe(a *audience, m *member) string {
	switch m {
	case a.root:
		return "the root user"
	case a.admin:
		return "whom IAM policies of the account allow it"
	default:
		return m.name()
	}
}

// deciding are the places of the statements that an answer rests on.
func deciding(r evaluator.Residual) []policy.Position {
	layers := r.Layers
	for _, w := range r.Ways {
		layers = append(slices.Clone(layers), w.Layers...)
	}
	var out []policy.Position
	for _, l := range layers {
		for _, st := range l.Statements {
			if st.Deciding && st.Source.IsValid() && !slices.Contains(out, st.Source) {
				out = append(out, st.Source)
			}
		}
	}
	return out
}
