package material

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/kwp/subtle"
)

const importOwner = "arn:aws:kms:us-east-1:111122223333:key/" + testKeyID

func importRoot(t *testing.T) *Root {
	t.Helper()
	root, err := NewRoot(bytes.Repeat([]byte{7}, RootSizeInBytes))
	require.NoError(t, err)
	return root
}

// wrap is what who imports does with the public key.
func wrap(t *testing.T, w *WrappingKey, clear []byte) []byte {
	t.Helper()
	der, err := w.PublicKey()
	require.NoError(t, err)
	parsed, err := x509.ParsePKIXPublicKey(der)
	require.NoError(t, err)
	hash := w.algorithm.hash
	encrypt := func(b []byte) []byte {
		out, err := rsa.EncryptOAEP(hash.New(), rand.Reader, parsed.(*rsa.PublicKey), b, nil)
		require.NoError(t, err)
		return out
	}
	if !w.algorithm.hybrid {
		return encrypt(clear)
	}
	key := bytes.Repeat([]byte{9}, wrappedAESSizeInBytes)
	kwp, err := subtle.NewKWP(key)
	require.NoError(t, err)
	wrapped, err := kwp.Wrap(clear)
	require.NoError(t, err)
	return append(encrypt(key), wrapped...)
}

// exported is material as it is imported.
func exported(t *testing.T, m *Material) []byte {
	t.Helper()
	var out []byte
	var err error
	if pair, ok := m.secret().(asymmetric); ok {
		out, err = pair.privateKey()
	} else {
		out, err = m.secret().marshal()
	}
	require.NoError(t, err)
	return out
}

