# principals.key-policy.json
package strictkms.unit.principals

# Statement 0 "Everyone named", Allow, principals.key-policy.json:4:5
delegate contains 0 if {
	input.principal.account == "111122223333"
	input.action in {"kms:Decrypt", "kms:Encrypt"}
}

direct contains 0 if {
	input.principal.arn in {
		"arn:aws:iam::111122223333:user/alice", "arn:aws:sts::111122223333:assumed-role/App/s1",
		"arn:aws:sts::111122223333:federated-user/bob", "logs.us-east-1.amazonaws.com",
	}
	input.action in {"kms:Decrypt", "kms:Encrypt"}
}

limited contains 0 if {
	input.principal.issuer in {
		"arn:aws:iam::111122223333:role/path/App", "arn:aws:iam::111122223333:user/alice",
	}
	input.action in {"kms:Decrypt", "kms:Encrypt"}
}

direct contains 0 if {
	input.principal.id == "AIDAEXAMPLE"
	input.action in {"kms:Decrypt", "kms:Encrypt"}
}

limited contains 0 if {
	input.principal.id == "AROAEXAMPLE"
	input.action in {"kms:Decrypt", "kms:Encrypt"}
}

limited contains 0 if {
	input.principal.provider == "cognito-identity.amazonaws.com"
	input.action in {"kms:Decrypt", "kms:Encrypt"}
}

# Statement 1 "But not these", Deny, principals.key-policy.json:27:5
deny contains 1 if {
	input.principal.arn == "arn:aws:iam::111122223333:user/eve"
	input.action == "kms:Decrypt"
}

deny contains 1 if {
	input.principal.issuer in {
		"arn:aws:iam::111122223333:role/Eve", "arn:aws:iam::111122223333:user/eve",
	}
	input.action == "kms:Decrypt"
}

# Statement 2, Deny, principals.key-policy.json:39:5
deny contains 2 if {
	not input.principal.issuer == "arn:aws:iam::111122223333:role/App"
	not input.principal.account == "111122223333"
}

deny contains 2 if input.principal.boundary

# Statement 3, Deny, principals.key-policy.json:50:5
deny contains 3 if input.principal.boundary

# Statement 4, Allow, principals.key-policy.json:56:5
direct contains 4 if {
	not input.principal.arn == "arn:aws:iam::111122223333:user/eve"
	not input.principal.issuer == "arn:aws:iam::111122223333:user/eve"
	input.action == "kms:DescribeKey"
}

# Statement 5, Allow, principals.key-policy.json:64:5
direct contains 5 if input.action == "kms:DescribeKey"
