package material

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const testKeyID = "1234abcd-12ab-34cd-56ef-1234567890ab"

// eachSpec runs a test for every row of the table of specs.
func eachSpec(t *testing.T, test func(t *testing.T, m *Material)) {
	t.Helper()
	for _, spec := range Specs() {
		t.Run(spec.Name, func(t *testing.T) { test(t, fixture(t, spec.Name)) })
	}
}

func TestGenerate(t *testing.T) {
	eachSpec(t, func(t *testing.T, m *Material) {
		require.Regexp(t, "^[a-f0-9]{64}$", m.ID())
		marshalled, err := m.secret().marshal()
		require.NoError(t, err)
		_, err = parse(m.Spec(), marshalled)
		require.NoError(t, err)
		if m.Spec().family == familyRSA {
			return // once is slow enough
		}
		other, err := Generate(m.Spec(), rand.Reader)
		require.NoError(t, err)
		require.NotEqual(t, m.ID(), other.ID())
		otherMarshalled, err := other.secret().marshal()
		require.NoError(t, err)
		require.NotEqual(t, marshalled, otherMarshalled)
	})
}

func TestGenerateSizes(t *testing.T) {
	for name, size := range map[string]int{
		"SYMMETRIC_DEFAULT": 32, "HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64,
		"ECC_NIST_P256": 32, "ECC_NIST_P384": 48, "ECC_NIST_P521": 66, "ECC_SECG_P256K1": 32, "ECC_NIST_EDWARDS25519": 32,
		"ML_DSA_44": 32, "ML_DSA_65": 32, "ML_DSA_87": 32, "ML_KEM_512": 64, "ML_KEM_768": 64, "ML_KEM_1024": 64,
	} {
		marshalled, err := fixture(t, name).secret().marshal()
		require.NoError(t, err)
		require.Len(t, marshalled, size, name)
	}
}

func TestGenerateWithoutRandomBytes(t *testing.T) {
	for _, have := range []int{0, 10, 32, 40} {
		_, err := Generate(LookupSpec("HMAC_512"), bytes.NewReader(make([]byte, have)))
		require.Error(t, err)
	}
	m, err := Generate(LookupSpec("HMAC_512"), bytes.NewReader(make([]byte, 96)))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("0", 64), m.ID())

	_, err = Generate(&Spec{Name: "NEW"}, rand.Reader)
	require.ErrorIs(t, err, ErrMaterial)
	_, err = parse(&Spec{Name: "NEW"}, nil)
	require.ErrorIs(t, err, ErrMaterial)
}

func TestParseRefuses(t *testing.T) {
	eachSpec(t, func(t *testing.T, m *Material) {
		marshalled, err := m.secret().marshal()
		require.NoError(t, err)
		for name, key := range map[string][]byte{
			"nothing": nil, "cut": marshalled[:len(marshalled)-1], "zeros": make([]byte, len(marshalled)-3),
			"long": bytes.Repeat([]byte{0xff}, len(marshalled)+1),
		} {
			_, err := parse(m.Spec(), key)
			require.ErrorIs(t, err, ErrMaterial, name)
		}
	})
	for name, key := range map[string][]byte{
		"ECC_NIST_P256":   bytes.Repeat([]byte{0xff}, 32),
		"ECC_SECG_P256K1": bytes.Repeat([]byte{0xff}, 32),
	} {
		_, err := parse(LookupSpec(name), key)
		require.ErrorIs(t, err, ErrMaterial, name)
		_, err = parse(LookupSpec(name), make([]byte, 32))
		require.ErrorIs(t, err, ErrMaterial, name)
	}
	small, err := fixture(t, "RSA_2048").secret().marshal()
	require.NoError(t, err)
	_, err = parse(LookupSpec("RSA_3072"), small)
	require.ErrorIs(t, err, ErrMaterial, "another size")
	curve, err := x509.MarshalPKCS8PrivateKey(fixture(t, "ECC_NIST_P256").secret().(nistKey).key)
	require.NoError(t, err)
	_, err = parse(LookupSpec("RSA_2048"), curve)
	require.ErrorIs(t, err, ErrMaterial, "another kind of key")
}

