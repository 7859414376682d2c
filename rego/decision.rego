# METADATA
# title: How the layers of policy become one decision
# description: |
#   Input is what each layer says about one request, as booleans (see layers.rego):
#
#     caller:   root, service, federated, same_account (the caller is of the resource's account, or
#               there is no resource)
#     action:   on_key (decided by a key policy, or by the trust policy of a role, which follows the
#               same rules), cross_account (works across accounts), retire_grant, unchecked (needs no
#               permission)
#     deny:     one member per layer that has a matching Deny statement
#     key:      direct, limited, delegate: what the key policy's matching Allow statements are
#     grant:    direct, limited, delegate: the same for the matching grants
#     identity: allow
#     boundary, session, scp, endpoint: applies (there is such a policy), allow
#     assume:   readings that are not the default of the assumptions that this module makes (see
#               docs/assumptions.md): grant_survives_scp, limits_cut_grants, grant_survives_limits,
#               federation_needs_iam
#
#   A missing member counts as false. The order of the rules below is the order in which AWS's
#   documents let one layer overrule another; it also decides which layer a denial names.
# related_resources:
#   - https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
#   - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package strictkms.decision

# METADATA
# description: The layers in the order in which an explicit deny is reported.
deny_order := [
	"service-control-policy",
	"resource-control-policy",
	"vpc-endpoint-policy",
	"key-policy",
	"identity-policy",
	"permissions-boundary",
	"session-policy",
]

# METADATA
# description: The decision, its reason, and the layer that denied.
# entrypoint: true
default verdict := {"decision": "deny", "reason": "no-key-policy", "layer": "key-policy"}

# What needs no permission cannot be denied either.
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
verdict := {"decision": "allow", "reason": "no-permission-needed"} if input.action.unchecked

# An explicit deny anywhere else wins.
else := {"decision": "deny", "reason": "explicit-deny", "layer": denying[0]} if {
	count(denying) > 0
}

# Organization and endpoint policies are maximums for everything below them.
else := {"decision": "deny", "reason": "no-service-control-policy", "layer": "service-control-policy"} if {
	not within_scp
	not grant_survives_scp
}

else := {"decision": "deny", "reason": "no-vpc-endpoint-policy", "layer": "vpc-endpoint-policy"} if {
	input.endpoint.applies
	not input.endpoint.allow
}

# Outside the key's account most operations do not work, whatever the policies say.
else := {"decision": "deny", "reason": "no-cross-account", "layer": "key-policy"} if {
	not naming_suffices
	not input.action.cross_account
}

else := {"decision": "allow", "reason": "direct-key-policy"} if key_policy_alone

else := {"decision": "allow", "reason": "grant"} if grant_alone

else := {"decision": "allow", "reason": "key-policy-and-iam"} if {
	key_policy_half
	identity_half
}

else := {"decision": "allow", "reason": "grant-and-iam"} if {
	grant_half
	identity_half
}

else := {"decision": "allow", "reason": "iam-policy"} if {
	not input.action.on_key
	identity_half
}

# Nothing allows: name the layer that was missing on the path that came furthest.
else := {"decision": "deny", "reason": "no-permissions-boundary", "layer": "permissions-boundary"} if {
	only_limits_missing
	not within_boundary
}

else := {"decision": "deny", "reason": "no-session-policy", "layer": "session-policy"} if only_limits_missing

else := {"decision": "deny", "reason": "no-identity-policy", "layer": "identity-policy"} if needs_identity

denying := [layer | some layer in deny_order; input.deny[layer]]

# A key policy that names the caller needs no identity policy in the key's own account. A service, or
# whom an identity provider vouches for, has no identity policies and belongs to no account.
naming_suffices if input.caller.same_account
naming_suffices if input.caller.service

# kms:RetireGrant is not effective in a key policy: only the grant itself gives it. Where a grant survives an SCP
# that does not allow, the key policy does not.
# https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html
key_policy_counts if {
	not input.action.retire_grant
	within_scp
}

