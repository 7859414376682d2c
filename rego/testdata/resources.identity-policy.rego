# resources.identity-policy.json
package strictkms.unit.resources

# Statement 0, Allow, resources.identity-policy.json:4:5
allow contains 0 if {
	input.action == "kms:Decrypt"
	input.resource.arn in {
		"arn:aws:kms:us-east-1:111122223333:key/k1", "arn:aws:kms:us-east-1:111122223333:key/k2",
	}
}

# Statement 1, Allow, resources.identity-policy.json:12:5
allow contains 1 if {
	input.action == "kms:Decrypt"
	resource_1
}

# Statement 2, Allow, resources.identity-policy.json:20:5
allow contains 2 if {
	input.action == "kms:Decrypt"
	input.resource.service == "kms"
	startswith(input.resource.region, "eu-")
	regex.match(`^(?s)............$`, input.resource.account)
	startswith(input.resource.name, "key/mrk-")
}

# Statement 3, Allow, resources.identity-policy.json:27:5
allow contains 3 if {
	input.action == "kms:Decrypt"
	input.resource.partition == "aws"
}

# Statement 4, Allow, resources.identity-policy.json:34:5
allow contains 4 if {
	input.action == "kms:Decrypt"
	input.resource.partition == "aws"
	startswith(input.resource.account, "key/")
}

# Statement 5, Allow, resources.identity-policy.json:41:5
# (never matches a KMS request)

# Statement 6, Allow, resources.identity-policy.json:48:5
allow contains 6 if {
	input.action == "kms:Decrypt"
	regex.match(`^(?s)arn:aws:[^:]*:[^:]*:[^:]*:.*$`, input.resource.arn)
}

# Statement 7, Allow, resources.identity-policy.json:55:5
allow contains 7 if {
	input.action == "kms:Decrypt"
	input.resource.partition == "aws"
	input.resource.region == "us-east-1"
	input.resource.name == concat("", ["key/", input.context["aws:principaltag/key"]])
}

# Statement 8, Allow, resources.identity-policy.json:62:5
allow contains 8 if {
	input.action == "kms:Decrypt"
	input.resource.partition == "aws"
	input.resource.region == "us-east-1"
	startswith(input.resource.name, concat("", ["key/a.", object.get(input.context, "aws:principaltag/key", "none")]))
}

# Statement 9, Allow, resources.identity-policy.json:69:5
allow contains 9 if {
	input.action == "kms:Decrypt"
	not listed_9
}

# Statement 10, Allow, resources.identity-policy.json:77:5
# (never matches a KMS request)

resource_1 if {
	input.resource.partition == "aws"
	input.resource.account == "111122223333"
	input.resource.type == "key"
}

resource_1 if {
	input.resource.partition == "aws"
	input.resource.type == "alias"
}

listed_9 if {
	input.resource.partition == "aws"
	startswith(input.resource.name, "key/mrk-")
}

listed_9 if input.resource.arn == "arn:aws:kms:us-east-1:111122223333:key/k1"