func TestSealAndOpen(t *testing.T) {
	root := testRoot(t, 1)
	eachSpec(t, func(t *testing.T, m *Material) {
		sealed, err := m.Seal(root, "owner")
		require.NoError(t, err)
		marshalled, err := m.secret().marshal()
		require.NoError(t, err)
		require.False(t, bytes.Contains(sealed, marshalled[:8]))

		opened, err := Open(root, "owner", m.Spec(), m.ID(), sealed)
		require.NoError(t, err)
		require.Equal(t, m.ID(), opened.ID())
		again, err := opened.secret().marshal()
		require.NoError(t, err)
		require.Equal(t, marshalled, again)

		otherSpec := LookupSpec("HMAC_256")
		if m.Spec() == otherSpec {
			otherSpec = LookupSpec("SYMMETRIC_DEFAULT")
		}
		_, err = Open(root, "owner", otherSpec, m.ID(), sealed)
		require.ErrorIs(t, err, ErrOpen)
		_, err = Open(root, "another", m.Spec(), m.ID(), sealed)
		require.ErrorIs(t, err, ErrOpen)
		_, err = Open(testRoot(t, 2), "owner", m.Spec(), m.ID(), sealed)
		require.ErrorIs(t, err, ErrOpen)
		for _, id := range []string{"", strings.Repeat("0", 64), strings.Repeat("A", 64), strings.Repeat("x", 64), m.ID() + "00"} {
			_, err = Open(root, "owner", m.Spec(), id, sealed)
			require.ErrorIs(t, err, ErrOpen)
		}
		_, err = m.Seal(nil, "owner")
		require.ErrorIs(t, err, ErrRootSize)
	})
}

// TestOpenWrongMaterial seals something that is not a key, which only who has the root key can do.
func TestOpenWrongMaterial(t *testing.T) {
	root, spec, id := testRoot(t, 1), LookupSpec("HMAC_256"), strings.Repeat("0", 64)
	sealed, err := root.Seal(sealLabel("owner", spec.Name, id), []byte("short"))
	require.NoError(t, err)
	_, err = Open(root, "owner", spec, id, sealed)
	require.ErrorIs(t, err, ErrMaterial)
}

func TestSealed(t *testing.T) {
	root, m := testRoot(t, 1), fixture(t, "SYMMETRIC_DEFAULT")
	bytes, err := m.Seal(root, "owner")
	require.NoError(t, err)
	sealed := NewSealed(root, "owner", m.Spec(), m.ID(), bytes)
	require.Equal(t, m.ID(), sealed.ID())
	require.Equal(t, bytes, sealed.Bytes())
	results := make(chan *Material, 8)
	for range cap(results) {
		go func() {
			opened, err := sealed.Material()
			if err != nil {
				opened = nil
			}
			results <- opened
		}()
	}
	first := <-results
	require.NotNil(t, first)
	for range cap(results) - 1 {
		require.Same(t, first, <-results)
	}

	_, err = NewSealed(root, "another", m.Spec(), m.ID(), bytes).Material()
	require.ErrorIs(t, err, ErrOpen)
	require.ErrorContains(t, err, m.ID())
}

// stdlibReads reports whether the standard library reads keys of a spec. Openssl reads the others, and other
// implementations in the tests of theirs.
func stdlibReads(spec *Spec) bool {
	return spec.family != familySecp256k1 && spec.family != familyMLDSA && spec.family != familyMLKEM
}

// TestPublicKey reads public keys with the standard library.
func TestPublicKey(t *testing.T) {
	eachSpec(t, func(t *testing.T, m *Material) {
		der, err := m.PublicKey()
		if m.Spec().Symmetric() {
			require.ErrorIs(t, err, ErrAlgorithm)
			return
		}
		require.NoError(t, err)
		if !stdlibReads(m.Spec()) {
			return
		}
		public, err := x509.ParsePKIXPublicKey(der)
		require.NoError(t, err)
		switch public := public.(type) {
		case *rsa.PublicKey:
			require.Equal(t, m.Spec().bits, public.N.BitLen())
			require.Equal(t, 65537, public.E)
		case *ecdsa.PublicKey:
			require.Equal(t, m.Spec().bits, public.Curve.Params().BitSize)
		default:
			require.IsType(t, ed25519.PublicKey{}, public)
		}
	})
}

