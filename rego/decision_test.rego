package strictkms.decision_test

import data.strictkms.decision

# What the layers say about a user's request in the key's own account when no policy says anything.
silent := {
	"caller": {"root": false, "service": false, "federated": false, "same_account": true},
	"action": {"on_key": true, "cross_account": true, "retire_grant": false},
	"deny": {},
	"key": {"direct": false, "limited": false, "delegate": false},
	"grant": {"direct": false, "limited": false, "delegate": false},
	"identity": {"allow": false},
	"boundary": {"applies": false, "allow": false},
	"session": {"applies": false, "allow": false},
	"scp": {"applies": false, "allow": false},
	"endpoint": {"applies": false, "allow": false},
}

foreign := {"caller": {"same_account": false}}

service := {"caller": {"same_account": false, "service": true}}

root := {"caller": {"root": true}}

foreign_root := {"caller": {"root": true, "same_account": false}}

local_action := {"action": {"cross_account": false}}

retiring := {"action": {"retire_grant": true}}

keyless := {"action": {"on_key": false, "cross_account": false}}

cut(layer) := {layer: {"applies": true, "allow": false}}

open(layer) := {layer: {"applies": true, "allow": true}}

reading(name) := {"assume": {name: true}}

fed := {"caller": {"federated": true}}

says(layer, class) := {layer: {class: true}}

everything := object.union_n([
	says("key", "direct"),
	says("key", "limited"),
	says("key", "delegate"),
	says("grant", "direct"),
	says("grant", "limited"),
	says("grant", "delegate"),
	says("identity", "allow"),
	open("scp"),
	open("endpoint"),
	open("boundary"),
	open("session"),
])

asked(parts) := verdict if {
	verdict := decision.verdict with input as object.union(silent, object.union_n(parts))
}

test_no_permission_needed if {
	unchecked := {"action": {"unchecked": true}}
	want := {"decision": "allow", "reason": "no-permission-needed"}
	asked([unchecked]) == want
	asked([unchecked, keyless, says("deny", "identity-policy")]) == want
	asked([unchecked, keyless, cut("scp"), foreign]) == want
}

assumed(parts) := assumptions if {
	assumptions := decision.assumptions with input as object.union(silent, object.union_n(parts))
}

