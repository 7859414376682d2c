# full-access.service-control-policy.json
package strictkms.unit.full_access

# Statement 0, Allow, full-access.service-control-policy.json:4:5
allow contains 0

# Statement 1, Deny, full-access.service-control-policy.json:9:5
deny contains 1 if {
	input.action in {"kms:DisableKey", "kms:DisableKeyRotation", "kms:ScheduleKeyDeletion"}
	not match_1_0
}

match_1_0 if regex.match(`^(?s)arn:aws:iam::[^:]*:role/Admin$`, input.context["aws:principalarn"])
