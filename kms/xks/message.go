package xks

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
)

// metadata is requestMetadata of the specification.
type metadata struct {
	AwsPrincipalArn string `json:"awsPrincipalArn,omitempty"`
	AwsSourceVpc    string `json:"awsSourceVpc,omitempty"`
	AwsSourceVpce   string `json:"awsSourceVpce,omitempty"`
	KmsKeyArn       string `json:"kmsKeyArn,omitempty"`
	KmsOperation    string `json:"kmsOperation"`
	KmsRequestID    string `json:"kmsRequestId"`
	KmsViaService   string `json:"kmsViaService,omitempty"`
}

func newMetadata(r *kms.ProxyReason) metadata {
	return metadata{
		AwsPrincipalArn: r.Principal, AwsSourceVpc: r.SourceVPC, AwsSourceVpce: r.SourceVPCEndpoint, KmsKeyArn: r.KeyARN,
		KmsOperation: r.Operation, KmsRequestID: r.RequestID, KmsViaService: r.ViaService,
	}
}

type metadataRequest struct {
	RequestMetadata metadata `json:"requestMetadata"`
}

type healthAnswer struct {
	XksProxyFleetSize int    `json:"xksProxyFleetSize"`
	XksProxyVendor    string `json:"xksProxyVendor"`
	XksProxyModel     string `json:"xksProxyModel"`
	EkmVendor         string `json:"ekmVendor"`
	EkmFleetDetails   []struct {
		ID           string `json:"id"`
		Model        string `json:"model"`
		HealthStatus string `json:"healthStatus"`
	} `json:"ekmFleetDetails"`
}

// CheckHealth implements [kms.Proxies].
func (c *Client) CheckHealth(ctx context.Context, proxy *kms.Proxy, why *kms.ProxyReason) error {
	var answer healthAnswer
	body := metadataRequest{metadata{KmsOperation: why.Operation, KmsRequestID: why.RequestID}}
	if err := c.do(ctx, &request{proxy, "/health", why, body}, &answer); err != nil {
		return err
	}
	managers := len(answer.EkmFleetDetails)
	if answer.XksProxyFleetSize < 1 || answer.XksProxyVendor == "" || answer.XksProxyModel == "" || answer.EkmVendor == "" ||
		managers < 1 || managers > 10 {
		return malformed("the health status lacks members, or has more than ten external key managers")
	}
	available := false
	for _, manager := range answer.EkmFleetDetails {
		switch manager.HealthStatus {
		case "ACTIVE", "DEGRADED":
			available = true
		case "UNAVAILABLE":
		default:
			return malformed("the health status of an external key manager is none of the specification")
		}
	}
	if !available {
		return &kms.ProxyError{Failure: kms.ProxyManagersUnavailable}
	}
	return nil
}

type keyAnswer struct {
	KeySpec   string   `json:"keySpec"`
	KeyUsage  []string `json:"keyUsage"`
	KeyStatus string   `json:"keyStatus"`
}

// Describe implements [kms.Proxies].
func (c *Client) Describe(ctx context.Context, proxy *kms.Proxy, keyID string, why *kms.ProxyReason) (kms.ExternalKey, error) {
	var answer keyAnswer
	r, err := newRequest(proxy, keyID, "metadata", why, metadataRequest{newMetadata(why)})
	if err == nil {
		err = c.do(ctx, r, &answer)
	}
	if err == nil && (answer.KeySpec == "" || len(answer.KeyUsage) > 10 || !slices.Contains([]string{"ENABLED", "DISABLED"}, answer.KeyStatus)) {
		err = malformed("the key metadata lacks members, or has values that are none of the specification")
	}
	return kms.ExternalKey{Spec: answer.KeySpec, Status: answer.KeyStatus, Usage: answer.KeyUsage}, err
}

// newRequest is a request about an external key.
func newRequest(proxy *kms.Proxy, keyID, operation string, why *kms.ProxyReason, body any) (*request, error) {
	if keyID == "." || keyID == ".." { // no URI leads there
		return nil, &kms.ProxyError{Failure: kms.ProxyKeyNotFound}
	}
	return &request{proxy, "/keys/" + keyID + "/" + operation, why, body}, nil
}

