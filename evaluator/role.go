package evaluator

import (
	"maps"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Role is a role that sts:AssumeRole and its like act on. It must not be changed once a decision has used it.
type Role struct {
	// ARN is arn:aws:iam::ACCOUNT:role/NAME, with the path of the role.
	ARN string
	// Trust is the trust policy. A role always has one; nil allows nothing.
	Trust *policy.Document
	// Tags are aws:ResourceTag/… and iam:ResourceTag/….
	Tags map[string]string
	// Unknown lists what could not be loaded about the role, in words.
	Unknown []string

	prepared preparedKey
}

// clone copies a role without what was prepared for it.
func (r *Role) clone() *Role {
	return &Role{ARN: r.ARN, Trust: r.Trust, Tags: maps.Clone(r.Tags), Unknown: r.Unknown}
}

// rootMayNot reports whether the caller is an account root user and the request is about assuming a role, which the
// root user may not whatever the trust policy says
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
func (q *query) rootMayNot() bool { return q.req.Role != nil && q.req.Principal.Type == Root }

// layerName is what a layer is called in the decision: the policy of a role is its trust policy.
func (q *query) layerName(layer layerKind) string {
	if layer == layerKey && q.req.Role != nil {
		return policy.TrustPolicy.String()
	}
	return layerNames[layer]
}

// reason is the reason of a verdict. The decision module knows one name for the policies of keys and of roles.
func (q *query) reason(v *verdict) string {
	if q.req.Role == nil {
		return v.reason
	}
	return strings.Replace(v.reason, policy.KeyPolicy.String(), policy.TrustPolicy.String(), 1)
}

// resourcePolicy is the policy of the resource itself: of the key, or of the role that is to be assumed.
func (r *Request) resourcePolicy() *policy.Document {
	switch {
	case r.Key != nil:
		return r.Key.Policy
	case r.Role != nil && r.Principal.Type != Root:
		return r.Role.Trust
	default:
		return nil
	}
}

// resourceTags are the tags of what the request acts on.
func (r *Request) resourceTags() map[string]string {
	switch {
	case r.Key != nil:
		return r.Key.Tags
	case r.Role != nil:
		return r.Role.Tags
	default:
		return r.ResourceTags
	}
}

// role prepares the role as the resource. What is kept is for every caller but the root user.
func (s *variant) role(r *Role, root bool, b bound) (*keyUnits, error) {
	if root {
		return &keyUnits{owner: s, number: s.numbers.Add(1), term: resourceInput(r.ARN)}, nil
	}
	if u := r.prepared.bounds[b].Load(); u != nil && u.owner == s {
		return u, nil
	}
	return s.resourceUnits(&r.prepared, r.ARN, r.Tags, r.Trust, b)
}
