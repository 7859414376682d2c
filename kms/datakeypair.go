package kms

import (
	"github.com/strictkms/strictkms/kms/attestation"
	"github.com/strictkms/strictkms/kms/material"
)

var dataKeyPairOperations = []operation{
	answers("GenerateDataKeyPair", generateDataKeyPair),
	answers("GenerateDataKeyPairWithoutPlaintext", generateDataKeyPairWithoutPlaintext),
}

// generateDataKeyPairInput is the input of GenerateDataKeyPair.
type generateDataKeyPairInput struct {
	KeyId             *string `kms:"required,min=1,max=2048"`
	KeyPairSpec       *string `kms:"required,enum=DataKeyPairSpec"`
	EncryptionContext map[string]string
	GrantTokens       []string `kms:"min=0,max=10,each=min=1;max=8192"`
	Recipient         *recipientInfo
	DryRun            *bool
}

// generateDataKeyPairOutput is the output of GenerateDataKeyPair.
type generateDataKeyPairOutput struct {
	PrivateKeyCiphertextBlob []byte
	PrivateKeyPlaintext      secret `json:",omitempty"`
	PublicKey                []byte
	KeyId                    string
	KeyPairSpec              string
	CiphertextForRecipient   []byte `json:",omitempty"`
	KeyMaterialId            string
}

// generateDataKeyPairWithoutPlaintextInput is the input of GenerateDataKeyPairWithoutPlaintext.
type generateDataKeyPairWithoutPlaintextInput struct {
	KeyId             *string `kms:"required,min=1,max=2048"`
	KeyPairSpec       *string `kms:"required,enum=DataKeyPairSpec"`
	EncryptionContext map[string]string
	GrantTokens       []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun            *bool
}

// generateDataKeyPairWithoutPlaintextOutput is the output of GenerateDataKeyPairWithoutPlaintext.
type generateDataKeyPairWithoutPlaintextOutput struct {
	PrivateKeyCiphertextBlob []byte
	PublicKey                []byte
	KeyId                    string
	KeyPairSpec              string
	KeyMaterialId            string
}

// generateDataKeyPair is https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html.
func generateDataKeyPair(c *call, in *generateDataKeyPairInput) (*generateDataKeyPairOutput, error) {
	recipient, err := c.recipient(in.Recipient)
	if err != nil {
		return nil, err
	}
	private, made, err := c.newDataKeyPair(&generateDataKeyPairWithoutPlaintextInput{
		KeyId: in.KeyId, KeyPairSpec: in.KeyPairSpec, EncryptionContext: in.EncryptionContext,
		GrantTokens: in.GrantTokens, DryRun: in.DryRun,
	}, recipient)
	if err != nil {
		return nil, err
	}
	out := &generateDataKeyPairOutput{
		PrivateKeyCiphertextBlob: made.PrivateKeyCiphertextBlob, PublicKey: made.PublicKey,
		KeyId: made.KeyId, KeyPairSpec: made.KeyPairSpec, KeyMaterialId: made.KeyMaterialId,
	}
	out.PrivateKeyPlaintext, out.CiphertextForRecipient, err = c.answer(recipient, private)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// generateDataKeyPairWithoutPlaintext is
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html.
func generateDataKeyPairWithoutPlaintext(c *call, in *generateDataKeyPairWithoutPlaintextInput) (*generateDataKeyPairWithoutPlaintextOutput, error) {
	private, out, err := c.newDataKeyPair(in, nil)
	clear(private)
	return out, err
}

// newDataKeyPair makes a data key pair and encrypts its private key.
func (c *call) newDataKeyPair(in *generateDataKeyPairWithoutPlaintextInput, recipient *attestation.Document) (secret, *generateDataKeyPairWithoutPlaintextOutput, error) {
	key, err := c.authorizeUse(*in.KeyId, in.GrantTokens, func(with conditions) conditions {
		return with.encryption(symmetricDefault, in.EncryptionContext).with("kms:DataKeyPairSpec", *in.KeyPairSpec).attested(recipient)
	})
	if err != nil {
		return nil, nil, err
	}
	if key.record.CustomKeyStoreID != "" {
		return nil, nil, errCustomOrigin(key) // as API_GenerateDataKeyPair.html says of KeyId
	}
	spec := newKeySpec(c.Partition, *in.KeyPairSpec)
	if spec == nil || !spec.DataKeyPair {
		return nil, nil, &Error{Code: CodeUnsupportedOperation} // SM2 outside of China, ML-KEM in China
	}
	e, err := c.prepareDataKey(key, in.EncryptionContext, in.DryRun)
	if err != nil {
		return nil, nil, err
	}
	pair, err := material.GenerateDataKeyPair(spec)
	if err != nil {
		return nil, nil, err
	}
	blob, err := c.encryptWith(e, pair.PrivateKey())
	if err != nil {
		return nil, nil, err
	}
	return pair.PrivateKey(), &generateDataKeyPairWithoutPlaintextOutput{
		PrivateKeyCiphertextBlob: blob, PublicKey: pair.PublicKey(), KeyId: key.ARN, KeyPairSpec: spec.Name,
		KeyMaterialId: key.Metadata.CurrentMaterial,
	}, nil
}
