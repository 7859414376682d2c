package policy

import (
	"strings"
)

// principalTypes are the keys of a Principal element
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
var principalTypes = []string{"AWS", "Service", "Federated", "CanonicalUser"}

func (p *parser) principalElement(statement *node, m, not *member, effect Effect) *Principals {
	if m != nil && not != nil {
		p.fail(CodeConflictingElements, not.offset, "a statement cannot have both Principal and NotPrincipal")
		p.related(m.offset)
	}
	out := &Principals{}
	if m == nil {
		m, out.Negated = not, true
	}
	switch {
	case m == nil && p.kind.hasPrincipal():
		p.fail(CodeMissingElement, statement.offset, "Principal is missing: %s must say whom it is about", p.kind.withArticle())
		return nil
	case m == nil:
		return nil
	case !p.kind.hasPrincipal():
		p.fail(CodeElementNotAllowed, m.offset, "%s cannot have %s", p.kind.withArticle(), m.name)
		return nil
	case out.Negated && p.kind == ResourceControlPolicy:
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
		p.fail(CodeElementNotAllowed, m.offset, "a resource control policy cannot have NotPrincipal")
	case out.Negated && effect == Allow:
		p.warn(CodeNoEffect, m.offset, "AWS does not support NotPrincipal with Effect \"Allow\", which allows everybody else")
	}
	out.Pos = p.pos(m.offset)
	out.Values = p.principals(m)
	return out
}

func (p *parser) principals(m *member) []Principal {
	n := &m.value
	switch n.kind {
	case jsonString:
		v := p.value(n)
		if v.Text != "*" && !v.Unresolved {
			p.fail(CodeInvalidPrincipal, n.offset, "%s %q: expected \"*\" or an object such as {\"AWS\": %q}", m.name, v.Text, v.Text)
			return nil
		}
		return []Principal{p.principal("AWS", v, n.offset)}
	case jsonObject:
	default:
		p.wrongType(n, m.name, `"*" or an object such as {"AWS": "arn:aws:iam::111122223333:root"}`)
		return nil
	}
	var out []Principal
	e := p.elements(n, m.name, principalTypes)
	values := 0
	for i := range n.members {
		of := &n.members[i]
		if e[of.name] == nil {
			values++ // unknown, and reported as that
			continue
		}
		list := of.value.list()
		values += len(list)
		for j := range list {
			v, ok := p.principalValue(of.name, &list[j])
			if ok {
				out = append(out, p.principal(of.name, v, list[j].offset))
			}
		}
	}
	if values == 0 {
		p.fail(CodeEmptyList, n.offset, "%s names nobody", m.name)
	}
	return out
}

// principalValue reads a string. A number is taken for an account id, which is what a template
// makes of one without quotes.
func (p *parser) principalValue(of string, n *node) (Value, bool) {
	switch {
	case n.kind == jsonString:
		return p.value(n), true
	case n.kind != jsonNumber || of != "AWS":
		p.wrongType(n, "a value of "+of, "a string")
		return Value{}, false
	case !IsAccountID(n.text):
		p.fail(CodeInvalidPrincipal, n.offset,
			"number %s is not an account id of 12 digits: a number loses leading zeros, write the id in quotes", n.text)
		return Value{}, false
	default:
		return p.value(n), true
	}
}

// principal classifies one value under one of principalTypes
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
func (p *parser) principal(of string, v Value, offset int) Principal {
	out := Principal{Value: v}
	var problem string
	switch of {
	case "Service":
		out.Form = PrincipalService
		problem = checkHostName(v.Text, "service principal", "logs.amazonaws.com")
	case "Federated":
		out.Form = PrincipalFederated
		problem = checkProvider(v.Text)
	case "CanonicalUser":
		out.Form = PrincipalCanonicalUser
		problem = checkCanonicalUser(v.Text)
	default:
		out.Form, out.Account, problem = classifyAWS(v.Text)
	}
	if v.Unresolved {
		if of == "AWS" {
			out.Form, out.Account = PrincipalUnknown, ""
		}
		return out
	}
	if problem != "" {
		p.fail(CodeInvalidPrincipal, offset, "principal %q: %s", v.Text, problem)
	} else if out.Form == PrincipalCanonicalUser {
		p.warn(CodeNoEffect, offset, "a canonical user is never the caller of KMS")
	}
	return out
}

