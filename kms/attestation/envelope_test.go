package attestation_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/enclave"
	"github.com/strictkms/strictkms/kms/attestation"
)

// verified returns a document for the holder of a key.
func (l *lab) verified(t testing.TB, key *rsa.PrivateKey) *attestation.Document {
	t.Helper()
	document := l.document(t)
	document.PublicKey = spki(t, &key.PublicKey)
	d, err := l.verifier.Verify(sign(t, l.trusted, document), noon)
	require.NoError(t, err)
	return d
}

func TestEncrypt(t *testing.T) {
	l := newLab(t)
	long, err := rsa.GenerateKey(rand.Reader, 3072)
	require.NoError(t, err)
	for _, key := range []*rsa.PrivateKey{l.key, long} {
		d := l.verified(t, key)
		for _, size := range []int{0, 1, 15, 16, 17, 32, 1024, 4096} {
			plaintext := make([]byte, size)
			_, _ = rand.Read(plaintext)
			answer, err := d.Encrypt(rand.Reader, plaintext)
			require.NoError(t, err)
			require.LessOrEqual(t, len(answer), 6144, "CiphertextType of AWS's model")
			opened, err := enclave.Open(key, answer)
			require.NoError(t, err)
			require.Equal(t, plaintext, opened)
			again, err := d.Encrypt(rand.Reader, plaintext)
			require.NoError(t, err)
			require.NotEqual(t, answer, again)
		}
	}
	answer, err := l.verified(t, l.key).Encrypt(rand.Reader, []byte("secret"))
	require.NoError(t, err)
	_, err = enclave.Open(long, answer)
	require.ErrorIs(t, err, enclave.ErrAnswer, "another's key")
	require.NotContains(t, string(answer), "secret")
	_, err = l.verified(t, l.key).Encrypt(iotest.ErrReader(os.ErrClosed), []byte("secret"))
	require.ErrorIs(t, err, os.ErrClosed)
}

// TestEncryptForm holds answers to one that AWS KMS gave for a plaintext of 28 bytes and a key of 2048 bits
// (https://github.com/yawn/ned#usage): the same 477 bytes but for what is random or of the key.
func TestEncryptForm(t *testing.T) {
	l := newLab(t)
	answer, err := l.verified(t, l.key).Encrypt(rand.Reader, make([]byte, 28))
	require.NoError(t, err)
	require.Len(t, answer, 477)
	for _, part := range []struct {
		from int
		want string
	}{
		// ContentInfo, EnvelopedData, version 2, one recipient of version 2 with a key id of 32 bytes.
		{0, "308006092a864886f70d010703a08030800201023182016b3082016702010280" + "20"},
		// RSAES-OAEP with SHA-256 and MGF1 with SHA-256, an encrypted key of 256 bytes.
		{
			65, "303c06092a864886f70d010107302fa00f300d06096086480165030402010500" +
				"a11c301a06092a864886f70d010108300d06096086480165030402010500" + "04820100",
		},
		// Data, AES-256-CBC with an initialization vector.
		{387, "308006092a864886f70d010701301d060960864801650304012a0410"},
		// The encrypted content of 32 bytes.
		{431, "a0800420"},
		{467, "00000000000000000000"},
	} {
		want, err := hex.DecodeString(part.want)
		require.NoError(t, err)
		require.Equal(t, part.want, hex.EncodeToString(answer[part.from:part.from+len(want)]), "from %d", part.from)
	}
}

// TestEncryptOpenSSL has openssl decrypt answers: it needs no certificate, but the private key alone.
func TestEncryptOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	l := newLab(t)
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(l.key)
	require.NoError(t, err)
	keyFile, answerFile := filepath.Join(dir, "key.pem"), filepath.Join(dir, "answer.der")
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	for _, plaintext := range [][]byte{[]byte("hello enclave"), bytes.Repeat([]byte("0123456789abcdef"), 200)} {
		answer, err := l.verified(t, l.key).Encrypt(rand.Reader, plaintext)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(answerFile, answer, 0o600))
		command := exec.CommandContext(t.Context(), openssl, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", answerFile, "-inkey", keyFile)
		var stderr bytes.Buffer
		command.Stderr = &stderr
		opened, err := command.Output()
		require.NoError(t, err, stderr.String())
		require.Equal(t, plaintext, opened)
	}
}
