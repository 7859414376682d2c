package terraform

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// endpoint loads the policy of a VPC endpoint for KMS. One without a policy allows everything
// (https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html). An endpoint for a service that is not
// known yet may be one for KMS: a request that comes through it says so.
func (b *builder) endpoint(r *resource) {
	service := r.get("service_name")
	if service.kind != laterValue && !strings.HasSuffix(service.text, ".kms") && !strings.HasSuffix(service.text, ".kms-fips") {
		b.otherEndpoints[r.ownID()] = true
		return
	}
	id := r.ownID()
	b.declare(r.offset, "endpoint "+id, "the VPC endpoint "+id)
	b.setEndpoint(r, id, "policy of "+r.id)
}

// endpointPolicy loads aws_vpc_endpoint_policy, which replaces the policy of an endpoint
// (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/vpc_endpoint_policy).
func (b *builder) endpointPolicy(r *resource) {
	id, known := b.reference(r, "vpc_endpoint_id", anEndpoint)
	switch {
	case !known:
		for other, doc := range b.world.Endpoints {
			b.endpoints[other] = cmp.Or(b.endpoints[other], doc)
		}
		at := r.get("vpc_endpoint_id").offset
		b.warn(at, "unresolved-property", "the endpoint of %s is unknown, it may be any endpoint: %s", r.id, id)
		for _, other := range slices.Sorted(maps.Keys(b.endpoints)) {
			b.endpoints[other] = source.UnknownPolicy(policy.VPCEndpointPolicy, "policy of "+other, "", "it may be that of "+r.id, b.at(r.offset))
		}
	case !b.otherEndpoints[id]: // one that is not in the plan may be for KMS
		b.setEndpoint(r, id, "policy of "+id)
	}
}

// setEndpoint notes the policy that a resource gives an endpoint. Nothing else can say what is looked up in it: it is a
// warning.
func (b *builder) setEndpoint(r *resource, id, name string) {
	v := r.get("policy")
	if b.losesEndpointPolicy(r, id) || v.kind == noValue || v.kind == textValue && v.text == "" || v.kind == laterValue && r.isUnset("policy") {
		b.endpoints[id] = b.openEndpoint(r, name)
		return
	}
	doc, taken := b.policy(r, v, r.expression("policy"), wanted{policy.VPCEndpointPolicy, name, ""})
	if doc == nil {
		return
	}
	for _, text := range taken {
		b.warn(r.offset, "looked-up", "%s", text)
	}
	b.endpoints[id] = doc
}

// losesEndpointPolicy reports whether an aws_vpc_endpoint_policy of the endpoint is destroyed: the provider puts the default
// policy in its place, and the plan does not show it at the endpoint.
func (b *builder) losesEndpointPolicy(r *resource, id string) bool {
	return r.typ == typeEndpoint && !r.isSet("policy") && slices.ContainsFunc(b.replaced, func(former *resource) bool {
		return former.typ == typeEndpointPolicy && b.byAddress[former.id] == nil && former.get("vpc_endpoint_id").text == id
	})
}

// openEndpoint is the policy of an endpoint that is given none.
func (b *builder) openEndpoint(r *resource, name string) *policy.Document {
	doc, diags := policy.Parse(policy.VPCEndpointPolicy, name,
		[]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`),
		policy.WithFile(b.file.Name), policy.WithLocator(func(int) policy.Position { return b.at(r.offset) }))
	for _, d := range diags {
		b.report(d)
	}
	return doc
}
