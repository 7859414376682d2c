package enclave

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

// Hypervisor signs documents. It is safe for concurrent use.
type Hypervisor struct {
	root, host       *x509.Certificate
	rootKey, hostKey *ecdsa.PrivateKey
}

// The time in which root and host are valid: any that a test sets its clock to.
var (
	begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	end   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// NewHypervisor returns a hypervisor under a root of its own.
func NewHypervisor() (*Hypervisor, error) {
	h := &Hypervisor{}
	var err error
	if h.root, h.rootKey, err = issue(newCA("strictkms.nitro-enclaves"), nil, nil); err != nil {
		return nil, err
	}
	h.host, h.hostKey, err = issue(newCA("i-0123456789abcdef0.strictkms.nitro-enclaves"), h.root, h.rootKey)
	return h, err
}

// Root is the certificate to trust.
func (h *Hypervisor) Root() *x509.Certificate { return h.root }

// RootPEM is the certificate to trust, as strictkms serve --attestation-root takes it.
func (h *Hypervisor) RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.root.Raw})
}

// Document is what a document says.
type Document struct {
	// ModuleID is the id of the enclave, or of the instance with its TPM.
	ModuleID string
	// PCRs are the registers of an enclave by number.
	PCRs map[int][]byte
	// NitroTPMPCRs are the registers of an instance's TPM by number.
	NitroTPMPCRs map[int][]byte
	// PublicKey is what answers are encrypted with, in DER; nil for none.
	PublicKey []byte
	// UserData and Nonce mean nothing to AWS KMS.
	UserData, Nonce []byte
	// Time is when the document is made.
	Time time.Time
}

// lifetime is how long the certificate of a document is valid; that of AWS's is valid about as long.
const lifetime = 3 * time.Hour

// Sign makes a document: a certificate for it, and a signature.
func (h *Hypervisor) Sign(d *Document) ([]byte, error) {
	template := newCertificate(d.ModuleID + ".strictkms")
	template.NotBefore, template.NotAfter = d.Time.Add(-time.Second), d.Time.Add(lifetime)
	template.KeyUsage, template.BasicConstraintsValid = x509.KeyUsageDigitalSignature, true
	leaf, key, err := issue(template, h.host, h.hostKey)
	if err != nil {
		return nil, err
	}
	return sign(h.payload(d, leaf), key)
}

// payload are the members of a document: those that are not there are null, as the Nitro Security Module writes them.
func (h *Hypervisor) payload(d *Document, leaf *x509.Certificate) map[string]any {
	payload := map[string]any{
		"module_id": d.ModuleID, "digest": "SHA384", "timestamp": uint64(max(d.Time.UnixMilli(), 0)),
		"certificate": leaf.Raw, "cabundle": [][]byte{h.root.Raw, h.host.Raw},
		"public_key": d.PublicKey, "user_data": d.UserData, "nonce": d.Nonce,
	}
	if d.NitroTPMPCRs != nil {
		payload["nitrotpm_pcrs"] = d.NitroTPMPCRs
	} else {
		payload["pcrs"] = d.PCRs
	}
	return payload
}

// sign makes a COSE_Sign1 message without its tag.
func sign(payload any, key *ecdsa.PrivateKey) ([]byte, error) {
	signer, err := cose.NewSigner(cose.AlgorithmES384, key)
	if err != nil {
		return nil, fmt.Errorf("signing an attestation document: %w", err)
	}
	message := cose.NewSign1Message()
	message.Headers.Protected.SetAlgorithm(cose.AlgorithmES384)
	if message.Payload, err = cbor.Marshal(payload); err != nil {
		return nil, fmt.Errorf("writing an attestation document: %w", err)
	}
	if err := message.Sign(rand.Reader, nil, signer); err != nil {
		return nil, fmt.Errorf("signing an attestation document: %w", err)
	}
	return (*cose.UntaggedSign1Message)(message).MarshalCBOR()
}

func newCertificate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name, Organization: []string{"strictkms"}, OrganizationalUnit: []string{"test"}},
		NotBefore: begin, NotAfter: end,
	}
}

func newCA(name string) *x509.Certificate {
	certificate := newCertificate(name)
	certificate.IsCA, certificate.BasicConstraintsValid, certificate.KeyUsage = true, true, x509.KeyUsageCertSign
	return certificate
}

// issue makes a certificate with a new key, signed by a parent, or by itself without one.
func issue(template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("key of %s: %w", template.Subject, err)
	}
	if parent == nil {
		parent, by = template, key
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, fmt.Errorf("certificate of %s: %w", template.Subject, err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate of %s: %w", template.Subject, err)
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}
