package material

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const testMultiRegionID = "mrk-1234abcd12ab34cd56ef1234567890ab"

func TestEncryptAndDecrypt(t *testing.T) {
	m := fixture(t, "SYMMETRIC_DEFAULT")
	rapid.Check(t, func(t *rapid.T) {
		keyID := rapid.SampledFrom([]string{testKeyID, testMultiRegionID}).Draw(t, "key")
		context := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "context")
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")

		ciphertext, err := m.Encrypt(rand.Reader, keyID, context, plaintext)
		require.NoError(t, err)
		require.Len(t, ciphertext, len(plaintext)+CiphertextOverheadInBytes)
		header, err := ParseCiphertext(ciphertext)
		require.NoError(t, err)
		require.Equal(t, Header{KeyID: keyID, MaterialID: m.ID()}, header)
		decrypted, err := m.Decrypt(keyID, context, ciphertext)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plaintext, decrypted))

		again, err := m.Encrypt(rand.Reader, keyID, context, plaintext)
		require.NoError(t, err)
		require.NotEqual(t, ciphertext, again)

		other := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "other context")
		_, err = m.Decrypt(keyID, other, ciphertext)
		if fmt.Sprint(other) == fmt.Sprint(context) {
			require.NoError(t, err)
		} else {
			require.Equal(t, ErrCiphertext, err)
		}
	})
}

func TestEncryptionContext(t *testing.T) {
	m := fixture(t, "SYMMETRIC_DEFAULT")
	for _, test := range []struct {
		name               string
		encrypted, decrypt map[string]string
		ok                 bool
	}{
		{"none is empty", nil, map[string]string{}, true},
		{"empty is none", map[string]string{}, nil, true},
		{"an empty value is not none", map[string]string{"a": ""}, nil, false},
		{"none is not an empty value", nil, map[string]string{"a": ""}, false},
		{"an empty name is not none", map[string]string{"": ""}, nil, false},
		{"case of the name", map[string]string{"a": "b"}, map[string]string{"A": "b"}, false},
		{"case of the value", map[string]string{"a": "b"}, map[string]string{"a": "B"}, false},
		{"name and value swapped", map[string]string{"a": "b"}, map[string]string{"b": "a"}, false},
		{"shifted", map[string]string{"a": "bc"}, map[string]string{"ab": "c"}, false},
		{"one more", map[string]string{"a": "b"}, map[string]string{"a": "b", "c": "d"}, false},
		{"one less", map[string]string{"a": "b", "c": "d"}, map[string]string{"a": "b"}, false},
		{"two in one", map[string]string{"a": "b", "c": "d"}, map[string]string{"a": "b\x00\x00\x00\x01c\x00\x00\x00\x01d"}, false},
		{"the same", map[string]string{"a": "b", "c": "d", "e": "f"}, map[string]string{"e": "f", "c": "d", "a": "b"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			ciphertext, err := m.Encrypt(rand.Reader, testKeyID, test.encrypted, []byte("secret"))
			require.NoError(t, err)
			plaintext, err := m.Decrypt(testKeyID, test.decrypt, ciphertext)
			if !test.ok {
				require.Equal(t, ErrCiphertext, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "secret", string(plaintext))
		})
	}
}

func TestContextSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		context := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "context")
		require.Len(t, appendContext(nil, context), contextSize(context))
	})
}

func TestDecryptRefuses(t *testing.T) {
	m := fixture(t, "SYMMETRIC_DEFAULT")
	ciphertext, err := m.Encrypt(rand.Reader, testKeyID, map[string]string{"a": "b"}, []byte("secret"))
	require.NoError(t, err)
	require.NotContains(t, string(ciphertext), "secret")
	refuse := func(m *Material, keyID string, ciphertext []byte, why string) {
		t.Helper()
		_, err := m.Decrypt(keyID, map[string]string{"a": "b"}, ciphertext)
		require.Equal(t, ErrCiphertext, err, why)
	}
	for i := range ciphertext {
		for bit := range 8 {
			changed := slices.Clone(ciphertext)
			changed[i] ^= 1 << bit
			refuse(m, testKeyID, changed, fmt.Sprintf("bit %d of byte %d", bit, i))
			// Also when the caller believes the header.
			if header, err := ParseCiphertext(changed); err == nil {
				refuse(m, header.KeyID, changed, fmt.Sprintf("bit %d of byte %d, key of the header", bit, i))
			}
		}
	}
	for i := range ciphertext {
		refuse(m, testKeyID, ciphertext[:i], fmt.Sprintf("cut at %d", i))
	}
	refuse(m, testKeyID, append(slices.Clone(ciphertext), 0), "longer")
	refuse(m, testKeyID, nil, "nothing")
	refuse(m, testMultiRegionID, ciphertext, "another key")
	refuse(m, "key", ciphertext, "no key id")
	other, err := Generate(m.Spec(), rand.Reader)
	require.NoError(t, err)
	refuse(other, testKeyID, ciphertext, "other material")
	refuse(newMaterial(m.Spec(), m.id, other.secret()), testKeyID, ciphertext, "other key with the same id")
	refuse(fixture(t, "HMAC_256"), testKeyID, ciphertext, "another kind of key")
}

func TestEncryptRefuses(t *testing.T) {
	m := fixture(t, "SYMMETRIC_DEFAULT")
	_, err := m.Encrypt(failing{}, testKeyID, nil, nil)
	require.ErrorContains(t, err, "no random bytes")
	_, err = m.Encrypt(rand.Reader, "alias/a", nil, nil)
	require.ErrorIs(t, err, ErrKeyID)
	_, err = fixture(t, "HMAC_256").Encrypt(rand.Reader, testKeyID, nil, nil)
	require.ErrorIs(t, err, ErrAlgorithm)
}

