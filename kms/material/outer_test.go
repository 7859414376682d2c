package material

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// outside is an external key: AES-256-GCM.
type outside struct {
	aead     cipher.AEAD
	metadata []byte
}

func newOutside(t require.TestingT, metadata []byte) *outside {
	block, err := aes.NewCipher(make([]byte, 32))
	require.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	require.NoError(t, err)
	return &outside{aead, metadata}
}

func (o *outside) encrypt(aad, inner []byte) (Outer, error) {
	iv := make([]byte, 12)
	_, _ = rand.Read(iv)
	both := o.aead.Seal(nil, iv, inner, aad)
	return Outer{IV: iv, Metadata: o.metadata, Tag: both[len(inner):], Text: both[:len(inner)]}, nil
}

var errOutside = errors.New("the key manager says no")

func (o *outside) decrypt(aad []byte, outer *Outer) ([]byte, error) {
	inner, err := o.aead.Open(nil, outer.IV, append(append([]byte{}, outer.Text...), outer.Tag...), aad)
	if err != nil {
		return nil, errOutside
	}
	return inner, nil
}

// TestEncryptTwice: with both keys and the same context, and with nothing less, it is decrypted.
func TestEncryptTwice(t *testing.T) {
	m := fixture(t, "SYMMETRIC_DEFAULT")
	rapid.Check(t, func(t *rapid.T) {
		context := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "context")
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
		o := newOutside(t, rapid.SliceOfN(rapid.Byte(), 0, maxOuterMetadata).Draw(t, "metadata"))
		ciphertext, err := m.EncryptTwice(rand.Reader, testKeyID, context, plaintext, o.encrypt)
		require.NoError(t, err)
		header, err := ParseCiphertext(ciphertext)
		require.NoError(t, err)
		require.Equal(t, Header{KeyID: testKeyID, MaterialID: m.ID()}, header)
		decrypted, err := m.DecryptTwice(testKeyID, context, ciphertext, o.decrypt)
		require.NoError(t, err)
		require.Equal(t, string(plaintext), string(decrypted))

		_, err = m.Decrypt(testKeyID, context, ciphertext)
		require.Equal(t, ErrCiphertext, err, "it is encrypted twice")
		at := rapid.IntRange(0, len(ciphertext)-1).Draw(t, "at")
		damaged := append([]byte{}, ciphertext...)
		damaged[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if offsetNonce+1+12 < at && at <= offsetNonce+1+12+len(o.metadata) {
			return // metadata are the key manager's: this one does not authenticate them
		}
		_, err = m.DecryptTwice(testKeyID, context, damaged, o.decrypt)
		require.Error(t, err, "a changed bit at %d", at)
		cut := rapid.IntRange(0, len(ciphertext)-1).Draw(t, "cut")
		_, err = m.DecryptTwice(testKeyID, context, ciphertext[:cut], o.decrypt)
		require.Error(t, err, "cut at %d", cut)
	})
}

// TestDecryptTwiceRefuses: who is to blame is told apart, and what is encrypted once is not decrypted twice.
func TestDecryptTwiceRefuses(t *testing.T) {
	m, o := fixture(t, "SYMMETRIC_DEFAULT"), newOutside(t, nil)
	context := map[string]string{"a": "b"}
	ciphertext, err := m.EncryptTwice(rand.Reader, testKeyID, context, []byte("secret"), o.encrypt)
	require.NoError(t, err)
	_, err = m.DecryptTwice(testKeyID, nil, ciphertext, o.decrypt)
	require.Equal(t, errOutside, err, "the context is authenticated outside")
	for name, answer := range map[string]func([]byte) []byte{
		"another text": func(inner []byte) []byte { inner[len(inner)-1] ^= 1; return inner },
		"short":        func(inner []byte) []byte { return inner[1:] },
		"nothing":      func([]byte) []byte { return nil },
	} {
		_, err = m.DecryptTwice(testKeyID, context, ciphertext, func(aad []byte, outer *Outer) ([]byte, error) {
			inner, err := o.decrypt(aad, outer)
			return answer(inner), err
		})
		require.ErrorIs(t, err, ErrInner, name)
	}
	never := func([]byte, *Outer) ([]byte, error) {
		t.Error("it is asked about what is no ciphertext")
		return nil, nil
	}
	once, err := m.Encrypt(rand.Reader, testKeyID, context, []byte("secret that is long enough for a ciphertext twice"))
	require.NoError(t, err)
	for _, wrong := range [][]byte{nil, once, ciphertext[:offsetNonce], ciphertext[:offsetNonce+40]} {
		_, err = m.DecryptTwice(testKeyID, context, wrong, never)
		require.Equal(t, ErrCiphertext, err)
	}
	_, err = m.DecryptTwice(testMultiRegionID, context, ciphertext, never)
	require.Equal(t, ErrCiphertext, err)

	for name, outer := range map[string]Outer{
		"no iv": {Tag: make([]byte, 16), Text: make([]byte, 34)}, "no tag": {IV: make([]byte, 12), Text: make([]byte, 34)},
		"short":         {IV: make([]byte, 12), Tag: make([]byte, 16)},
		"much metadata": {IV: make([]byte, 12), Tag: make([]byte, 16), Text: make([]byte, 34), Metadata: make([]byte, 21)},
	} {
		_, err = m.EncryptTwice(rand.Reader, testKeyID, nil, []byte("secret"), func([]byte, []byte) (Outer, error) { return outer, nil })
		require.ErrorIs(t, err, ErrCiphertext, name)
	}
	_, err = m.EncryptTwice(rand.Reader, testKeyID, nil, nil, func([]byte, []byte) (Outer, error) { return Outer{}, errOutside })
	require.Equal(t, errOutside, err)
	rsa := fixture(t, "RSA_2048")
	_, err = rsa.EncryptTwice(rand.Reader, testKeyID, nil, nil, o.encrypt)
	require.Equal(t, ErrAlgorithm, err)
}
