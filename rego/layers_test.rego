package strictkms.layers_test

import data.strictkms.layers

# A user's request in the key's own account. The units it names are the names of what they say.
asked := {
	"action": "kms:Decrypt",
	"principal": {"arn": "arn:aws:iam::111122223333:user/alice", "account": "111122223333", "type": "user", "service_linked": false},
	"resource": {"arn": "arn:aws:kms:us-east-1:111122223333:key/k", "account": "111122223333"},
	"facts": {
		"management_account": false,
		"resource_management_account": false,
		"aws_managed_key": false,
		"through_endpoint": true,
		"on_key": true,
		"cross_account": true,
	},
	"units": {},
}

# Units that say one thing each, whatever the request.
saying := {
	"direct": {"direct": {0}},
	"limited": {"limited": {1}},
	"delegate": {"delegate": {0, 1}},
	"allow": {"allow": {2}},
	"deny": {"deny": {0}},
	"silent": {"allow": set(), "deny": set(), "direct": set()},
	"empty": {},
}

facts(patch) := out if {
	out := layers.facts with input as object.union(asked, patch) with data.strictkms.unit as saying
}

decided(patch) := out if {
	out := layers.decision with input as object.union(asked, patch) with data.strictkms.unit as saying
}

using(units) := {"units": units}

default_readings := {
	"grant_survives_scp": false, "limits_cut_grants": false,
	"grant_survives_limits": false, "federation_needs_iam": false,
}

nothing_said := {"direct": false, "limited": false, "delegate": false}

test_nothing_applies if {
	facts({}) == {
		"caller": {"root": false, "service": false, "federated": false, "same_account": true},
		"action": {"on_key": true, "cross_account": true, "retire_grant": false, "unchecked": false},
		"deny": {},
		"key": nothing_said,
		"grant": nothing_said,
		"identity": {"allow": false},
		"boundary": {"applies": false, "allow": false},
		"session": {"applies": false, "allow": false},
		"scp": {"applies": false, "allow": false},
		"endpoint": {"applies": false, "allow": false},
		"assume": default_readings,
	}
}

reading_cases := {
	"grant_survives_scp": {"grant-and-scp": "survives"},
	"limits_cut_grants": {"grant-and-boundary": "cut"},
	"grant_survives_limits": {"grant-and-boundary": "survives"},
	"federation_needs_iam": {"federation-user-silent": "needs-iam"},
}

test_readings_of_the_request[name] if {
	some name, assume in reading_cases
	facts({"assume": assume}).assume == object.union(default_readings, {name: true})
}

test_readings_of_the_units[name] if {
	some name, assume in reading_cases
	got := facts({}) with data.strictkms.assume as assume
	got.assume == object.union(default_readings, {name: true})
}

test_the_request_has_the_last_word if {
	got := facts({"assume": {"grant-and-boundary": "as-key-policy"}}) with data.strictkms.assume as {
		"grant-and-boundary": "cut",
		"grant-and-scp": "survives",
	}
	got.assume == object.union(default_readings, {"grant_survives_scp": true})
}

caller_cases := {
	"user": [{}, {"same_account"}],
	"root": [{"principal": {"type": "root"}}, {"root", "same_account"}],
	"service": [{"principal": {"type": "service", "account": ""}}, {"service"}],
	"web identity": [{"principal": {"type": "web-identity", "account": ""}}, {"service"}],
	"policy of AWS": [{"resource": {"account": "aws"}}, {"same_account"}],
	"federated user": [{"principal": {"type": "federated-user"}}, {"federated", "same_account"}],
	"another account": [{"resource": {"account": "444455556666"}}, set()],
	"no resource": [{"resource": {"arn": "*", "account": ""}}, {"same_account"}],
	"service, no resource": [
		{"resource": {"account": ""}, "principal": {"type": "service", "account": ""}},
		{"service", "same_account"},
	],
}

test_caller[note] if {
	some note, [patch, want] in caller_cases
	{name | some name, true in facts(patch).caller} == want
}

test_action if {
	facts({"action": "kms:RetireGrant"}).action.retire_grant
	not facts({"facts": {"on_key": false}}).action.on_key
	not facts({"facts": {"cross_account": false}}).action.cross_account
	facts({"facts": {"unchecked": true}}).action.unchecked
}

