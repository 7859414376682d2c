package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// evaluationResult is the answer to one question.
type evaluationResult struct {
	EvalActionName, EvalResourceName, EvalDecision string
	MatchedStatements                              []matchedStatement
	MissingContextValues                           []string
	OrganizationsDecisionDetail                    *organizationsDetail
	PermissionsBoundaryDecisionDetail              *boundaryDetail
	EvalDecisionDetails                            map[string]string
	ResourceSpecificResults                        []resourceResult
}

// resourceResult is the answer about a resource that was named.
type resourceResult struct {
	EvalResourceName, EvalResourceDecision string
	MatchedStatements                      []matchedStatement
	MissingContextValues                   []string
	EvalDecisionDetails                    map[string]string
	PermissionsBoundaryDecisionDetail      *boundaryDetail
}

type matchedStatement struct {
	SourcePolicyId, SourcePolicyType string
	StartPosition, EndPosition       *textPosition
}

type textPosition struct{ Line, Column int32 }

type organizationsDetail struct{ AllowedByOrganizations bool }

type boundaryDetail struct{ AllowedByPermissionsBoundary bool }

// The values of EvalDecision.
const (
	evalAllowed      = "allowed"
	evalExplicitDeny = "explicitDeny"
	evalImplicitDeny = "implicitDeny"
)

// result is a decision as answers have it.
func (s *simulation) result(q question, d *evaluator.Decision) *evaluationResult {
	s.hideForeign(q, d)
	out := &evaluationResult{
		EvalActionName: q.action, EvalResourceName: q.resource, EvalDecision: decisionOf(d),
		MatchedStatements: s.matched(d), MissingContextValues: s.missing(d), ResourceSpecificResults: []resourceResult{},
		OrganizationsDecisionDetail: s.organizations(d), PermissionsBoundaryDecisionDetail: s.boundary(d),
	}
	if q.resource == everything.arn {
		return out
	}
	out.EvalDecisionDetails = s.details(q, d)
	out.ResourceSpecificResults = append(out.ResourceSpecificResults, resourceResult{
		EvalResourceName: q.resource, EvalResourceDecision: out.EvalDecision, MatchedStatements: out.MatchedStatements,
		MissingContextValues: out.MissingContextValues, EvalDecisionDetails: out.EvalDecisionDetails,
		PermissionsBoundaryDecisionDetail: out.PermissionsBoundaryDecisionDetail,
	})
	out.MissingContextValues = []string{} // they are in what is about the resource
	return out
}

// hideForeign takes what is in the resource policy of another account out of a decision, but for the outcome: that is not
// for whoever asks to read.
func (s *simulation) hideForeign(q question, d *evaluator.Decision) {
	arn, _ := policy.ParseARN(q.resource)
	if !policy.IsAccountID(arn.Account) || arn.Account == s.Account || s.resourcePolicy != nil {
		return
	}
	for i := range d.Layers {
		switch d.Layers[i].Layer {
		case layerKey, layerGrant, layerTrust:
			d.Layers[i].Statements = nil
		}
	}
}

// decisionOf is the verdict. What depends on something unknown is not allowed.
func decisionOf(d *evaluator.Decision) string {
	switch {
	case d.Decision == evaluator.Allow:
		return evalAllowed
	case d.Reason == "explicit-deny":
		return evalExplicitDeny
	default:
		return evalImplicitDeny
	}
}

// The layers of a decision.
const (
	layerIdentity = "identity-policy"
	layerBoundary = "permissions-boundary"
	layerSCP      = "service-control-policy"
	layerKey      = "key-policy"
	layerGrant    = "grant"
	layerTrust    = "trust-policy"
)

// matched are the statements that decided. Policies of the organization are not told: whoever asks need not be allowed
// to read them.
func (s *simulation) matched(d *evaluator.Decision) []matchedStatement {
	out := []matchedStatement{}
	for _, l := range d.Layers {
		for _, st := range l.Statements {
			if !st.Deciding || st.Policy == defaultKeyPolicyName {
				continue
			}
			switch l.Layer {
			case layerIdentity:
				out = append(out, s.statement(&st, s.types[st.Policy]))
			case layerBoundary:
				out = append(out, s.statement(&st, "none"))
			case layerKey, layerGrant, layerTrust:
				out = append(out, s.statement(&st, "resource"))
			}
		}
	}
	return out
}

