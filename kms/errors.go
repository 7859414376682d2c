package kms

import "fmt"

// Error is an exception of the KMS API, by the code its clients know it by
// (https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html and the errors of each operation).
type Error struct {
	Code string
	// Message is AWS's sentence; empty for an exception that AWS answers without one.
	Message string
	// Cause is what happened inside, for logs; it is never sent.
	Cause error
}

// Error returns the code with its message.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// The codes of exceptions.
const (
	CodeAccessDenied            = "AccessDeniedException"
	CodeAlreadyExists           = "AlreadyExistsException"
	CodeConflict                = "ConflictException"
	CodeDependencyTimeout       = "DependencyTimeoutException"
	CodeDisabled                = "DisabledException"
	CodeDryRunOperation         = "DryRunOperationException"
	CodeExpiredImportToken      = "ExpiredImportTokenException"
	CodeIncorrectKey            = "IncorrectKeyException"
	CodeIncorrectKeyMaterial    = "IncorrectKeyMaterialException"
	CodeInternal                = "KMSInternalException"
	CodeInvalidAliasName        = "InvalidAliasNameException"
	CodeInvalidArn              = "InvalidArnException"
	CodeInvalidCiphertext       = "InvalidCiphertextException"
	CodeInvalidGrantID          = "InvalidGrantIdException"
	CodeInvalidGrantToken       = "InvalidGrantTokenException"
	CodeInvalidImportToken      = "InvalidImportTokenException"
	CodeInvalidKeyUsage         = "InvalidKeyUsageException"
	CodeInvalidMac              = "KMSInvalidMacException"
	CodeInvalidMarker           = "InvalidMarkerException"
	CodeInvalidSignature        = "KMSInvalidSignatureException"
	CodeInvalidState            = "KMSInvalidStateException"
	CodeKeyUnavailable          = "KeyUnavailableException"
	CodeLimitExceeded           = "LimitExceededException"
	CodeMalformedPolicyDocument = "MalformedPolicyDocumentException"
	CodeNotFound                = "NotFoundException"
	CodeSerialization           = "SerializationException"
	CodeTag                     = "TagException"
	CodeThrottling              = "ThrottlingException"
	CodeUnknownOperation        = "UnknownOperationException"
	CodeUnsupportedOperation    = "UnsupportedOperationException"
	CodeValidation              = "ValidationException"
)

// The codes of exceptions about custom key stores.
const (
	CodeCloudHsmClusterInUse                = "CloudHsmClusterInUseException"
	CodeCloudHsmClusterInvalidConfiguration = "CloudHsmClusterInvalidConfigurationException"
	CodeCloudHsmClusterNotActive            = "CloudHsmClusterNotActiveException"
	CodeCloudHsmClusterNotFound             = "CloudHsmClusterNotFoundException"
	CodeCloudHsmClusterNotRelated           = "CloudHsmClusterNotRelatedException"
	CodeCustomKeyStoreHasCMKs               = "CustomKeyStoreHasCMKsException"
	CodeCustomKeyStoreInvalidState          = "CustomKeyStoreInvalidStateException"
	CodeCustomKeyStoreNameInUse             = "CustomKeyStoreNameInUseException"
	CodeCustomKeyStoreNotFound              = "CustomKeyStoreNotFoundException"
	CodeIncorrectTrustAnchor                = "IncorrectTrustAnchorException"
	CodeXksKeyAlreadyInUse                  = "XksKeyAlreadyInUseException"
	CodeXksKeyInvalidConfiguration          = "XksKeyInvalidConfigurationException"
	CodeXksKeyNotFound                      = "XksKeyNotFoundException"
	CodeXksProxyIncorrectCredential         = "XksProxyIncorrectAuthenticationCredentialException"
	CodeXksProxyInvalidConfiguration        = "XksProxyInvalidConfigurationException"
	CodeXksProxyInvalidResponse             = "XksProxyInvalidResponseException"
	CodeXksProxyURIEndpointInUse            = "XksProxyUriEndpointInUseException"
	CodeXksProxyURIInUse                    = "XksProxyUriInUseException"
	CodeXksProxyURIUnreachable              = "XksProxyUriUnreachableException"
	CodeXksProxyVpcServiceNotFound          = "XksProxyVpcEndpointServiceNotFoundException"
)

// failf returns an exception with a message.
func failf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