# The reason, and for a denial the layer, of what some layers say together.
cases := {
	"nothing allows": [[], "no-key-policy", "key-policy"],
	"no facts at all": [[{}], "no-key-policy", "key-policy"],
	"everything allows": [[everything], "direct-key-policy", ""],
	"SCP silent": [[everything, cut("scp")], "no-service-control-policy", "service-control-policy"],
	"SCP before endpoint": [[everything, cut("scp"), cut("endpoint")], "no-service-control-policy", "service-control-policy"],
	"endpoint silent": [[everything, cut("endpoint")], "no-vpc-endpoint-policy", "vpc-endpoint-policy"],
	"endpoint before accounts": [
		[everything, foreign, local_action, cut("endpoint")],
		"no-vpc-endpoint-policy", "vpc-endpoint-policy",
	],
	"only in the own account": [[everything, foreign, local_action], "no-cross-account", "key-policy"],
	"a service belongs to no account": [[says("key", "direct"), service, local_action], "direct-key-policy", ""],
	"key policy names the caller": [[says("key", "direct")], "direct-key-policy", ""],
	"named directly, limits silent": [[says("key", "direct"), cut("boundary"), cut("session")], "direct-key-policy", ""],
	"key policy names the role": [[says("key", "limited")], "direct-key-policy", ""],
	"role within its limits": [[says("key", "limited"), open("boundary"), open("session")], "direct-key-policy", ""],
	"role cut by boundary": [[says("key", "limited"), cut("boundary")], "no-permissions-boundary", "permissions-boundary"],
	"role cut by session policy": [[says("key", "limited"), cut("session")], "no-session-policy", "session-policy"],
	"cut by both": [[says("key", "limited"), cut("boundary"), cut("session")], "no-permissions-boundary", "permissions-boundary"],
	"boundary allows, session does not": [
		[says("key", "limited"), open("boundary"), cut("session")],
		"no-session-policy", "session-policy",
	],
	"account named": [[says("key", "delegate")], "no-identity-policy", "identity-policy"],
	"account named, IAM allows": [[says("key", "delegate"), says("identity", "allow")], "key-policy-and-iam", ""],
	"IAM alone": [[says("identity", "allow")], "no-key-policy", "key-policy"],
	"IAM cut by boundary": [
		[says("key", "delegate"), says("identity", "allow"), cut("boundary")],
		"no-permissions-boundary", "permissions-boundary",
	],
	"IAM cut by session policy": [
		[says("key", "delegate"), says("identity", "allow"), cut("session")],
		"no-session-policy", "session-policy",
	],
	"boundary is no reason without IAM": [[says("key", "delegate"), cut("boundary")], "no-identity-policy", "identity-policy"],
	"root user and its account": [[says("key", "delegate"), root], "direct-key-policy", ""],
	"root user of another account": [[says("key", "delegate"), foreign_root], "key-policy-and-iam", ""],
	"root user, key policy silent": [[root], "no-key-policy", "key-policy"],
	"another account, caller named": [[says("key", "direct"), foreign], "no-identity-policy", "identity-policy"],
	"another account, caller named, IAM": [
		[says("key", "direct"), foreign, says("identity", "allow")],
		"key-policy-and-iam", "",
	],
	"another account, role named, IAM": [
		[says("key", "limited"), foreign, says("identity", "allow")],
		"key-policy-and-iam", "",
	],
	"another account, role named, IAM cut": [
		[says("key", "limited"), foreign, says("identity", "allow"), cut("session")],
		"no-session-policy", "session-policy",
	],
	"another account, account named, IAM": [
		[says("key", "delegate"), foreign, says("identity", "allow")],
		"key-policy-and-iam", "",
	],
	"grant": [[says("grant", "direct")], "grant", ""],
	"grant, limits silent": [[says("grant", "direct"), cut("boundary"), cut("session")], "grant", ""],
	"grant to a role": [[says("grant", "limited")], "grant", ""],
	"grant to a role, cut by boundary": [
		[says("grant", "limited"), cut("boundary")],
		"no-permissions-boundary", "permissions-boundary",
	],
	"grant to a role, cut by session policy": [[says("grant", "limited"), cut("session")], "no-session-policy", "session-policy"],
	"grant before IAM": [[says("grant", "direct"), says("key", "delegate"), says("identity", "allow")], "grant", ""],
	"grant to another account": [[says("grant", "delegate"), foreign], "no-identity-policy", "identity-policy"],
	"grant to another account, IAM": [
		[says("grant", "delegate"), foreign, says("identity", "allow")],
		"grant-and-iam", "",
	],
	"grant to an account, its root user": [[says("grant", "delegate"), foreign_root], "grant", ""],
	"grant to an account, IAM cut": [
		[says("grant", "delegate"), says("identity", "allow"), cut("session")],
		"no-session-policy", "session-policy",
	],
	"key policy before grant": [
		[says("grant", "delegate"), says("key", "delegate"), says("identity", "allow")],
		"key-policy-and-iam", "",
	],
	"RetireGrant is not effective in a key policy": [
		[says("key", "direct"), says("key", "limited"), says("key", "delegate"), says("identity", "allow"), retiring],
		"no-key-policy", "key-policy",
	],
	"RetireGrant in another account's key policy": [
		[says("key", "direct"), says("identity", "allow"), retiring, foreign],
		"no-key-policy", "key-policy",
	],
	"RetireGrant by root": [[says("key", "delegate"), retiring, root], "no-key-policy", "key-policy"],
	"RetireGrant by the grant": [[says("grant", "direct"), retiring], "grant", ""],
	"no key, no policy": [[keyless], "no-identity-policy", "identity-policy"],
	"no key, IAM": [[keyless, says("identity", "allow")], "iam-policy", ""],
	"no key, IAM cut": [
		[keyless, says("identity", "allow"), cut("boundary")],
		"no-permissions-boundary", "permissions-boundary",
	],
	"no key, root user": [[keyless, root], "iam-policy", ""],
	"grant survives SCP": [[says("grant", "direct"), cut("scp"), reading("grant_survives_scp")], "grant", ""],
	"grant survives SCP, key policy does not": [
		[says("grant", "direct"), says("key", "direct"), cut("scp"), reading("grant_survives_scp")],
		"grant", "",
	],
	"grant survives SCP, IAM by key policy does not": [
		[says("grant", "delegate"), says("key", "delegate"), says("identity", "allow"), cut("scp"), reading("grant_survives_scp")],
		"grant-and-iam", "",
	],
	"grant survives SCP, not endpoint": [
		[says("grant", "direct"), cut("scp"), cut("endpoint"), reading("grant_survives_scp")],
		"no-vpc-endpoint-policy", "vpc-endpoint-policy",
	],
	"only a grant survives SCP": [
		[says("key", "direct"), cut("scp"), reading("grant_survives_scp")],
		"no-service-control-policy", "service-control-policy",
	],
	"limits cut every grant": [
		[says("grant", "direct"), cut("boundary"), reading("limits_cut_grants")],
		"no-permissions-boundary", "permissions-boundary",
	],
	"limits cut every grant, session": [
		[says("grant", "direct"), cut("session"), reading("limits_cut_grants")],
		"no-session-policy", "session-policy",
	],
	"a grant within limits": [[says("grant", "direct"), open("boundary"), reading("limits_cut_grants")], "grant", ""],
	"limits cut no grant": [[says("grant", "limited"), cut("boundary"), reading("grant_survives_limits")], "grant", ""],
	"limits cut no grant, but roles of key policies": [
		[says("key", "limited"), cut("boundary"), reading("grant_survives_limits")],
		"no-permissions-boundary", "permissions-boundary",
	],
	"federated user needs IAM": [
		[says("key", "limited"), fed, reading("federation_needs_iam")],
		"no-identity-policy", "identity-policy",
	],
	"federated user has IAM": [
		[says("key", "limited"), fed, says("identity", "allow"), reading("federation_needs_iam")],
		"key-policy-and-iam", "",
	],
	"federated user has IAM, cut": [
		[says("key", "limited"), fed, says("identity", "allow"), cut("session"), reading("federation_needs_iam")],
		"no-session-policy", "session-policy",
	],
	"federated user cut and without IAM": [
		[says("key", "limited"), says("grant", "limited"), fed, cut("session"), reading("federation_needs_iam")],
		"no-identity-policy", "identity-policy",
	],
	"role needs no IAM": [[says("key", "limited"), reading("federation_needs_iam")], "direct-key-policy", ""],
	"federated user of a grant needs IAM": [
		[says("grant", "limited"), fed, reading("federation_needs_iam")],
		"no-identity-policy", "identity-policy",
	],
	"federated user of a grant that survives limits needs IAM": [
		[says("grant", "limited"), fed, cut("session"), reading("federation_needs_iam"), reading("grant_survives_limits")],
		"no-identity-policy", "identity-policy",
	],
	"federated user of a grant has IAM": [
		[says("grant", "limited"), fed, says("identity", "allow"), reading("federation_needs_iam")],
		"grant-and-iam", "",
	],
}

