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
	start := "User: " + q.req.Principal.ARN + " is not authorized to perform: " + q.action.Name + " on "
	if v.layer == policy.KeyPolicy.String() && !q.flags.has(callerSameAccount) {
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
