package kms

import (
	"errors"
	"strings"

	"github.com/strictkms/strictkms/kms/material"
)

var signOperations = []operation{
	answers("Sign", sign),
	answers("Verify", verify),
}

// signInput is the input of Sign.
type signInput struct {
	KeyId            *string  `kms:"required,min=1,max=2048"`
	Message          secret   `kms:"required,min=1,max=4096,sensitive"`
	MessageType      *string  `kms:"enum=MessageType"`
	SigningAlgorithm *string  `kms:"required,enum=SigningAlgorithmSpec"`
	GrantTokens      []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun           *bool
}

// signOutput is the output of Sign.
type signOutput struct {
	KeyId            string
	Signature        []byte
	SigningAlgorithm string
}

// verifyInput is the input of Verify.
type verifyInput struct {
	KeyId            *string  `kms:"required,min=1,max=2048"`
	Message          secret   `kms:"required,min=1,max=4096,sensitive"`
	MessageType      *string  `kms:"enum=MessageType"`
	Signature        []byte   `kms:"required,min=1,max=6144"`
	SigningAlgorithm *string  `kms:"required,enum=SigningAlgorithmSpec"`
	GrantTokens      []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun           *bool
}

// verifyOutput is the output of Verify. SignatureValid is true: a signature that is not is an exception.
type verifyOutput struct {
	KeyId            string
	SignatureValid   bool
	SigningAlgorithm string
}

// sign is https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html.
func sign(c *call, in *signInput) (*signOutput, error) {
	s := &signing{in.KeyId, in.Message, in.MessageType, *in.SigningAlgorithm, in.GrantTokens}
	key, m, a, err := c.prepareSigning(s)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	signature, err := m.Sign(a, s.messageType(), in.Message)
	if err != nil {
		return nil, err
	}
	return &signOutput{KeyId: key.ARN, Signature: signature, SigningAlgorithm: a.Name}, nil
}

// verify is https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html.
func verify(c *call, in *verifyInput) (*verifyOutput, error) {
	s := &signing{in.KeyId, in.Message, in.MessageType, *in.SigningAlgorithm, in.GrantTokens}
	key, m, a, err := c.prepareSigning(s)
	if err != nil {
		return nil, err
	}
	valid, err := m.Verify(a, s.messageType(), in.Message, in.Signature)
	if errors.Is(err, material.ErrVerifyMu) {
		return nil, failf(CodeUnsupportedOperation, "Message type %s is not supported by Verify.", s.messageType())
	}
	if err != nil {
		return nil, err
	}
	if !valid {
		return nil, &Error{Code: CodeInvalidSignature}
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	return &verifyOutput{KeyId: key.ARN, SignatureValid: true, SigningAlgorithm: a.Name}, nil
}

// signing is what Sign and Verify have in common.
type signing struct {
	keyID       *string
	message     []byte
	kind        *string
	algorithm   string
	grantTokens []string
}

func (s *signing) messageType() material.MessageType {
	return material.MessageType(value(s.kind, string(material.Raw)))
}

// prepareSigning authorizes a call and checks all that can be checked before a message is signed or verified.
func (c *call) prepareSigning(s *signing) (*Key, *material.Material, *material.Algorithm, error) {
	key, err := c.authorizeUse(*s.keyID, s.grantTokens, func(with conditions) conditions {
		return with.with("kms:SigningAlgorithm", s.algorithm).with("kms:MessageType", string(s.messageType()))
	})
	if err != nil {
		return nil, nil, nil, err
	}
	a, err := c.algorithmFor(key, material.SignVerify, s.algorithm)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := s.check(key, a); err != nil {
		return nil, nil, nil, err
	}
	m, err := key.currentMaterial()
	return key, m, a, err
}

// check words what is wrong with a message. Keys for ML-DSA have one algorithm, and AWS names their spec instead
// (https://github.com/floci-io/floci/issues/3025).
func (s *signing) check(key *Key, a *material.Algorithm) error {
	err := a.CheckMessage(s.messageType(), s.message)
	switch {
	case errors.Is(err, material.ErrDigestLength):
		return failf(CodeValidation, "Digest is invalid length for algorithm %s.", a.Name)
	case errors.Is(err, material.ErrMessageType) && strings.HasPrefix(key.Metadata.Spec, "ML_DSA_"):
		return failf(CodeValidation, "Message type %s is incompatible with key spec %s.", s.messageType(), key.Metadata.Spec)
	case errors.Is(err, material.ErrMessageType):
		return failf(CodeValidation, "Message type %s is incompatible with algorithm %s.", s.messageType(), a.Name)
	default:
		return err
	}
}
