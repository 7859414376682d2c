# iam-only-keys.key-policy.json
package strictkms.unit.iam_only_keys

# Statement 0, Allow, iam-only-keys.key-policy.json:4:5
# (never matches a KMS request)

# Statement 1, Allow, iam-only-keys.key-policy.json:15:5
direct contains 1 if input.action == "kms:Decrypt"

# Statement 2, Allow, iam-only-keys.key-policy.json:26:5
direct contains 2 if input.action == "kms:Decrypt"

# Statement 3, Allow, iam-only-keys.key-policy.json:37:5
direct contains 3 if input.action == "kms:Decrypt"

# Statement 4, Allow, iam-only-keys.key-policy.json:48:5
# (never matches a KMS request)

# Statement 5, Allow, iam-only-keys.key-policy.json:59:5
direct contains 5 if input.action == "kms:Decrypt"

# Statement 6, Allow, iam-only-keys.key-policy.json:70:5
# (never matches a KMS request)
