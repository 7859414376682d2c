# Grants
package strictkms.unit.grants

# Grant own
limited contains 0 if {
	input.principal.issuer == "arn:aws:iam::111122223333:role/App"
	input.action in {"kms:Decrypt", "kms:Encrypt"}
}

# Grant own, retiring it
# (never matches a KMS request)

# Grant equals
direct contains 1 if {
	input.principal.arn == "arn:aws:iam::111122223333:user/alice"
	input.action in {"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey"}
	constraint_1_EncryptionContextEquals
}

limited contains 1 if {
	input.principal.issuer == "arn:aws:iam::111122223333:user/alice"
	input.action in {"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey"}
	constraint_1_EncryptionContextEquals
}

# Grant equals, retiring it
direct contains 1 if {
	input.principal.arn == "arn:aws:iam::111122223333:user/bob"
	input.action == "kms:RetireGrant"
}

limited contains 1 if {
	input.principal.issuer == "arn:aws:iam::111122223333:user/bob"
	input.action == "kms:RetireGrant"
}

# Grant subset
delegate contains 2 if {
	input.principal.account == "111122223333"
	input.action == "kms:Decrypt"
	input.encryption_context._ == "6"
	input.encryption_context["a-b"] == "4"
	input.encryption_context["contains"] == "2"
	input.encryption_context.data == "3"
	input.encryption_context["if"] == "1"
	input.encryption_context.tenant == "a"
	input.encryption_context["é"] == "5"
}

# Grant subset, retiring it
delegate contains 2 if {
	input.principal.account == "111122223333"
	input.action == "kms:RetireGrant"
}

# Grant service
direct contains 3 if {
	input.principal.arn == "s3.amazonaws.com"
	input.action == "kms:GenerateDataKey"
	input.context["aws:sourcearn"] == "arn:aws:s3:::bucket"
}

# Grant service, retiring it
direct contains 3 if {
	input.principal.arn == "s3.amazonaws.com"
	input.action == "kms:RetireGrant"
}

# Grant foreign
delegate contains 4 if {
	input.principal.issuer == "arn:aws:iam::444455556666:role/App"
	input.action == "kms:Decrypt"
}

# Grant foreign, retiring it
delegate contains 4 if {
	input.principal.account == "111122223333"
	input.action == "kms:RetireGrant"
}

# Grant foreign but issued there
limited contains 5 if {
	input.principal.issuer == "arn:aws:iam::444455556666:role/App"
	input.action == "kms:Decrypt"
}

# Grant foreign but issued there, retiring it
delegate contains 5 if {
	input.principal.account == "444455556666"
	input.action == "kms:RetireGrant"
}

# Grant of no use
# (never matches a KMS request)

# Grant of no use, retiring it
# (never matches a KMS request)

constraint_1_EncryptionContextEquals if input.action in {"kms:CreateGrant", "kms:DescribeKey"}

constraint_1_EncryptionContextEquals if input.encryption_context == {"b": "\"", "tenant": "a"}
