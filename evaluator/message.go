package evaluator

import "github.com/strictkms/strictkms/policy"

// policyWords are what AWS calls the layers in its messages.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var policyWords = map[string]string{
	policy.KeyPolicy.String():             "resource-based policy",
	policy.IdentityPolicy.String():        "identity-based policy",
	policy.ServiceControlPolicy.String():  "service control policy",
	policy.ResourceControlPolicy.String(): "resource control policy",
	policy.PermissionsBoundary.String():   "permissions boundary",
	policy.SessionPolicy.String():         "session policy",
	policy.VPCEndpointPolicy.String():     "VPC endpoint policy",
}

// message is the sentence that AWS answers to a denied request.
func (q *query) message(v *verdict, hits []hit) string {
	if q.req.Role != nil {
		if text := q.roleMessage(v); text != "" {
			return text
		}
	}
	start := "User: " + q.req.Principal.ARN + " is not authorized to perform: " + q.action.Name + " on "
	if v.layer == policy.KeyPolicy.String() && !q.flags.has(callerSameAccount) && q.action.IsKMS() {
		return start + "this resource because the resource does not exist in this Region, no resource-based policies " +
			"allow access, or a resource-based policy explicitly denies access"
	}
	words := policyWords[v.layer]
	if v.reason != "explicit-deny" {
		return start + "resource: " + q.resourceARN + " because no " + words + " allows the " + q.action.Name + " action"
	}
	article := "a"
	if v.layer == policy.IdentityPolicy.String() {
		article = "an"
	}
	return start + "resource: " + q.resourceARN + " with an explicit deny in " + article + " " + words + q.denyingARN(v, hits)
}

// roleMessage is the sentence of STS about a role that may not be assumed, empty when it is that of other services. The
// policies of a role in another account are not told about.
func (q *query) roleMessage(v *verdict) string {
	p, action := q.req.Principal, q.action.Name
	switch {
	case p.Type == WebIdentity:
		return "Not authorized to perform " + action
	case q.rootMayNot():
		return "Roles may not be assumed by root accounts."
	case v.layer != policy.KeyPolicy.String():
		return ""
	}
	start := "User: " + p.ARN + " is not authorized to perform: " + action + " on resource: " + q.resourceARN
	switch {
	case !q.flags.has(callerSameAccount):
		return start
	case v.reason == "explicit-deny":
		return start + " with an explicit deny in the role trust policy"
	default:
		return start + " because no role trust policy allows the " + action + " action"
	}
}

// denyingARN names the managed policy that denied, as AWS does since 2025 for identity policies and SCPs.
func (q *query) denyingARN(v *verdict, hits []hit) string {
	for _, h := range hits {
		if h.class != classDeny || layerNames[h.layer] != v.layer {
			continue
		}
		if h.layer != layerIdentity && h.layer != layerSCP {
			continue
		}
		if doc := q.documents(h.layer)[h.group][h.document]; doc.ARN != "" {
			return ": " + doc.ARN
		}
	}
	return ""
}
