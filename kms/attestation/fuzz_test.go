package attestation_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzVerify looks for documents that are taken though nobody who is trusted signed them, and for panics.
func FuzzVerify(f *testing.F) {
	l := newLab(f)
	real := sign(f, l.trusted, l.document(f))
	f.Add(sign(f, l.stranger, l.document(f)))
	f.Add(real)
	f.Add(append([]byte{0xd2}, real...))
	f.Add([]byte{0x84, 0x44, 0xa1, 0x01, 0x38, 0x22, 0xa0, 0x41, 0xa0, 0x41, 0x00})
	f.Add(bytes.Repeat([]byte{0x9f}, 1000))
	f.Fuzz(func(t *testing.T, src []byte) {
		d, err := l.verifier.Verify(src, noon)
		if err != nil {
			require.Nil(t, d)
			return
		}
		// Another signature of the same statement is as good: ECDSA's signatures (r, s) and (r, -s) are.
		require.Equal(t, "i-0123456789abcdef0-enc0123456789abcdef", d.ModuleID)
		require.Equal(t, noon, d.Timestamp)
	})
}

// BenchmarkVerify is what a Recipient costs a request before it is decided.
func BenchmarkVerify(b *testing.B) {
	l := newLab(b)
	src := sign(b, l.trusted, l.document(b))
	for b.Loop() {
		if _, err := l.verifier.Verify(src, noon); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncrypt is what it costs the answer.
func BenchmarkEncrypt(b *testing.B) {
	l := newLab(b)
	d, err := l.verifier.Verify(sign(b, l.trusted, l.document(b)), noon)
	require.NoError(b, err)
	for b.Loop() {
		if _, err := d.Encrypt(rand.Reader, make([]byte, 32)); err != nil {
			b.Fatal(err)
		}
	}
}
