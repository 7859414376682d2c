# services.identity-policy.json
package strictkms.unit.services

# Statement 0, Allow, services.identity-policy.json:4:5
allow contains 0 if resource_0

# Statement 1, Allow, services.identity-policy.json:5:5
allow contains 1 if {
	startswith(input.action, "iam:")
	input.resource.service == "iam"
	input.resource.partition == "aws"
	input.resource.region == ""
	input.resource.name == concat("", ["user/", input.context["aws:username"]])
}

# Statement 2, Allow, services.identity-policy.json:6:5
allow contains 2 if {
	strings.any_prefix_match(input.action, {"kms:", "sts:"})
	input.resource.arn == "arn:aws:s3:::b"
}

# Statement 3, Allow, services.identity-policy.json:7:5
allow contains 3 if {
	not strings.any_prefix_match(input.action, {"iam:", "organizations:"})
	input.action != "kms:ScheduleKeyDeletion"
}

# Statement 4, Allow, services.identity-policy.json:8:5
allow contains 4 if regex.match("^(iam:.*|kms:Decrypt|kms:Encrypt|kms:Sign)$", input.action)

# Statement 5, Allow, services.identity-policy.json:9:5
allow contains 5 if {
	input.action in {
		"iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:PassRole", "iam:UpdateAccessKey",
	}
}

# Statement 6, Deny, services.identity-policy.json:10:5
deny contains 6 if {
	startswith(input.action, "kms:")
	resource_6
}

# Statement 7, Allow, services.identity-policy.json:11:5
allow contains 7 if {
	input.action == "sts:AssumeRole"
	not listed_7
}

resource_0 if {
	input.resource.service == "kms"
	input.resource.partition == "aws"
	input.resource.account == "111122223333"
	input.resource.type == "key"
}

resource_0 if {
	input.resource.service == "iam"
	input.resource.partition == "aws"
	input.resource.region == ""
	input.resource.account == "111122223333"
	startswith(input.resource.name, "role/app/")
}

resource_6 if input.resource.arn == "arn:aws:iam::111122223333:role/x"

resource_6 if {
	input.resource.partition == "aws"
	input.resource.region == "us-east-1"
}

listed_7 if {
	input.resource.service == "iam"
	input.resource.partition == "aws"
	input.resource.region == ""
	input.resource.name == "role/Admin"
}
