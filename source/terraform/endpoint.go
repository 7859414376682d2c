package terraform

import (
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// endpoint loads the policy of a VPC endpoint for KMS. One without a policy allows everything
// (https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html).
func (b *builder) endpoint(r *resource) {
	service := r.get("service_name").text
	if !strings.HasSuffix(service, ".kms") && !strings.HasSuffix(service, ".kms-fips") {
		return
	}
	id, name := r.ownID(), "policy of "+r.id
	b.declare(r.offset, "endpoint "+id, "the VPC endpoint "+id)
	v := r.get("policy")
	if v.kind == noValue || v.kind == laterValue && len(b.origins(r.expression("policy"), r)) == 0 {
		doc, diags := policy.Parse(policy.VPCEndpointPolicy, name,
			[]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`),
			policy.WithFile(b.file.Name), policy.WithLocator(func(int) policy.Position { return b.at(r.offset) }))
		for _, d := range diags {
			b.report(d)
		}
		b.endpoints[id] = doc
		return
	}
	doc, taken := b.policy(r, v, r.expression("policy"), wanted{policy.VPCEndpointPolicy, name, ""})
	b.setEndpoint(r, id, doc, taken)
}

// endpointPolicy loads aws_vpc_endpoint_policy, which replaces the policy of an endpoint.
func (b *builder) endpointPolicy(r *resource) {
	id, known := b.reference(r, "vpc_endpoint_id", anEndpoint)
	switch {
	case !known:
		b.warn(r.get("vpc_endpoint_id").offset, "unresolved-property", "the endpoint of %s is unknown: it is not loaded: %s", r.id, id)
		return
	case b.endpoints[id] == nil:
		return // of another service, or not of this plan
	}
	doc, taken := b.policy(r, r.get("policy"), r.expression("policy"), wanted{policy.VPCEndpointPolicy, "policy of " + id, ""})
	b.setEndpoint(r, id, doc, taken)
}

// setEndpoint notes the policy of an endpoint. Nothing else can say what is looked up in it: it is a warning.
func (b *builder) setEndpoint(r *resource, id string, doc *policy.Document, taken []string) {
	if doc == nil {
		return
	}
	for _, text := range taken {
		b.warn(r.offset, "looked-up", "%s", text)
	}
	b.endpoints[id] = doc
}
