package kms

import "github.com/strictkms/strictkms/kms/material"

var macOperations = []operation{
	answers("GenerateMac", generateMac),
	answers("VerifyMac", verifyMac),
}

// generateMacInput is the input of GenerateMac.
type generateMacInput struct {
	KeyId        *string  `kms:"required,min=1,max=2048"`
	Message      secret   `kms:"required,min=1,max=4096,sensitive"`
	MacAlgorithm *string  `kms:"required,enum=MacAlgorithmSpec"`
	GrantTokens  []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun       *bool
}

// generateMacOutput is the output of GenerateMac.
type generateMacOutput struct {
	Mac          []byte
	MacAlgorithm string
	KeyId        string
}

// verifyMacInput is the input of VerifyMac.
type verifyMacInput struct {
	KeyId        *string  `kms:"required,min=1,max=2048"`
	Message      secret   `kms:"required,min=1,max=4096,sensitive"`
	Mac          []byte   `kms:"required,min=1,max=6144"`
	MacAlgorithm *string  `kms:"required,enum=MacAlgorithmSpec"`
	GrantTokens  []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun       *bool
}

// verifyMacOutput is the output of VerifyMac. MacValid is true: a code that is not is an exception.
type verifyMacOutput struct {
	KeyId        string
	MacValid     bool
	MacAlgorithm string
}

// generateMac is https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html.
func generateMac(c *call, in *generateMacInput) (*generateMacOutput, error) {
	key, m, a, err := c.prepareMac(*in.KeyId, *in.MacAlgorithm, in.GrantTokens)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	mac, err := m.MAC(a, in.Message)
	if err != nil {
		return nil, err
	}
	return &generateMacOutput{Mac: mac, MacAlgorithm: a.Name, KeyId: key.ARN}, nil
}

// verifyMac is https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html.
func verifyMac(c *call, in *verifyMacInput) (*verifyMacOutput, error) {
	key, m, a, err := c.prepareMac(*in.KeyId, *in.MacAlgorithm, in.GrantTokens)
	if err != nil {
		return nil, err
	}
	valid, err := m.VerifyMAC(a, in.Message, in.Mac)
	if err != nil {
		return nil, err
	}
	if !valid {
		return nil, &Error{Code: CodeInvalidMac}
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &verifyMacOutput{KeyId: key.ARN, MacValid: true, MacAlgorithm: a.Name}, nil
}

// prepareMac authorizes a call and checks all that can be checked before a code is computed.
func (c *call) prepareMac(keyID, algorithm string, grantTokens []string) (*Key, *material.Material, *material.Algorithm, error) {
	key, err := c.authorizeUse(keyID, grantTokens, func(with conditions) conditions {
		return with.with("kms:MacAlgorithm", algorithm)
	})
	if err != nil {
		return nil, nil, nil, err
	}
	m, a, err := c.materialFor(key, material.GenerateVerifyMAC, algorithm)
	return key, m, a, err
}
