package kmstest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strictkms/strictkms/internal/enclave"
)

// hypervisor signs the attestation documents of all tests of a program. Servers of this package trust its root.
var hypervisor = sync.OnceValues(enclave.NewHypervisor)

// Enclave is a Nitro enclave, or an EC2 instance with NitroTPM, that a test plays: it has measurements, proves them by
// attestation documents, and can read what AWS KMS answers to it alone.
//
//	image := bytes.Repeat([]byte{0xab}, 48)
//	enclave := server.NewEnclave(map[int][]byte{0: image})
//	out, err := app.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: blob, Recipient: enclave.Recipient()})
//	plaintext := enclave.Open(out.CiphertextForRecipient)
//
// Its documents end in a root of trust of the test's own, which no other KMS trusts unless it is told to
// (strictkms serve --attestation-root).
type Enclave struct {
	t        T
	now      func() time.Time
	key      *rsa.PrivateKey
	document enclave.Document
}

// NewEnclave makes a Nitro enclave with platform configuration registers by number: PCR 0 is the digest of its image,
// which the condition keys kms:RecipientAttestation:ImageSha384 and PCR0 hold policies to. SHA-384 has 48 bytes. Its
// documents are of the server's time.
func (s *Server) NewEnclave(pcrs map[int][]byte) *Enclave {
	s.t.Helper()
	e := NewEnclave(s.t, pcrs)
	e.now = s.Clock.Now
	return e
}

// NewNitroTPM makes an EC2 instance with NitroTPM, whose registers the condition keys
// kms:RecipientAttestation:NitroTPMPCR4 and so on hold policies to. It is otherwise as [Server.NewEnclave].
func (s *Server) NewNitroTPM(pcrs map[int][]byte) *Enclave {
	s.t.Helper()
	e := s.NewEnclave(nil)
	e.document.ModuleID, e.document.PCRs, e.document.NitroTPMPCRs = "i-0123456789abcdef0-tpm0000000000000000", nil, maps.Clone(pcrs)
	return e
}

// NewEnclave makes a Nitro enclave as [Server.NewEnclave] does for a server that was started elsewhere with
// [Enclave.RootPEM] as its --attestation-root. Its documents are of the real time.
func NewEnclave(t T, pcrs map[int][]byte) *Enclave {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatalf("kmstest: key of an enclave: %v", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatalf("kmstest: key of an enclave: %v", err)
	}
	return &Enclave{t: t, now: time.Now, key: key, document: enclave.Document{ //nolint:forbidigo // of a server elsewhere
		ModuleID: "i-0123456789abcdef0-enc0123456789abcdef", PCRs: maps.Clone(pcrs), PublicKey: public,
	}}
}

// RootPEM is the certificate that the enclave's documents end in.
func (e *Enclave) RootPEM() []byte {
	e.t.Helper()
	h, err := hypervisor()
	if err != nil {
		e.t.Fatalf("kmstest: %v", err)
	}
	return h.RootPEM()
}

// Document makes an attestation document, which AWS KMS takes for five minutes.
func (e *Enclave) Document() []byte {
	e.t.Helper()
	h, err := hypervisor()
	if err != nil {
		e.t.Fatalf("kmstest: %v", err)
	}
	document := e.document
	document.Time = e.now()
	src, err := h.Sign(&document)
	if err != nil {
		e.t.Fatalf("kmstest: %v", err)
	}
	return src
}

// Recipient is the enclave as a request names it, with a document of now.
func (e *Enclave) Recipient() *types.RecipientInfo {
	e.t.Helper()
	return &types.RecipientInfo{
		AttestationDocument: e.Document(), KeyEncryptionAlgorithm: types.KeyEncryptionMechanismRsaesOaepSha256,
	}
}

// Open decrypts the CiphertextForRecipient of an answer. It fails the test when the answer is for somebody else.
func (e *Enclave) Open(ciphertextForRecipient []byte) []byte {
	e.t.Helper()
	plaintext, err := enclave.Open(e.key, ciphertextForRecipient)
	if err != nil {
		e.t.Fatalf("kmstest: CiphertextForRecipient: %v", err)
	}
	return plaintext
}
