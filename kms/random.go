package kms

import (
	"fmt"
	"io"
)

var randomOperations = []operation{
	answers("GenerateRandom", generateRandom),
}

// codeCustomKeyStoreNotFound is the code of the exception for a custom key store that is not there.
const codeCustomKeyStoreNotFound = "CustomKeyStoreNotFoundException"

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
	if err := c.authorize("kms:GenerateRandom", nil, nil); err != nil {
		return nil, err
	}
	if err := checkRecipient(in.Recipient); err != nil {
		return nil, err
	}
	if in.CustomKeyStoreId != nil {
		return nil, &Error{Code: codeCustomKeyStoreNotFound} // there are none
	}
	plaintext := make(secret, *in.NumberOfBytes)
	if _, err := io.ReadFull(c.service.config.Rand, plaintext); err != nil {
		return nil, fmt.Errorf("random bytes: %w", err)
	}
	return &generateRandomOutput{Plaintext: plaintext}, nil
}
