package kms

import (
	"errors"
	"strings"

	"github.com/strictkms/strictkms/kms/material"
)

var encapsulateOperations = []operation{
	answers("Encapsulate", encapsulate),
	answers("Decapsulate", decapsulate),
}

// encapsulateInput is the input of Encapsulate.
type encapsulateInput struct {
	KeyId                  *string  `kms:"required,min=1,max=2048"`
	EncapsulationAlgorithm *string  `kms:"required,enum=EncapsulationAlgorithmSpec"`
	GrantTokens            []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun                 *bool
}

// encapsulateOutput is the output of Encapsulate.
type encapsulateOutput struct {
	KeyId                      string
	SharedSecret               secret
	SharedSecretCiphertextBlob []byte
	EncapsulationAlgorithm     string
}

// decapsulateInput is the input of Decapsulate.
type decapsulateInput struct {
	KeyId                      *string  `kms:"required,min=1,max=2048"`
	SharedSecretCiphertextBlob []byte   `kms:"required,min=1,max=6144"`
	EncapsulationAlgorithm     *string  `kms:"required,enum=EncapsulationAlgorithmSpec"`
	GrantTokens                []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun                     *bool
}

// decapsulateOutput is the output of Decapsulate.
type decapsulateOutput struct {
	KeyId                  string
	SharedSecret           secret
	EncapsulationAlgorithm string
}

// encapsulate is https://docs.aws.amazon.com/kms/latest/APIReference/API_Encapsulate.html.
func encapsulate(c *call, in *encapsulateInput) (*encapsulateOutput, error) {
	key, m, a, err := c.prepareEncapsulation(*in.KeyId, *in.EncapsulationAlgorithm, in.GrantTokens)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	shared, ciphertext, err := m.Encapsulate(a)
	if err != nil {
		return nil, err
	}
	return &encapsulateOutput{
		KeyId: key.ARN, SharedSecret: shared, SharedSecretCiphertextBlob: ciphertext, EncapsulationAlgorithm: a.Name,
	}, nil
}

// decapsulate is https://docs.aws.amazon.com/kms/latest/APIReference/API_Decapsulate.html.
func decapsulate(c *call, in *decapsulateInput) (*decapsulateOutput, error) {
	key, m, a, err := c.prepareEncapsulation(*in.KeyId, *in.EncapsulationAlgorithm, in.GrantTokens)
	if err != nil {
		return nil, err
	}
	shared, err := m.Decapsulate(a, in.SharedSecretCiphertextBlob)
	if errors.Is(err, material.ErrCiphertext) {
		return nil, &Error{Code: CodeInvalidCiphertext}
	}
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &decapsulateOutput{KeyId: key.ARN, SharedSecret: shared, EncapsulationAlgorithm: a.Name}, nil
}

// prepareEncapsulation authorizes a call and checks all that can be checked before the key is used.
func (c *call) prepareEncapsulation(keyID, algorithm string, grantTokens []string) (*Key, *material.Material, *material.Algorithm, error) {
	key, err := c.authorizeUse(keyID, grantTokens, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	m, a, err := c.materialFor(key, material.EncapsulateDecapsulate, algorithm)
	return key, m, a, err
}

// newKeySpec returns the spec of keys that are to be made in a partition, nil for one that AWS does not have there:
// "The ML-KEM key specs are not available in China Regions"
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html, KeySpec).
func newKeySpec(partition, name string) *material.Spec {
	if partition == "aws-cn" && strings.HasPrefix(name, "ML_KEM_") {
		return nil
	}
	return material.LookupSpec(name)
}
