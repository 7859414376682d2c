package kms

import (
	"github.com/strictkms/strictkms/kms/attestation"
)

// recipientInfo is who an answer is for: a Nitro enclave, or an EC2 instance with NitroTPM, that proves itself by an
// attestation document (https://docs.aws.amazon.com/kms/latest/APIReference/API_RecipientInfo.html).
type recipientInfo struct {
	AttestationDocument    []byte  `kms:"min=1,max=262144"`
	KeyEncryptionAlgorithm *string `kms:"enum=KeyEncryptionMechanism"`
}

// recipient verifies who an answer is for, nil for whoever calls. It comes before the call is decided, since policies
// decide by what a document says; a document that is not right is answered in the same words whoever calls.
//
// AWS documents none of its answers to wrong documents. What clients recognize them by is "cannot parse the attestation
// document" and "exceeded the five-minute age limit"
// (https://github.com/faizahmedfarooqui/secret-keystore/blob/main/src/attestation/attestation-manager.js).
func (c *call) recipient(info *recipientInfo) (*attestation.Document, error) {
	switch {
	case info == nil:
		return nil, nil //nolint:nilnil // nobody
	case info.AttestationDocument == nil:
		return nil, nullMember("recipient.attestationDocument")
	case info.KeyEncryptionAlgorithm == nil:
		return nil, nullMember("recipient.keyEncryptionAlgorithm")
	}
	document, err := c.service.attestation.Verify(info.AttestationDocument, c.now())
	if err != nil {
		return nil, failf(CodeValidation, "AWS KMS cannot parse the attestation document: %v.", err)
	}
	if c.Observer != nil {
		c.Observer.Note("recipient", document.Record())
	}
	return document, nil
}

// attested adds the condition keys of a document, nil for none.
func (c conditions) attested(document *attestation.Document) conditions {
	if document == nil {
		return c
	}
	for name, value := range document.Conditions() {
		c[name] = []string{value}
	}
	return c
}

// answer is a plaintext as it is answered: as it is, or for the holder of a document only, encrypted.
func (c *call) answer(to *attestation.Document, plaintext secret) (plain secret, encrypted []byte, err error) {
	if to == nil {
		return plaintext, nil, nil
	}
	defer clear(plaintext)
	encrypted, err = to.Encrypt(c.service.config.Rand, plaintext)
	return nil, encrypted, err
}
