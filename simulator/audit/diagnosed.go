package audit

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// element is what stands at a place of a policy.
type element struct {
	kind elementKind
	st   *statement
}

type elementKind int

const (
	otherElement elementKind = iota
	statementElement
	principalsElement // the name of Principal or NotPrincipal
	principalElement
	actionElement
	resourceElement
	conditionElement
)

// index finds what stands where.
func (r *run) index() {
	r.elements = map[policy.Position]element{}
	for _, s := range r.subjects {
		for _, st := range s.statements {
			r.elements[st.Pos] = element{statementElement, st}
			if st.Principals != nil {
				r.elements[st.Principals.Pos] = element{principalsElement, st}
				for _, p := range st.Principals.Values {
					r.elements[p.Pos] = element{principalElement, st}
				}
			}
			r.indexStrings(st, st.Actions, actionElement)
			r.indexStrings(st, st.Resources, resourceElement)
			for _, c := range st.Conditions {
				r.elements[c.Pos] = element{conditionElement, st}
				r.elements[c.Key.Pos] = element{conditionElement, st}
				for _, v := range c.Values {
					r.elements[v.Pos] = element{conditionElement, st}
				}
			}
		}
	}
}

func (r *run) indexStrings(st *statement, list *policy.Strings, kind elementKind) {
	if list == nil {
		return
	}
	for _, v := range list.Values {
		r.elements[v.Pos] = element{kind, st}
	}
}

// policyCodes are the codes of the findings of package policy; others are about files.
var policyCodes = []string{
	policy.CodePolicyTooLarge, policy.CodeInvalidCharacter, policy.CodeWrongType, policy.CodeDuplicateKey,
	policy.CodeUnknownElement, policy.CodeUnknownVersion, policy.CodeMissingElement, policy.CodeConflictingElements,
	policy.CodeElementNotAllowed, policy.CodeEmptyList, policy.CodeUnknownEffect, policy.CodeInvalidSid,
	policy.CodeInvalidPrincipal, policy.CodeInvalidAction, policy.CodeUnknownAction, policy.CodeInvalidResource,
	policy.CodeUnknownOperator, policy.CodeInvalidConditionKey, policy.CodeUnknownConditionKey,
	policy.CodeDuplicateConditionKey, policy.CodeInvalidOperand, policy.CodeInvalidVariable, policy.CodeNoEffect,
}

// fileCodes are those of policyCodes that readers of files use too: in a file that could not be read they may be about
// the file.
var fileCodes = []string{
	policy.CodeWrongType, policy.CodeDuplicateKey, policy.CodeInvalidCharacter, policy.CodeUnknownVersion, policy.CodeUnknownAction,
}

// IsFinding reports whether a rule takes the diagnostic for a finding: it is about the language of policies, not about
// the file that a policy is in. inFile says that the policy is part of a template or of another file.
func IsFinding(d policy.Diagnostic, inFile bool) bool {
	ofFile := inFile && d.Severity == policy.SeverityError && slices.Contains(fileCodes, d.Code)
	return slices.Contains(policyCodes, d.Code) && !ofFile
}

// diagnose makes findings of what package policy found.
func (r *run) diagnose() {
	for _, d := range slices.Concat(r.in.Diagnostics, r.world.Warnings) {
		if !slices.Contains(policyCodes, d.Code) {
			continue
		}
		at := r.elements[d.Pos]
		if d.Code == policy.CodeInvalidOperand && !r.isLiteral(policy.Value{Text: quotedIn(d.Message), Pos: d.Pos}) {
			continue
		}
		if at.st != nil && at.st.of.doc.Kind != policy.KeyPolicy && at.st.kms.IsEmpty() {
			continue // about another service
		}
		rule := diagnosing(d, at)
		if !r.in.Applies(rule) {
			continue
		}
		p := &pass{run: r, rule: rule}
		var f *Finding
		if at.st != nil {
			f = p.inStatement(at.st, d.Pos, "%s", d.Message)
		} else {
			f = p.found(d.Pos, "%s", d.Message)
		}
		for _, pos := range d.Related {
			f.related(pos, "the first one")
		}
	}
}

// quotedIn is the first text in quotes of a message.
func quotedIn(message string) string {
	_, rest, _ := strings.Cut(message, `"`)
	text, _, _ := strings.Cut(rest, `"`)
	return text
}

// diagnosing is the rule that the diagnostic belongs to.
func diagnosing(d policy.Diagnostic, at element) *Rule {
	for _, rule := range allRules {
		if rule.diagnosed != nil && rule.diagnosed(d, at) {
			return rule
		}
	}
	rule, _ := LookupRule(malformedCode)
	return rule
}

// withCode makes the test of a rule that takes all findings of one code of package policy, or of several.
func withCode(codes ...string) func(policy.Diagnostic, element) bool {
	return func(d policy.Diagnostic, _ element) bool { return slices.Contains(codes, d.Code) }
}

// warned makes the test of a rule that takes the warnings of one code of package policy.
func warned(codes ...string) func(policy.Diagnostic, element) bool {
	return func(d policy.Diagnostic, _ element) bool {
		return d.Severity == policy.SeverityWarning && slices.Contains(codes, d.Code)
	}
}

// warnedAt makes the test of a rule that takes the warnings of one code about one kind of element.
func warnedAt(kind elementKind, code string) func(policy.Diagnostic, element) bool {
	return func(d policy.Diagnostic, at element) bool {
		return d.Severity == policy.SeverityWarning && d.Code == code && at.kind == kind
	}
}
