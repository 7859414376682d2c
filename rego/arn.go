package rego

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// arnParts is the number of parts of an ARN; the last may itself hold colons.
const arnParts = 6

// matchARN tests an ARN-valued term as ArnLike does: each of the six parts by itself, so that a
// wildcard crosses a colon only in the last.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func (s *scope) matchARN(term string, p policy.Pattern) test {
	if literal, ok := p.IsLiteral(); ok {
		return test{body{equals(term, literal)}}
	}
	parts := splitARN(p)
	switch {
	case isRuns(p):
		return test{conjunctionOf(term)}
	case !p.HasWildcard(): // a variable may hold the whole ARN
		return test{conjunctionOf(term + " == " + s.text(p))}
	case len(parts) != arnParts:
		return never()
	}
	return test{conjunctionOf("regex.match(" + s.arnExpression(parts) + ", " + term + ")")}
}

// arnExpression is the term of the regular expression for the six parts of an ARN pattern.
func (s *scope) arnExpression(parts []policy.Pattern) string {
	e := expressionBuilder{scope: s, literal: "^(?s)"}
	for i, part := range parts {
		if i > 0 {
			e.literal += ":"
		}
		if i == arnParts-1 {
			e.add(part, ".", ".*")
		} else {
			e.add(part, "[^:]", "[^:]*")
		}
	}
	return e.term()
}

// splitARN cuts a pattern at the first five colons of its literal text.
func splitARN(p policy.Pattern) []policy.Pattern {
	parts := []policy.Pattern{{}}
	for _, seg := range p {
		if seg.Kind != policy.Literal {
			parts[len(parts)-1] = append(parts[len(parts)-1], seg)
			continue
		}
		for i, piece := range strings.SplitN(seg.Literal, ":", arnParts-len(parts)+1) {
			if i > 0 {
				parts = append(parts, policy.Pattern{})
			}
			if piece != "" {
				last := len(parts) - 1
				parts[last] = append(parts[last], policy.Segment{Kind: policy.Literal, Literal: piece})
			}
		}
	}
	return parts
}

// matchResource tests input.resource against one Resource value. A pattern with fewer than six parts
// is completed with wildcards.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func (s *scope) matchResource(p policy.Pattern) test {
	if literal, ok := p.IsLiteral(); ok && strings.Count(literal, ":") >= arnParts-1 {
		return test{body{equals("input.resource.arn", literal)}}
	}
	if isRuns(p) {
		return always()
	}
	parts := splitARN(p)
	if text, ok := parts[0].IsLiteral(); !ok || text != "arn" {
		return s.matchText("input.resource.arn", p)
	}
	for len(parts) < arnParts {
		parts = append(parts, policy.Pattern{{Kind: policy.AnyRun}})
	}
	// Before the fifth colon there are no policy variables, and as text "${" is part of no ARN of a key:
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement
	if slices.ContainsFunc(parts[:arnParts-1], policy.Pattern.HasVariable) {
		return never()
	}
	service, ok := parts[2].IsLiteral()
	switch {
	case !ok: // on the whole ARN
		return test{conjunctionOf("regex.match(" + s.arnExpression(parts) + ", input.resource.arn)")}
	case service != "kms" && (s.onlyKMS || policy.ServiceActions(service).IsEmpty()):
		return never()
	}
	return test{s.matchParts(service, parts)}
}

// matchParts tests the parts of the resource's ARN by themselves. Of a statement about KMS alone the resource can
// only be of KMS, or none, and a literal partition keeps it out then: without a resource all parts are empty.
func (s *scope) matchParts(service string, parts []policy.Pattern) body {
	b := body{}
	if partition, ok := parts[1].IsLiteral(); !s.onlyKMS || !ok || partition == "" {
		b = append(b, equals("input.resource.service", service))
	}
	for i, field := range []string{1: "partition", 3: "region", 4: "account", 5: "name"} {
		if field != "" && !isRuns(parts[i]) {
			b = append(b, s.matchPart("input.resource."+field, parts[i])...)
		}
	}
	return b
}

// resourceName is the term of the last part of the resource's ARN.
const resourceName = "input.resource.name"

// matchPart tests one part of the resource's ARN.
func (s *scope) matchPart(term string, p policy.Pattern) body {
	if text, ok := trimRun(p); ok && term == resourceName && (text == "key/" || text == "alias/") {
		return body{equals("input.resource.type", strings.TrimSuffix(text, "/"))}
	}
	return s.matchText(term, p)[0]
}

// trimRun returns the text in front of a single wildcard at the end.
func trimRun(p policy.Pattern) (string, bool) {
	if len(p) == 2 && p[0].Kind == policy.Literal && p[1].Kind == policy.AnyRun {
		return p[0].Literal, true
	}
	return "", false
}

// isRuns reports whether the pattern matches every text.
func isRuns(p policy.Pattern) bool {
	for _, seg := range p {
		if seg.Kind != policy.AnyRun {
			return false
		}
	}
	return len(p) > 0
}