func TestGenerateDataKeyPair(t *testing.T) {
	for _, spec := range Specs() {
		t.Run(spec.Name, func(t *testing.T) {
			pair, err := GenerateDataKeyPair(spec)
			if !spec.DataKeyPair {
				require.ErrorIs(t, err, ErrAlgorithm)
				return
			}
			require.NoError(t, err)
			require.LessOrEqual(t, len(pair.PrivateKey()), 4096, "it fits into a ciphertext")
			if !stdlibReads(spec) {
				return
			}
			private, err := x509.ParsePKCS8PrivateKey(pair.PrivateKey())
			require.NoError(t, err)
			public, err := x509.ParsePKIXPublicKey(pair.PublicKey())
			require.NoError(t, err)
			require.True(t, private.(interface{ Public() crypto.PublicKey }).Public().(interface {
				Equal(crypto.PublicKey) bool
			}).Equal(public))
		})
	}
	_, err := GenerateDataKeyPair(&Spec{DataKeyPair: true})
	require.ErrorIs(t, err, ErrMaterial)
	_, err = GenerateDataKeyPair(&Spec{DataKeyPair: true, family: familyHMAC})
	require.Error(t, err)
}

func TestAsymmetricEncryption(t *testing.T) {
	eachSpec(t, func(t *testing.T, m *Material) {
		for _, name := range LookupSpec("RSA_2048").Algorithms(EncryptDecrypt) {
			a := m.Spec().Algorithm(name)
			if a == nil {
				_, err := m.EncryptAsymmetric(oaepSHA1, []byte("message"))
				require.ErrorIs(t, err, ErrAlgorithm)
				_, err = m.DecryptAsymmetric(oaepSHA1, []byte("message"))
				require.ErrorIs(t, err, ErrAlgorithm)
				continue
			}
			for _, size := range []int{0, 1, m.Spec().MaxPlaintext(a)} {
				plaintext := bytes.Repeat([]byte{7}, size)
				ciphertext, err := m.EncryptAsymmetric(a, plaintext)
				require.NoError(t, err)
				require.Len(t, ciphertext, m.Spec().bits/8)
				decrypted, err := m.DecryptAsymmetric(a, ciphertext)
				require.NoError(t, err)
				require.True(t, bytes.Equal(plaintext, decrypted))

				ciphertext[5] ^= 1
				_, err = m.DecryptAsymmetric(a, ciphertext)
				require.Equal(t, ErrCiphertext, err)
				_, err = m.DecryptAsymmetric(a, ciphertext[1:])
				require.Equal(t, ErrCiphertext, err)
			}
			_, err := m.EncryptAsymmetric(a, make([]byte, m.Spec().MaxPlaintext(a)+1))
			require.ErrorIs(t, err, ErrPlaintextLength)
			for _, wrong := range []*Algorithm{symmetricDefault, pssSHA256, {Name: name}} {
				_, err = m.EncryptAsymmetric(wrong, nil)
				require.ErrorIs(t, err, ErrAlgorithm)
				_, err = m.DecryptAsymmetric(wrong, nil)
				require.ErrorIs(t, err, ErrAlgorithm)
			}
		}
	})
}

func TestSign(t *testing.T) {
	message := []byte("message")
	eachSpec(t, func(t *testing.T, m *Material) {
		for _, name := range m.Spec().Algorithms(SignVerify) {
			a := m.Spec().Algorithm(name)
			types := map[MessageType][]byte{}
			if a.TakesRaw() {
				types[Raw] = message
			}
			if a.DigestSize() > 0 {
				hash := a.hash.New()
				hash.Write(message)
				types[Digest] = hash.Sum(nil)
			}
			require.NotEmpty(t, types)
			for signed, input := range types {
				signature, err := m.Sign(a, signed, input)
				require.NoError(t, err)
				for verified, input := range types {
					valid, err := m.Verify(a, verified, input, signature)
					require.NoError(t, err)
					require.True(t, valid, "%s signs %s, verifies %s", name, signed, verified)
				}
				requireInvalid(t, m, a, signed, input, signature)
			}
		}
	})
}

// requireInvalid changes a signature and what was signed.
func requireInvalid(t *testing.T, m *Material, a *Algorithm, messageType MessageType, input, signature []byte) {
	t.Helper()
	other := bytes.Clone(input)
	other[0] ^= 1
	changed := bytes.Clone(signature)
	changed[len(changed)-1] ^= 1
	for _, test := range []struct{ input, signature []byte }{
		{other, signature},
		{input, changed},
		{input, signature[:len(signature)-1]},
		{input, append(bytes.Clone(signature), 0)},
		{input, nil},
	} {
		valid, err := m.Verify(a, messageType, test.input, test.signature)
		require.NoError(t, err)
		require.False(t, valid)
	}
}

