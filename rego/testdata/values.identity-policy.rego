# values.identity-policy.json
package strictkms.unit.values

# Statement 0, Allow, values.identity-policy.json:4:5
allow contains 0 if {
	input.action == "kms:Decrypt"
	condition_0_0
	to_number(input.context["aws:multifactorauthage"]) < 3600
	not match_0_2
}

# Statement 1, Allow, values.identity-policy.json:23:5
# (never matches a KMS request)

# Statement 2, Allow, values.identity-policy.json:33:5
allow contains 2 if {
	input.action == "kms:Decrypt"
	to_number(input.context["aws:multifactorauthage"]) > 1
	to_number(input.context["aws:multifactorauthage"]) <= 9
}

# Statement 3, Allow, values.identity-policy.json:46:5
allow contains 3 if {
	input.action == "kms:Decrypt"
	time.parse_rfc3339_ns(input.context["aws:currenttime"]) > 1704067200000000000
	time.parse_rfc3339_ns(input.context["aws:currenttime"]) < 9223372036854775807
	not match_3_2
}

# Statement 4, Allow, values.identity-policy.json:65:5
allow contains 4 if {
	input.action == "kms:Decrypt"
	to_number(input.context["aws:epochtime"]) == 1704067200.5
	to_number(input.context["aws:epochtime"]) >= 1704067200
	time.parse_rfc3339_ns(input.context["aws:currenttime"]) <= 1704067200000000000
}

# Statement 5, Allow, values.identity-policy.json:81:5
allow contains 5 if {
	input.action == "kms:Decrypt"
	input.context["aws:securetransport"] == "true"
	condition_5_1
}

# Statement 6, Allow, values.identity-policy.json:94:5
allow contains 6 if {
	input.action == "kms:Decrypt"
	input.context["aws:securetransport"] == lower(input.context["aws:principaltag/tls"])
}

# Statement 7, Allow, values.identity-policy.json:107:5
allow contains 7 if {
	input.action == "kms:Decrypt"
	is_string(input.context["acme:blob"])
	input.context["acme:blob"] == "QmluYXJ5"
}

# Statement 8, Allow, values.identity-policy.json:117:5
allow contains 8 if {
	input.action == "kms:Decrypt"
	condition_8_0
	not match_8_1
}

# Statement 9, Allow, values.identity-policy.json:137:5
allow contains 9 if {
	input.action == "kms:Decrypt"
	input.context["aws:sourcearn"] == "arn:aws:s3:::bucket"
	condition_9_1
}

# Statement 10, Allow, values.identity-policy.json:153:5
allow contains 10 if {
	input.action == "kms:Decrypt"
	condition_10_0
	not match_10_1
}

condition_0_0 if to_number(input.context["aws:multifactorauthage"]) == 7

condition_0_0 if to_number(input.context["aws:multifactorauthage"]) == 1.5

match_0_2 if to_number(input.context["aws:multifactorauthage"]) == 8

match_3_2 if time.parse_rfc3339_ns(input.context["aws:tokenissuetime"]) == 1704067200000000000

condition_5_1 if not input.context["aws:multifactorauthpresent"]

condition_5_1 if input.context["aws:multifactorauthpresent"] == "true"

condition_8_0 if net.cidr_contains("203.0.113.0/24", input.context["aws:sourceip"])

condition_8_0 if net.cidr_contains("2001:db8::1/128", input.context["aws:sourceip"])

condition_8_0 if net.cidr_contains("10.0.0.0/8", input.context["aws:sourceip"])

match_8_1 if net.cidr_contains("10.0.0.1/32", input.context["aws:vpcsourceip"])

condition_9_1 if regex.match(`^(?s)arn:aws:iam::[^:]*:role/App.*$`, input.context["aws:principalarn"])

condition_9_1 if input.context["aws:principalarn"] == concat("", ["arn:aws:iam::111122223333:role/", input.context["aws:principaltag/role"]])

condition_10_0 if input.context["aws:principalarn"]

condition_10_0 if input.context["aws:principalarn"] == input.context["aws:sourcearn"]

match_10_1 if regex.match(`^(?s)arn:[^:]*:s3:::b.cket$`, input.context["aws:sourcearn"])