// TestImportEverySpec imports material of every spec under every algorithm that takes it, through a token.
func TestImportEverySpec(t *testing.T) {
	t.Parallel()
	root, wrapping := importRoot(t), LookupSpec("RSA_2048")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for _, spec := range Specs() {
		if !spec.Imports() || spec.family == familyRSA && spec.bits > 2048 {
			continue
		}
		m, err := Generate(spec, rand.Reader)
		require.NoError(t, err)
		for _, algorithm := range wrappingAlgorithms {
			t.Run(spec.Name+" "+algorithm.Name, func(t *testing.T) {
				w := newWrappingKey(key, algorithm)
				if !algorithm.Wraps(wrapping, spec) {
					require.Greater(t, len(exported(t, m)), wrapping.bits/8-2*algorithm.hash.Size()-2, "it would fit")
					return
				}
				validTo := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
				token, err := w.Token(root, importOwner, validTo)
				require.NoError(t, err)
				opened, until, err := OpenToken(root, importOwner, token)
				require.NoError(t, err)
				require.Equal(t, validTo, until)
				wrapped := wrap(t, w, exported(t, m))
				imported, err := Import(root, opened, spec, testKeyID, wrapped)
				require.NoError(t, err)
				require.Equal(t, exported(t, m), exported(t, imported))
				again, err := Import(root, opened, spec, testKeyID, wrap(t, w, exported(t, m)))
				require.NoError(t, err)
				require.Equal(t, imported.ID(), again.ID(), "the same material has the same id")
				elsewhere, err := Import(root, opened, spec, "mrk-"+hex.EncodeToString(make([]byte, 16)), wrapped)
				require.NoError(t, err)
				require.NotEqual(t, imported.ID(), elsewhere.ID(), "but in another key")

				sealed, err := imported.Seal(root, importOwner)
				require.NoError(t, err)
				stored, err := Open(root, importOwner, spec, imported.ID(), sealed)
				require.NoError(t, err)
				require.Equal(t, exported(t, m), exported(t, stored))
			})
		}
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	root := importRoot(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	plain := newWrappingKey(key, LookupWrappingAlgorithm("RSAES_OAEP_SHA_256"))
	hybrid := newWrappingKey(key, LookupWrappingAlgorithm("RSA_AES_KEY_WRAP_SHA_256"))
	generated := func(name string) []byte {
		m, err := Generate(LookupSpec(name), rand.Reader)
		require.NoError(t, err)
		return exported(t, m)
	}
	p256, k256, ed, rsa2048 := generated("ECC_NIST_P256"), generated("ECC_SECG_P256K1"), generated("ECC_NIST_EDWARDS25519"), generated("RSA_2048")
	broken := wrap(t, hybrid, p256)
	broken[len(broken)-1] ^= 1
	for i, test := range []struct {
		w       *WrappingKey
		spec    string
		wrapped []byte
		err     error
	}{
		{plain, "SYMMETRIC_DEFAULT", wrap(t, plain, make([]byte, 31)), ErrMaterial},
		{plain, "SYMMETRIC_DEFAULT", wrap(t, plain, make([]byte, 33)), ErrMaterial},
		{plain, "SYMMETRIC_DEFAULT", wrap(t, plain, nil), ErrMaterial},
		{plain, "HMAC_224", wrap(t, plain, make([]byte, 32)), ErrMaterial},
		{plain, "SYMMETRIC_DEFAULT", wrap(t, hybrid, make([]byte, 32)), ErrCiphertext},
		{hybrid, "SYMMETRIC_DEFAULT", wrap(t, plain, make([]byte, 32)), ErrCiphertext},
		{plain, "SYMMETRIC_DEFAULT", []byte("no ciphertext"), ErrCiphertext},
		{hybrid, "RSA_2048", []byte("no ciphertext"), ErrCiphertext},
		{hybrid, "ECC_NIST_P256", broken, ErrCiphertext},
		{hybrid, "ECC_NIST_P256", wrap(t, plain, make([]byte, 16)), ErrCiphertext}, // AES-128
		{hybrid, "ECC_NIST_P384", wrap(t, hybrid, p256), ErrMaterial},
		{hybrid, "ECC_NIST_P256", wrap(t, hybrid, k256), ErrMaterial},
		{hybrid, "ECC_NIST_P256", wrap(t, hybrid, rsa2048), ErrMaterial},
		{hybrid, "ECC_SECG_P256K1", wrap(t, hybrid, p256), ErrMaterial},
		{hybrid, "ECC_SECG_P256K1", wrap(t, hybrid, append(bytes.Clone(k256), 0)), ErrMaterial},
		{hybrid, "ECC_SECG_P256K1", wrap(t, hybrid, make([]byte, 32)), ErrMaterial},
		{hybrid, "ECC_NIST_EDWARDS25519", wrap(t, hybrid, p256), ErrMaterial},
		{hybrid, "RSA_3072", wrap(t, hybrid, rsa2048), ErrMaterial},
		{hybrid, "RSA_2048", wrap(t, hybrid, ed), ErrMaterial},
	} {
		_, err := Import(root, test.w, LookupSpec(test.spec), testKeyID, test.wrapped)
		require.ErrorIs(t, err, test.err, "%d: %s", i, test.spec)
	}
	_, err = Import(nil, plain, LookupSpec("SYMMETRIC_DEFAULT"), testKeyID, wrap(t, plain, make([]byte, 32)))
	require.ErrorIs(t, err, ErrRootSize)
	_, err = NewWrappingKey(LookupSpec("HMAC_256"), plain.algorithm)
	require.ErrorIs(t, err, ErrAlgorithm)
	require.Nil(t, LookupWrappingAlgorithm("RSAES_PKCS1_V1_5"))
}

func TestImportTokens(t *testing.T) {
	t.Parallel()
	root := importRoot(t)
	w, err := NewWrappingKey(LookupSpec("RSA_4096"), LookupWrappingAlgorithm("RSA_AES_KEY_WRAP_SHA_256"))
	require.NoError(t, err)
	token, err := w.Token(root, importOwner, time.Unix(1e9, 0))
	require.NoError(t, err)
	require.LessOrEqual(t, len(token), 6144, "CiphertextType of the API")
	_, _, err = OpenToken(root, importOwner+"x", token)
	require.ErrorIs(t, err, ErrOpen)
	for i := range token {
		changed := bytes.Clone(token)
		changed[i] ^= 1
		if i%97 == 0 {
			_, _, err = OpenToken(root, importOwner, changed)
			require.ErrorIs(t, err, ErrOpen)
		}
	}
	for _, inner := range []string{"", "{", "{}", `{"algorithm":"RSAES_OAEP_SHA_256","key":"AAAA"}`} {
		sealed, err := root.Seal(tokenLabel(importOwner), []byte(inner))
		require.NoError(t, err)
		_, _, err = OpenToken(root, importOwner, sealed)
		require.ErrorIs(t, err, ErrOpen)
	}
	require.Equal(t, "[redacted]", fmt.Sprintf("%v", w))
	require.NotContains(t, fmt.Sprintf("%#v %d", w, w), w.key().D.String())
}

// TestOpensslWrapsMaterial imports what openssl encrypted and wrapped, as the Developer Guide shows it.
func TestOpensslWrapsMaterial(t *testing.T) {
	o, root := newOpenssl(t), importRoot(t)
	o.run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER", "-out", "rsa.pem")
	o.run("pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", "rsa.pem", "-outform", "DER", "-out", "RSA_2048")
	for spec, curve := range map[string]string{"ECC_NIST_P256": "P-256", "ECC_NIST_P521": "P-521", "ECC_SECG_P256K1": "secp256k1"} {
		o.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:"+curve, "-outform", "DER", "-out", "sec1.der")
		o.run("pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-in", "sec1.der", "-outform", "DER", "-out", spec)
	}
	o.run("genpkey", "-algorithm", "ED25519", "-outform", "DER", "-out", "ECC_NIST_EDWARDS25519")
	o.run("rand", "-out", "SYMMETRIC_DEFAULT", "32")
	o.run("rand", "-out", "HMAC_384", "48")
	o.run("rand", "-out", "aes", "32")
	for _, name := range []string{
		"SYMMETRIC_DEFAULT", "HMAC_384", "ECC_NIST_P256", "ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519", "RSA_2048",
	} {
		for _, algorithm := range wrappingAlgorithms {
			spec, wrapping := LookupSpec(name), LookupSpec("RSA_2048")
			if !algorithm.Wraps(wrapping, spec) {
				continue
			}
			t.Run(name+" "+algorithm.Name, func(t *testing.T) {
				o := &openssl{t, o.directory}
				w, err := NewWrappingKey(wrapping, algorithm)
				require.NoError(t, err)
				public, err := w.PublicKey()
				require.NoError(t, err)
				o.write("wrapping.der", public)
				digest := map[crypto.Hash]string{crypto.SHA1: "sha1", crypto.SHA256: "sha256"}[algorithm.hash]
				source := name
				if algorithm.hybrid {
					source = "aes"
				}
				o.run("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", "wrapping.der", "-in", source, "-out", "wrapped",
					"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+digest, "-pkeyopt", "rsa_mgf1_md:"+digest)
				wrapped := o.read("wrapped")
				if algorithm.hybrid {
					// RFC 5649 with the initial value of its section 3.
					o.run("enc", "-id-aes256-wrap-pad", "-K", hex.EncodeToString(o.read("aes")), "-iv", "A65959A6", "-in", name, "-out", "rest")
					wrapped = append(wrapped, o.read("rest")...)
				}
				m, err := Import(root, w, spec, testKeyID, wrapped)
				require.NoError(t, err)
				if spec.Symmetric() {
					require.Equal(t, o.read(name), exported(t, m))
					return
				}
				o.run("pkey", "-inform", "DER", "-in", name, "-pubout", "-outform", "DER", "-out", "public.der")
				public, err = m.PublicKey()
				require.NoError(t, err)
				require.Equal(t, o.read("public.der"), public)
			})
		}
	}
}

// FuzzImport gives every spec whatever may have been wrapped. What is accepted is sealed and opened as the same.
func FuzzImport(f *testing.F) {
	for _, spec := range Specs() {
		if !spec.Imports() || spec.family == familyRSA && spec.bits > 2048 {
			continue
		}
		m, err := Generate(spec, rand.Reader)
		require.NoError(f, err)
		if pair, ok := m.secret().(asymmetric); ok {
			der, err := pair.privateKey()
			require.NoError(f, err)
			f.Add(der)
			continue
		}
		raw, err := m.secret().marshal()
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, clear []byte) {
		for _, spec := range Specs() {
			key, err := parseImported(spec, clear)
			if err != nil {
				require.ErrorIs(t, err, ErrMaterial)
				continue
			}
			kept, err := key.marshal()
			require.NoError(t, err)
			again, err := parse(spec, kept)
			require.NoError(t, err, spec.Name)
			same, err := again.marshal()
			require.NoError(t, err)
			require.Equal(t, kept, same)
		}
	})
}
