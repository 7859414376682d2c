package kms

// The exceptions about custom key stores that always say the same. The sentences are those of the API Reference, Errors of
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateCustomKeyStore.html and of the other operations.
var (
	errStoreNotFound = &Error{
		Code:    CodeCustomKeyStoreNotFound,
		Message: "The request was rejected because AWS KMS cannot find a custom key store with the specified key store name or ID.",
	}
	errStoreState = &Error{
		Code:    CodeCustomKeyStoreInvalidState,
		Message: "The request was rejected because of the ConnectionState of the custom key store.",
	}
	errStoreNameInUse = &Error{
		Code: CodeCustomKeyStoreNameInUse,
		Message: "The request was rejected because the specified custom key store name is already assigned to another custom " +
			"key store in the account.",
	}
	errStoreHasKeys = &Error{
		Code:    CodeCustomKeyStoreHasCMKs,
		Message: "The request was rejected because the custom key store contains KMS keys.",
	}
	errClusterInUse = &Error{
		Code: CodeCloudHsmClusterInUse,
		Message: "The request was rejected because the specified AWS CloudHSM cluster is already associated with an AWS CloudHSM " +
			"key store in the account, or it shares a backup history with an AWS CloudHSM key store in the account.",
	}
	errClusterNotFound = &Error{
		Code: CodeCloudHsmClusterNotFound,
		Message: "The request was rejected because AWS KMS cannot find the AWS CloudHSM cluster with the specified cluster ID. " +
			"Retry the request with a different cluster ID.",
	}
	errClusterNotActive = &Error{
		Code: CodeCloudHsmClusterNotActive,
		Message: "The request was rejected because the AWS CloudHSM cluster associated with the AWS CloudHSM key store is not " +
			"active. Initialize and activate the cluster and try the command again.",
	}
	errClusterConfiguration = &Error{
		Code: CodeCloudHsmClusterInvalidConfiguration,
		Message: "The request was rejected because the associated AWS CloudHSM cluster did not meet the configuration " +
			"requirements for an AWS CloudHSM key store.",
	}
	errClusterNotRelated = &Error{
		Code: CodeCloudHsmClusterNotRelated,
		Message: "The request was rejected because the specified AWS CloudHSM cluster has a different cluster certificate than " +
			"the original cluster.",
	}
	errTrustAnchor = &Error{
		Code: CodeIncorrectTrustAnchor,
		Message: "The request was rejected because the trust anchor certificate in the request to create an AWS CloudHSM key " +
			"store is not the trust anchor certificate for the specified AWS CloudHSM cluster.",
	}
	errProxyURIInUse = &Error{
		Code: CodeXksProxyURIInUse,
		Message: "The request was rejected because the concatenation of the XksProxyUriEndpoint and XksProxyUriPath is already " +
			"associated with another external key store in this AWS Region.",
	}
	errVpcServiceNotFound = &Error{
		Code:    CodeXksProxyVpcServiceNotFound,
		Message: "The request was rejected because AWS KMS could not find the specified VPC endpoint service.",
	}
	errXksKeyInUse = &Error{
		Code: CodeXksKeyAlreadyInUse,
		Message: "The request was rejected because the (XksKeyId) is already associated with another KMS key in this external " +
			"key store.",
	}
	errXksKeyConfiguration = &Error{
		Code: CodeXksKeyInvalidConfiguration,
		Message: "The request was rejected because the external key specified by the XksKeyId parameter did not meet the " +
			"configuration requirements for an external key store.",
	}
)
