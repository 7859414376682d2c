# endpoint.vpc-endpoint-policy.json
package strictkms.unit.endpoint

# Statement 0, Allow, endpoint.vpc-endpoint-policy.json:4:5
allow contains 0 if input.principal.account == "111122223333"

allow contains 0 if input.principal.issuer == "arn:aws:iam::111122223333:role/App"

# Statement 1, Deny, endpoint.vpc-endpoint-policy.json:15:5
deny contains 1 if {
	not input.principal.account == "111122223333"
	startswith(input.action, "kms:")
}

deny contains 1 if {
	input.principal.boundary
	startswith(input.action, "kms:")
}
