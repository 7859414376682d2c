package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// conditionRules are about conditions on keys that are missing, have several values, or are never there.
var conditionRules = []*Rule{
	{
		Code: "KP401", Name: "forallvalues-without-null", Severity: High,
		Summary: "An Allow has ForAllValues on a key that requests can be without.",
		Why:     "ForAllValues is met when the request has no value at all: leaving the encryption context, or the tags, out is enough.",
		Fix:     `Add "Null": {"THE-KEY": "false"} to the condition, or ForAnyValue on the same key.`,
		Source:  userGuide + "reference_policies_condition-single-vs-multi-valued-context-keys.html",
		Also:    []string{"FOR_ALL_VALUES_WITH_SINGLE_VALUED_KEY"},
		checks:  checks{onStatement: forAllWithoutNull, onIdentity: forAllWithoutNull},
	},
	{
		Code: "KP402", Name: "set-operator-on-single-value", Severity: High, Others: []Severity{Medium},
		Summary: "ForAllValues or ForAnyValue on a key with one value.",
		Why: "ForAllValues is met when the key is missing, which the plain operator is not. KMS refuses some key policies that do this " +
			"(OverlyPermissiveCondition) and accepts the others.",
		Fix:    "Take the set operator away: the plain operator compares one value.",
		Source: userGuide + "reference_policies_condition-single-vs-multi-valued-context-keys.html",
		Also:   []string{"FOR_ALL_VALUES_WITH_SINGLE_VALUED_KEY"},
		checks: checks{onStatement: setOperatorOnSingle, onIdentity: setOperatorOnSingle},
	},
	{
		Code: "KP403", Name: "allow-when-key-is-missing", Severity: High, Others: []Severity{Medium},
		Summary: "An Allow has a negated operator, or …IfExists, on a key that requests can be without.",
		Why:     "Such a condition is met when the key is missing: whoever leaves it out, or calls another way, is allowed.",
		Fix:     "Say what is allowed with a positive operator, and deny the exceptions in a statement of their own.",
		Source:  userGuide + "reference_policies_elements_condition_operators.html#Conditions_IfExists",
		checks:  checks{onStatement: allowWhenMissing, onIdentity: allowWhenMissing},
	},
	{
		Code: "KP404", Name: "deny-misses-missing-key", Severity: High, Others: []Severity{Medium},
		Summary: "A Deny has a positive operator on a key that requests can be without.",
		Why: "The condition is not met when the key is missing, so that the Deny does not stop the request: long-term credentials have no " +
			"aws:MultiFactorAuthPresent, and a caller can leave an encryption context out.",
		Fix:    "Use …IfExists with Bool, or a negated operator that says what is let through, for example StringNotEquals.",
		Source: userGuide + "reference_policies_condition-keys.html#condition-keys-multifactorauthpresent",
		checks: checks{onStatement: denyMissesMissing, onIdentity: denyMissesMissing},
	},
	{
		Code: "KP405", Name: "encryption-context-on-other-actions", Severity: Medium,
		Summary: "An Allow with a condition on the encryption context names actions that have none.",
		Why:     "Requests for kms:DescribeKey, kms:Sign and the like have no encryption context, so that the statement never allows them.",
		Fix:     "Move those actions to a statement without the condition.",
		Source:  developerGuide + "conditions-kms.html#conditions-kms-encryption-context",
		Also:    []string{"UNSUPPORTED_ACTION_FOR_CONDITION_KEY"},
		checks:  checks{onStatement: contextOnOthers, onIdentity: contextOnOthers},
	},
	{
		Code: "KP406", Name: "context-keys-differ-by-case", Severity: Medium,
		Summary: "Two condition keys differ only by case.",
		Why: "Names of condition keys, the encryption context key in kms:EncryptionContext:KEY included, are compared without case: they " +
			"are one key, and the rule that seems to be about another is about the same.",
		Fix:    "Spell them alike; where the case of the encryption context key matters, compare with kms:EncryptionContextKeys.",
		Source: developerGuide + "conditions-kms.html#conditions-kms-encryption-context",
		Also:   []string{"DUPLICATE_KEYS_WITH_DIFFERENT_CASE"},
		checks: checks{onKey: caseOfContext, diagnosed: withCode(policy.CodeDuplicateConditionKey)},
	},
	{
		Code: "KP407", Name: "encryption-context-not-bounded", Severity: Info,
		Summary: "An Allow asks for pairs of the encryption context and does not limit the others.",
		Why:     "The request may have any further pairs.",
		Fix:     `Add "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": [the keys]} if no other pair is wanted.`,
		Source:  developerGuide + "conditions-kms.html#conditions-kms-encryption-context-keys",
		checks: checks{onStatement: func(p *pass, s *statement) {
			if on := s.conditionsOn(contextPrefix); s.allows() && len(on) > 0 && !s.hasCondition(contextKeys) {
				p.inStatement(s, on[0].Key.Pos, "the encryption context must have %s and may have anything else", on[0].Key.Text)
			}
		}},
	},
	{
		Code: "KP410", Name: "iam-only-key-in-key-policy", Severity: High,
		Summary: "A key policy has a condition on kms:ResourceAliases or aws:ResourceTag.",
		Why:     "These keys work in IAM policies only. In a key policy an Allow with one never allows, and a Deny never stops anything.",
		Fix:     "Move the statement to an IAM policy, or use kms:RequestAlias.",
		Source:  developerGuide + "abac.html",
		checks: checks{onStatement: func(p *pass, s *statement) {
			for _, c := range s.Conditions {
				if k, ok := policy.LookupConditionKey(folded(c)); ok && k.IAMOnly && folded(c) != "" {
					p.inStatement(s, c.Key.Pos, "%s is for IAM policies only: in a key policy %s", c.Key.Text, without(s, c))
				}
			}
		}},
	},
	{
		Code: "KP411", Name: "key-never-there", Severity: High,
		Summary: "A condition is on a key that no request of the statement has.",
		Why:     "Each condition key comes with some actions only. Where it never comes, the condition is always, or never, met.",
		Fix:     "Move the condition to a statement about the actions that have the key.",
		Source:  "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html",
		Also:    []string{"UNSUPPORTED_ACTION_FOR_CONDITION_KEY", "MISSING_ACTION_FOR_CONDITION_KEY", "UNKNOWN_CONDITION_FOR_ACTION"},
		checks:  checks{onStatement: keyNeverThere, onIdentity: keyNeverThere},
	},
	{
		Code: "KP420", Name: "unknown-condition-key", Severity: High,
		Summary: "A condition is on a key that does not exist.",
		Why:     "No request has it: a positive condition is never met, a negated one always.",
		Fix:     "Write the key that was meant: the message names the nearest. Tags need theirs: aws:PrincipalTag/team.",
		Source:  userGuide + "reference_policies_condition-keys.html",
		Also: []string{
			"INVALID_GLOBAL_CONDITION_KEY", "INVALID_SERVICE_CONDITION_KEY", "UNSUPPORTED_GLOBAL_CONDITION_KEY", "INVALID_CONDITION_KEY_FORMAT",
			"MISSING_TAG_KEY_IN_CONDITION",
		},
		checks: checks{diagnosed: withCode(policy.CodeUnknownConditionKey, policy.CodeInvalidConditionKey)},
	},
	{
		Code: "KP421", Name: "unknown-condition-operator", Severity: High,
		Summary: "A condition operator does not exist.",
		Why:     "AWS refuses the policy.",
		Fix:     "Write the operator that was meant: the message names the nearest. Null has no …IfExists.",
		Source:  userGuide + "reference_policies_elements_condition_operators.html",
		Also:    []string{"INVALID_CONDITION_OPERATOR", "NULL_WITH_IF_EXISTS"},
		checks:  checks{diagnosed: withCode(policy.CodeUnknownOperator)},
	},
	{
		Code: "KP422", Name: "several-values-without-set-operator", Severity: High,
		Summary: "A plain operator on a key with several values.",
		Why:     "Keys such as kms:EncryptionContextKeys, kms:GrantOperations and aws:TagKeys are lists: without a set operator the comparison is not defined and does not match.",
		Fix:     "Write ForAnyValue: or ForAllValues: in front of the operator; with ForAllValues in an Allow also Null false.",
		Source:  userGuide + "reference_policies_condition-single-vs-multi-valued-context-keys.html",
		Also:    []string{"MISSING_QUALIFIER"},
		checks:  checks{onStatement: missingQualifier, onIdentity: missingQualifier},
	},
	{
		Code: "KP423", Name: "set-operator-without-use", Severity: Info,
		Summary: "Null has a set operator.",
		Why:     "Null asks whether the key is there: there is nothing to compare.",
		Fix:     "Write Null.",
		Source:  userGuide + "reference_policies_elements_condition_operators.html#Conditions_Null",
		Also:    []string{"NULL_WITH_QUALIFIER"},
		checks:  checks{diagnosed: warnedAt(conditionElement, policy.CodeNoEffect)},
	},
}

