package evaluator

import (
	"slices"

	"github.com/strictkms/strictkms/policy"
)

// Context holds the condition keys of a request: key name to values. Names are compared
// without case. A key without values is a missing key. Keys that follow from the principal,
// the key and the action are added by the evaluator unless given here.
type Context map[string][]string

// Connection gives the condition keys that follow from how and when a request was made, for example
// aws:SourceIp and aws:CurrentTime, each when a policy asks for it.
type Connection interface {
	// ConditionKey returns the values of a condition key by its name in lower case, none when the request does not
	// have it. It answers the same each time, and is safe for concurrent use.
	ConditionKey(folded string) []string
}

// Request is one question: may this principal do this action on this resource.
type Request struct {
	Principal *Principal
	// Action is an action of the catalogue, for example kms:Decrypt or iam:CreateUser, in any case.
	Action string
	// Key is the key acted on, nil for actions without a key and for the alias side of alias actions.
	Key *Key
	// Alias is the alias ARN acted on, for the alias side of kms:CreateAlias, kms:UpdateAlias and
	// kms:DeleteAlias, which identity policies alone decide. Key is nil then.
	Alias string
	// Role is the role that sts:AssumeRole, sts:AssumeRoleWithWebIdentity, and sts:TagSession and
	// sts:SetSourceIdentity beside them act on: its trust policy must allow them.
	Role *Role
	// Resource is the ARN that any other action of another service than KMS acts on, which identity policies alone
	// decide: a user, a policy, a stack, or the role that iam:PassRole passes. It is empty or "*" for none.
	Resource string
	// ResourceTags are the tags of Resource: aws:ResourceTag/… and iam:ResourceTag/….
	ResourceTags map[string]string
	// Context are the condition keys of the request.
	Context Context
	// Connection gives more of them, nil for none. Context comes before it.
	Connection Connection
	// EndpointPolicies are the policies of the VPC endpoint that the request came through;
	// nil when it did not come through one.
	EndpointPolicies []*policy.Document
	// Grant is the id of the grant that kms:RetireGrant acts on; empty stands for any grant of the key.
	Grant string
}

// Acted is the ARN that the request acts on: of the key, the alias, the role or the resource. It is empty for an action
// without a resource.
func (r *Request) Acted() string {
	switch {
	case r.Key != nil:
		return r.Key.ARN
	case r.Role != nil:
		return r.Role.ARN
	case r.Alias != "":
		return r.Alias
	default:
		return r.Resource
	}
}

// open names the condition keys that the principal and the key leave open.
func (r *Request) open() []string {
	var out []string
	if r.Principal != nil {
		out = r.Principal.Open
	}
	if r.Key != nil && len(r.Key.Open) > 0 {
		out = slices.Concat(out, r.Key.Open)
	}
	return out
}
