# trust.trust-policy.json
package strictkms.unit.trust

# Statement 0 "Account", Allow, trust.trust-policy.json:4:5
delegate contains 0 if {
	input.principal.account == "111122223333"
	input.action == "sts:AssumeRole"
	input.context["sts:externalid"] == "12345"
}

direct contains 0 if {
	input.principal.arn == "arn:aws:iam::444455556666:user/carol"
	input.action == "sts:AssumeRole"
	input.context["sts:externalid"] == "12345"
}

limited contains 0 if {
	input.principal.issuer == "arn:aws:iam::444455556666:user/carol"
	input.action == "sts:AssumeRole"
	input.context["sts:externalid"] == "12345"
}

# Statement 1 "Tags", Allow, trust.trust-policy.json:11:5
limited contains 1 if {
	input.principal.issuer == "arn:aws:iam::111122223333:role/Pipeline"
	input.action in {"sts:AssumeRole", "sts:TagSession"}
}

# Statement 2 "GitHub", Allow, trust.trust-policy.json:17:5
limited contains 2 if {
	input.principal.provider == "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
	input.action == "sts:AssumeRoleWithWebIdentity"
	is_string(input.context["token.actions.githubusercontent.com:sub"])
	startswith(input.context["token.actions.githubusercontent.com:sub"], "repo:octo/app:")
}

# Statement 3, Deny, trust.trust-policy.json:24:5
deny contains 3 if not input.context["aws:principaltag/team"] == "core"
