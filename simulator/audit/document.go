package audit

import (
	"fmt"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// malformedCode is the rule for what no other rule takes.
const malformedCode = "KP120"

// maxKeyPolicy is how many bytes a key policy may have
// (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#key-policy-limit).
const maxKeyPolicy = 32768

// documentRules are about the language of policies.
var documentRules = []*Rule{
	{
		Code: "KP112", Name: "broken-policy-variable", Severity: High,
		Summary: "A policy variable is literal text: the Version is missing or 2008-10-17, or the variable is malformed.",
		Why:     "The condition or resource is compared with the text ${…} itself, which nothing is equal to.",
		Fix:     `Write "Version": "2012-10-17" at the top of the policy, and variables as ${aws:username} or ${aws:PrincipalTag/team, 'none'}.`,
		Source:  userGuide + "reference_policies_variables.html",
		Also:    []string{"VARIABLE_UNSUPPORTED_IN_VERSION", "MISSING_BRACE_IN_VARIABLE", "MISSING_QUOTE_IN_VARIABLE", "UNSUPPORTED_SPACE_IN_VARIABLE", "EMPTY_VARIABLE", "VARIABLE_UNSUPPORTED_IN_ELEMENT"},
		checks:  checks{diagnosed: withCode(policy.CodeInvalidVariable)},
	},
	{
		Code: "KP113", Name: "policy-size-and-characters", Severity: High, Others: []Severity{Medium},
		Summary: "A policy is too large, or nearly, or has characters that AWS does not accept.",
		Why: "KMS takes key policies of 32 KB at most, with characters of Latin-1 only: typographic quotes and dashes are refused. A policy " +
			"that is nearly full cannot be mended in a hurry.",
		Fix:    "Join statements that differ in one element, use grants for what changes often, and write plain quotes and hyphens.",
		Source: developerGuide + "key-policy-overview.html",
		Also:   []string{"POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA"},
		checks: checks{onKey: nearlyFull, diagnosed: withCode(policy.CodePolicyTooLarge, policy.CodeInvalidCharacter)},
	},
	{
		Code: malformedCode, Name: "malformed-policy", Severity: High,
		Summary: "A policy is not what AWS accepts as a policy: unknown, missing or contradicting elements, values of the wrong kind.",
		Why:     "AWS refuses the policy when it is put in place, or the element does nothing.",
		Fix:     "Correct the element: the message says what was expected.",
		Source:  userGuide + "reference_policies_grammar.html",
		Also: []string{
			"DATA_TYPE_MISMATCH", "INVALID_EFFECT", "INVALID_POLICY_ELEMENT", "INVALID_VERSION", "JSON_SYNTAX_ERROR", "MISSING_EFFECT",
			"MISSING_PRINCIPAL", "MISSING_STATEMENT", "UNSUPPORTED_ELEMENT_COMBINATION",
		},
	},
	{
		Code: "KP121", Name: "ambiguous-sid", Severity: Medium,
		Summary: "Two statements have the same Sid, or a Sid has characters that AWS does not accept.",
		Why:     "A Sid is how people and tools speak of a statement; IAM refuses a policy with two of the same, KMS does not.",
		Fix:     "Give each statement a Sid of its own.",
		Source:  userGuide + "reference_policies_elements_sid.html",
		Also:    []string{"UNIQUE_SIDS_RECOMMENDED", "DUPLICATE_SID", "INVALID_SID"},
		checks:  checks{diagnosed: withCode(policy.CodeInvalidSid)},
	},
	{
		Code: "KP122", Name: "old-policy-version", Severity: Info,
		Summary: "A policy has no Version, or 2008-10-17.",
		Why:     "In that version policy variables are literal text, and whoever adds one will not notice.",
		Fix:     `Write "Version": "2012-10-17".`,
		Source:  userGuide + "reference_policies_elements_version.html",
		Also:    []string{"MISSING_VERSION", "OLD_VERSION", "W2511"},
		checks: checks{onKey: func(p *pass, s *subject) {
			if s.doc.Version == policy.Version2008 {
				p.inPolicy(s, s.doc.Pos, "the policy has no Version %q: policy variables in it are literal text", policy.Version2012)
			}
		}},
	},
	{
		Code: "KP123", Name: "empty-element", Severity: High,
		Summary: "A list in a condition is empty.",
		Why:     "No request is equal to any of no values, so that the condition is never met; a negated one always is.",
		Fix:     "Write the values, or take the condition out.",
		Source:  userGuide + "reference_policies_elements_condition.html",
		Also:    []string{"EMPTY_ARRAY_CONDITION", "EMPTY_OBJECT_CONDITION"},
		checks:  checks{diagnosed: withCode(policy.CodeEmptyList)},
	},
	{
		Code: "KP124", Name: "redundant-action", Severity: Info,
		Summary: "An action of a statement is covered by another one of the same statement.",
		Why:     "Whoever takes the one out believes that the permission is gone.",
		Fix:     "Keep the wider one, or only the narrow ones.",
		Source:  userGuide + "reference_policies_elements_action.html",
		Also:    []string{"REDUNDANT_ACTION"},
		checks:  checks{onStatement: redundantAction, onIdentity: redundantAction},
	},
}

// nearlyFull is KP113 for policies that still fit.
func nearlyFull(p *pass, s *subject) {
	text, err := s.doc.MarshalJSON()
	if err != nil {
		p.fail(fmt.Errorf("%s: %w", s.doc.Name, err))
		return
	}
	if len(text) > maxKeyPolicy*9/10 && len(text) <= maxKeyPolicy {
		p.inPolicy(s, s.doc.Pos, "the key policy has %d bytes without white space: the limit is %d", len(text), maxKeyPolicy).as(Medium)
	}
}

// redundantAction is KP124. Every value of what a wildcard covers is one finding, at the narrower value.
func redundantAction(p *pass, s *statement) {
	if s.Actions == nil || s.Actions.Negated {
		return
	}
	values := s.Actions.Values
	for i, v := range values {
		set := actionsOf(v)
		if set.IsEmpty() {
			continue
		}
		for j, w := range values {
			other := actionsOf(w)
			if i == j || !other.Contains(set) || other == set && (j > i || !strings.EqualFold(v.Text, w.Text)) {
				continue
			}
			p.inStatement(s, v.Pos, "%s is covered by %s of the same statement", v.Text, w.Text).related(w.Pos, "%s", w.Text)
			break
		}
	}
}
