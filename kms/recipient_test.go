package kms

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/enclave"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/store/mem"
)

// attestedNow is the time of the service that answers enclaves.
var attestedNow = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// attestedLab is what tests with enclaves share: a service that trusts a hypervisor of the tests, and the key of an
// enclave.
type attestedLab struct {
	service    *Service
	hypervisor *enclave.Hypervisor
	key        *rsa.PrivateKey
	public     []byte
}

var newAttestedLab = sync.OnceValues(func() (*attestedLab, error) {
	root, err := material.NewRoot(make([]byte, material.RootSizeInBytes))
	if err != nil {
		return nil, err
	}
	l := &attestedLab{}
	if l.hypervisor, err = enclave.NewHypervisor(); err != nil {
		return nil, err
	}
	if l.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if l.public, err = x509.MarshalPKIXPublicKey(&l.key.PublicKey); err != nil {
		return nil, err
	}
	config := Config{Store: mem.New(), Root: root, Clock: func() time.Time { return attestedNow }}
	config.AttestationRoots = append(config.AttestationRoots, l.hypervisor.Root())
	l.service, err = New(context.Background(), config)
	return l, err
})

// attestedBench is a bench whose service answers enclaves.
type attestedBench struct {
	*bench
	*attestedLab
}

func newAttestedBench(t *testing.T) *attestedBench {
	t.Helper()
	l, err := newAttestedLab()
	require.NoError(t, err)
	b := newBench(t)
	b.service = l.service
	return &attestedBench{b, l}
}

// document is a signed document of the enclave.
func (b *attestedBench) document(change func(*enclave.Document)) []byte {
	b.t.Helper()
	d := &enclave.Document{
		ModuleID: "i-1-enc1", PCRs: map[int][]byte{0: bytes.Repeat([]byte{0xab}, 48), 3: make([]byte, 48)}, PublicKey: b.public,
		Time: attestedNow,
	}
	if change != nil {
		change(d)
	}
	src, err := b.hypervisor.Sign(d)
	require.NoError(b.t, err)
	return src
}

// recipient is the enclave as a request names it.
func (b *attestedBench) recipient() in {
	b.t.Helper()
	return in{"AttestationDocument": b.document(nil), "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
}

// open decrypts what only the enclave can read.
func (b *attestedBench) open(answer []byte) []byte {
	b.t.Helper()
	plaintext, err := enclave.Open(b.key, answer)
	require.NoError(b.t, err)
	return plaintext
}

// and is an input with one more member.
func (input in) and(name string, value any) in {
	out := maps.Clone(input)
	out[name] = value
	return out
}

var attestedConditions = map[string][]string{
	"kms:RecipientAttestation:ImageSha384": {strings.Repeat("ab", 48)},
	"kms:RecipientAttestation:PCR0":        {strings.Repeat("ab", 48)},
	"kms:RecipientAttestation:PCR3":        {strings.Repeat("00", 48)},
}

// attested requires that the last call was decided with what the document says, and told it.
func (b *attestedBench) attested() {
	b.t.Helper()
	require.Len(b.t, b.asked, 1)
	for name, values := range attestedConditions {
		require.Equal(b.t, values, b.asked[0].Context[name], name)
	}
	require.Equal(b.t, map[string]any{"recipient": map[string]string{
		"attestationDocumentModuleId":           "i-1-enc1",
		"attestationDocumentEnclaveImageDigest": base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xab}, 48)),
		"attestationDocumentEnclavePCR3":        strings.Repeat("A", 64),
	}}, b.notes)
}

