package audit

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Where AWS's documents are.
const (
	developerGuide = "https://docs.aws.amazon.com/kms/latest/developerguide/"
	userGuide      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
	apiReference   = "https://docs.aws.amazon.com/kms/latest/APIReference/"
)

// validityRules are about statements of key policies that do nothing.
var validityRules = []*Rule{
	{
		Code: "KP101", Name: "statement-without-effect", Severity: High,
		Summary: "A statement of a key policy has no Action or no Resource.",
		Why:     "KMS accepts a key policy with such a statement, and the statement does nothing.",
		Fix:     `Name the actions, and write "Resource": "*", which means this key.`,
		Source:  apiReference + "API_PutKeyPolicy.html",
		Also:    []string{"MISSING_ACTION", "MISSING_RESOURCE"},
		checks: checks{diagnosed: func(d policy.Diagnostic, at element) bool {
			return warned(policy.CodeMissingElement)(d, at) || warned(policy.CodeEmptyList)(d, at) && strings.Contains(d.Message, "is an empty list")
		}},
	},
	{
		Code: "KP102", Name: "resource-not-this-key", Severity: High, Others: []Severity{Medium},
		Summary: `The Resource of a key policy is something else than "*".`,
		Why: "In a key policy \"*\" means this key. The ARN of an alias or of another key matches nothing, so that the statement " +
			"does nothing; this key's own ARN is nowhere documented to work, and does not fit its replicas.",
		Fix:    `Write "Resource": "*".`,
		Source: developerGuide + "key-policy-overview.html",
		checks: checks{onStatement: resourceNotThisKey, diagnosed: warnedAt(resourceElement, policy.CodeInvalidResource)},
	},
	{
		Code: "KP103", Name: "notresource-in-key-policy", Severity: High,
		Summary: "A statement of a key policy has NotResource.",
		Why:     `A key policy is about one key: NotResource "*" matches nothing, and any other value matches the key whatever was meant.`,
		Fix:     `Write "Resource": "*".`,
		Source:  developerGuide + "key-policy-overview.html",
		checks: checks{onStatement: func(p *pass, s *statement) {
			if s.Resources != nil && s.Resources.Negated {
				p.inStatement(s, s.Resources.Pos, "NotResource in a key policy: a key policy is about its own key only")
			}
		}},
	},
	{
		Code: "KP104", Name: "action-not-in-key-policies", Severity: Medium,
		Summary: "A key policy allows an action that is not about a key.",
		Why:     "Actions such as kms:CreateKey and kms:ListAliases have no key to look for a policy of: only IAM policies can allow them.",
		Fix:     "Take the action out, and allow it in an IAM policy of whoever needs it.",
		Source:  developerGuide + "kms-api-permissions-reference.html",
		checks: checks{onStatement: func(p *pass, s *statement) {
			for _, v := range s.namedActions() {
				if a := action(v.Text); s.allows() && !a.InKeyPolicy && a != retireGrant {
					p.inStatement(s, v.Pos, "%s has no effect in a key policy: only an IAM policy can allow it", a.Name)
				}
			}
		}},
	},
	{
		Code: "KP105", Name: "retiregrant-in-key-policy", Severity: Medium,
		Summary: "A key policy allows kms:RetireGrant.",
		Why: "Who may retire a grant is said by the grant: its retiring principal, and its grantee if the grant has the RetireGrant " +
			"operation. The permission in a key policy is not effective.",
		Fix:    "Name the retiring principal when the grant is created, or allow kms:RevokeGrant.",
		Source: developerGuide + "grant-delete.html",
		checks: checks{onStatement: func(p *pass, s *statement) {
			for _, v := range s.namedActions() {
				if s.allows() && action(v.Text) == retireGrant {
					p.inStatement(s, v.Pos, "kms:RetireGrant is not effective in a key policy: the grant itself says who may retire it")
				}
			}
		}},
	},
	{
		Code: "KP106", Name: "unknown-action", Severity: High,
		Summary: "An action does not exist, for example kms:ReEncrypt.",
		Why:     "AWS accepts the name of an action that KMS does not have, and it allows and denies nothing.",
		Fix:     "Write the action that was meant: the message names the nearest. What ReEncrypt needs is kms:ReEncryptFrom and kms:ReEncryptTo.",
		Source:  "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html",
		Also:    []string{"INVALID_ACTION", "UNKNOWN_ACTION"},
		checks:  checks{diagnosed: withCode(policy.CodeUnknownAction, policy.CodeInvalidAction)},
	},
	{
		Code: "KP107", Name: "action-of-another-service", Severity: High,
		Summary: "A key policy names an action of another service.",
		Why:     "Only requests to KMS are decided by a key policy; the action does nothing there.",
		Fix:     "Take the action out; what another service allows is said in IAM policies or in its own resource policies.",
		Source:  developerGuide + "key-policy-overview.html",
		Also:    []string{"INVALID_SERVICE_IN_ACTION"},
		checks:  checks{diagnosed: warnedAt(actionElement, policy.CodeNoEffect)},
	},
	{
		Code: "KP108", Name: "deleted-principal", Severity: Medium,
		Summary: "A principal is a unique id such as AROA… or AIDA….",
		Why:     "This is what AWS shows of a user or role that was deleted. Nobody is meant any more, not even a new one of the same name.",
		Fix:     "Take the principal out, or write the ARN of the user or role that took its place.",
		Source:  userGuide + "reference_identifiers.html#identifiers-unique-ids",
		Also:    []string{"INVALID_ROLE_REFERENCE", "INVALID_USER_REFERENCE"},
		checks: checks{onStatement: func(p *pass, s *statement) {
			s.eachPrincipal(func(v policy.Principal) {
				if v.Form == policy.PrincipalUniqueID {
					p.inStatement(s, v.Pos, "principal %q is the id of a user or role that was deleted: it stands for nobody", v.Text)
				}
			})
		}},
	},
	{
		Code: "KP109", Name: "invalid-principal", Severity: High,
		Summary: "A principal is none: a wildcard in an ARN, a group, a policy, an organization, another partition.",
		Why: "AWS refuses a key policy with such a principal, or no caller ever matches it: only accounts, users, roles, sessions and " +
			"services are principals.",
		Fix:    "Name the account, and limit who of it by a condition on aws:PrincipalArn, aws:PrincipalOrgID or aws:PrincipalTag.",
		Source: userGuide + "reference_policies_elements_principal.html",
		Also:   []string{"INVALID_PRINCIPAL_FORMAT", "INVALID_PRINCIPAL_KEY", "UNSUPPORTED_WILDCARD_IN_PRINCIPAL", "INVALID_SERVICE_PRINCIPAL_FORMAT", "INVALID_PARTITION"},
		checks: checks{onStatement: wrongPartition, diagnosed: withCode(policy.CodeInvalidPrincipal)},
	},
	{
		Code: "KP111", Name: "principal-that-never-calls", Severity: Medium,
		Summary: "A key policy names a Federated or CanonicalUser principal.",
		Why: "KMS is called with the credentials of a user, a role session or a service. An identity provider or a canonical user is " +
			"not the caller.",
		Fix:    "Name the role that is assumed through the provider.",
		Source: userGuide + "reference_policies_elements_principal.html",
		Also:   []string{"FEDERATED_PRINCIPAL_NOT_SUPPORTED"},
		checks: checks{
			onStatement: func(p *pass, s *statement) {
				s.eachPrincipal(func(v policy.Principal) {
					if v.Form == policy.PrincipalFederated {
						p.inStatement(s, v.Pos, "an identity provider, %q, is not the caller of KMS: name the role that its users assume", v.Text)
					}
				})
			},
			diagnosed: warnedAt(principalElement, policy.CodeNoEffect),
		},
	},
	{
		Code: "KP115", Name: "action-does-not-fit-key", Severity: Info,
		Summary: "A key policy allows an operation that the key cannot do.",
		Why:     "An operation works with keys of some specs and usages only; for this key the permission is never used.",
		Fix:     "Take the action out, or check that the key has the usage that was meant.",
		Source:  apiReference + "API_CreateKey.html#KMS-CreateKey-request-KeyUsage",
		checks:  checks{onStatement: actionDoesNotFit},
	},
	{
		Code: "KP116", Name: "action-not-across-accounts", Severity: Medium,
		Summary: "A key policy allows another account an action that works in the key's own account only.",
		Why:     "KMS does not let principals of other accounts manage a key, whatever the key policy says.",
		Fix:     "Take the action out; let the other account assume a role of the key's account for it.",
		Source:  developerGuide + "key-policy-modifying-external-accounts.html",
		checks:  checks{onStatement: notAcrossAccounts},
	},
}