// statement is a statement as answers have it. AWS's ids of policies have no slashes.
func (s *simulation) statement(st *evaluator.Statement, kind string) matchedStatement {
	out := matchedStatement{SourcePolicyId: strings.ReplaceAll(st.Policy, "/", "_"), SourcePolicyType: kind}
	if !st.Source.IsValid() {
		return out
	}
	out.StartPosition = newPosition(st.Source.Line, st.Source.Column)
	if text, ok := s.texts[st.Policy]; ok && st.Source.File == "" {
		out.EndPosition = endOf(text, &st.Source)
	}
	return out
}

func newPosition(line, column int) *textPosition {
	return &textPosition{int32(line), int32(column)} //nolint:gosec // policies are short
}

// endOf is the place behind the JSON value at a position of a text, nil when there is none.
func endOf(text string, start *policy.Position) *textPosition {
	if start.Offset < 0 || start.Offset > len(text) {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text[start.Offset:]))
	var value json.RawMessage
	if decoder.Decode(&value) != nil {
		return nil
	}
	before := text[:start.Offset+int(decoder.InputOffset())]
	return newPosition(strings.Count(before, "\n")+1, len(before)-strings.LastIndexByte(before, '\n'))
}

// missing are the condition keys that the request did not have and that kept statements from matching.
func (s *simulation) missing(d *evaluator.Decision) []string {
	found := map[string]bool{}
	for _, l := range d.Layers {
		if l.Layer == layerSCP || l.Layer == "resource-control-policy" {
			continue
		}
		for _, st := range l.Statements {
			for _, u := range st.Unmet {
				if u.Element == "Condition" && u.Key != "" && len(u.Actual) == 0 && !s.gave(u.Key) {
					found[u.Key] = true
				}
			}
		}
	}
	return append([]string{}, slices.Sorted(maps.Keys(found))...)
}

// gave reports whether the request gave a value of a condition key.
func (s *simulation) gave(key string) bool {
	for name, values := range s.context {
		if len(values) > 0 && policy.FoldKey(name) == policy.FoldKey(key) {
			return true
		}
	}
	return false
}

// layer returns a layer of a decision that had a say, nil for none.
func layer(d *evaluator.Decision, name string) *evaluator.Layer {
	at := slices.IndexFunc(d.Layers, func(l evaluator.Layer) bool { return l.Layer == name })
	if at < 0 || d.Layers[at].Outcome == "not-applicable" {
		return nil
	}
	return &d.Layers[at]
}

// organizations says what the service control policies say, nil outside of an organization.
func (s *simulation) organizations(d *evaluator.Decision) *organizationsDetail {
	if a := s.simulator.Account(s.caller.Account); a == nil || a.OrganizationID == "" {
		return nil
	}
	l := layer(d, layerSCP)
	return &organizationsDetail{l == nil || l.Outcome == "allow"}
}

// boundary says what the permissions boundary says, nil when the caller has none.
func (s *simulation) boundary(d *evaluator.Decision) *boundaryDetail {
	if s.caller.Boundary == nil {
		return nil
	}
	l := layer(d, layerBoundary)
	return &boundaryDetail{l != nil && l.Outcome == "allow"}
}

// details say what each kind of policy contributes when the resource is in another account than the caller, and nothing
// when it is in the same.
func (s *simulation) details(q question, d *evaluator.Decision) map[string]string {
	arn, _ := policy.ParseARN(q.resource)
	if !policy.IsAccountID(arn.Account) || arn.Account == s.caller.Account {
		return map[string]string{}
	}
	of := func(names ...string) string {
		outcome := evalImplicitDeny
		for _, name := range names {
			switch l := layer(d, name); {
			case l == nil:
			case l.Outcome == "deny":
				return evalExplicitDeny
			case l.Outcome == "allow" || l.Outcome == "delegates":
				outcome = evalAllowed
			}
		}
		return outcome
	}
	return map[string]string{"IAM Policy": of(layerIdentity), "Resource Policy": of(layerKey, layerTrust, layerGrant)}
}