test_key_policy_and_grants[class] if {
	some class in ["direct", "limited", "delegate"]
	want := object.union(nothing_said, {class: true})
	facts(using({"key": [class]})).key == want
	facts(using({"grants": ["empty", class]})).grant == want
}

test_statements_that_do_not_match_say_nothing[name] if {
	some name in ["silent", "empty", "not loaded"]
	facts(using({"key": [name], "grants": [name], "identity": [name], "boundary": [name], "session": [name]})) == object.union(
		facts({}),
		{"boundary": {"applies": true}, "session": {"applies": true}},
	)
}

test_identity if {
	facts(using({"identity": ["silent", "allow"]})).identity.allow
	not facts(using({"identity": []})).identity.allow
}

test_limits[layer] if {
	some layer in ["boundary", "session", "endpoint"]
	facts(using({layer: ["allow"]}))[layer] == {"applies": true, "allow": true}
	facts(using({layer: ["silent"]}))[layer] == {"applies": true, "allow": false}
	facts(using({layer: []}))[layer] == {"applies": true, "allow": false}
}

deny_layers := {
	"key": "key-policy",
	"identity": "identity-policy",
	"boundary": "permissions-boundary",
	"session": "session-policy",
	"endpoint": "vpc-endpoint-policy",
}

test_deny[member] if {
	some member, layer in deny_layers
	facts(using({member: ["allow", "deny"]})).deny == {layer: true}
}

test_grants_do_not_deny if {
	facts(using({"grants": ["deny"]})).deny == {}
}

test_call_that_does_not_pass_the_endpoint if {
	got := facts(object.union(using({"endpoint": ["deny"]}), {"facts": {"through_endpoint": false}}))
	got.endpoint == {"applies": false, "allow": false}
	got.deny == {}
}

scp_cases := {
	"no level": [[], true],
	"one level allows": [[["allow"]], true],
	"every level allows": [[["silent", "allow"], ["allow"]], true],
	"one level is silent": [[["allow"], ["silent"]], false],
	"one level is empty": [[["allow"], []], false],
}

test_scps[note] if {
	some note, [levels, want] in scp_cases
	facts(using({"scp": levels})).scp == {"applies": true, "allow": want}
}

test_scp_denies_at_any_level if {
	facts(using({"scp": [["allow"], ["allow", "deny"]]})).deny == {"service-control-policy": true}
}

exempt_from_scps := {
	"management account": {"facts": {"management_account": true}},
	"service-linked role": {"principal": {"service_linked": true}},
	"service": {"principal": {"type": "service"}},
}

test_not_bound_by_scps[note] if {
	some note, patch in exempt_from_scps
	got := facts(object.union(using({"scp": [["deny"]]}), patch))
	got.scp.applies == false
	got.deny == {}
}

test_rcp_denies_at_any_level[note] if {
	some note, patch in {
		"user": {},
		"another account": {"principal": {"account": "444455556666"}},
		"service": {"principal": {"type": "service"}},
		"management account of the caller": {"facts": {"management_account": true}},
	}
	facts(object.union(using({"rcp": [["empty"], ["deny"]]}), patch)).deny == {"resource-control-policy": true}
}

exempt_from_rcps := {
	"management account": {"facts": {"resource_management_account": true}},
	"service-linked role": {"principal": {"service_linked": true}},
	"AWS managed key": {"facts": {"aws_managed_key": true}},
	"RetireGrant": {"action": "kms:RetireGrant"},
}

test_not_bound_by_rcps[note] if {
	some note, patch in exempt_from_rcps
	facts(object.union(using({"rcp": [["deny"]]}), patch)).deny == {}
}

test_decision if {
	decided({}).reason == "no-key-policy"
	decided(using({"key": ["direct"]})) == {"decision": "allow", "reason": "direct-key-policy"}
	decided(using({"key": ["direct", "deny"]})) == {"decision": "deny", "reason": "explicit-deny", "layer": "key-policy"}
	decided(using({"key": ["delegate"], "identity": ["allow"], "boundary": ["silent"]})).reason == "no-permissions-boundary"
}
