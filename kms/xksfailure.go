package kms

import (
	"errors"
	"fmt"
)

// ProxyError is what went wrong between AWS KMS and an external key store proxy.
type ProxyError struct {
	Failure ProxyFailure
	// Cause is for logs; it is never sent.
	Cause error
}

// Error says what failed, and why.
func (e *ProxyError) Error() string {
	if e.Cause == nil {
		return "external key store proxy: " + e.Failure.String()
	}
	return fmt.Sprintf("external key store proxy: %s: %v", e.Failure, e.Cause)
}

// Unwrap returns the cause.
func (e *ProxyError) Unwrap() error { return e.Cause }

// ProxyFailure is a kind of failure: the rows of the table of the specification under Error codes, KMS Considerations. The
// zero value is none of them.
type ProxyFailure int

// The failures. Those up to ProxyInternal are the proxy's own words.
const (
	ProxyFailureUnknown ProxyFailure = iota
	ProxyValidation
	ProxyInvalidState
	ProxyInvalidCiphertext
	ProxyInvalidKeyUsage
	ProxyAuthenticationFailed
	ProxyAccessDenied
	ProxyKeyNotFound
	ProxyInvalidURIPath
	ProxyUnsupportedOperation
	ProxyDependencyTimeout
	ProxyThrottling
	ProxyInternal
	// ProxyUnreachable is that there is no connection, ProxyTLS that there is none with TLS, ProxyTimedOut that no answer
	// came in time, ProxyMalformed that the answer is none.
	ProxyUnreachable
	ProxyTLS
	ProxyTimedOut
	ProxyMalformed
	// ProxyManagersUnavailable is that the proxy says that all external key managers are unavailable.
	ProxyManagersUnavailable
)

// String returns the name of the failure, for the failures of a proxy the one that it has in the specification.
func (f ProxyFailure) String() string { return proxyFailures[f].name }

// ProxyFailureOf returns the failure that a proxy gives a name; false for a name that is not in the specification.
func ProxyFailureOf(errorName string) (ProxyFailure, bool) {
	for f := ProxyValidation; f <= ProxyInternal; f++ {
		if proxyFailures[f].name == errorName {
			return f, true
		}
	}
	return ProxyFailureUnknown, false
}

// proxyFailure is how AWS KMS answers when a proxy failed. Cryptographic operations always answer KMSInvalidStateException.
type proxyFailure struct {
	name string
	// store is the exception of CreateCustomKeyStore and UpdateCustomKeyStore, key that of CreateKey.
	store, key string
	// connection is the ConnectionErrorCode.
	connection string
	message    string
}

const messageMalformed = "AWS KMS cannot interpret the response from the external key store proxy. If you see this error " +
	"repeatedly, report it to your external key store proxy administrator."

