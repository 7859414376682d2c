// Package inline reads requests that carry everything they are judged by: one JSON object with the
// principal, the action, the resource, the context and every policy that may apply. Such a line needs no
// loaded world, names nothing outside itself and is the same on every machine.
//
// The members of a line are:
//
//   - id: any string, number, boolean or null; it comes back with the answer.
//   - principal: the ARN of a user, a role, a session or an account root user, or the name of a service.
//   - action: an action of AWS KMS, for example kms:Decrypt.
//   - resource: a key ARN, an alias ARN (the alias side of alias actions), or "*" for actions without a resource.
//   - resourceAccount: the account of "*"; for an ARN it must be the account in it.
//   - context: condition keys, each a text or a list of texts.
//   - identityPolicies: a list of policies, or of {"name", "policy"}; a name that is an ARN is that of a managed policy.
//   - resourcePolicy: the key policy.
//   - permissionBoundaries, vpcEndpointPolicies: lists of policies.
//   - sessionPolicy: a policy.
//   - scps, rcps: lists of policies by level: the organization's root first, the account last.
//   - grants: entries of the answer of ListGrants
//     (https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html).
//
// A policy is an object, or a text that holds its JSON. A member that is null is as if it were not there.
package inline
