package kms

import (
	"errors"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// maxPolicyBytes is 32 KB (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html#key-policy-limit).
const maxPolicyBytes = 32 << 10

// checkPolicy says whether a text can be a key policy, and returns the unique ids of the principals that it names.
func (s *Service) checkPolicy(text string) (map[string]string, error) {
	if len(text) > maxPolicyBytes {
		return nil, failf(CodeLimitExceeded, "The key policy exceeds the limit of %d bytes.", maxPolicyBytes)
	}
	_, document, err := s.state.policies.get(text)
	if err != nil {
		return nil, malformed(err)
	}
	for _, statement := range document.Statements {
		if err := checkSetOperators(statement); err != nil {
			return nil, err
		}
	}
	return s.principalIDs(document)
}

// malformed words why a policy could not be read. What AWS says to each mistake is not known, but for text that is not
// JSON: the findings of the parser are what helps.
func malformed(err error) *Error {
	message := err.Error()
	if findings, ok := errors.AsType[policy.Diagnostics](err); ok && len(findings) > 0 {
		message = findings[0].String()
		if findings[0].Code == policy.CodeInvalidJSON {
			message = "This policy contains invalid Json: " + message
		}
	}
	return &Error{Code: CodeMalformedPolicyDocument, Message: message}
}

// singleValued are the condition keys that must not be compared by ForAllValues, with what messages call their values
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
var singleValued = []struct{ prefix, what string }{
	{"kms:encryptioncontext:", "encryption context"},
	{"aws:requesttag/", "tag"},
}

func checkSetOperators(statement *policy.Statement) error {
	for _, condition := range statement.Conditions {
		if condition.Operator.Quantifier != policy.ForAllValues {
			continue
		}
		for _, key := range singleValued {
			if strings.HasPrefix(policy.FoldKey(condition.Key.Text), key.prefix) {
				return failf(CodeMalformedPolicyDocument, "OverlyPermissiveCondition: Using the ForAllValues set operator with "+
					"a single-valued condition key matches requests without the specified %s or with an unspecified %s. "+
					"To fix, remove ForAllValues.", key.what, key.what)
			}
		}
	}
	return nil
}

// principalIDs refuses a policy that names a user or role that does not exist, and returns, in any case, the unique ids
// of those that have one: a policy means the user or role that was there when it was put, not a later one of the same name
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
func (s *Service) principalIDs(document *policy.Document) (map[string]string, error) {
	var ids map[string]string
	var invalid error
	for _, statement := range document.Statements {
		if statement.Principals == nil {
			continue
		}
		for _, principal := range statement.Principals.Values {
			id, exists := s.lookupPrincipal(&principal)
			if !exists {
				invalid = failf(CodeMalformedPolicyDocument, "Policy contains a statement with one or more invalid principals.")
			}
			if id != "" {
				if ids == nil {
					ids = map[string]string{}
				}
				ids[principal.Text] = id
			}
		}
	}
	return ids, invalid
}

// lookupPrincipal says whether a principal of a policy exists, with its unique id if it has one.
func (s *Service) lookupPrincipal(p *policy.Principal) (id string, exists bool) {
	switch p.Form {
	case policy.PrincipalUser, policy.PrincipalRole, policy.PrincipalRoleSession, policy.PrincipalFederatedUser:
		if s.config.Principals == nil {
			return "", true
		}
		return s.config.Principals.Lookup(p.Text)
	case policy.PrincipalUniqueID, policy.PrincipalUnknown:
		return "", false // a unique id stands for what was deleted
	default:
		return "", true
	}
}

// checkLockout refuses a policy under which its own author could not change it any more, unless the request waives the
// check (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html, BypassPolicyLockoutSafetyCheck).
// The key has the new policy.
func (c *call) checkLockout(key *Key, bypass *bool) error {
	if value(bypass, false) {
		return nil
	}
	context := map[string][]string{}
	addBypass(context, bypass)
	allowed, err := c.Authorizer.Would(c.ctx, &Access{Action: "kms:PutKeyPolicy", Key: key, Context: context})
	if err != nil {
		return err
	}
	if !allowed {
		return failf(CodeMalformedPolicyDocument,
			"The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

// addBypass adds kms:BypassPolicyLockoutSafetyCheck, which is there only when the request says something about it.
func addBypass(context map[string][]string, bypass *bool) {
	if bypass != nil {
		text := "false"
		if *bypass {
			text = "true"
		}
		context["kms:BypassPolicyLockoutSafetyCheck"] = []string{text}
	}
}
