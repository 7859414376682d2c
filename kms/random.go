package kms

import (
	"fmt"
	"io"
)

var randomOperations = []operation{
	answers("GenerateRandom", generateRandom),
}

// generateRandomInput is the input of GenerateRandom.
type generateRandomInput struct {
	NumberOfBytes    *int32  `kms:"min=1,max=1024"`
	CustomKeyStoreId *string `kms:"min=1,max=64"`
	Recipient        *recipientInfo
}

// generateRandomOutput is the output of GenerateRandom.
type generateRandomOutput struct {
	Plaintext              secret `json:",omitempty"`
	CiphertextForRecipient []byte `json:",omitempty"`
}

// generateRandom is https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html.
func generateRandom(c *call, in *generateRandomInput) (*generateRandomOutput, error) {
	if in.NumberOfBytes == nil {
		return nil, failf(CodeValidation, "NumberOfBytes is required.")
	}
	recipient, err := c.recipient(in.Recipient)
	if err != nil {
		return nil, err
	}
	if err := c.authorize("kms:GenerateRandom", nil, newConditions("").attested(recipient)); err != nil {
		return nil, err
	}
	if in.CustomKeyStoreId != nil {
		if err := c.checkRandomStore(*in.CustomKeyStoreId); err != nil {
			return nil, err
		}
	}
	plaintext := make(secret, *in.NumberOfBytes)
	if _, err := io.ReadFull(c.service.config.Rand, plaintext); err != nil {
		return nil, fmt.Errorf("random bytes: %w", err)
	}
	out := &generateRandomOutput{}
	out.Plaintext, out.CiphertextForRecipient, err = c.answer(recipient, plaintext)
	if err != nil {
		return nil, err
	}
	return out, nil
}
