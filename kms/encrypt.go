package kms

import (
	"github.com/strictkms/strictkms/kms/material"
)

var encryptOperations = []operation{
	answers("Encrypt", encrypt),
}

// encryptInput is the input of Encrypt.
type encryptInput struct {
	KeyId               *string `kms:"required,min=1,max=2048"`
	Plaintext           secret  `kms:"required,min=1,max=4096,sensitive"`
	EncryptionContext   map[string]string
	EncryptionAlgorithm *string  `kms:"enum=EncryptionAlgorithmSpec"`
	GrantTokens         []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun              *bool
}

// encryptOutput is the output of Encrypt.
type encryptOutput struct {
	CiphertextBlob      []byte
	KeyId               string
	EncryptionAlgorithm string
}

// encrypt is https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html.
func encrypt(c *call, in *encryptInput) (*encryptOutput, error) {
	algorithm := value(in.EncryptionAlgorithm, symmetricDefault)
	if err := checkContext(algorithm, in.EncryptionContext); err != nil {
		return nil, err
	}
	key, err := c.authorizeUse(*in.KeyId, in.GrantTokens, func(with conditions) conditions {
		return with.encryption(algorithm, in.EncryptionContext)
	})
	if err != nil {
		return nil, err
	}
	e := encryption{key: key, algorithm: algorithm, context: in.EncryptionContext}
	if err := c.prepareEncryption(&e, len(in.Plaintext)); err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	blob, err := c.encryptWith(&e, in.Plaintext)
	if err != nil {
		return nil, err
	}
	return &encryptOutput{CiphertextBlob: blob, KeyId: key.ARN, EncryptionAlgorithm: algorithm}, nil
}

// checkContext refuses an encryption context for an algorithm that has no place for it.
func checkContext(algorithm string, context map[string]string) error {
	if algorithm != symmetricDefault && len(context) > 0 {
		return failf(CodeValidation, "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")
	}
	return nil
}

// encryption is how a key encrypts or decrypts.
type encryption struct {
	key       *Key
	algorithm string
	context   map[string]string

	resolved *material.Algorithm // by prepareEncryption and prepareDecryption
}

// prepareEncryption checks, for an authorized call, all that can be checked before a plaintext of a size is
// encrypted.
func (c *call) prepareEncryption(e *encryption, size int) error {
	if err := c.checkUse(e.key, material.EncryptDecrypt); err != nil {
		return err
	}
	spec, a, err := e.key.algorithm(e.algorithm)
	if err != nil {
		return err
	}
	if limit := spec.MaxPlaintext(a); size > limit && !spec.Symmetric() {
		return failf(CodeValidation, "Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.", a.Name, spec.Name, limit)
	}
	e.resolved = a
	return nil
}

// encryptWith encrypts with the current key material.
func (c *call) encryptWith(e *encryption, plaintext []byte) ([]byte, error) {
	m, err := e.key.currentMaterial()
	if err != nil {
		return nil, err
	}
	if !m.Spec().Symmetric() {
		return m.EncryptAsymmetric(e.resolved, plaintext)
	}
	c.observeMaterial(m)
	if e.key.record.CustomKeyStoreID != "" {
		return c.encryptInStore(e, m, plaintext)
	}
	return m.Encrypt(c.service.config.Rand, e.key.ID, e.context, plaintext)
}