within_scp if not input.scp.applies
within_scp if input.scp.allow

grant_survives_scp if {
	input.assume.grant_survives_scp
	some_grant
}

# What names the role or user behind the caller's session names the caller, but for one reading of what the name of
# a user is worth for its federated sessions.
limited_suffices if not input.caller.federated
limited_suffices if not input.assume.federation_needs_iam

key_policy_alone if {
	key_policy_counts
	naming_suffices
	input.key.direct
}

key_policy_alone if {
	key_policy_counts
	naming_suffices
	limited_suffices
	input.key.limited
	within_limits
}

# An account principal names the account root user itself.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
key_policy_alone if {
	key_policy_counts
	input.caller.same_account
	input.caller.root
	input.key.delegate
}

grant_alone if {
	input.grant.direct
	not input.assume.limits_cut_grants
}

grant_alone if {
	input.grant.direct
	within_limits
}

grant_alone if {
	input.caller.root
	input.grant.delegate
}

grant_alone if {
	input.grant.limited
	limited_suffices
	within_limits
}

grant_alone if {
	input.grant.limited
	limited_suffices
	input.assume.grant_survives_limits
}

# A grant that lets the identity policies of the caller's account allow.
grant_half if input.grant.delegate

grant_half if {
	input.grant.limited
	not limited_suffices
}

# The key policy's half: it names the caller's account or, from another account, the caller.
key_policy_half if {
	key_policy_counts
	input.key.delegate
}

key_policy_half if {
	key_policy_counts
	input.key.limited
	not limited_suffices
}

key_policy_half if {
	key_policy_counts
	not naming_suffices
	some way in ["direct", "limited"]
	input.key[way]
}

# The identity's half. The account root user needs no policy for what its account may do.
identity_half if input.caller.root

identity_half if {
	input.identity.allow
	within_limits
}

within_limits if {
	within_boundary
	within_session
}

within_boundary if not input.boundary.applies
within_boundary if input.boundary.allow

within_session if not input.session.applies
within_session if input.session.allow

# Some path has everything but the boundary or the session policy.
only_limits_missing if {
	some_allow
	not within_limits
}

some_allow if {
	key_policy_counts
	naming_suffices
	limited_suffices
	input.key.limited
}

some_allow if {
	input.grant.limited
	limited_suffices
}

some_allow if {
	input.grant.direct
	input.assume.limits_cut_grants
}

some_allow if {
	needs_identity
	input.identity.allow
}

# Identity policies have a say, and would have to allow.
needs_identity if key_policy_half
needs_identity if grant_half
needs_identity if not input.action.on_key

# METADATA
# description: |
#   The named assumptions that the verdict rests on: readings of what AWS's documents leave open
#   without which it would be another.
# entrypoint: true
assumptions contains "grant-and-scp" if {
	verdict.reason == "no-service-control-policy"
	some_grant
}

assumptions contains "grant-and-scp" if {
	verdict.decision == "allow"
	not within_scp
}

assumptions contains "grant-and-boundary" if {
	verdict.reason in {"no-permissions-boundary", "no-session-policy"}
	input.grant[way]
	way in {"direct", "limited"}
}

assumptions contains "grant-and-boundary" if {
	verdict.reason == "grant"
	input.grant[way]
	way in {"direct", "limited"}
	not within_limits
}

assumptions contains "federation-user-silent" if {
	input.caller.federated
	verdict.reason == "direct-key-policy"
	not input.key.direct
}

assumptions contains "federation-user-silent" if {
	input.caller.federated
	verdict.reason == "grant"
	not input.grant.direct
}

assumptions contains "federation-user-silent" if {
	verdict.reason == "no-identity-policy"
	not limited_suffices
	within_limits
	limited_somewhere
}

limited_somewhere if input.grant.limited

limited_somewhere if {
	naming_suffices
	input.key.limited
}

some_grant if grant_alone

some_grant if {
	grant_half
	identity_half
}
