# sets.identity-policy.json
package strictkms.unit.sets

# Statement 0, Allow, sets.identity-policy.json:4:5
allow contains 0 if {
	input.action == "kms:Decrypt"
	condition_0_0
}

# Statement 1, Allow, sets.identity-policy.json:17:5
allow contains 1 if {
	input.action == "kms:Decrypt"
	condition_1_0
}

# Statement 2, Allow, sets.identity-policy.json:30:5
allow contains 2 if {
	input.action == "kms:Decrypt"
	condition_2_0
}

# Statement 3, Allow, sets.identity-policy.json:40:5
allow contains 3 if {
	input.action == "kms:Decrypt"
	input.context["kms:encryptioncontextkeys"] != [""]
	condition_3_0
}

# Statement 4, Allow, sets.identity-policy.json:53:5
allow contains 4 if {
	input.action == "kms:Decrypt"
	condition_4_0
}

# Statement 5, Allow, sets.identity-policy.json:63:5
allow contains 5 if {
	input.action == "kms:Decrypt"
	condition_5_0
}

# Statement 6, Allow, sets.identity-policy.json:73:5
allow contains 6 if {
	input.action == "kms:Decrypt"
	condition_6_0
}

# Statement 7, Allow, sets.identity-policy.json:83:5
allow contains 7 if {
	input.action == "kms:Decrypt"
	input.context["aws:username"] != ""
	input.context["aws:username"]
	not input.context["aws:username"] == "alice"
}

# Statement 8, Allow, sets.identity-policy.json:93:5
allow contains 8 if {
	input.action == "kms:Decrypt"
	condition_8_0
}

# Statement 9, Allow, sets.identity-policy.json:103:5
allow contains 9 if {
	input.action == "kms:Decrypt"
	condition_9_0
}

# Statement 10, Allow, sets.identity-policy.json:116:5
# (never matches a KMS request)

# Statement 11, Allow, sets.identity-policy.json:126:5
allow contains 11 if {
	input.action == "kms:Decrypt"
	not input.context["aws:tagkeys"]
}

# Statement 12, Allow, sets.identity-policy.json:136:5
allow contains 12 if {
	input.action == "kms:Decrypt"
	not input.context["aws:tagkeys"]
}

# Statement 13, Allow, sets.identity-policy.json:146:5
allow contains 13 if {
	input.action == "kms:Decrypt"
	condition_13_0
}

# Statement 14, Allow, sets.identity-policy.json:156:5
allow contains 14 if {
	input.action == "kms:Decrypt"
	input.context["aws:tagkeys"] != [""]
	input.context["aws:tagkeys"]
}

# Statement 15, Allow, sets.identity-policy.json:166:5
allow contains 15 if input.action == "kms:Decrypt"

# Statement 16, Allow, sets.identity-policy.json:176:5
# (never matches a KMS request)

condition_0_0 if not input.context["aws:tagkeys"]

condition_0_0 if {
	every value in input.context["aws:tagkeys"] {
		value in {"a", "b"}
	}
}

condition_0_0 if input.context["aws:tagkeys"] == [""]

value_1_0(value) if value == "b"

value_1_0(value) if startswith(value, "a")

condition_1_0 if not input.context["kms:encryptioncontextkeys"]

condition_1_0 if {
	every value in input.context["kms:encryptioncontextkeys"] {
		value_1_0(value)
	}
}

condition_1_0 if input.context["kms:encryptioncontextkeys"] == [""]

condition_2_0 if {
	some value in input.context["kms:encryptioncontextkeys"]
	value == "tenant"
}

value_3_0(value) if startswith(value, "a")

value_3_0(value) if regex.match(`^(?s)b.$`, value)

condition_3_0 if {
	some value in input.context["kms:encryptioncontextkeys"]
	not value_3_0(value)
}

condition_4_0 if not input.context["aws:tagkeys"]

condition_4_0 if {
	every value in input.context["aws:tagkeys"] {
		not value == "x"
	}
}

condition_5_0 if {
	some value in input.context["aws:tagkeys"]
	value == "x"
}

condition_6_0 if not input.context["aws:username"]

condition_6_0 if input.context["aws:username"] == "alice"

condition_6_0 if input.context["aws:username"] == ""

condition_8_0_values if {
	some value in input.context["acme:many"]
	startswith(value, "a")
}

condition_8_0 if condition_8_0_values

condition_8_0 if {
	is_string(input.context["acme:many"])
	startswith(input.context["acme:many"], "a")
}

value_9_0(value) if value in {"a", "b"}

condition_9_0 if not input.context["acme:many"]

condition_9_0 if {
	every value in input.context["acme:many"] {
		not value_9_0(value)
	}
}

condition_9_0 if {
	is_string(input.context["acme:many"])
	not input.context["acme:many"] == "a"
	not input.context["acme:many"] == "b"
}

condition_13_0 if not input.context["aws:tagkeys"]

condition_13_0 if input.context["aws:tagkeys"] == [""]
