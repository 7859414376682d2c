package trail

import (
	"reflect"
	"strings"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/policy"
)

// source is eventSource.
func source(e *Entry) string {
	if e.Service == nil {
		return "kms.amazonaws.com"
	}
	return e.Service.Source
}

// beginSessions are the operations of STS, which change nothing and whose answers CloudTrail shows
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html).
var beginSessions = map[string]bool{
	"AssumeRole": true, "AssumeRoleWithWebIdentity": true, "GetFederationToken": true, "GetSessionToken": true,
}

// isRead reports whether an operation of any service changes nothing.
func isRead(e *Entry) bool {
	if e.Service == nil {
		return readOnly(e.Operation)
	}
	for _, prefix := range [...]string{"Get", "List", "Describe", "Simulate", "Validate", "Decode", "Assume"} {
		if strings.HasPrefix(e.Operation, prefix) {
			return true
		}
	}
	return false
}

// apiParameters are the parameters of a request to a service beside AWS KMS, nil for none.
func apiParameters(e *Entry) map[string]any {
	if e.Result.Input == nil {
		return nil
	}
	if out := members(reflect.ValueOf(e.Result.Input)); len(out) > 0 {
		return out
	}
	return nil
}

// apiElements is the answer of a service beside AWS KMS to a request that changed something, nil for none.
func apiElements(e *Entry) map[string]any {
	if e.Err != nil || e.Result.Output == nil || isRead(e) && !beginSessions[e.Operation] {
		return nil
	}
	if out := members(reflect.ValueOf(e.Result.Output)); len(out) > 0 {
		return out
	}
	return nil
}

// apiCodes are the codes that CloudTrail has otherwise than answers do. The others get the name of the exception in
// the API's model, which ends in Exception.
var apiCodes = map[string]string{
	operation.CodeAccessDenied: accessDenied, operation.CodeValidation: "ValidationException",
	operation.CodeInternalFailure: operation.CodeInternalFailure, operation.CodeMalformedInput: operation.CodeMalformedInput,
}

// eventError is what the record says about an error.
func eventError(e *Entry) (code, message string) {
	code, message = errorOf(e.Err)
	if e.Service == nil || code == "" {
		return code, message
	}
	if known, ok := apiCodes[code]; ok {
		return known, message
	}
	if !strings.HasSuffix(code, "Exception") {
		code += "Exception"
	}
	return code, message
}

// roles are the roles that the call is about.
func roles(e *Entry) []resource {
	var out []resource
	decisions := e.Call.Decisions()
	for i := range decisions {
		role := decisions[i].Request.Role
		if role == nil {
			continue
		}
		if parsed, ok := policy.ParseARN(role.ARN); ok && len(out) == 0 {
			out = append(out, resource{AccountID: parsed.Account, Type: "AWS::IAM::Role", ARN: role.ARN})
		}
	}
	return out
}
