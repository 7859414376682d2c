package evaluator

import (
	"cmp"
	"slices"

	"github.com/strictkms/strictkms/policy"
)

// checkResource finds the resource of an action of another service than KMS.
func (q *query) checkResource() error {
	req, action := q.req, q.action
	trusted := action.Service() == "sts" && action.On("role") // a trust policy decides
	q.resourceARN = cmp.Or(req.Resource, "*")
	switch {
	case req.Key != nil || req.Alias != "" || req.Grant != "":
		return badRequest("%s does not act on a key", action.Name)
	case req.Role != nil && !trusted:
		return badRequest("%s is not decided by the trust policy of a role: name what it acts on as the resource", action.Name)
	case req.Role != nil && req.Resource != "":
		return badRequest("the request has a role and another resource")
	case req.Role != nil:
		q.resourceARN = req.Role.ARN
	case trusted && needsResource(action):
		return badRequest("%s acts on a role and the request names none", action.Name)
	case req.Principal.Type == WebIdentity:
		return badRequest("%s needs credentials of AWS", action.Name)
	}
	if q.resourceARN == "*" {
		return nil
	}
	arn, ok := policy.ParseARN(q.resourceARN)
	if !ok {
		return badRequest("%q is not an ARN", q.resourceARN)
	}
	if _, ok := action.TypeOf(arn); !ok && (len(action.Resources) > 0 || arn.Service != action.Service()) {
		return badRequest("%q is not the ARN of what %s acts on", q.resourceARN, action.Name)
	}
	q.resource = arn
	return checkTags(q.resourceARN, req.ResourceTags)
}

// needsResource reports whether an action always acts on a resource.
func needsResource(action *policy.Action) bool {
	return slices.ContainsFunc(action.Resources, func(r policy.ResourceType) bool { return r.Required })
}