func TestKeyIDs(t *testing.T) {
	for _, id := range []string{testKeyID, testMultiRegionID, "00000000-0000-0000-0000-000000000000", "mrk-" + strings.Repeat("f", 32)} {
		key, multiRegion, err := parseKeyID(id)
		require.NoError(t, err)
		require.Equal(t, strings.HasPrefix(id, "mrk-"), multiRegion)
		require.Equal(t, id, formatKeyID(key, multiRegion))
	}
	for _, id := range []string{
		"", "key", "134f2428cec14b25a1ae9048164dba47", strings.ToUpper(testKeyID), "mrk-" + testKeyID,
		"mrk_1234abcd12ab34cd56ef1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ag", testKeyID + "0",
		"1234abcd-12ab-34cd-56ef_1234567890ab", "1234abcd--12ab-34cd56ef-1234567890ab", "1234abcd-12ab-34cd-56ef-12345678 0ab",
	} {
		_, _, err := parseKeyID(id)
		require.ErrorIs(t, err, ErrKeyID, id)
	}
}

func FuzzParseCiphertext(f *testing.F) {
	m := fixture(f, "SYMMETRIC_DEFAULT")
	for _, id := range []string{testKeyID, testMultiRegionID} {
		ciphertext, err := m.Encrypt(rand.Reader, id, nil, []byte("secret"))
		require.NoError(f, err)
		f.Add(ciphertext)
		f.Add(ciphertext[:len(ciphertext)-1])
		twice, err := m.EncryptTwice(rand.Reader, id, nil, []byte("secret"), func(_, inner []byte) (Outer, error) {
			return Outer{IV: make([]byte, 12), Metadata: []byte("m"), Tag: make([]byte, tagSizeInBytes), Text: inner}, nil
		})
		require.NoError(f, err)
		f.Add(twice)
	}
	f.Add(bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, ciphertext []byte) {
		header, err := ParseCiphertext(ciphertext)
		if err != nil {
			require.Equal(t, ErrCiphertext, err)
			require.Zero(t, header)
			return
		}
		material, ok := parseID(header.MaterialID)
		require.True(t, ok)
		again, err := appendHeader(nil, header.KeyID, material)
		require.NoError(t, err)
		again[0] = ciphertext[0]
		require.Equal(t, ciphertext[:offsetNonce], again, "the header is read and written back unchanged, but for the version")
		outside := func(_ []byte, o *Outer) ([]byte, error) { return o.Text, nil }
		if _, err := m.DecryptTwice(header.KeyID, nil, ciphertext, outside); err != nil {
			require.ErrorIs(t, err, ErrCiphertext)
		}
		if _, err := m.Decrypt(header.KeyID, nil, ciphertext); err != nil {
			require.Equal(t, ErrCiphertext, err)
		}
	})
}

// page is the description of the format.
const page = "../../docs/ciphertext.md"

// example returns the bytes in hex that the page gives under a name.
func example(t *testing.T, text, name string) []byte {
	t.Helper()
	match := regexp.MustCompile("(?s)\\*\\*" + regexp.QuoteMeta(name) + "\\*\\*\n\n```\n(.*?)```").FindStringSubmatch(text)
	require.NotNil(t, match, name)
	decoded, err := hex.DecodeString(strings.Join(strings.Fields(match[1]), ""))
	require.NoError(t, err)
	return decoded
}

// TestPage holds the example of the page to the code, and the code to what the page says: the ciphertext is built
// here from AES-GCM and the page's offsets alone.
func TestPage(t *testing.T) {
	source, err := os.ReadFile(page)
	require.NoError(t, err)
	text := string(source)
	key, id, nonce := example(t, text, "Key material"), example(t, text, "Key material id"), example(t, text, "Nonce")
	aad, want := example(t, text, "Additional data"), example(t, text, "Ciphertext")
	context := map[string]string{"tenant": "a", "purpose": ""}
	require.Contains(t, text, "`"+testKeyID+"`")
	require.Contains(t, text, "`{\"tenant\": \"a\", \"purpose\": \"\"}`")

	parsed, err := parse(LookupSpec("SYMMETRIC_DEFAULT"), key)
	require.NoError(t, err)
	m := newMaterial(LookupSpec("SYMMETRIC_DEFAULT"), [idSizeInBytes]byte(id), parsed)
	ciphertext, err := m.Encrypt(bytes.NewReader(nonce), testKeyID, context, []byte("secret"))
	require.NoError(t, err)
	require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(ciphertext))
	plaintext, err := m.Decrypt(testKeyID, context, want)
	require.NoError(t, err)
	require.Equal(t, "secret", string(plaintext))

	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	require.NoError(t, err)
	byHand, err := aead.Open(nil, want[50:62], want[62:], aad)
	require.NoError(t, err)
	require.Equal(t, "secret", string(byHand))
	require.Equal(t, want[:50], aad[:50])
}

func BenchmarkEncrypt(b *testing.B) {
	m := fixture(b, "SYMMETRIC_DEFAULT")
	context, plaintext := map[string]string{"tenant": "a"}, make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		_, err := m.Encrypt(rand.Reader, testKeyID, context, plaintext)
		require.NoError(b, err)
	}
}

func BenchmarkDecrypt(b *testing.B) {
	m := fixture(b, "SYMMETRIC_DEFAULT")
	context := map[string]string{"tenant": "a"}
	ciphertext, err := m.Encrypt(rand.Reader, testKeyID, context, make([]byte, 64))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := m.Decrypt(testKeyID, context, ciphertext)
		require.NoError(b, err)
	}
}
