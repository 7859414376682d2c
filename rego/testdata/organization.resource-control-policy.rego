# organization.resource-control-policy.json
package strictkms.unit.organization

# Statement 0, Deny, organization.resource-control-policy.json:4:5
deny contains 0 if {
	startswith(input.action, "kms:")
	not input.context["aws:principalorgid"] == "o-example"
	condition_0_1
}

condition_0_1 if not input.context["aws:principalisawsservice"]

condition_0_1 if input.context["aws:principalisawsservice"] == "false"