// classifyAWS finds the form and the account of a value under "AWS", or says what is wrong.
func classifyAWS(text string) (form PrincipalForm, account, problem string) {
	switch {
	case text == "*":
		return PrincipalAny, "", ""
	case IsAccountID(text):
		return PrincipalAccount, text, ""
	case isUniqueID(text):
		return PrincipalUniqueID, "", ""
	case strings.ContainsAny(text, "*?"):
		return PrincipalUnknown, "", "a wildcard cannot stand for part of a principal; use \"*\" with a condition on aws:PrincipalArn"
	}
	arn, ok := ParseARN(text)
	if !ok {
		return PrincipalUnknown, "", "expected an account id of 12 digits, \"*\" or the ARN of an account, user, role or session"
	}
	form, problem = classifyARN(arn)
	return form, arn.Account, problem
}

// classifyARN finds the form of the principal with the ARN, or says what is wrong.
func classifyARN(arn ARN) (form PrincipalForm, problem string) {
	switch {
	case !IsPartition(arn.Partition):
		return PrincipalUnknown, "unknown partition " + arn.Partition + ": expected aws, aws-cn or aws-us-gov"
	case arn.Service != "iam" && arn.Service != "sts":
		return PrincipalUnknown, "an ARN of " + arn.Service + " is no principal: expected one of iam or sts"
	case arn.Region != "":
		return PrincipalUnknown, "an ARN of " + arn.Service + " has no Region"
	case !IsAccountID(arn.Account):
		return PrincipalUnknown, "account " + arn.Account + " is not an account id of 12 digits"
	case arn.Service == "iam" && arn.Resource == "root":
		return PrincipalAccount, ""
	}
	kind, name, _ := strings.Cut(arn.Resource, "/")
	switch arn.Service + ":" + kind {
	case "iam:user":
		return PrincipalUser, checkName(name)
	case "iam:role":
		return PrincipalRole, checkName(name)
	case "sts:assumed-role":
		if role, session, _ := strings.Cut(name, "/"); !isName(role) || !isName(session) {
			return PrincipalUnknown, "expected assumed-role/role-name/session-name"
		}
		return PrincipalRoleSession, ""
	case "sts:federated-user":
		if !isName(name) {
			return PrincipalUnknown, "expected federated-user/name"
		}
		return PrincipalFederatedUser, ""
	case "iam:group":
		return PrincipalUnknown, "a group is no principal"
	case "iam:saml-provider", "iam:oidc-provider":
		return PrincipalUnknown, "an identity provider belongs under \"Federated\""
	default:
		return PrincipalUnknown, "a " + arn.Service + " ARN of " + kind + " is no principal: expected root, user, role, assumed-role or federated-user"
	}
}

// checkName asks for a name with an optional path in front.
func checkName(name string) (problem string) {
	path, last := "", name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		path, last = name[:i], name[i+1:]
	}
	if !isName(last) || strings.ContainsFunc(path, func(r rune) bool { return r < '!' || r > '~' }) {
		return "expected a name, with its path if it has one, after the type"
	}
	return ""
}

// isName reports whether the text can be the name of a user, role or session
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names).
func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return notAlphanumeric(r) && !strings.ContainsRune("_+=,.@-", r)
	})
}

// isUniqueID reports whether the text is the unique id of a user or role, which is what KMS shows
// of a principal that was deleted
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).
func isUniqueID(s string) bool {
	id, user := strings.CutPrefix(s, "AIDA")
	if !user {
		var role bool
		if id, role = strings.CutPrefix(s, "AROA"); !role {
			return false
		}
	}
	return id != "" && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// checkHostName asks for a name made of parts with dots between them.
func checkHostName(s, what, example string) (problem string) {
	odd := strings.ContainsFunc(s, func(r rune) bool { return notAlphanumeric(r) && r != '.' && r != '-' && r != '_' })
	if odd || !strings.Contains(strings.Trim(s, "."), ".") {
		return "expected the name of a " + what + ", for example " + example
	}
	return ""
}

// checkProvider asks for the name or ARN of an identity provider.
func checkProvider(s string) (problem string) {
	arn, ok := ParseARN(s)
	if !ok {
		host, _, _ := strings.Cut(s, "/")
		return checkHostName(host, "provider or its ARN", "cognito-identity.amazonaws.com")
	}
	kind, name, _ := strings.Cut(arn.Resource, "/")
	if !IsPartition(arn.Partition) || arn.Service != "iam" || !IsAccountID(arn.Account) || name == "" ||
		kind != "saml-provider" && kind != "oidc-provider" || strings.ContainsAny(name, "*?") {
		return "expected the ARN of a saml-provider or oidc-provider of IAM"
	}
	return ""
}

// checkCanonicalUser asks for 64 hexadecimal digits
// (https://docs.aws.amazon.com/general/latest/gr/acct-identifiers.html).
func checkCanonicalUser(s string) (problem string) {
	if len(s) != 64 || strings.Trim(s, "0123456789abcdef") != "" {
		return "expected a canonical user id of 64 hexadecimal digits"
	}
	return ""
}
