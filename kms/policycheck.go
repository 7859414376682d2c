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
	ids, missing := document.PrincipalIDs(s.lookupARN)
	if missing != nil {
		return ids, failf(CodeMalformedPolicyDocument, "Policy contains a statement with one or more invalid principals.")
	}
	return ids, nil
}

// lookupARN is the look-up of users, roles and sessions: all exist for a service without [Principals].
func (s *Service) lookupARN(arn string) (id string, exists bool) {
	if s.config.Principals == nil {
		return "", true
	}
	return s.config.Principals.Lookup(arn)
}

// checkLockout refuses a policy under which its own author could not change it any more, unless the request waives the
// check (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html, BypassPolicyLockoutSafetyCheck).
// The key has the new policy; region is where it is when that is not the Region of the call.
func (c *call) checkLockout(key *Key, region string, bypass *bool) error {
	if value(bypass, false) {
		return nil
	}
	context := map[string][]string{}
	addBypass(context, bypass)
	allowed, err := c.Authorizer.Would(c.ctx, &Access{Action: "kms:PutKeyPolicy", Key: key, Region: region, Context: context})
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
