package kms

import "github.com/strictkms/strictkms/kms/material"

var publicKeyOperations = []operation{
	answers("GetPublicKey", getPublicKey),
}

// getPublicKeyInput is the input of GetPublicKey.
type getPublicKeyInput struct {
	KeyId       *string  `kms:"required,min=1,max=2048"`
	GrantTokens []string `kms:"min=0,max=10,each=min=1;max=8192"`
}

// getPublicKeyOutput is the output of GetPublicKey.
type getPublicKeyOutput struct {
	KeyId                   string
	PublicKey               []byte
	CustomerMasterKeySpec   string `json:",omitempty"` // the deprecated name of KeySpec, for the specs of its time
	KeySpec                 string
	KeyUsage                string
	EncryptionAlgorithms    []string `json:",omitempty"`
	SigningAlgorithms       []string `json:",omitempty"`
	KeyAgreementAlgorithms  []string `json:",omitempty"`
	EncapsulationAlgorithms []string `json:",omitempty"`
}

// getPublicKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html.
func getPublicKey(c *call, in *getPublicKeyInput) (*getPublicKeyOutput, error) {
	key, err := c.authorizeUse(*in.KeyId, in.GrantTokens, nil)
	if err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	m, err := key.currentMaterial()
	if err != nil {
		return nil, err
	}
	if m.Spec().Symmetric() {
		return nil, &Error{Code: CodeUnsupportedOperation}
	}
	public, err := m.PublicKey()
	if err != nil {
		return nil, err
	}
	out := &getPublicKeyOutput{KeyId: key.ARN, PublicKey: public, KeySpec: key.Metadata.Spec, KeyUsage: key.Metadata.Usage}
	if enums["CustomerMasterKeySpec"].Has(out.KeySpec) {
		out.CustomerMasterKeySpec = out.KeySpec
	}
	usage := material.Usage(key.Metadata.Usage)
	algorithms := m.Spec().Algorithms(usage)
	switch usage {
	case material.EncryptDecrypt:
		out.EncryptionAlgorithms = algorithms
	case material.SignVerify:
		out.SigningAlgorithms = algorithms
	case material.KeyAgreement:
		out.KeyAgreementAlgorithms = algorithms
	case material.EncapsulateDecapsulate:
		out.EncapsulationAlgorithms = algorithms
	default:
	}
	return out, nil
}