// forAllWithoutNull is KP401.
func forAllWithoutNull(p *pass, s *statement) {
	if s.Effect != policy.Allow {
		return
	}
	for _, c := range s.Conditions {
		k, ok := policy.LookupConditionKey(folded(c))
		if !ok || c.Operator.Quantifier != policy.ForAllValues || c.Operator.Comparison == policy.Null || !k.Multivalued || s.asksFor(folded(c)) {
			continue
		}
		if set := s.missingFor(folded(c)); !set.IsEmpty() {
			p.inStatement(s, c.Pos, "%s on %s is met by a request without %s, and allows it: %s", c.Operator, c.Key.Text, c.Key.Text, some(set))
		}
	}
}

// some lists a few actions.
func some(set policy.ActionSet) string {
	const most = 3
	all := set.Actions()
	var out []string
	for _, a := range all[:min(len(all), most)] {
		out = append(out, a.Name)
	}
	if len(all) > most {
		return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return list(out)
}

// setOperatorOnSingle is KP402.
func setOperatorOnSingle(p *pass, s *statement) {
	for _, c := range s.Conditions {
		k, ok := policy.LookupConditionKey(folded(c))
		if !ok || c.Operator.Quantifier == policy.NoQuantifier || c.Operator.Comparison == policy.Null || k.Multivalued {
			continue
		}
		if c.Operator.Quantifier == policy.ForAllValues && s.Effect == policy.Allow {
			p.inStatement(s, c.Pos, "%s has one value: %s is also met by a request without it", c.Key.Text, c.Operator)
			continue
		}
		p.inStatement(s, c.Pos, "%s has one value: %s is the same as without the set operator", c.Key.Text, c.Operator).as(Medium)
	}
}

// allowWhenMissing is KP403. Who is allowed by leaving a key out decides how bad it is: one principal of the account is
// trusted with something, everybody and other accounts are not.
func allowWhenMissing(p *pass, s *statement) {
	if s.Effect != policy.Allow {
		return
	}
	for _, c := range s.Conditions {
		name := folded(c)
		loose := c.Operator.IfExists || c.Operator.Comparison.Negated()
		if !loose || name == "" || c.Operator.Quantifier == policy.ForAnyValue || s.asksFor(name) {
			continue
		}
		set := s.missingFor(name)
		if set.IsEmpty() {
			continue
		}
		f := p.inStatement(s, c.Pos, "%s on %s allows a request without %s: %s", c.Operator, c.Key.Text, c.Key.Text, some(set))
		if !s.namesStrangers() {
			f.as(Medium)
		}
	}
}

// namesStrangers reports whether a principal is everybody, or of another account.
func (s *statement) namesStrangers() bool {
	return s.Principals != nil && (s.Principals.Negated || s.namesEveryone() ||
		slices.ContainsFunc(s.Principals.Values, s.of.isExternal))
}

// safeWhenAbsent are keys, folded, whose absence means that there is nothing to deny.
var safeWhenAbsent = []string{
	"kms:bypasspolicylockoutsafetycheck", "kms:viaservice", "kms:requestalias", "kms:resourcealiases", "aws:principaltag/",
	"aws:resourcetag/", "aws:principalorgid", "aws:principalorgpaths", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast",
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc", "aws:sourcevpce", "aws:username",
	"aws:principalservicename", "aws:principalservicenameslist", "aws:sourceidentity", "aws:federatedprovider", "aws:assumedroot",
	"kms:granteeprincipal", "kms:granteeserviceprincipal", "kms:retiringprincipal", "kms:retiringserviceprincipal",
	"kms:multiregionkeytype", "aws:tagkeys", "aws:requesttag/", "kms:validto",
}

// denyMissesMissing is KP404: a Deny that is evaded by leaving out what it looks at.
func denyMissesMissing(p *pass, s *statement) {
	if s.Effect != policy.Deny {
		return
	}
	for _, c := range s.Conditions {
		name := folded(c)
		if !positive(c) || isAmong(name, safeWhenAbsent) || s.deniedWithout(name) {
			continue
		}
		set := s.missingFor(name)
		if set.IsEmpty() {
			continue
		}
		f := p.inStatement(s, c.Pos, "the Deny does not stop a request without %s: %s", c.Key.Text, some(set))
		if name != "aws:multifactorauthpresent" {
			f.as(Medium) // who may leave it out is not as many
		}
		if c.Operator.Comparison == policy.Bool {
			f.Fix = fmt.Sprintf("Write BoolIfExists in the place of Bool: a request without %s is then denied too.", c.Key.Text)
		}
	}
}

// deniedWithout reports whether another statement of the policy denies requests without the key, for at least the same actions
// and without asking for more.
func (s *statement) deniedWithout(name string) bool {
	return slices.ContainsFunc(s.of.statements, func(other *statement) bool {
		return other.Effect == policy.Deny && other.kms.Contains(s.kms) && len(other.Conditions) == 1 &&
			folded(other.Conditions[0]) == name && isNull(other.Conditions[0], "true")
	})
}

// contextOnOthers is KP405.
func contextOnOthers(p *pass, s *statement) {
	on := s.conditionsOn(contextPrefix, contextKeys)
	if s.Effect != policy.Allow || len(on) == 0 || s.kms.Intersect(withContext).IsEmpty() {
		return // without any that has one it is KP411
	}
	needed := slices.ContainsFunc(on, func(c policy.Condition) bool { return positive(c) || isNull(c, "false") })
	if others := s.named.Minus(withContext); needed && !others.IsEmpty() {
		p.inStatement(s, on[0].Key.Pos, "%s have no encryption context, so that the statement does not allow them", names(others))
	}
}

// caseOfContext is KP406 for keys of different statements.
func caseOfContext(p *pass, s *subject) {
	first := map[string]policy.Value{}
	for _, st := range s.statements {
		for _, c := range st.conditionsOn(contextPrefix) {
			before, ok := first[folded(c)]
			if !ok {
				first[folded(c)] = c.Key
			} else if _, key, _ := strings.Cut(c.Key.Text, ":"); !strings.HasSuffix(before.Text, key[strings.Index(key, ":")+1:]) {
				p.inStatement(st, c.Key.Pos, "%s and %s are the same key: names of condition keys are compared without case", c.Key.Text, before.Text).
					related(before.Pos, "%s", before.Text)
			}
		}
	}
}

// without says what becomes of a statement whose condition is on a key that no request has.
func without(s *statement, c policy.Condition) string {
	met := c.Operator.IfExists || c.Operator.Comparison.Negated() || c.Operator.Quantifier == policy.ForAllValues || isNull(c, "true")
	switch {
	case met:
		return "the condition is always met"
	case s.Effect == policy.Allow:
		return "the statement never allows anything"
	default:
		return "the statement never denies anything"
	}
}

// keyNeverThere is KP411.
func keyNeverThere(p *pass, s *statement) {
	for _, c := range s.Conditions {
		k, ok := policy.LookupConditionKey(folded(c))
		if !ok || k.Global || s.kms.IsEmpty() || k.IAMOnly || k.Service() != "kms" {
			continue
		}
		if !slices.ContainsFunc(s.kms.Actions(), func(a *policy.Action) bool { return a.PopulatesKey(k) }) {
			p.inStatement(s, c.Key.Pos, "no request for %s has %s: %s", some(s.kms), c.Key.Text, without(s, c))
		}
	}
}

// missingQualifier is KP422.
func missingQualifier(p *pass, s *statement) {
	for _, c := range s.Conditions {
		k, ok := policy.LookupConditionKey(folded(c))
		if ok && k.Multivalued && c.Operator.Quantifier == policy.NoQuantifier && c.Operator.Comparison != policy.Null {
			p.inStatement(s, c.Pos, "%s has several values: write ForAnyValue:%s or ForAllValues:%s", c.Key.Text, c.Operator, c.Operator)
		}
	}
}
