# elements.key-policy.json
package strictkms.unit.elements

# Statement 0, Allow, elements.key-policy.json:4:5
direct contains 0 if {
	input.action in {
		"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decapsulate", "kms:Decrypt",
		"kms:DeriveSharedSecret", "kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation",
		"kms:EnableKey", "kms:EnableKeyRotation", "kms:Encapsulate", "kms:Encrypt", "kms:GenerateDataKey",
		"kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext",
		"kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateMac", "kms:GetKeyLastUsage",
		"kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:GetParametersForImport", "kms:GetPublicKey",
		"kms:ImportKeyMaterial", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
		"kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo",
		"kms:ReplicateKey", "kms:RetireGrant", "kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:Sign",
		"kms:SynchronizeMultiRegionKey", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
		"kms:UpdateKeyDescription", "kms:UpdatePrimaryRegion", "kms:Verify", "kms:VerifyMac",
	}
}

# Statement 1, Allow, elements.key-policy.json:13:5
direct contains 1 if {
	input.action in {
		"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decapsulate",
		"kms:DeleteAlias", "kms:DeleteImportedKeyMaterial", "kms:DeriveSharedSecret", "kms:DescribeKey",
		"kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation",
		"kms:Encapsulate", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair",
		"kms:GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext",
		"kms:GenerateMac", "kms:GetKeyLastUsage", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
		"kms:GetParametersForImport", "kms:GetPublicKey", "kms:ImportKeyMaterial", "kms:ListGrants",
		"kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy",
		"kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:ReplicateKey", "kms:RetireGrant", "kms:RevokeGrant",
		"kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:Sign", "kms:SynchronizeMultiRegionKey",
		"kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
		"kms:UpdatePrimaryRegion", "kms:Verify", "kms:VerifyMac",
	}
}

# Statement 2, Allow, elements.key-policy.json:19:5
# (never matches a KMS request)

# Statement 3 "no action", Allow, elements.key-policy.json:25:5
# (never matches a KMS request)

# Statement 4 "no resource", Allow, elements.key-policy.json:31:5
# (never matches a KMS request)

# Statement 5, Allow, elements.key-policy.json:37:5
direct contains 5 if {
	input.action == "kms:Decrypt"
	input.resource.arn == "arn:aws:kms:us-east-1:111122223333:key/k1"
}

# Statement 6, Deny, elements.key-policy.json:43:5
deny contains 6 if {
	input.action == "kms:Decrypt"
	not listed_6
}

listed_6 if input.resource.arn == "arn:aws:kms:us-east-1:111122223333:key/k1"

listed_6 if startswith(input.resource.arn, "key/")
