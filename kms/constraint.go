package kms

import "github.com/strictkms/strictkms/internal/constraint"

// The enums and patterns that the tags of input structs name. They are those of AWS's model
// (https://github.com/aws/aws-sdk-go-v2/tree/main/service/kms, types/enums.go, and the shapes of the API Reference).

var enums = map[string]constraint.Enum{
	"AlgorithmSpec": {
		"RSAES_PKCS1_V1_5", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
		"RSA_AES_KEY_WRAP_SHA_256", "SM2PKE",
	},
	"CustomerMasterKeySpec": {
		"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
		"SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2",
	},
	"CustomKeyStoreType": {"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"},
	"DataKeyPairSpec": {
		"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
		"SM2", "ECC_NIST_EDWARDS25519", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024",
	},
	"DataKeySpec":                {"AES_256", "AES_128"},
	"DryRunModifierType":         {"IGNORE_CIPHERTEXT"},
	"EncapsulationAlgorithmSpec": {"ML_KEM"},
	"EncryptionAlgorithmSpec":    {"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"},
	"ExpirationModelType":        {"KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"},
	"GrantOperation": {
		"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
		"Sign", "Verify", "GetPublicKey", "CreateGrant", "RetireGrant", "DescribeKey", "GenerateDataKeyPair",
		"GenerateDataKeyPairWithoutPlaintext", "GenerateMac", "VerifyMac", "DeriveSharedSecret", "Encapsulate",
		"Decapsulate",
	},
	"ImportType":                {"NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"},
	"IncludeKeyMaterial":        {"ALL_KEY_MATERIAL", "ROTATIONS_ONLY"},
	"KeyAgreementAlgorithmSpec": {"ECDH"},
	"KeyEncryptionMechanism":    {"RSAES_OAEP_SHA_256"},
	"KeySpec": {
		"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1",
		"SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2", "ML_DSA_44", "ML_DSA_65",
		"ML_DSA_87", "ECC_NIST_EDWARDS25519", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024",
	},
	"KeyUsageType": {
		"SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE",
	},
	"MacAlgorithmSpec": {"HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"},
	"MessageType":      {"RAW", "DIGEST", "EXTERNAL_MU"},
	"OriginType":       {"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"},
	"SigningAlgorithmSpec": {
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256",
		"RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512", "ECDSA_SHA_256", "ECDSA_SHA_384", "ECDSA_SHA_512",
		"SM2DSA", "ML_DSA_SHAKE_256", "ED25519_SHA_512", "ED25519_PH_SHA_512",
	},
	"XksProxyConnectivityType": {"PUBLIC_ENDPOINT", "VPC_ENDPOINT_SERVICE"},
	"WrappingKeySpec":          {"RSA_2048", "RSA_3072", "RSA_4096", "SM2"},
}

var patterns = map[string]*constraint.Pattern{
	"AliasNameType":                                constraint.NewPattern(`^[a-zA-Z0-9:/_-]+$`, `[a-zA-Z0-9:/_-]+`),
	"AccountIdType":                                constraint.NewPattern(`[0-9]{12}`, `[0-9]{12}`),
	"BackingKeyIdType":                             constraint.NewPattern(`^[a-f0-9]+$`, `[a-f0-9]+`),
	"CloudHsmClusterIdType":                        constraint.NewPattern(`cluster-[2-7a-zA-Z]{11,16}`, `cluster-[2-7a-zA-Z]{11,16}`),
	"KeyMaterialDescriptionType":                   constraint.NewPattern(`^[a-zA-Z0-9:/_\s.-]+$`, `[a-zA-Z0-9:/_\s.\-]+`),
	"XksProxyAuthenticationAccessKeyIdType":        constraint.NewPattern(`^[A-Z2-7]+$`, `[A-Z2-7]+`),
	"XksProxyAuthenticationRawSecretAccessKeyType": constraint.NewPattern(`^[a-zA-Z0-9\/+=]+$`, `[a-zA-Z0-9/+=]+`),
	"XksProxyUriEndpointType":                      constraint.NewPattern(`^https://[a-zA-Z0-9.-]+$`, `https://[a-zA-Z0-9.\-]+`),
	"XksProxyUriPathType": constraint.NewPattern(`^(/[a-zA-Z0-9\/_-]+/kms/xks/v\d{1,2})$|^(/kms/xks/v\d{1,2})$`,
		`(/[a-zA-Z0-9/_\-]+/kms/xks/v\d{1,2})|(/kms/xks/v\d{1,2})`),
	"XksProxyVpcEndpointServiceNameType": constraint.NewPattern(
		`^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$`,
		`(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+`),
	"XksKeyIdType":    constraint.NewPattern(`^[a-zA-Z0-9-_.]+$`, `[a-zA-Z0-9\-_.]+`),
	"GrantNameType":   constraint.NewPattern(`^[a-zA-Z0-9:/_-]+$`, `[a-zA-Z0-9:/_-]+`),
	"PrincipalIdType": constraint.NewPattern(`^[\w+=,.@:/-]+$`, `[\w+=,.@:/-]+`),
	"MarkerType":      constraint.NewPattern(`[\u0020-\u00FF]*`, `[\x{0020}-\x{00FF}]*`),
	"RegionType":      constraint.NewPattern(`^([a-z]+-){2,3}\d+$`, `([a-z]+-){2,3}\d+`),
	"PolicyNameType":  constraint.NewPattern(`[\w]+`, `[\w]+`),
	"PolicyType":      constraint.NewPattern(`[\u0009\u000A\u000D\u0020-\u00FF]+`, `[\x{0009}\x{000A}\x{000D}\x{0020}-\x{00FF}]+`),
}