expected(reason, "") := {"decision": "allow", "reason": reason}

expected(reason, layer) := {"decision": "deny", "reason": reason, "layer": layer} if layer != ""

test_verdict[note] if {
	some note, [parts, reason, layer] in cases
	asked(parts) == expected(reason, layer)
}

test_empty_input if {
	verdict := decision.verdict with input as {}
	verdict == expected("no-cross-account", "key-policy")
}

test_every_explicit_deny_wins[layer] if {
	some layer in decision.deny_order
	asked([everything, {"deny": {layer: true}}]) == {"decision": "deny", "reason": "explicit-deny", "layer": layer}
}

test_explicit_deny_names_the_first_layer if {
	denying := {layer: true | some layer in decision.deny_order}
	asked([{"deny": denying}]).layer == "service-control-policy"
	asked([{"deny": object.remove(denying, ["service-control-policy"])}]).layer == "resource-control-policy"
}

test_deny_that_did_not_match if {
	asked([says("key", "direct"), {"deny": {"key-policy": false}}]).decision == "allow"
}

assumption_cases := {
	"a named caller assumes nothing": [[says("key", "direct")], set()],
	"SCP over grant": [[says("grant", "direct"), cut("scp")], {"grant-and-scp"}],
	"SCP over limited grant": [[says("grant", "limited"), cut("scp")], {"grant-and-scp"}],
	"SCP over grant to an account": [[says("grant", "delegate"), says("identity", "allow"), cut("scp")], {"grant-and-scp"}],
	"SCP over root's grant": [[says("grant", "delegate"), root, cut("scp")], {"grant-and-scp"}],
	"SCP without grant": [[says("key", "direct"), cut("scp")], set()],
	"SCP over an unused grant": [[says("grant", "delegate"), cut("scp")], set()],
	"grant to a role, cut": [[says("grant", "limited"), cut("boundary")], {"grant-and-boundary"}],
	"grant to a user, not cut": [[says("grant", "direct"), cut("boundary")], {"grant-and-boundary"}],
	"grant within limits": [[says("grant", "direct"), open("boundary")], set()],
	"federated user named by its user": [
		[says("key", "limited"), {"caller": {"federated": true}}],
		{"federation-user-silent"},
	],
	"SCP over a grant that survives": [[says("grant", "direct"), cut("scp"), reading("grant_survives_scp")], {"grant-and-scp"}],
	"grant where no SCP cuts": [[says("grant", "direct"), open("scp"), reading("grant_survives_scp")], set()],
	"grant to a user, cut by a reading": [
		[says("grant", "direct"), cut("session"), reading("limits_cut_grants")],
		{"grant-and-boundary"},
	],
	"grant to a role, not cut by a reading": [
		[says("grant", "limited"), cut("session"), reading("grant_survives_limits")],
		{"grant-and-boundary"},
	],
	"role of the key policy cut, no grant": [[says("key", "limited"), cut("boundary")], set()],
	"explicit deny of a grant that is cut": [[says("grant", "limited"), cut("boundary"), {"deny": {"key-policy": true}}], set()],
	"federated user of a grant": [[says("grant", "limited"), fed], {"federation-user-silent"}],
	"federated user of a grant to itself": [[says("grant", "limited"), says("grant", "direct"), fed], set()],
	"federated user who needs IAM": [
		[says("key", "limited"), fed, reading("federation_needs_iam")],
		{"federation-user-silent"},
	],
	"federated user of a grant who needs IAM": [
		[says("grant", "limited"), fed, reading("federation_needs_iam")],
		{"federation-user-silent"},
	],
	"federated user of another account": [
		[says("key", "limited"), fed, foreign, reading("federation_needs_iam")],
		set(),
	],
	"federated user cut": [[says("key", "limited"), fed, cut("session"), reading("federation_needs_iam")], set()],
	"federated user named itself": [[says("key", "direct"), {"caller": {"federated": true}}], set()],
	"federated user, IAM": [
		[says("key", "delegate"), says("identity", "allow"), {"caller": {"federated": true}}],
		set(),
	],
}

test_assumptions[note] if {
	some note, [parts, want] in assumption_cases
	assumed(parts) == want
}
