package policy

import "strings"

// ParsePrincipal reads one principal by itself, as grants name it: an account id, the ARN of an account, a
// user, a role or a session, a unique id, or the name of a service. It reports false for
// everything else.
func ParsePrincipal(text string) (Principal, bool) {
	form, account, problem := classifyAWS(text)
	if problem == "" && form != PrincipalUnknown {
		return Principal{Form: form, Account: account, Value: Value{Text: text}}, true
	}
	if strings.Contains(text, ".") && checkHostName(text, "service", "logs.amazonaws.com") == "" {
		return Principal{Form: PrincipalService, Value: Value{Text: text}}, true
	}
	return Principal{}, false
}
