package attestation_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/enclave"
	"github.com/strictkms/strictkms/kms/attestation"
)

// noon is when the documents of the tests are made.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// lab has what all tests use: a hypervisor that is trusted, one that is not, and the key of an enclave.
type lab struct {
	trusted, stranger *enclave.Hypervisor
	verifier          *attestation.Verifier
	key               *rsa.PrivateKey
}

var shared = sync.OnceValues(func() (*lab, error) {
	l := &lab{}
	var err error
	if l.trusted, err = enclave.NewHypervisor(); err != nil {
		return nil, err
	}
	if l.stranger, err = enclave.NewHypervisor(); err != nil {
		return nil, err
	}
	l.verifier = attestation.NewVerifier(l.trusted.Root())
	l.key, err = rsa.GenerateKey(rand.Reader, 2048)
	return l, err
})

func newLab(t testing.TB) *lab {
	t.Helper()
	l, err := shared()
	require.NoError(t, err)
	return l
}

// spki is the public half of a key in DER.
func spki(t testing.TB, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	return der
}

// document is a document that is right.
func (l *lab) document(t testing.TB) *enclave.Document {
	t.Helper()
	return &enclave.Document{
		ModuleID: "i-0123456789abcdef0-enc0123456789abcdef", Time: noon, PublicKey: spki(t, &l.key.PublicKey),
		PCRs: map[int][]byte{0: bytes.Repeat([]byte{0xab}, 48), 1: make([]byte, 48), 8: bytes.Repeat([]byte{8}, 48), 31: make([]byte, 32)},
	}
}

func sign(t testing.TB, by *enclave.Hypervisor, d *enclave.Document) []byte {
	t.Helper()
	src, err := by.Sign(d)
	require.NoError(t, err)
	return src
}

func TestVerify(t *testing.T) {
	l := newLab(t)
	d, err := l.verifier.Verify(sign(t, l.trusted, l.document(t)), noon.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, attestation.Enclave, d.Kind)
	require.Equal(t, "Nitro enclave", d.Kind.String())
	require.Equal(t, "i-0123456789abcdef0-enc0123456789abcdef", d.ModuleID)
	require.Equal(t, noon, d.Timestamp)
	require.Len(t, d.PCRs, 4)
	zero, digest := strings.Repeat("00", 48), strings.Repeat("ab", 48)
	require.Equal(t, map[string]string{
		"kms:RecipientAttestation:ImageSha384": digest, "kms:RecipientAttestation:PCR0": digest,
		"kms:RecipientAttestation:PCR1": zero, "kms:RecipientAttestation:PCR8": strings.Repeat("08", 48),
		"kms:RecipientAttestation:PCR31": strings.Repeat("00", 32),
	}, d.Conditions())
	require.Equal(t, map[string]string{
		"attestationDocumentModuleId":           "i-0123456789abcdef0-enc0123456789abcdef",
		"attestationDocumentEnclaveImageDigest": strings.Repeat("q6ur", 16),
		"attestationDocumentEnclavePCR1":        strings.Repeat("A", 64),
		"attestationDocumentEnclavePCR8":        strings.Repeat("CAgI", 16),
	}, d.Record())
}

func TestVerifyNitroTPM(t *testing.T) {
	l := newLab(t)
	document := l.document(t)
	document.PCRs, document.NitroTPMPCRs = nil, map[int][]byte{
		4: bytes.Repeat([]byte{4}, 48), 12: bytes.Repeat([]byte{12}, 48), 23: make([]byte, 48), 24: make([]byte, 48),
	}
	d, err := l.verifier.Verify(sign(t, l.trusted, document), noon)
	require.NoError(t, err)
	require.Equal(t, attestation.NitroTPM, d.Kind)
	require.Equal(t, "NitroTPM", d.Kind.String())
	require.Equal(t, map[string]string{
		"kms:RecipientAttestation:NitroTPMPCR4":  strings.Repeat("04", 48),
		"kms:RecipientAttestation:NitroTPMPCR12": strings.Repeat("0c", 48),
		"kms:RecipientAttestation:NitroTPMPCR23": strings.Repeat("00", 48),
	}, d.Conditions(), "there is no condition key for PCR 24")
	require.Equal(t, map[string]string{
		"attestationDocumentModuleId":      document.ModuleID,
		"attestationDocumentNitroTPMPCR4":  strings.Repeat("BAQE", 16),
		"attestationDocumentNitroTPMPCR23": strings.Repeat("A", 64),
	}, d.Record())
}

