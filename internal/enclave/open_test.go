package enclave

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var key = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// answered is the beginning of an answer as AWS KMS writes it, up to the encrypted key.
const answered = "308006092a864886f70d010703a08030800201023182016b308201670201028020"

// TestOpenRefuses has answers that are not whole: none panics, none is taken.
func TestOpenRefuses(t *testing.T) {
	k, err := key()
	require.NoError(t, err)
	start, err := hex.DecodeString(answered)
	require.NoError(t, err)
	for _, answer := range [][]byte{
		nil,
		{0x30},
		{0x30, 0x80},
		{0x30, 0x82, 0xff},
		{0x30, 0x84, 1, 2, 3, 4},
		{0x04, 0x00},
		start,
		bytes.Repeat([]byte{0x30, 0x80}, 10_000), bytes.Repeat([]byte{0x30, 0x02}, 10_000),
		{0x30, 0x00},
		{0x30, 0x80, 0x00, 0x00},
	} {
		_, err := Open(k, answer)
		require.ErrorIs(t, err, ErrAnswer, "%x", answer)
	}
}

func FuzzOpen(f *testing.F) {
	k, err := key()
	require.NoError(f, err)
	start, err := hex.DecodeString(answered)
	require.NoError(f, err)
	f.Add(start)
	f.Add(bytes.Repeat([]byte{0x24, 0x80}, 100))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if _, err := Open(k, answer); err != nil {
			require.ErrorIs(t, err, ErrAnswer)
		}
	})
}
