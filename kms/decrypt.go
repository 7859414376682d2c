package kms

import (
	"slices"

	"github.com/strictkms/strictkms/kms/material"
)

var decryptOperations = []operation{
	answers("Decrypt", decrypt),
}

// ignoreCiphertext is the DryRunModifier that asks about the permission only.
const ignoreCiphertext = "IGNORE_CIPHERTEXT"

// decryptInput is the input of Decrypt.
type decryptInput struct {
	CiphertextBlob      []byte  `kms:"min=1,max=6144"`
	KeyId               *string `kms:"min=1,max=2048"`
	EncryptionContext   map[string]string
	EncryptionAlgorithm *string  `kms:"enum=EncryptionAlgorithmSpec"`
	GrantTokens         []string `kms:"min=0,max=10,each=min=1;max=8192"`
	Recipient           *recipientInfo
	DryRun              *bool
	DryRunModifiers     []string `kms:"each=enum=DryRunModifierType"`
}

// decryptOutput is the output of Decrypt.
type decryptOutput struct {
	KeyId                  string
	Plaintext              secret `json:",omitempty"`
	EncryptionAlgorithm    string
	CiphertextForRecipient []byte `json:",omitempty"`
	KeyMaterialId          string `json:",omitempty"`
}

// decrypt is https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html.
func decrypt(c *call, in *decryptInput) (*decryptOutput, error) {
	from := &source{
		blob: in.CiphertextBlob, keyID: in.KeyId, keyMember: "keyId",
		algorithm: value(in.EncryptionAlgorithm, symmetricDefault), context: in.EncryptionContext,
		grantTokens: in.GrantTokens,
		ignored:     isTrue(in.DryRun) && slices.Contains(in.DryRunModifiers, ignoreCiphertext),
	}
	recipient, err := c.recipient(in.Recipient)
	if err != nil {
		return nil, err
	}
	const action = "kms:Decrypt"
	if err := c.findSource(action, from); err != nil {
		return nil, err
	}
	access := from.access(action)
	access.Context = conditions(access.Context).attested(recipient)
	if err := c.access(access); err != nil {
		return nil, err
	}
	plaintext, m, err := c.decryptSource(from)
	if err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	out := &decryptOutput{KeyId: from.key.ARN, EncryptionAlgorithm: from.algorithm, KeyMaterialId: symmetricID(m)}
	out.Plaintext, out.CiphertextForRecipient, err = c.answer(recipient, plaintext)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// source is a ciphertext to decrypt.
type source struct {
	blob      []byte
	keyID     *string
	keyMember string // the name of the parameter that keyID is
	algorithm string
	context   map[string]string
	// grantTokens are those of the request.
	grantTokens []string
	// ignored is true when nothing about the ciphertext is to be looked at but the permission to decrypt.
	ignored bool

	// What findSource finds.
	key   *Key
	alias string
	named bool // the caller named the key
}

// access is the decryption as what is to be authorized.
func (s *source) access(action string) *Access {
	return &Access{
		Action: action, Key: s.key, Context: newConditions(s.alias).encryption(s.algorithm, s.context), FromCiphertext: !s.named,
	}
}

// findSource finds the key of a ciphertext before anything is decided: the one that the caller names, else the one
// that the ciphertext names, which only ciphertexts of symmetric keys do.
func (c *call) findSource(action string, s *source) error {
	if err := checkContext(s.algorithm, s.context); err != nil {
		return err
	}
	if err := c.useGrantTokens(s.grantTokens); err != nil {
		return err
	}
	var err error
	switch {
	case s.blob == nil && !s.ignored:
		return nullMember("ciphertextBlob")
	case s.keyID != nil:
		s.named = true
		s.key, s.alias, err = c.key(action, *s.keyID)
		return err
	case s.algorithm != symmetricDefault || s.blob == nil:
		return nullMember(s.keyMember)
	}
	header, err := material.ParseCiphertext(s.blob)
	if err != nil {
		return &Error{Code: CodeInvalidCiphertext}
	}
	s.key, err = c.keyOfCiphertext(header.KeyID, header.MaterialID)
	return err
}

// decryptSource decrypts for an authorized call, and returns the plaintext with the key material that it was
// encrypted with. When the ciphertext is ignored both are nil. A ciphertext that cannot be decrypted is refused
// without a word about the reason.
func (c *call) decryptSource(s *source) (secret, *material.Material, error) {
	if err := c.checkUse(s.key, material.EncryptDecrypt); err != nil {
		return nil, nil, err
	}
	spec, a, err := s.key.algorithm(s.algorithm)
	if err != nil || s.ignored {
		return nil, nil, err
	}
	if spec.Symmetric() {
		return c.decryptSymmetric(s)
	}
	m, err := s.key.currentMaterial()
	if err != nil {
		return nil, nil, err
	}
	plaintext, err := m.DecryptAsymmetric(a, s.blob)
	if err != nil {
		return nil, nil, &Error{Code: CodeInvalidCiphertext}
	}
	return plaintext, m, nil
}

func (c *call) decryptSymmetric(s *source) (secret, *material.Material, error) {
	header, err := material.ParseCiphertext(s.blob)
	if err != nil {
		return nil, nil, &Error{Code: CodeInvalidCiphertext}
	}
	if header.KeyID != s.key.ID {
		return nil, nil, failf(CodeIncorrectKey,
			"The key ID in the request does not identify a CMK that can perform this operation.")
	}
	m, err := s.key.material(header.MaterialID)
	if err != nil {
		return nil, nil, err
	}
	if m == nil {
		return nil, nil, &Error{Code: CodeInvalidCiphertext}
	}
	plaintext, err := c.decryptWith(s, m)
	if err != nil {
		return nil, nil, err
	}
	c.observeMaterial(m)
	return plaintext, m, nil
}

func (c *call) decryptWith(s *source, m *material.Material) ([]byte, error) {
	if s.key.record.CustomKeyStoreID != "" {
		return c.decryptInStore(s, m)
	}
	plaintext, err := m.Decrypt(s.key.ID, s.context, s.blob)
	if err != nil {
		return nil, &Error{Code: CodeInvalidCiphertext}
	}
	return plaintext, nil
}

// symmetricID is the id of key material as the outputs of encryption have it: those of asymmetric keys are not told.
func symmetricID(m *material.Material) string {
	if m == nil || !m.Spec().Symmetric() {
		return ""
	}
	return m.ID()
}
