# version-2008.identity-policy.json
package strictkms.unit.version_2008

# Statement 0, Allow, version-2008.identity-policy.json:4:5
allow contains 0 if {
	input.action == "kms:Decrypt"
	startswith(input.context["aws:username"], "${aws:userid}")
}

# Statement 1, Allow, version-2008.identity-policy.json:14:5
allow contains 1 if {
	input.action == "kms:Decrypt"
	input.resource.partition == "aws"
	input.resource.region == "us-east-1"
	input.resource.name == "key/${aws:username}"
}
