package policy

import (
	"strings"
)

// The elements of a document and of a statement
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html). Their names
// are taken to be case-sensitive.
var (
	documentElements  = []string{"Version", "Id", "Statement"}
	statementElements = []string{
		"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
	}
)

func (p *parser) statement(index int, n *node) *Statement {
	s := &Statement{Index: index, Pos: p.pos(n.offset)}
	if n.kind != jsonObject {
		p.wrongType(n, "a statement", "an object")
		return s
	}
	e := p.elements(n, "a statement", statementElements)
	s.Sid = p.sid(e["Sid"])
	s.Effect = p.effect(n, e["Effect"])
	s.Principals = p.principalElement(n, e["Principal"], e["NotPrincipal"], s.Effect)
	s.Actions = p.stringsElement(n, e, "Action", p.checkAction)
	s.Resources = p.stringsElement(n, e, "Resource", p.checkResource)
	if c := e["Condition"]; c != nil {
		s.Conditions = p.conditions(&c.value)
	}
	if p.kind == ResourceControlPolicy {
		p.checkRCP(n, e, s)
	}
	return s
}

// sid reads Sid. IAM takes letters and digits only, and each Sid once
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html);
// key policies may have spaces in it
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html).
func (p *parser) sid(m *member) string {
	if m == nil {
		return ""
	}
	v := p.value(&m.value)
	if p.plainString(&m.value, "Sid") == "" || v.Unresolved {
		return v.Text
	}
	if p.kind.isIAM() && strings.ContainsFunc(v.Text, notAlphanumeric) {
		p.fail(CodeInvalidSid, m.value.offset, "Sid %q of %s may contain letters and digits only", v.Text, p.kind.withArticle())
	}
	if first, ok := p.sids[v.Text]; ok {
		if p.kind.isIAM() {
			p.fail(CodeInvalidSid, m.value.offset, "Sid %q is used twice", v.Text)
		} else {
			p.warn(CodeInvalidSid, m.value.offset, "Sid %q is used twice", v.Text)
		}
		p.related(first)
	} else {
		p.sids[v.Text] = m.value.offset
	}
	return v.Text
}

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// effect reads Effect, which is case-sensitive
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_effect.html).
func (p *parser) effect(statement *node, m *member) Effect {
	if m == nil {
		p.fail(CodeMissingElement, statement.offset, "Effect is missing: expected \"Allow\" or \"Deny\"")
		return EffectUnknown
	}
	if m.value.kind != jsonString {
		p.wrongType(&m.value, "Effect", `"Allow" or "Deny"`)
		return EffectUnknown
	}
	switch text := p.value(&m.value).Text; text {
	case Allow.String():
		return Allow
	case Deny.String():
		return Deny
	default:
		p.fail(CodeUnknownEffect, m.value.offset, "unknown Effect %q: expected \"Allow\" or \"Deny\"", text)
		return EffectUnknown
	}
}

// stringsElement reads Action or NotAction, or Resource or NotResource, and checks each value.
func (p *parser) stringsElement(statement *node, e map[string]*member, name string, check func(Value, int)) *Strings {
	m, not := e[name], e["Not"+name]
	if m != nil && not != nil {
		p.fail(CodeConflictingElements, not.offset, "a statement cannot have both %s and Not%s", name, name)
		p.related(m.offset)
	}
	out := &Strings{}
	if m == nil {
		m, out.Negated = not, true
	}
	switch {
	case name == "Resource" && p.kind == TrustPolicy:
		if m != nil {
			p.fail(CodeElementNotAllowed, m.offset, "a trust policy cannot have %s: it is about the role that it belongs to", m.name)
		}
		return nil
	case m == nil:
		p.missing(CodeMissingElement, statement.offset, name+" is missing")
		return nil
	}
	if name == "Action" && out.Negated && p.kind == ResourceControlPolicy {
		// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html#rcp-elements-table
		p.fail(CodeElementNotAllowed, m.offset, "a resource control policy cannot have NotAction")
	}
	out.Pos = p.pos(m.offset)
	list := m.value.list()
	for i := range list {
		n := &list[i]
		if n.kind != jsonString {
			p.wrongType(n, "a value of "+m.name, "a string")
			continue
		}
		v := p.value(n)
		if !v.Unresolved {
			check(v, n.offset)
		}
		out.Values = append(out.Values, v)
	}
	if len(list) == 0 {
		p.missing(CodeEmptyList, m.value.offset, m.name+" is an empty list")
		return nil
	}
	return out
}