// namedActions are the values of the Action element that name one action of KMS.
func (s *statement) namedActions() []policy.Value {
	if s.Actions == nil || s.Actions.Negated {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Actions.Values), func(v policy.Value) bool {
		a, ok := policy.LookupAction(v.Text)
		return !ok || v.Unresolved || !a.IsKMS()
	})
}

// eachPrincipal goes through the principals that are known.
func (s *statement) eachPrincipal(each func(policy.Principal)) {
	if s.Principals == nil {
		return
	}
	for _, v := range s.Principals.Values {
		if !v.Unresolved {
			each(v)
		}
	}
}

// actionsOf are the actions that one value of an Action element means.
func actionsOf(v policy.Value) policy.ActionSet {
	if v.Unresolved {
		return policy.ActionSet{}
	}
	return (&policy.Strings{Values: []policy.Value{v}}).ActionSet().Intersect(kmsActions)
}

// resourceNotThisKey is KP102 for ARNs.
func resourceNotThisKey(p *pass, s *statement) {
	r := s.Resources
	if r == nil || r.Negated || slices.ContainsFunc(r.Values, func(v policy.Value) bool { return v.Text == "*" || v.Unresolved }) {
		return
	}
	for _, v := range r.Values {
		arn, ok := policy.ParseARN(v.Text)
		id, isKey := arn.KeyID()
		switch {
		case !strings.HasPrefix(v.Text, "arn:"):
			// The parser says so.
		case !ok || arn.Service != "kms" || !isKey && !strings.ContainsAny(arn.Resource, "*?"):
			p.inStatement(s, v.Pos, "resource %q is not a key: in a key policy it matches nothing", v.Text)
		case s.of.key == nil, strings.ContainsAny(v.Text, "*?$"):
			p.inStatement(s, v.Pos, `resource %q: in a key policy "*" means this key, and the ARN of another key matches nothing`, v.Text).as(Medium)
		case v.Text == s.of.key.ARN:
			p.inStatement(s, v.Pos, "resource %q is the ARN of this key: that is not documented to work, and does not fit a replica", v.Text).as(Medium)
		default:
			p.inStatement(s, v.Pos, "resource key %q is not this key: the statement does nothing", id)
		}
	}
}