func TestRecipientDecrypt(t *testing.T) {
	b := newAttestedBench(t)
	for _, test := range []struct{ spec, algorithm string }{
		{"SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT"}, {"RSA_2048", "RSAES_OAEP_SHA_256"},
	} {
		t.Run(test.spec, func(t *testing.T) {
			key := b.newKey(test.spec, "ENCRYPT_DECRYPT")
			blob := must[encryptOutput](b.bench, "Encrypt", in{
				"KeyId": key, "Plaintext": []byte("secret"), "EncryptionAlgorithm": test.algorithm,
			}).CiphertextBlob
			input := in{"KeyId": key, "CiphertextBlob": blob, "EncryptionAlgorithm": test.algorithm}
			plain := must[decryptOutput](b.bench, "Decrypt", input)
			require.Equal(t, "secret", string(plain.Plaintext))
			require.Nil(t, plain.CiphertextForRecipient)
			require.NotContains(t, b.asked[0].Context, "kms:RecipientAttestation:PCR0", "without a document the keys are not there")
			require.Empty(t, b.notes)

			out := must[decryptOutput](b.bench, "Decrypt", input.and("Recipient", b.recipient()))
			require.Nil(t, out.Plaintext)
			require.Equal(t, "secret", string(b.open(out.CiphertextForRecipient)))
			require.Equal(t, plain.KeyId, out.KeyId)
			require.Equal(t, plain.KeyMaterialId, out.KeyMaterialId)
			require.Equal(t, test.algorithm, out.EncryptionAlgorithm)
			b.attested()

			b.refused("Decrypt", input.and("Recipient", b.recipient()).and("DryRun", true), CodeDryRunOperation,
				"The request would have succeeded, but the DryRun option is set.")
			b.attested()
		})
	}
}

func TestRecipientGenerate(t *testing.T) {
	b := newAttestedBench(t)
	key := b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	t.Run("data key", func(t *testing.T) {
		out := must[generateDataKeyOutput](b.bench, "GenerateDataKey", in{"KeyId": key, "KeySpec": "AES_256", "Recipient": b.recipient()})
		b.attested()
		require.Nil(t, out.Plaintext)
		opened := b.open(out.CiphertextForRecipient)
		require.Len(t, opened, 32)
		decrypted := must[decryptOutput](b.bench, "Decrypt", in{"CiphertextBlob": out.CiphertextBlob})
		require.Equal(t, opened, []byte(decrypted.Plaintext))
	})
	t.Run("data key pair", func(t *testing.T) {
		out := must[generateDataKeyPairOutput](b.bench, "GenerateDataKeyPair", in{"KeyId": key, "KeyPairSpec": "RSA_4096", "Recipient": b.recipient()})
		b.attested()
		require.Nil(t, out.PrivateKeyPlaintext)
		require.LessOrEqual(t, len(out.CiphertextForRecipient), 6144)
		opened := b.open(out.CiphertextForRecipient)
		parsed, err := x509.ParsePKCS8PrivateKey(opened)
		require.NoError(t, err)
		public, err := x509.MarshalPKIXPublicKey(&parsed.(*rsa.PrivateKey).PublicKey)
		require.NoError(t, err)
		require.Equal(t, public, out.PublicKey)
		decrypted := must[decryptOutput](b.bench, "Decrypt", in{"CiphertextBlob": out.PrivateKeyCiphertextBlob})
		require.Equal(t, opened, []byte(decrypted.Plaintext))
	})
	t.Run("random bytes", func(t *testing.T) {
		out := must[generateRandomOutput](b.bench, "GenerateRandom", in{"NumberOfBytes": 1024, "Recipient": b.recipient()})
		b.attested()
		require.Nil(t, out.Plaintext)
		require.Len(t, b.open(out.CiphertextForRecipient), 1024)
	})
}