// missing notes an element without which a statement means nothing. KMS accepts such statements
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html), others do not.
func (p *parser) missing(code string, offset int, what string) {
	if p.kind == KeyPolicy {
		p.warn(code, offset, "%s: the statement has no effect", what)
		return
	}
	p.fail(code, offset, "%s", what)
}

// checkAction asks for "*" or service:name, and warns of KMS actions that do not exist
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html).
func (p *parser) checkAction(v Value, offset int) {
	if v.Text == "*" {
		return
	}
	service, name, ok := strings.Cut(v.Text, ":")
	switch {
	case !ok || service == "" || name == "":
		hint := ""
		if a, known := LookupAction(v.Text); known {
			hint = ", for example " + a.Name
		}
		p.fail(CodeInvalidAction, offset, "action %q is neither \"*\" nor service:name%s", v.Text, hint)
	case service != "*" && strings.ContainsAny(service, "*?"):
		p.fail(CodeInvalidAction, offset, "action %q has a wildcard in the service name", v.Text)
	case p.kind == TrustPolicy && service != "*" && !strings.EqualFold(service, "sts"):
		// IAM: "AssumeRole policy may only specify STS AssumeRole actions."
		p.fail(CodeInvalidAction, offset, "action %q of a trust policy is not one of AWS STS", v.Text)
	case strings.EqualFold(service, "kms") && matchActions(v.Text).IsEmpty():
		p.warn(CodeUnknownAction, offset, "%q matches no action of KMS%s", v.Text, ActionHint(": did you mean %q?", v.Text))
	case service != "*" && !strings.EqualFold(service, "kms") && p.kind == KeyPolicy:
		p.warn(CodeNoEffect, offset, "%q is no action of KMS and has no effect in a key policy", v.Text)
	}
}

// checkResource asks for "*" or an ARN
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
// What KMS does with another Resource in a key policy is not documented: it is compared with the key's ARN as text.
func (p *parser) checkResource(v Value, offset int) {
	if v.Text == "*" {
		return
	}
	if !strings.HasPrefix(v.Text, "arn:") {
		if p.kind == KeyPolicy {
			p.warn(CodeInvalidResource, offset, "resource %q is neither \"*\" nor an ARN: it is compared with the ARN of the key as it is", v.Text)
			return
		}
		p.fail(CodeInvalidResource, offset, "resource %q is neither \"*\" nor an ARN", v.Text)
		return
	}
	p.checkVariables(v, offset)
	if p.version != Version2012 {
		return
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement
	if head := strings.SplitAfterN(v.Text, ":", 6); strings.Contains(strings.Join(head[:min(5, len(head))], ""), "${") {
		p.warn(CodeInvalidVariable, offset, "resource %q has a policy variable before the fifth colon, where AWS knows none", v.Text)
	}
}

// checkVariables reports malformed policy variables, and variables that are literal text because of
// the document's Version
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
func (p *parser) checkVariables(v Value, offset int) {
	if p.version != Version2012 {
		if i := strings.Index(v.Text, "${"); i >= 0 && strings.Contains(v.Text[i:], "}") {
			p.warn(CodeInvalidVariable, offset, "%q is literal text: policy variables need Version %q", v.Text, Version2012)
		}
		return
	}
	scanPattern(v.Text, p.version, true, func(problem string) {
		p.fail(CodeInvalidVariable, offset, "policy variable in %q: %s", v.Text, problem)
	})
}

// checkRCP holds a statement to the rules of resource control policies
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html):
// customers write Deny for Principal "*"; the one Allow is that of RCPFullAWSAccess.
func (p *parser) checkRCP(n *node, e map[string]*member, s *Statement) {
	if s.Principals != nil && !s.Principals.Negated {
		for _, v := range s.Principals.Values {
			if v.Form != PrincipalAny && !v.Unresolved {
				p.fail(CodeInvalidPrincipal, e["Principal"].value.offset, "Principal of a resource control policy must be \"*\"")
				break
			}
		}
	}
	if s.Effect != Allow {
		return
	}
	full := s.Actions.isStar() && s.Resources.isStar() && len(s.Conditions) == 0
	if !full {
		p.fail(CodeElementNotAllowed, n.offset,
			"a resource control policy can only have Effect \"Deny\"; Allow is for RCPFullAWSAccess, which allows everything")
	}
}

// isStar reports whether the element is "*".
func (s *Strings) isStar() bool {
	return s != nil && !s.Negated && len(s.Values) == 1 && s.Values[0].Text == "*"
}
