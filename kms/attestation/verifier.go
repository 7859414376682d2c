package attestation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

// Verifier verifies documents. It is safe for concurrent use.
type Verifier struct{ roots *x509.CertPool }

// NewVerifier returns a verifier that trusts AWS's root, and others besides.
func NewVerifier(others ...*x509.Certificate) *Verifier {
	v := &Verifier{x509.NewCertPool()}
	v.roots.AddCert(awsRoot())
	for _, root := range others {
		v.roots.AddCert(root)
	}
	return v
}

// maxAge is how old a document may be. AWS documents no limit; what clients of AWS KMS meet is "the five-minute age limit"
// (https://github.com/faizahmedfarooqui/secret-keystore/blob/main/src/attestation/attestation-manager.js).
const maxAge = 5 * time.Minute

// Verify returns a document whose signature and chain of certificates are right and that is not old at a time. The error
// says what is wrong with it, in words that continue "the attestation document:". It is for whoever made the document:
// it tells nothing that is not in there.
func (v *Verifier) Verify(src []byte, now time.Time) (*Document, error) {
	message, err := parseMessage(src)
	if err != nil {
		return nil, err
	}
	p, err := parsePayload(message.Payload)
	if err != nil {
		return nil, err
	}
	signer, err := v.signer(p, now)
	if err != nil {
		return nil, err
	}
	if err := verifySignature(message, signer); err != nil {
		return nil, err
	}
	d, err := p.document()
	if err != nil {
		return nil, err
	}
	switch age := now.Sub(d.Timestamp); {
	case age > maxAge:
		return nil, fmt.Errorf("it exceeded the five-minute age limit: it is of %s", d.Timestamp.Format(time.RFC3339))
	case age < -maxAge:
		return nil, fmt.Errorf("it is of %s, which is not yet", d.Timestamp.Format(time.RFC3339))
	}
	return d, nil
}

// tagged is how a COSE_Sign1 message begins that has its tag: 18, then an array of four (RFC 9052, section 4.2). The
// Nitro Security Module writes none.
const tagged = 0xd2

// parseMessage reads a COSE_Sign1 message, with its tag or without.
func parseMessage(src []byte) (*cose.Sign1Message, error) {
	message := &cose.Sign1Message{}
	var err error
	if len(src) > 0 && src[0] == tagged {
		err = message.UnmarshalCBOR(src)
	} else {
		err = (*cose.UntaggedSign1Message)(message).UnmarshalCBOR(src)
	}
	if err != nil {
		return nil, fmt.Errorf("it is no COSE_Sign1 message: %w", err)
	}
	return message, nil
}

// signer returns the certificate that a document is signed with, whose chain ends in a root.
func (v *Verifier) signer(p *payload, now time.Time) (*x509.Certificate, error) {
	leaf, err := parseCertificate(p.Certificate)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	options := x509.VerifyOptions{
		Roots: v.roots, Intermediates: x509.NewCertPool(), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	for i, der := range p.Bundle {
		certificate, err := parseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("cabundle[%d]: %w", i, err)
		}
		options.Intermediates.AddCert(certificate)
	}
	if _, err := leaf.Verify(options); err != nil {
		return nil, fmt.Errorf("its chain of certificates does not end in a trusted root: %w", err)
	}
	if leaf.IsCA || leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return nil, errors.New("certificate: it is not one to sign documents with")
	}
	return leaf, nil
}

func parseCertificate(der cbor.ByteString) (*x509.Certificate, error) {
	if len(der) == 0 || len(der) > maxCertificate {
		return nil, fmt.Errorf("it has %d bytes, and has to have 1 to %d", len(der), maxCertificate)
	}
	return x509.ParseCertificate(der.Bytes())
}

// verifySignature verifies the signature of a message: ES384, and no other.
func verifySignature(message *cose.Sign1Message, signer *x509.Certificate) error {
	key, ok := signer.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P384() {
		return errors.New("certificate: its key is not one of curve P-384")
	}
	verifier, err := cose.NewVerifier(cose.AlgorithmES384, key)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	if err := message.Verify(nil, verifier); err != nil {
		return fmt.Errorf("its signature is wrong: %w", err)
	}
	return nil
}