func TestSignRefuses(t *testing.T) {
	digest := make([]byte, 32)
	for _, test := range []struct {
		spec        string
		algorithm   *Algorithm
		messageType MessageType
		message     []byte
		err         error
	}{
		{"ECC_NIST_P256", ecdsaSHA256, Digest, digest[1:], ErrDigestLength},
		{"ECC_NIST_P256", ecdsaSHA256, Digest, nil, ErrDigestLength},
		{"ECC_NIST_P256", ecdsaSHA256, "OTHER", digest, ErrMessageType},
		{"ECC_NIST_P256", ecdsaSHA384, Raw, digest, ErrAlgorithm},
		{"ECC_NIST_P256", ecdhAlgorithm, Raw, digest, ErrAlgorithm},
		{"ECC_SECG_P256K1", ecdsaSHA512, Raw, digest, ErrAlgorithm},
		{"RSA_2048", pssSHA512, Digest, digest, ErrDigestLength},
		{"RSA_2048", oaepSHA256, Raw, digest, ErrAlgorithm},
		{"ECC_NIST_EDWARDS25519", ed25519SHA512, Digest, make([]byte, 64), ErrMessageType},
		{"ECC_NIST_EDWARDS25519", ed25519phSHA512, Raw, digest, ErrMessageType},
		{"ECC_NIST_EDWARDS25519", ed25519phSHA512, Digest, digest, ErrDigestLength},
		{"HMAC_256", hmacSHA256, Raw, digest, ErrAlgorithm},
		{"SYMMETRIC_DEFAULT", symmetricDefault, Raw, digest, ErrAlgorithm},
	} {
		t.Run(test.spec+" "+test.algorithm.Name+" "+string(test.messageType), func(t *testing.T) {
			_, err := fixture(t, test.spec).Sign(test.algorithm, test.messageType, test.message)
			require.ErrorIs(t, err, test.err)
			_, err = fixture(t, test.spec).Verify(test.algorithm, test.messageType, test.message, nil)
			require.ErrorIs(t, err, test.err)
		})
	}
}

// TestEd25519phHashesTwice holds Ed25519ph to AWS's description: the digest given is hashed again.
func TestEd25519phHashesTwice(t *testing.T) {
	m := fixture(t, "ECC_NIST_EDWARDS25519")
	digest := sha512.Sum512([]byte("message"))
	signature, err := m.Sign(ed25519phSHA512, Digest, digest[:])
	require.NoError(t, err)
	twice := sha512.Sum512(digest[:])
	public := m.secret().(ed25519Key).public()
	options := &ed25519.Options{Hash: crypto.SHA512}
	require.NoError(t, ed25519.VerifyWithOptions(public, twice[:], signature, options))
	require.Error(t, ed25519.VerifyWithOptions(public, digest[:], signature, options))
}

func TestMAC(t *testing.T) {
	message := []byte("message")
	eachSpec(t, func(t *testing.T, m *Material) {
		names := m.Spec().Algorithms(GenerateVerifyMAC)
		if len(names) == 0 {
			_, err := m.MAC(hmacSHA256, message)
			require.ErrorIs(t, err, ErrAlgorithm)
			_, err = m.VerifyMAC(hmacSHA256, message, nil)
			require.ErrorIs(t, err, ErrAlgorithm)
			return
		}
		require.Len(t, names, 1)
		a := m.Spec().Algorithm(names[0])
		mac, err := m.MAC(a, message)
		require.NoError(t, err)
		require.Len(t, mac, m.Spec().bits/8)
		for _, test := range []struct {
			message, mac []byte
			valid        bool
		}{
			{message, mac, true},
			{[]byte("massage"), mac, false},
			{message, mac[1:], false},
			{message, append(bytes.Clone(mac), 0), false},
			{message, nil, false},
		} {
			valid, err := m.VerifyMAC(a, test.message, test.mac)
			require.NoError(t, err)
			require.Equal(t, test.valid, valid)
		}
		_, err = m.MAC(&Algorithm{Name: a.Name}, message)
		require.ErrorIs(t, err, ErrAlgorithm)
	})
}

// failing is a source of random bytes that has none.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no random bytes") }
