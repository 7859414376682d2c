package simulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// Question asks whether a principal may do an action.
type Question struct {
	Principal *evaluator.Principal
	// Action is an action of the catalogue, for example kms:Decrypt.
	Action string
	// Key is the key acted on, nil for actions without a key.
	Key *evaluator.Key
	// Role is the role that an action such as sts:AssumeRole is about, Resource the ARN of what any other action of
	// another service than KMS acts on, with its tags.
	Role         *evaluator.Role
	Resource     string
	ResourceTags map[string]string
	// Alias is the ARN of the alias that the key was named by, empty when it was not. Alias actions act on
	// both the key and the alias.
	Alias   string
	Context evaluator.Context
	// EndpointPolicies are those of the VPC endpoint that the request comes through, nil for none.
	EndpointPolicies []*policy.Document
	// Grant is the id of the grant that kms:RetireGrant is about, empty for any.
	Grant string
	// Unknown says which condition keys the question leaves open.
	Unknown evaluator.Unknown
}

// Answer is the decision on a question. Its JSON form is that of the decision with what was asked.
type Answer struct {
	Principal string `json:"principal"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	evaluator.Decision
	// Parts are the decisions of a question that AWS asks in several parts, for example the alias and the key of
	// kms:CreateAlias; all must allow. Decision is then the first that does not, or the last.
	Parts []Part `json:"parts,omitempty"`
	// Ways are what a conditional answer to a question with open condition keys depends on; see [evaluator.Residual].
	Ways    []evaluator.Way `json:"ways,omitempty"`
	Omitted bool            `json:"ways_omitted,omitempty"`
}

// Part is one of several decisions of a question.
type Part struct {
	Resource string `json:"resource"`
	evaluator.Decision
}

// Can answers a question, with suggestions when the answer is no.
func Can(ctx context.Context, e *evaluator.Evaluator, q Question) (*Answer, error) {
	requests, err := q.Requests()
	if err != nil {
		return nil, err
	}
	if q.Unknown.IsZero() {
		return explain(ctx, e, q, requests)
	}
	return resolve(ctx, e, q, requests)
}

// explain answers a question that leaves nothing open.
func explain(ctx context.Context, e *evaluator.Evaluator, q Question, requests []evaluator.Request) (*Answer, error) {
	var parts []Part
	for _, req := range requests {
		d, err := e.Explain(ctx, req)
		if err != nil {
			return nil, err
		}
		if d.Decision == evaluator.Deny {
			if d.Suggestions, err = e.Suggest(ctx, req); err != nil {
				return nil, err
			}
		}
		parts = append(parts, Part{Resource: cmp.Or(req.Acted(), "*"), Decision: d})
	}
	deciding := parts[len(parts)-1]
	for _, part := range parts {
		if part.Decision.Decision != evaluator.Allow {
			deciding = part
			break
		}
	}
	answer := &Answer{
		Principal: q.Principal.ARN, Action: actionName(q.Action), Resource: deciding.Resource, Decision: deciding.Decision,
	}
	if len(parts) > 1 {
		answer.Parts = parts
	}
	return answer, nil
}

// Export writes down the question for stock OPA. Of a question in several parts it is the last, about the key.
func Export(e *evaluator.Evaluator, q Question) (*evaluator.Export, error) {
	requests, err := q.Requests()
	if err != nil {
		return nil, err
	}
	return e.Export(requests[len(requests)-1])
}

// Requests are the decisions that AWS makes for the question; all must allow.
// https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
func (q Question) Requests() ([]evaluator.Request, error) {
	if q.Principal == nil {
		return nil, errors.New("the question names no principal")
	}
	action, ok := policy.LookupAction(q.Action)
	if !ok {
		return nil, fmt.Errorf("%q is not an action of %s%s", q.Action, policy.ServiceTitle(q.Action), policy.ActionHint("; did you mean %s?", q.Action))
	}
	base := evaluator.Request{
		Principal: q.Principal, Action: action.Name, Context: q.Context,
		EndpointPolicies: q.EndpointPolicies, Grant: q.Grant,
	}
	if !action.IsKMS() {
		base.Role, base.Resource, base.ResourceTags = q.Role, q.Resource, q.ResourceTags
		return []evaluator.Request{base}, nil
	}
	if !action.On("key") {
		return []evaluator.Request{base}, nil
	}
	if q.Key == nil {
		return nil, fmt.Errorf("%s acts on a key: name one", action.Name)
	}
	onKey := base
	onKey.Key = q.Key
	if !action.On("alias") || q.Alias == "" {
		return []evaluator.Request{onKey}, nil
	}
	onAlias := base
	onAlias.Alias = q.Alias
	return []evaluator.Request{onAlias, onKey}, nil
}

func actionName(text string) string {
	if action, ok := policy.LookupAction(text); ok {
		return action.Name
	}
	return text
}