func TestVerifyTime(t *testing.T) {
	l := newLab(t)
	src := sign(t, l.trusted, l.document(t))
	for _, test := range []struct {
		name  string
		at    time.Time
		wrong string
	}{
		{"new", noon, ""},
		{"five minutes old", noon.Add(5 * time.Minute), ""},
		{"older", noon.Add(5*time.Minute + time.Millisecond), "it exceeded the five-minute age limit: it is of 2026-03-04T12:00:00Z"},
		{"certificate over", noon.Add(3*time.Hour + time.Second), "certificate has expired or is not yet valid"},
		{"certificate not begun", noon.Add(-time.Minute), "certificate has expired or is not yet valid"},
		{"root over", time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC), "certificate has expired or is not yet valid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := l.verifier.Verify(src, test.at)
			if test.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.wrong)
		})
	}
}

// TestVerifyWrong changes a document before it is signed: everything about it is right but one thing.
func TestVerifyWrong(t *testing.T) {
	l := newLab(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	long := &rsa.PublicKey{N: new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 5119), 0, 1), E: 65537}
	for _, test := range []struct {
		name   string
		change func(*enclave.Document)
		wrong  string
	}{
		{"no public key", func(d *enclave.Document) { d.PublicKey = nil }, "public_key is missing, which the answer is to be encrypted with"},
		{"empty public key", func(d *enclave.Document) { d.PublicKey = []byte{} }, "public_key has 0 bytes, and has to have 1 to 1024"},
		{"long public key", func(d *enclave.Document) { d.PublicKey = make([]byte, 1025) }, "public_key has 1025 bytes, and has to have 1 to 1024"},
		{"no key", func(d *enclave.Document) { d.PublicKey = []byte("dummy") }, "public_key is no key in DER"},
		{"short key", func(d *enclave.Document) { d.PublicKey = spki(t, &small.PublicKey) }, "public_key is an RSA key of 1024 bits, and has to have 2048 to 4096"},
		{"long key", func(d *enclave.Document) { d.PublicKey = spki(t, long) }, "public_key is an RSA key of 5120 bits, and has to have 2048 to 4096"},
		{"elliptic curve", func(d *enclave.Document) { d.PublicKey = spki(t, &curve.PublicKey) }, "public_key is no RSA key"},
		{"no module", func(d *enclave.Document) { d.ModuleID = "" }, "module_id is missing"},
		{"no registers", func(d *enclave.Document) { d.PCRs = nil }, "pcrs and nitrotpm_pcrs are missing"},
		{"short register", func(d *enclave.Document) { d.PCRs[1] = make([]byte, 31) }, "PCR 1 has 31 bytes: there are PCRs 0 to 31, of 32, 48 or 64 bytes"},
		{"register 32", func(d *enclave.Document) { d.PCRs[32] = make([]byte, 48) }, "PCR 32 has 48 bytes: there are PCRs 0 to 31, of 32, 48 or 64 bytes"},
		{"register -1", func(d *enclave.Document) { d.PCRs[-1] = make([]byte, 48) }, "its payload is no document"},
		{"33 registers", func(d *enclave.Document) {
			for i := range 33 {
				d.PCRs[i] = make([]byte, 48)
			}
		}, "PCR 32 has 48 bytes: there are PCRs 0 to 31, of 32, 48 or 64 bytes"},
		{"long user data", func(d *enclave.Document) { d.UserData = make([]byte, 16384) }, "its payload has "},
		{"two things", func(d *enclave.Document) { d.PublicKey, d.ModuleID = nil, "" }, "module_id is missing; public_key is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			document := l.document(t)
			test.change(document)
			_, err := l.verifier.Verify(sign(t, l.trusted, document), noon)
			require.ErrorContains(t, err, test.wrong)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// TestVerifyTampered changes single bytes of a signed document: none of them does not matter.
func TestVerifyTampered(t *testing.T) {
	l := newLab(t)
	src := sign(t, l.trusted, l.document(t))
	register := bytes.Index(src, bytes.Repeat([]byte{0xab}, 48))
	require.Positive(t, register)
	for _, at := range []int{register, len(src) - 1, len(src) - 96, bytes.Index(src, []byte("timestamp")) + 12} {
		changed := bytes.Clone(src)
		changed[at] ^= 1
		_, err := l.verifier.Verify(changed, noon)
		require.ErrorContains(t, err, "its signature is wrong", "byte %d", at)
	}
	for at := 0; at < len(src); at += 7 {
		changed := bytes.Clone(src)
		changed[at] ^= 0x40
		_, err := l.verifier.Verify(changed, noon)
		require.Error(t, err, "byte %d", at)
	}
	for _, wrong := range [][]byte{nil, {}, src[:len(src)-1], append(bytes.Clone(src), 0), []byte("garbage"), bytes.Repeat([]byte{0x81}, 10_000)} {
		_, err := l.verifier.Verify(wrong, noon)
		require.ErrorContains(t, err, "it is no COSE_Sign1 message")
	}
}

// TestVerifyParts puts documents together from parts of others.
func TestVerifyParts(t *testing.T) {
	l := newLab(t)
	src := sign(t, l.trusted, l.document(t))
	message := split(t, src)

	t.Run("tagged", func(t *testing.T) {
		_, err := l.verifier.Verify(append([]byte{0xd2}, src...), noon)
		require.NoError(t, err)
	})
	t.Run("another's signature", func(t *testing.T) {
		_, err := l.verifier.Verify(message.with(t, 3, split(t, sign(t, l.trusted, l.document(t)))[3]), noon)
		require.ErrorContains(t, err, "its signature is wrong")
	})
	t.Run("no signature", func(t *testing.T) {
		_, err := l.verifier.Verify(message.with(t, 3, []byte{}), noon)
		require.ErrorContains(t, err, "it is no COSE_Sign1 message")
	})
	t.Run("another algorithm", func(t *testing.T) {
		_, err := l.verifier.Verify(message.with(t, 0, []byte{0xa1, 0x01, 0x26}), noon) // ES256
		require.ErrorContains(t, err, "its signature is wrong")
	})
	t.Run("no payload", func(t *testing.T) {
		_, err := l.verifier.Verify(message.with(t, 2, nil), noon)
		require.ErrorContains(t, err, "its payload has 0 bytes")
	})
	t.Run("open lengths", func(t *testing.T) {
		// Newer hypervisors leave the length of the map open. It is signed as it is: here the signature is wrong, and the
		// document is read.
		payload := message[2].([]byte)
		require.Equal(t, byte(0xa9), payload[0])
		open := append(append([]byte{0xbf}, payload[1:]...), 0xff)
		_, err := l.verifier.Verify(message.with(t, 2, open), noon)
		require.ErrorContains(t, err, "its signature is wrong")
	})
	t.Run("twice", func(t *testing.T) {
		payload := message[2].([]byte)
		twice := append(append([]byte{0xbf}, payload[1:]...), payload[1:]...)
		_, err := l.verifier.Verify(message.with(t, 2, append(twice, 0xff)), noon)
		require.ErrorContains(t, err, "its payload is no document")
	})
	t.Run("deep", func(t *testing.T) {
		deep := append(bytes.Repeat([]byte{0x81}, 4000), 0)
		_, err := l.verifier.Verify(message.with(t, 2, deep), noon)
		require.ErrorContains(t, err, "its payload is no document")
	})
	t.Run("text for bytes", func(t *testing.T) {
		payload, err := cbor.Marshal(map[string]any{"certificate": "text"})
		require.NoError(t, err)
		_, err = l.verifier.Verify(message.with(t, 2, payload), noon)
		require.ErrorContains(t, err, "its payload is no document")
	})
}

// parts are the four of a COSE_Sign1 message.
type parts []any

func split(t *testing.T, src []byte) parts {
	t.Helper()
	var message parts
	require.NoError(t, cbor.Unmarshal(src, &message))
	require.Len(t, message, 4)
	return message
}

func (p parts) with(t *testing.T, i int, part any) []byte {
	t.Helper()
	changed := append(parts(nil), p...)
	changed[i] = part
	src, err := cbor.Marshal(changed)
	require.NoError(t, err)
	return src
}

func TestVerifyRoots(t *testing.T) {
	l := newLab(t)
	const untrusted = "its chain of certificates does not end in a trusted root: x509: certificate signed by unknown authority"
	_, err := l.verifier.Verify(sign(t, l.stranger, l.document(t)), noon)
	require.ErrorContains(t, err, untrusted, "the stranger's root is in the document, and not trusted for that")
	src := sign(t, l.trusted, l.document(t))
	_, err = attestation.NewVerifier().Verify(src, noon)
	require.ErrorContains(t, err, untrusted, "AWS's root alone")
	both := attestation.NewVerifier(l.stranger.Root(), l.trusted.Root())
	_, err = both.Verify(src, noon)
	require.NoError(t, err)
}

// TestAWSRoot holds the root to the fingerprint that AWS publishes
// (https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html).
func TestAWSRoot(t *testing.T) {
	text, err := os.ReadFile("aws-nitro-root-g1.pem")
	require.NoError(t, err)
	block, rest := pem.Decode(text)
	require.Empty(t, rest)
	sum := sha256.Sum256(block.Bytes)
	require.Equal(t, "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b", hex.EncodeToString(sum[:]))
	roots, err := attestation.ParseRoots("aws-nitro-root-g1.pem", text)
	require.NoError(t, err)
	require.Len(t, roots, 1)
	require.Equal(t, "CN=aws.nitro-enclaves,OU=AWS,O=Amazon,C=US", roots[0].Subject.String())
	require.NoError(t, roots[0].CheckSignatureFrom(roots[0]))

	// It is trusted: a document that names it as its signer fails for another reason.
	s := newSigner(t, elliptic.P384(), nil)
	statement := s.statement(t, newLab(t))
	statement["certificate"], statement["cabundle"] = roots[0].Raw, [][]byte{roots[0].Raw}
	_, err = attestation.NewVerifier().Verify(s.sign(t, statement), noon)
	require.ErrorContains(t, err, "certificate: it is not one to sign documents with")
}

func TestParseRoots(t *testing.T) {
	l := newLab(t)
	root := string(l.trusted.RootPEM())
	lines := strings.Count(root, "\n")
	roots, err := attestation.ParseRoots("a.pem", []byte("comment\n"+root+"text\n"+root))
	require.NoError(t, err)
	require.Len(t, roots, 2)
	leaf := split(t, sign(t, l.trusted, l.document(t)))[2].([]byte)
	var document struct {
		Certificate []byte `cbor:"certificate"`
	}
	require.NoError(t, cbor.Unmarshal(leaf, &document))
	leafPEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: document.Certificate}))
	const key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	for _, test := range []struct {
		name, text string
		wrong      []string
	}{
		{"empty", "", []string{"a.pem:1:1: expected a certificate in PEM, found none"}},
		{"DER", string(l.trusted.Root().Raw), []string{"a.pem:1:1: expected a certificate in PEM, found none"}},
		{"leaf", leafPEM, []string{`a.pem:1:1: expected the certificate of a certificate authority, found that of "CN=`}},
		{"cut", root[:200], []string{"a.pem:1:1: expected a certificate in PEM, found a block that is not whole"}},
		{"all of it", key + root + broken, []string{
			`a.pem:1:1: expected a CERTIFICATE, found "PRIVATE KEY"`,
			fmt.Sprintf("a.pem:%d:1: expected a certificate: x509: malformed certificate", 3+lines+1),
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := attestation.ParseRoots("a.pem", []byte(test.text))
			require.Error(t, err)
			found := strings.Split(err.Error(), "\n")
			require.Len(t, found, len(test.wrong))
			for i, wrong := range test.wrong {
				require.Contains(t, found[i], wrong)
			}
		})
	}
}
