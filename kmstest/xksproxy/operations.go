package xksproxy

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
)

// input are the parameters of all operations.
type input struct {
	RequestMetadata map[string]string `json:"requestMetadata"`
	AAD             []byte            `json:"additionalAuthenticatedData"`
	Algorithm       string            `json:"encryptionAlgorithm"`
	CDIVAlgorithm   string            `json:"ciphertextDataIntegrityValueAlgorithm"`
	Plaintext       *[]byte           `json:"plaintext"`
	Ciphertext      *[]byte           `json:"ciphertext"`
	Metadata        []byte            `json:"ciphertextMetadata"`
	IV              []byte            `json:"initializationVector"`
	Tag             []byte            `json:"authenticationTag"`
}

// What a proxy has to take at least, and what this one takes (the specification, Encrypt).
const (
	maxText = 4300
	maxAAD  = 8192
)

func invalid(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "ValidationException", format, args...)
}

// answer does an operation.
func (p *Proxy) answer(asked *Request, text []byte) (any, *failure) {
	var in input
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, invalid("The body is not the JSON that it should be.")
	}
	asked.Metadata, asked.AAD = in.RequestMetadata, in.AAD
	required := []string{"kmsOperation", "kmsRequestId"}
	if asked.Operation != "health" {
		required = append(required, "awsPrincipalArn")
	}
	if asked.Operation == "encrypt" || asked.Operation == "decrypt" {
		required = append(required, "kmsKeyArn")
	}
	for _, name := range required {
		if in.RequestMetadata[name] == "" {
			return nil, invalid("requestMetadata has no %s.", name)
		}
	}
	if asked.Operation == "health" {
		return p.healthStatus(), nil
	}
	key, err := p.find(asked)
	if err != nil {
		return nil, err
	}
	switch asked.Operation {
	case "metadata":
		return key.metadata(), nil
	case "encrypt":
		return key.encryptAnswer(&in)
	default:
		return key.decryptAnswer(&in)
	}
}

// healthStatus is what GetHealthStatus answers.
func (p *Proxy) healthStatus() any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string]any{
		"xksProxyFleetSize": 1, "xksProxyVendor": "strictkms", "xksProxyModel": "strictkms reference proxy", "ekmVendor": "strictkms",
		"ekmFleetDetails": []map[string]string{{"id": "memory", "model": "AES-256 keys in memory", "healthStatus": p.health}},
	}
}

// find returns the key of a request that is authorized.
func (p *Proxy) find(asked *Request) (*Key, *failure) {
	p.mu.Lock()
	allow, key, health := p.authorize, p.keys[asked.KeyID], p.health
	p.mu.Unlock()
	switch {
	case allow != nil && !allow(asked):
		return nil, fail(http.StatusForbidden, "AccessDeniedException", "The request is not authorized.")
	case health == "UNAVAILABLE":
		return nil, fail(http.StatusInternalServerError, "InternalException", "The key manager is not available.")
	case key == nil:
		return nil, fail(http.StatusNotFound, "KeyNotFoundException", "There is no such key.")
	default:
		return key, nil
	}
}

// metadata is what GetKeyMetadata answers.
func (k *Key) metadata() any {
	status := "ENABLED"
	if k.Disabled {
		status = "DISABLED"
	}
	return map[string]any{"keySpec": k.spec(), "keyUsage": k.usage(), "keyStatus": status}
}

// check refuses an operation that the key does not do, and parameters that are none.
func (k *Key) check(in *input, usage string, text *[]byte) *failure {
	switch {
	case in.Algorithm != "AES_GCM":
		return invalid("encryptionAlgorithm must be AES_GCM.")
	case text == nil:
		return invalid("There is nothing to %s.", map[string]string{"ENCRYPT": "encrypt", "DECRYPT": "decrypt"}[usage])
	case len(*text) > maxText || len(in.AAD) > maxAAD:
		return fail(http.StatusNotImplemented, "UnsupportedOperationException", "At most %d bytes with %d of additional data.", maxText, maxAAD)
	case k.Disabled:
		return fail(http.StatusBadRequest, "InvalidStateException", "The key is disabled.")
	case k.spec() != "AES_256" || !slices.Contains(k.usage(), usage):
		return fail(http.StatusBadRequest, "InvalidKeyUsageException", "The key does not do that.")
	default:
		return nil
	}
}

type encryptAnswer struct {
	Ciphertext []byte `json:"ciphertext"`
	Metadata   []byte `json:"ciphertextMetadata"`
	IV         []byte `json:"initializationVector"`
	Tag        []byte `json:"authenticationTag"`
	CDIV       []byte `json:"ciphertextDataIntegrityValue,omitempty"`
}

// encryptAnswer is what Encrypt answers. The data integrity value is made before it is seen whether the ciphertext can be
// decrypted: the order in which no damage goes unnoticed (the specification, Appendix C).
func (k *Key) encryptAnswer(in *input) (any, *failure) {
	if err := k.check(in, "ENCRYPT", in.Plaintext); err != nil {
		return nil, err
	}
	if in.CDIVAlgorithm != "" && in.CDIVAlgorithm != "SHA_256" {
		return nil, invalid("ciphertextDataIntegrityValueAlgorithm must be SHA_256.")
	}
	s, err := k.encrypt(in.AAD, *in.Plaintext)
	if err != nil {
		return nil, fail(http.StatusInternalServerError, "InternalException", "The key cannot be used.")
	}
	out := &encryptAnswer{Ciphertext: s.text, Metadata: s.metadata, IV: s.iv, Tag: s.tag}
	if in.CDIVAlgorithm != "" {
		digest := sha256.Sum256(slices.Concat(in.AAD, s.metadata, s.iv, s.text, s.tag))
		if again, ok := k.decrypt(in.AAD, &s); !ok || !slices.Equal(again, *in.Plaintext) {
			return nil, fail(http.StatusInternalServerError, "InternalException", "The ciphertext cannot be decrypted.")
		}
		out.CDIV = digest[:]
	}
	return out, nil
}

// decryptAnswer is what Decrypt answers.
func (k *Key) decryptAnswer(in *input) (any, *failure) {
	if err := k.check(in, "DECRYPT", in.Ciphertext); err != nil {
		return nil, err
	}
	plaintext, ok := k.decrypt(in.AAD, &sealed{*in.Ciphertext, in.Metadata, in.IV, in.Tag})
	if !ok {
		return nil, fail(http.StatusBadRequest, "InvalidCiphertextException", "The ciphertext or its additional data is not good.")
	}
	return map[string][]byte{"plaintext": plaintext}, nil
}
