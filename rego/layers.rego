# METADATA
# title: What each layer of policy says about a request
# description: |
#   Input is one request:
#
#     action:             kms:Decrypt
#     principal:          arn, account, issuer, id, provider, type, boundary, service_linked
#     resource:           arn, partition, service, region, account, type, name
#     context:            condition keys in lower case: a string, or an array for a multivalued key
#     encryption_context: the encryption context with the case of its keys
#     facts:              management_account, resource_management_account, aws_managed_key,
#                         through_endpoint, on_key, cross_account, unchecked
#     units:              the names of the units under data.strictkms.unit that apply: key (the key
#                         policy, or the trust policy of the role that is acted on), grants,
#                         identity, boundary, session, endpoint, and per level scp, rcp.
#                         A member that is not there means that there is no such policy.
#     assume:             readings of assumptions that are not the default, by name; what is not there is
#                         read as data.strictkms.assume says, or as by default
#
#   Every unit is a set of matching statement indexes per class (deny, allow, direct, …).
package strictkms.layers

# METADATA
# description: The layers as strictkms.decision reads them.
facts := {
	"caller": {
		"root": input.principal.type == "root",
		"service": is_service,
		"federated": input.principal.type == "federated-user",
		"same_account": same_account,
	},
	"action": {
		"on_key": input.facts.on_key,
		"cross_account": input.facts.cross_account,
		"retire_grant": is_retire_grant,
		"unchecked": is_unchecked,
	},
	"deny": {layer: true | some layer, names in units; denies(names)},
	"key": key_policy,
	"grant": grants,
	"identity": {"allow": allows(object.get(units, "identity-policy", []))},
	"boundary": limit("permissions-boundary"),
	"session": limit("session-policy"),
	"scp": {"applies": scps_apply, "allow": every_scp_level_allows},
	"endpoint": limit("vpc-endpoint-policy"),
	"assume": {
		"grant_survives_scp": reads("grant-and-scp", "survives"),
		"limits_cut_grants": reads("grant-and-boundary", "cut"),
		"grant_survives_limits": reads("grant-and-boundary", "survives"),
		"federation_needs_iam": reads("federation-user-silent", "needs-iam"),
	},
}

# METADATA
# description: The decision on the request, for stock OPA.
# entrypoint: true
decision := verdict if {
	verdict := data.strictkms.decision.verdict with input as facts
}

reads(name, reading) if readings[name] == reading

else := false

# The readings of the request, and those that the units were translated with.
readings[name] := reading if some name, reading in input.assume

readings[name] := reading if {
	some name, reading in data.strictkms.assume
	not name in object.keys(object.get(input, "assume", {}))
}

default is_unchecked := false

is_unchecked if input.facts.unchecked

# Services, and whom an identity provider vouches for, belong to no account.
is_service := input.principal.type in {"service", "web-identity"}

is_retire_grant := input.action == "kms:RetireGrant"

default same_account := false

same_account if input.principal.account == input.resource.account

same_account if input.resource.account == ""

# The policies that AWS manages are everybody's: arn:aws:iam::aws:policy/ReadOnlyAccess.
same_account if input.resource.account == "aws"

# METADATA
# description: The names of the units that apply, by layer.
units[layer] := names if {
	some layer, member in {
		"key-policy": "key",
		"identity-policy": "identity",
		"permissions-boundary": "boundary",
		"session-policy": "session",
	}
	names := input.units[member]
}

# Calls that a service makes for the caller do not pass the caller's endpoint.
# https://docs.aws.amazon.com/kms/latest/developerguide/kms-vpc-endpoint.html
units["vpc-endpoint-policy"] := input.units.endpoint if input.facts.through_endpoint

units["service-control-policy"] := [name | some level in input.units.scp; some name in level] if scps_apply

units["resource-control-policy"] := [name | some level in input.units.rcp; some name in level] if rcps_apply

# SCPs do not bind the management account, service-linked roles and services.
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
default scps_apply := false

scps_apply if {
	input.units.scp
	not input.facts.management_account
	not input.principal.service_linked
	not is_service
}

default every_scp_level_allows := false

every_scp_level_allows if {
	every level in input.units.scp {
		allows(level)
	}
}

# RCPs do not bind the resources of the management account, AWS managed keys, service-linked roles,
# and kms:RetireGrant.
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
# https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html
rcps_apply if {
	input.units.rcp
	not input.facts.resource_management_account
	not input.facts.aws_managed_key
	not input.principal.service_linked
	not is_retire_grant
}

key_policy := {class: matches(object.get(units, "key-policy", []), class) |
	some class in ["direct", "limited", "delegate"]
}

grants := {class: matches(object.get(input.units, "grants", []), class) |
	some class in ["direct", "limited", "delegate"]
}

limit(layer) := {"applies": true, "allow": allows(names)} if names := units[layer]

else := {"applies": false, "allow": false}

allows(names) := matches(names, "allow")

denies(names) if matches(names, "deny")

matches(names, class) if {
	some name in names
	count(data.strictkms.unit[name][class]) > 0
} else := false
