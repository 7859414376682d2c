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
	recipient, err := c.recipient(in.Recipient)
	if err != nil {
		return nil, err
	}
	key, err := c.authorizeUse(*in.KeyId, in.GrantTokens, func(with conditions) conditions {
		return with.with("kms:KeyAgreementAlgorithm", *in.KeyAgreementAlgorithm).attested(recipient)
	})
	if err != nil {
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
	out := &deriveSharedSecretOutput{KeyId: key.ARN, KeyAgreementAlgorithm: a.Name, KeyOrigin: key.Metadata.Origin}
	out.SharedSecret, out.CiphertextForRecipient, err = c.answer(recipient, shared)
	if err != nil {
		return nil, err
	}
	return out, nil
}