// wrongPartition is KP109 for principals that can be written, but of a partition that the key is not in.
func wrongPartition(p *pass, s *statement) {
	if s.of.key == nil {
		return
	}
	own, _ := policy.ParseARN(s.of.key.ARN)
	s.eachPrincipal(func(v policy.Principal) {
		if arn, ok := policy.ParseARN(v.Text); ok && arn.Partition != own.Partition && policy.IsPartition(arn.Partition) {
			p.inStatement(s, v.Pos, "principal %q is of the partition %s, and the key of %s: they share no accounts", v.Text, arn.Partition, own.Partition)
		}
	})
}

// The operations that use key material, by the keys that have them
// (https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-compare.html).
var (
	dataKeyOperations = actionSet(
		"GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
	)
	encryptOperations = actionSet("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo")
	signOperations    = actionSet("Sign", "Verify")
	macOperations     = actionSet("GenerateMac", "VerifyMac")
	agreeOperations   = actionSet("DeriveSharedSecret")
	kemOperations     = actionSet("Encapsulate", "Decapsulate")
	publicOperations  = actionSet("GetPublicKey")
	allOperations     = dataKeyOperations.Union(encryptOperations).Union(signOperations).Union(macOperations).
				Union(agreeOperations).Union(kemOperations).Union(publicOperations)
)

// operationsOf are the operations that a key with the spec and usage has; ok is false when they are not known.
func operationsOf(spec, usage string) (policy.ActionSet, bool) {
	switch {
	case spec == "SYMMETRIC_DEFAULT" && usage == "ENCRYPT_DECRYPT":
		return encryptOperations.Union(dataKeyOperations), true
	case usage == "ENCRYPT_DECRYPT" && spec != "":
		return encryptOperations.Union(publicOperations), true
	case usage == "SIGN_VERIFY":
		return signOperations.Union(publicOperations), true
	case usage == "GENERATE_VERIFY_MAC":
		return macOperations, true
	case usage == "ENCAPSULATE_DECAPSULATE":
		return kemOperations.Union(publicOperations), true
	case usage == "KEY_AGREEMENT":
		return agreeOperations.Union(publicOperations), true
	default:
		return policy.ActionSet{}, false
	}
}

func actionDoesNotFit(p *pass, s *statement) {
	if s.of.key == nil || !s.allows() {
		return
	}
	k := s.of.key
	can, ok := operationsOf(k.Spec, k.Usage)
	if !ok {
		return
	}
	for _, v := range s.namedActions() {
		if a := action(v.Text); allOperations.Has(a) && !can.Has(a) {
			p.inStatement(s, v.Pos, "%s does not work with a key of spec %s and usage %s", a.Name, k.Spec, k.Usage)
		}
	}
}

func notAcrossAccounts(p *pass, s *statement) {
	if !s.allows() || s.Principals.Negated || s.Actions.Negated {
		return
	}
	var accounts []string
	s.eachPrincipal(func(v policy.Principal) {
		if s.of.isExternal(v) && !slices.Contains(accounts, v.Account) {
			accounts = append(accounts, v.Account)
		}
	})
	if len(accounts) == 0 {
		return
	}
	var dead []string
	var first policy.Position
	for _, v := range s.Actions.Values {
		set := actionsOf(v)
		if set.IsEmpty() || slices.ContainsFunc(set.Actions(), func(a *policy.Action) bool { return a.CrossAccount || !a.InKeyPolicy }) {
			continue
		}
		if dead = append(dead, v.Text); len(dead) == 1 {
			first = v.Pos
		}
	}
	if len(dead) > 0 {
		p.inStatement(s, first, "no effect for account %s: %s: the key's own account alone can do this", list(accounts), list(dead))
	}
}
