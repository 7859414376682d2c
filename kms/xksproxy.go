package kms

import (
	"context"
	"slices"

	"github.com/strictkms/strictkms/kms/material"
)

// Proxies talks to external key store proxies, in the published API of such proxies
// (https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/xks_proxy_api_spec.md). What goes wrong between AWS KMS and a
// proxy is a [*ProxyError].
type Proxies interface {
	// CheckHealth asks a proxy whether it and an external key manager behind it work (GetHealthStatus).
	CheckHealth(ctx context.Context, proxy *Proxy, why *ProxyReason) error
	// Describe asks about an external key (GetKeyMetadata).
	Describe(ctx context.Context, proxy *Proxy, keyID string, why *ProxyReason) (ExternalKey, error)
	// Encrypt encrypts with an external key, and authenticates the additional data with it.
	Encrypt(ctx context.Context, proxy *Proxy, keyID string, why *ProxyReason, aad, plaintext []byte) (material.Outer, error)
	// Decrypt is the reverse of Encrypt.
	Decrypt(ctx context.Context, proxy *Proxy, keyID string, why *ProxyReason, aad []byte, outer *material.Outer) ([]byte, error)
}

// Proxy is an external key store proxy, and what requests to it are signed with.
type Proxy struct {
	// Region is that of the key store: requests are signed for it.
	Region string
	// Endpoint is https:// with a host name, Path begins with a slash and ends in /kms/xks/v1.
	Endpoint, Path string
	AccessKeyID    string
	secret         secretText
}

// SecretAccessKey returns the secret that requests are signed with. It must not be logged.
func (p *Proxy) SecretAccessKey() string { return string(p.secret) }

// NewProxy returns a proxy with a secret.
func NewProxy(region, endpoint, path, accessKeyID, secretAccessKey string) *Proxy {
	return &Proxy{Region: region, Endpoint: endpoint, Path: path, AccessKeyID: accessKeyID, secret: secretText(secretAccessKey)}
}

// ProxyReason is what a proxy is told about the call for which it is asked (requestMetadata of the specification).
type ProxyReason struct {
	Principal, KeyARN, Operation, RequestID string
	// ViaService is the service that calls for the principal, SourceVPC and SourceVPCEndpoint where the call came from;
	// empty for none.
	ViaService, SourceVPC, SourceVPCEndpoint string
}

// ExternalKey is what a proxy says about an external key.
type ExternalKey struct {
	Spec, Status string
	Usage        []string
}

// isFit reports whether a KMS key can have the external key: an enabled AES-256 key that encrypts and decrypts.
func (k *ExternalKey) isFit() bool {
	return k.Spec == "AES_256" && k.Status == "ENABLED" && slices.Contains(k.Usage, "ENCRYPT") && slices.Contains(k.Usage, "DECRYPT")
}
