package terraform

// The types of resources that are loaded (https://registry.terraform.io/providers/hashicorp/aws/latest/docs).
const (
	typeKey                = "aws_kms_key"
	typeExternalKey        = "aws_kms_external_key"
	typeReplicaKey         = "aws_kms_replica_key"
	typeReplicaExternalKey = "aws_kms_replica_external_key"
	typeKeyPolicy          = "aws_kms_key_policy"
	typeAlias              = "aws_kms_alias"
	typeGrant              = "aws_kms_grant"

	typeUser  = "aws_iam_user"
	typeGroup = "aws_iam_group"
	typeRole  = "aws_iam_role"

	typeServiceLinkedRole = "aws_iam_service_linked_role"
	typePolicy            = "aws_iam_policy"
	typeUserPolicy        = "aws_iam_user_policy"
	typeGroupPolicy       = "aws_iam_group_policy"
	typeRolePolicy        = "aws_iam_role_policy"
	typeAttachment        = "aws_iam_policy_attachment"
	typeUserAttachment    = "aws_iam_user_policy_attachment"
	typeGroupAttachment   = "aws_iam_group_policy_attachment"
	typeRoleAttachment    = "aws_iam_role_policy_attachment"
	typeUserGroups        = "aws_iam_user_group_membership"
	typeGroupUsers        = "aws_iam_group_membership"
	typeAccessKey         = "aws_iam_access_key"

	typeUserPolicies     = "aws_iam_user_policies_exclusive"
	typeGroupPolicies    = "aws_iam_group_policies_exclusive"
	typeRolePolicies     = "aws_iam_role_policies_exclusive"
	typeUserAttachments  = "aws_iam_user_policy_attachments_exclusive"
	typeGroupAttachments = "aws_iam_group_policy_attachments_exclusive"
	typeRoleAttachments  = "aws_iam_role_policy_attachments_exclusive"

	typeDocument = "aws_iam_policy_document" // a data source

	typeOrganization       = "aws_organizations_organization"
	typeUnit               = "aws_organizations_organizational_unit"
	typeAccount            = "aws_organizations_account"
	typeOrganizationPolicy = "aws_organizations_policy"
	typeTarget             = "aws_organizations_policy_attachment"

	typeEndpoint       = "aws_vpc_endpoint"
	typeEndpointPolicy = "aws_vpc_endpoint_policy"
)

// without are the types of KMS and IAM that decide nothing about keys.
var without = []string{
	"aws_iam_account_alias", "aws_iam_account_password_policy", "aws_iam_instance_profile", "aws_iam_openid_connect_provider",
	"aws_iam_organizations_features", "aws_iam_outbound_web_identity_federation", "aws_iam_saml_provider",
	"aws_iam_security_token_service_preferences", "aws_iam_server_certificate", "aws_iam_service_specific_credential",
	"aws_iam_signing_certificate", "aws_iam_user_login_profile", "aws_iam_user_ssh_key", "aws_iam_virtual_mfa_device",
	"aws_kms_ciphertext", "aws_kms_custom_key_store",
}

// loaded are the types of KMS and IAM that are loaded.
var loaded = []string{
	typeKey, typeExternalKey, typeReplicaKey, typeReplicaExternalKey, typeKeyPolicy, typeAlias, typeGrant,
	typeUser, typeGroup, typeRole, typeServiceLinkedRole, typePolicy, typeUserPolicy, typeGroupPolicy, typeRolePolicy,
	typeAttachment, typeUserAttachment, typeGroupAttachment, typeRoleAttachment, typeUserGroups, typeGroupUsers, typeAccessKey,
	typeUserPolicies, typeGroupPolicies, typeRolePolicies, typeUserAttachments, typeGroupAttachments, typeRoleAttachments,
}
