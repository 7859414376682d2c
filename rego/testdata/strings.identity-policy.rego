# strings.identity-policy.json
package strictkms.unit.strings

# Statement 0, Allow, strings.identity-policy.json:4:5
allow contains 0 if {
	input.action == "kms:Decrypt"
	input.context["kms:viaservice"] in {"rds.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"}
}

# Statement 1, Allow, strings.identity-policy.json:17:5
allow contains 1 if {
	input.action == "kms:Decrypt"
	input.context["aws:principaltag/team"] == input.context["aws:requesttag/team"]
	not match_1_1
}

# Statement 2, Allow, strings.identity-policy.json:33:5
allow contains 2 if {
	input.action == "kms:Decrypt"
	condition_2_0
	not match_2_1
}

# Statement 3, Allow, strings.identity-policy.json:49:5
allow contains 3 if {
	input.action == "kms:Decrypt"
	condition_3_0
}

# Statement 4, Allow, strings.identity-policy.json:67:5
allow contains 4 if {
	input.action == "kms:Decrypt"
	startswith(input.context["aws:userid"], "AROA")
	not match_4_1
	not match_4_2
}

# Statement 5, Allow, strings.identity-policy.json:84:5
allow contains 5 if {
	input.action == "kms:Decrypt"
	regex.match(concat("", ["^(?s)a`b.*", regex.replace(input.context["aws:username"], `[[:punct:]]`, `\$0`), ".*\\[x\\]\\.\n$"]), input.context["aws:userid"])
}

# Statement 6, Allow, strings.identity-policy.json:94:5
allow contains 6 if {
	input.action == "kms:Decrypt"
	input.context["aws:username"] == "quote \" backslash \\ $ * ? $ é"
}

# Statement 7, Allow, strings.identity-policy.json:104:5
allow contains 7 if {
	input.action == "kms:Decrypt"
	condition_7_0
	condition_7_1
	not input.context["aws:username"] == "c"
}

# Statement 8, Allow, strings.identity-policy.json:123:5
allow contains 8 if {
	input.action == "kms:Decrypt"
	not input.context["aws:tokenissuetime"]
	input.context["aws:multifactorauthage"]
}

# Statement 9, Allow, strings.identity-policy.json:136:5
# (never matches a KMS request)

# Statement 10, Allow, strings.identity-policy.json:149:5
allow contains 10 if {
	input.action == "kms:Decrypt"
	is_string(input.context["acme:unknown"])
	input.context["acme:unknown"] == "x"
	not is_array(object.get(input.context, "acme:unknown", ""))
	not input.context["acme:unknown"] == "y"
	not input.context["acme:unknown"] == "z"
}

match_1_1 if input.context["aws:username"] == "eve"

match_1_1 if input.context["aws:username"] == input.context["aws:principaltag/not"]

condition_2_0 if lower(input.context["aws:principaltag/team"]) == "red"

condition_2_0 if lower(input.context["aws:principaltag/team"]) == lower(concat("", ["x", input.context["aws:username"]]))

match_2_1 if lower(input.context["aws:userid"]) == "a"

condition_3_0 if endswith(input.context["aws:userid"], ":s1")

condition_3_0 if startswith(input.context["aws:userid"], "AROA")

condition_3_0 if contains(input.context["aws:userid"], "x")

condition_3_0 if regex.match(`^(?s)a.*b$`, input.context["aws:userid"])

condition_3_0 if regex.match(`^(?s).$`, input.context["aws:userid"])

condition_3_0 if regex.match(`^(?s)a.b.*$`, input.context["aws:userid"])

condition_3_0 if input.context["aws:userid"]

match_4_1 if endswith(input.context["aws:userid"], ":eve")

match_4_1 if startswith(input.context["aws:userid"], "AIDA")

match_4_2 if input.context["aws:username"]

condition_7_0 if not input.context["aws:username"]

condition_7_0 if input.context["aws:username"] in {"a", "b"}

condition_7_1 if not input.context["aws:userid"]

condition_7_1 if startswith(input.context["aws:userid"], "A")