// proxyFailures is the table of the specification; the codes of connections follow from
// https://docs.aws.amazon.com/kms/latest/developerguide/xks-troubleshooting.html#xks-connection-error-codes.
var proxyFailures = map[ProxyFailure]proxyFailure{
	ProxyFailureUnknown: {
		"unknown failure", CodeXksProxyInvalidResponse, CodeCustomKeyStoreInvalidState, "INTERNAL_ERROR", messageMalformed,
	},
	ProxyValidation: {
		"ValidationException", CodeXksProxyInvalidResponse, CodeCustomKeyStoreInvalidState, "XKS_PROXY_INVALID_RESPONSE",
		messageMalformed,
	},
	ProxyInvalidState: {
		"InvalidStateException", CodeXksProxyInvalidResponse, CodeXksKeyInvalidConfiguration, "XKS_PROXY_INVALID_RESPONSE",
		"The external key associated with this KMS key in an external key store is not enabled in the external key manager. " +
			"Enable the external key in the external key manager and retry the request.",
	},
	ProxyInvalidCiphertext: {
		"InvalidCiphertextException", CodeXksProxyInvalidResponse, CodeCustomKeyStoreInvalidState, "XKS_PROXY_INVALID_RESPONSE",
		"The external key store proxy rejected the request because the specified ciphertext or encryption context is corrupted, " +
			"missing, or otherwise invalid.",
	},
	ProxyInvalidKeyUsage: {
		"InvalidKeyUsageException", CodeXksProxyInvalidResponse, CodeXksKeyInvalidConfiguration, "XKS_PROXY_INVALID_RESPONSE",
		"The external key associated with this KMS key in an external key store does not support the requested operation. " +
			"Enable the operation on the key in your external key manager, and try the request again.",
	},
	ProxyAuthenticationFailed: {
		"AuthenticationFailedException", CodeXksProxyIncorrectCredential, CodeCustomKeyStoreInvalidState, "INVALID_CREDENTIALS",
		"The external key store proxy rejected the request because it could not authenticate AWS KMS. Verify the XKS proxy " +
			"authentication credentials for your external key store and update if necessary.",
	},
	ProxyAccessDenied: {
		"AccessDeniedException", CodeXksProxyInvalidConfiguration, CodeInvalidState, "XKS_PROXY_ACCESS_DENIED",
		"The external key store proxy denied access to the operation. Verify that the user and the external key are both " +
			"authorized for this operation, and try the request again.",
	},
	ProxyKeyNotFound: {
		"KeyNotFoundException", CodeXksProxyInvalidResponse, CodeXksKeyNotFound, "XKS_PROXY_INVALID_RESPONSE",
		"The external key associated with this KMS key in an external key store was not found in its external key manager. If " +
			"the external key ID associated with this KMS key is incorrect, create a new KMS key with the correct external key ID.",
	},
	ProxyInvalidURIPath: {
		"InvalidUriPathException", CodeXksProxyInvalidConfiguration, CodeCustomKeyStoreInvalidState,
		"XKS_PROXY_INVALID_CONFIGURATION",
		"The external key store proxy rejected the request because of an invalid URI path. Verify the URI path for your " +
			"external key store and update if necessary.",
	},
	ProxyUnsupportedOperation: {
		// The specification has XksKeyInvalidResponseException for CreateKey, which the API does not have.
		"UnsupportedOperationException", CodeXksProxyInvalidResponse, CodeXksKeyInvalidConfiguration,
		"XKS_PROXY_INVALID_RESPONSE",
		"The external key store proxy rejected the request because it does not support the requested operation. If you see " +
			"this error repeatedly, report it to your external key store proxy administrator.",
	},
	ProxyDependencyTimeout: {
		"DependencyTimeoutException", CodeXksProxyURIUnreachable, CodeCustomKeyStoreInvalidState, "XKS_PROXY_TIMED_OUT",
		"The external key store proxy did not respond to the request in the time allotted. Retry the request. If you see this " +
			"error repeatedly, report it to your external key store proxy administrator.",
	},
	ProxyThrottling: {
		"ThrottlingException", CodeXksProxyURIUnreachable, CodeCustomKeyStoreInvalidState, "XKS_PROXY_NOT_REACHABLE",
		"The external key store proxy rejected the request due to a very high request rate. Reduce the frequency of your calls " +
			"using KMS keys in this external key store.",
	},
	ProxyInternal: {
		"InternalException", CodeXksProxyInvalidResponse, CodeCustomKeyStoreInvalidState, "XKS_PROXY_INVALID_RESPONSE",
		"The external key store proxy rejected the request because it cannot communicate with the external key manager. Verify " +
			"that the external key store proxy configuration is correct and that the external key manager is available.",
	},
	ProxyUnreachable: {
		"no connection", CodeXksProxyURIUnreachable, CodeCustomKeyStoreInvalidState, "XKS_PROXY_NOT_REACHABLE",
		messageUnreachable,
	},
	ProxyTLS: {
		"no TLS connection", CodeXksProxyURIUnreachable, CodeCustomKeyStoreInvalidState, "XKS_PROXY_INVALID_TLS_CONFIGURATION",
		"AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS configuration, including " +
			"its certificate.",
	},
	ProxyTimedOut: {
		"no answer in time", CodeXksProxyURIUnreachable, CodeCustomKeyStoreInvalidState, "XKS_PROXY_TIMED_OUT",
		"AWS KMS rejected the request because the external key store proxy did not respond in time. Retry the request. If you " +
			"see this error repeatedly, report it to your external key store proxy administrator.",
	},
	ProxyMalformed: {
		"no answer that can be read", CodeXksProxyInvalidResponse, CodeCustomKeyStoreInvalidState,
		"XKS_PROXY_INVALID_RESPONSE", messageMalformed,
	},
	ProxyManagersUnavailable: {
		"no external key manager is available", CodeXksProxyURIUnreachable, CodeCustomKeyStoreInvalidState,
		"XKS_PROXY_NOT_REACHABLE", messageUnreachable,
	},
}

const messageUnreachable = "AWS KMS cannot communicate with the external key store proxy. This might be a transient network " +
	"issue. If you see this error repeatedly, verify that your external key store proxy is active and is connected to the " +
	"network, and that its endpoint URI is correct in your external key store."

// answerOf makes of what went wrong with a proxy what AWS KMS answers: the exception that pick takes from the table. Other
// errors stay as they are.
func answerOf(err error, pick func(*proxyFailure) string) error {
	e, ok := errors.AsType[*ProxyError](err)
	if !ok {
		return err
	}
	failure := proxyFailures[e.Failure]
	return &Error{Code: pick(&failure), Message: failure.message, Cause: e}
}

func storeException(f *proxyFailure) string { return f.store }
func keyException(f *proxyFailure) string   { return f.key }
func useException(*proxyFailure) string     { return CodeInvalidState }