func malformed(why string) error {
	return &kms.ProxyError{Failure: kms.ProxyMalformed, Cause: errors.New(why)}
}

const (
	aesGCM     = "AES_GCM"
	sha256CDIV = "SHA_256"
)

type encryptRequest struct {
	RequestMetadata metadata `json:"requestMetadata"`
	AAD             []byte   `json:"additionalAuthenticatedData,omitempty"`
	Plaintext       []byte   `json:"plaintext"`
	Algorithm       string   `json:"encryptionAlgorithm"`
	CDIVAlgorithm   string   `json:"ciphertextDataIntegrityValueAlgorithm,omitempty"`
}

type encryptAnswer struct {
	Ciphertext []byte `json:"ciphertext"`
	Metadata   []byte `json:"ciphertextMetadata"`
	IV         []byte `json:"initializationVector"`
	Tag        []byte `json:"authenticationTag"`
	CDIV       []byte `json:"ciphertextDataIntegrityValue"`
}

// Encrypt implements [kms.Proxies]. Of a data key the proxy has to prove that it can be decrypted again: its holder will
// forget it (the specification, Encrypt, KMS Considerations).
func (c *Client) Encrypt(ctx context.Context, proxy *kms.Proxy, keyID string, why *kms.ProxyReason, aad, plaintext []byte) (material.Outer, error) {
	body := encryptRequest{RequestMetadata: newMetadata(why), AAD: aad, Plaintext: plaintext, Algorithm: aesGCM}
	if strings.HasPrefix(why.Operation, "GenerateDataKey") {
		body.CDIVAlgorithm = sha256CDIV
	}
	var answer encryptAnswer
	r, err := newRequest(proxy, keyID, "encrypt", why, &body)
	if err == nil {
		err = c.do(ctx, r, &answer)
	}
	if err != nil {
		return material.Outer{}, err
	}
	outer := material.Outer{IV: answer.IV, Metadata: answer.Metadata, Tag: answer.Tag, Text: answer.Ciphertext}
	switch {
	case !outer.IsValid(len(plaintext)):
		return material.Outer{}, malformed("the parts of the ciphertext do not have the lengths of the specification")
	case body.CDIVAlgorithm != "" && subtle.ConstantTimeCompare(answer.CDIV, DataIntegrityValue(aad, &outer)) != 1:
		return material.Outer{}, malformed("the ciphertext data integrity value is not that of the ciphertext")
	}
	return outer, nil
}

// DataIntegrityValue is the ciphertext data integrity value of a ciphertext (the specification, Appendix C).
func DataIntegrityValue(aad []byte, outer *material.Outer) []byte {
	digest := sha256.Sum256(slices.Concat(aad, outer.Metadata, outer.IV, outer.Text, outer.Tag))
	return digest[:]
}

type decryptRequest struct {
	RequestMetadata metadata `json:"requestMetadata"`
	AAD             []byte   `json:"additionalAuthenticatedData,omitempty"`
	Algorithm       string   `json:"encryptionAlgorithm"`
	Ciphertext      []byte   `json:"ciphertext"`
	Metadata        []byte   `json:"ciphertextMetadata,omitempty"`
	IV              []byte   `json:"initializationVector"`
	Tag             []byte   `json:"authenticationTag"`
}

// Decrypt implements [kms.Proxies].
func (c *Client) Decrypt(ctx context.Context, proxy *kms.Proxy, keyID string, why *kms.ProxyReason, aad []byte, outer *material.Outer) ([]byte, error) {
	body := decryptRequest{
		RequestMetadata: newMetadata(why), AAD: aad, Algorithm: aesGCM, Ciphertext: outer.Text, Metadata: outer.Metadata,
		IV: outer.IV, Tag: outer.Tag,
	}
	var answer struct {
		Plaintext []byte `json:"plaintext"`
	}
	r, err := newRequest(proxy, keyID, "decrypt", why, &body)
	if err == nil {
		err = c.do(ctx, r, &answer)
	}
	if err != nil {
		return nil, err
	}
	if len(answer.Plaintext) != len(outer.Text) {
		return nil, malformed("the plaintext is not as long as the ciphertext")
	}
	return answer.Plaintext, nil
}
