package kms

import (
	"errors"

	"github.com/strictkms/strictkms/kms/material"
)

var agreeOperations = []operation{
	answers("DeriveSharedSecret", deriveSharedSecret),
}

// deriveSharedSecretInput is the input of DeriveSharedSecret.
type deriveSharedSecretInput struct {
	KeyId                 *string  `kms:"required,min=1,max=2048"`
	KeyAgreementAlgorithm *string  `kms:"required,enum=KeyAgreementAlgorithmSpec"`
	PublicKey             []byte   `kms:"required,min=1,max=8192"`
	GrantTokens           []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun                *bool
	Recipient             *recipientInfo
}

// deriveSharedSecretOutput is the output of DeriveSharedSecret.
type deriveSharedSecretOutput struct {
	KeyId                  string
	SharedSecret           secret `json:",omitempty"`
	CiphertextForRecipient []byte `json:",omitempty"`
	KeyAgreementAlgorithm  string
	KeyOrigin              string
}

// deriveSharedSecret is https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html.
func deriveSharedSecret(c *call, in *deriveSharedSecretInput) (*deriveSharedSecretOutput, error) {
	key, err := c.authorizeUse(*in.KeyId, in.GrantTokens, func(with conditions) conditions {
		return with.with("kms:KeyAgreementAlgorithm", *in.KeyAgreementAlgorithm)
	})
	if err != nil {
		return nil, err
	}
	if err := checkRecipient(in.Recipient); err != nil {
		return nil, err
	}
	m, a, err := c.materialFor(key, material.KeyAgreement, *in.KeyAgreementAlgorithm)
	if err != nil {
		return nil, err
	}
	shared, err := m.SharedSecret(a, in.PublicKey)
	if errors.Is(err, material.ErrPublicKey) {
		return nil, &Error{Code: CodeValidation}
	}
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &deriveSharedSecretOutput{
		KeyId: key.ARN, SharedSecret: shared, KeyAgreementAlgorithm: a.Name, KeyOrigin: key.Metadata.Origin,
	}, nil
}
