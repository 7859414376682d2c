package kms

import (
	"fmt"
	"io"

	"github.com/strictkms/strictkms/kms/attestation"
	"github.com/strictkms/strictkms/kms/material"
)

var dataKeyOperations = []operation{
	answers("GenerateDataKey", generateDataKey),
	answers("GenerateDataKeyWithoutPlaintext", generateDataKeyWithoutPlaintext),
}

// generateDataKeyInput is the input of GenerateDataKey.
type generateDataKeyInput struct {
	KeyId             *string `kms:"required,min=1,max=2048"`
	EncryptionContext map[string]string
	NumberOfBytes     *int32   `kms:"min=1,max=1024"`
	KeySpec           *string  `kms:"enum=DataKeySpec"`
	GrantTokens       []string `kms:"min=0,max=10,each=min=1;max=8192"`
	Recipient         *recipientInfo
	DryRun            *bool
}

// generateDataKeyOutput is the output of GenerateDataKey.
type generateDataKeyOutput struct {
	CiphertextBlob         []byte
	Plaintext              secret `json:",omitempty"`
	KeyId                  string
	CiphertextForRecipient []byte `json:",omitempty"`
	KeyMaterialId          string
}

// generateDataKeyWithoutPlaintextInput is the input of GenerateDataKeyWithoutPlaintext.
type generateDataKeyWithoutPlaintextInput struct {
	KeyId             *string `kms:"required,min=1,max=2048"`
	EncryptionContext map[string]string
	KeySpec           *string  `kms:"enum=DataKeySpec"`
	NumberOfBytes     *int32   `kms:"min=1,max=1024"`
	GrantTokens       []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun            *bool
}

// generateDataKeyWithoutPlaintextOutput is the output of GenerateDataKeyWithoutPlaintext.
type generateDataKeyWithoutPlaintextOutput struct {
	CiphertextBlob []byte
	KeyId          string
	KeyMaterialId  string
}

// generateDataKey is https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html.
func generateDataKey(c *call, in *generateDataKeyInput) (*generateDataKeyOutput, error) {
	recipient, err := c.recipient(in.Recipient)
	if err != nil {
		return nil, err
	}
	plaintext, made, err := c.newDataKey(&generateDataKeyWithoutPlaintextInput{
		KeyId: in.KeyId, EncryptionContext: in.EncryptionContext, KeySpec: in.KeySpec, NumberOfBytes: in.NumberOfBytes,
		GrantTokens: in.GrantTokens, DryRun: in.DryRun,
	}, recipient)
	if err != nil {
		return nil, err
	}
	out := &generateDataKeyOutput{CiphertextBlob: made.CiphertextBlob, KeyId: made.KeyId, KeyMaterialId: made.KeyMaterialId}
	out.Plaintext, out.CiphertextForRecipient, err = c.answer(recipient, plaintext)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// generateDataKeyWithoutPlaintext is
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html.
func generateDataKeyWithoutPlaintext(c *call, in *generateDataKeyWithoutPlaintextInput) (*generateDataKeyWithoutPlaintextOutput, error) {
	plaintext, out, err := c.newDataKey(in, nil)
	clear(plaintext)
	return out, err
}

// newDataKey makes a data key: random bytes, and the same encrypted.
func (c *call) newDataKey(in *generateDataKeyWithoutPlaintextInput, recipient *attestation.Document) (secret, *generateDataKeyWithoutPlaintextOutput, error) {
	size, err := dataKeySize(in.KeySpec, in.NumberOfBytes)
	if err != nil {
		return nil, nil, err
	}
	key, err := c.authorizeUse(*in.KeyId, in.GrantTokens, func(with conditions) conditions {
		return with.encryption(symmetricDefault, in.EncryptionContext).attested(recipient)
	})
	if err != nil {
		return nil, nil, err
	}
	e, err := c.prepareDataKey(key, in.EncryptionContext, in.DryRun)
	if err != nil {
		return nil, nil, err
	}
	plaintext := make(secret, size)
	if _, err := io.ReadFull(c.service.config.Rand, plaintext); err != nil {
		return nil, nil, fmt.Errorf("data key: %w", err)
	}
	blob, err := c.encryptWith(e, plaintext)
	if err != nil {
		return nil, nil, err
	}
	return plaintext, &generateDataKeyWithoutPlaintextOutput{
		CiphertextBlob: blob, KeyId: key.ARN, KeyMaterialId: key.Metadata.CurrentMaterial,
	}, nil
}

// prepareDataKey checks, for an authorized call, all that can be checked before a data key or data key pair is made.
func (c *call) prepareDataKey(key *Key, context map[string]string, dry *bool) (*encryption, error) {
	if err := c.checkUse(key, material.EncryptDecrypt); err != nil {
		return nil, err
	}
	e := &encryption{key: key, algorithm: symmetricDefault, context: context}
	if key.Metadata.Spec != symmetricDefault {
		return nil, failf(CodeInvalidKeyUsage, "You cannot generate a data key with an asymmetric CMK")
	}
	if err := c.prepareEncryption(e, 0); err != nil {
		return nil, err
	}
	return e, dryRun(dry)
}

// dataKeySize returns the length of a data key: by its spec or in bytes, one of them.
func dataKeySize(spec *string, bytes *int32) (int, error) {
	switch {
	case (spec == nil) == (bytes == nil):
		return 0, failf(CodeValidation, "Please specify either number of bytes or key spec.")
	case bytes != nil:
		return int(*bytes), nil
	case *spec == "AES_128":
		return 16, nil
	default:
		return 32, nil
	}
}