func TestRecipientDeriveSharedSecret(t *testing.T) {
	b := newAttestedBench(t)
	key, other := b.newKey("ECC_NIST_P256", "KEY_AGREEMENT"), b.newKey("ECC_NIST_P256", "KEY_AGREEMENT")
	public := must[getPublicKeyOutput](b.bench, "GetPublicKey", in{"KeyId": other}).PublicKey
	input := in{"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public}
	plain := must[deriveSharedSecretOutput](b.bench, "DeriveSharedSecret", input)
	out := must[deriveSharedSecretOutput](b.bench, "DeriveSharedSecret", input.and("Recipient", b.recipient()))
	b.attested()
	require.Nil(t, out.SharedSecret)
	require.Equal(t, []byte(plain.SharedSecret), b.open(out.CiphertextForRecipient))
}

// recipientCalls are calls that succeed, of each operation that answers enclaves.
func recipientCalls(b *attestedBench) map[string]in {
	b.t.Helper()
	key, agreement := b.newKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), b.newKey("ECC_NIST_P256", "KEY_AGREEMENT")
	blob := must[encryptOutput](b.bench, "Encrypt", in{"KeyId": key, "Plaintext": []byte("secret")}).CiphertextBlob
	public := must[getPublicKeyOutput](b.bench, "GetPublicKey", in{"KeyId": agreement}).PublicKey
	return map[string]in{
		"Decrypt":             {"CiphertextBlob": blob},
		"DeriveSharedSecret":  {"KeyId": agreement, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public},
		"GenerateDataKey":     {"KeyId": key, "KeySpec": "AES_128"},
		"GenerateDataKeyPair": {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"},
		"GenerateRandom":      {"NumberOfBytes": 8},
	}
}

// TestRecipientRefused gives every operation every kind of wrong document: nothing is decided, nothing is answered.
func TestRecipientRefused(t *testing.T) {
	b := newAttestedBench(t)
	stranger, err := enclave.NewHypervisor()
	require.NoError(t, err)
	foreign, err := stranger.Sign(&enclave.Document{
		ModuleID: "i-1-enc1", PCRs: map[int][]byte{0: make([]byte, 48)}, PublicKey: b.public, Time: attestedNow,
	})
	require.NoError(t, err)
	tampered := b.document(nil)
	tampered[bytes.Index(tampered, bytes.Repeat([]byte{0xab}, 48))] ^= 1
	const cannot = "AWS KMS cannot parse the attestation document: "
	const missing = "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null"
	with := func(document []byte) in {
		return in{"AttestationDocument": document, "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
	}
	for _, test := range []struct {
		name      string
		recipient in
		message   string
	}{
		{"nothing", in{}, strings.ReplaceAll(missing, "%s", "recipient.attestationDocument")},
		{"no algorithm", in{"AttestationDocument": b.document(nil)}, strings.ReplaceAll(missing, "%s", "recipient.keyEncryptionAlgorithm")},
		{
			"another algorithm",
			in{"AttestationDocument": b.document(nil), "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_1"},
			"1 validation error detected: Value 'RSAES_OAEP_SHA_1' at 'recipient.keyEncryptionAlgorithm' failed to satisfy " +
				"constraint: Member must satisfy enum value set: [RSAES_OAEP_SHA_256]",
		},
		{
			"no bytes", with([]byte{}), "1 validation error detected: Value at 'recipient.attestationDocument' failed to satisfy " +
				"constraint: Member must have length greater than or equal to 1",
		},
		{
			"too many bytes", with(make([]byte, 262145)),
			"at 'recipient.attestationDocument' failed to satisfy constraint: Member must have length less than or equal to 262144",
		},
		{"garbage", with([]byte("garbage")), cannot + "it is no COSE_Sign1 message: "},
		{"tampered", with(tampered), cannot + "its signature is wrong: verification error."},
		{"untrusted", with(foreign), cannot + "its chain of certificates does not end in a trusted root: "},
		{
			"old", with(b.document(func(d *enclave.Document) { d.Time = attestedNow.Add(-6 * time.Minute) })),
			cannot + "it exceeded the five-minute age limit: it is of 2026-03-04T11:54:00Z.",
		},
		{
			"no public key", with(b.document(func(d *enclave.Document) { d.PublicKey = nil })),
			cannot + "public_key is missing, which the answer is to be encrypted with.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for operation, input := range recipientCalls(b) {
				result, err := b.do(operation, input.and("Recipient", test.recipient))
				require.Nil(t, result.Output)
				require.Empty(t, b.asked, "it is not decided about")
				require.Empty(t, b.notes)
				var refusal *Error
				require.ErrorAs(t, err, &refusal)
				require.Equal(t, CodeValidation, refusal.Code)
				require.Contains(t, refusal.Message, test.message, operation)
			}
		})
	}
}

// TestRecipientDenied: a document that is right does not help a caller that is denied.
func TestRecipientDenied(t *testing.T) {
	b := newAttestedBench(t)
	for operation, input := range recipientCalls(b) {
		b.decide = func(access *Access) error {
			if len(access.Context["kms:RecipientAttestation:ImageSha384"]) == 1 {
				return &Error{Code: CodeAccessDenied, Message: "no"}
			}
			return nil
		}
		_, err := b.do(operation, input)
		require.NoError(t, err)
		b.refused(operation, input.and("Recipient", b.recipient()), CodeAccessDenied, "no")
		b.attested()
		b.decide = nil
	}
}
