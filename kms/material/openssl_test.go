package material

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// openssl runs the openssl binary in a directory of its own. Tests are skipped where there is none.
type openssl struct {
	t         *testing.T
	directory string
}

func newOpenssl(t *testing.T) *openssl {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("skipped: no openssl on this machine")
	}
	return &openssl{t: t, directory: t.TempDir()}
}

// needs skips a test of a spec that the openssl of the machine does not know: ML-DSA and ML-KEM are in it from 3.5 on.
func (o *openssl) needs(spec *Spec) {
	o.t.Helper()
	if spec.family != familyMLDSA && spec.family != familyMLKEM {
		return
	}
	output, err := exec.Command("openssl", "list", "-public-key-algorithms").CombinedOutput()
	require.NoError(o.t, err, "%s", output)
	if !bytes.Contains(output, []byte("ML-KEM")) {
		o.t.Skip("skipped: this openssl has no " + spec.Name)
	}
}

func (o *openssl) write(name string, content []byte) {
	o.t.Helper()
	require.NoError(o.t, os.WriteFile(filepath.Join(o.directory, name), content, 0o600))
}

func (o *openssl) read(name string) []byte {
	o.t.Helper()
	content, err := os.ReadFile(filepath.Join(o.directory, name))
	require.NoError(o.t, err)
	return content
}

func (o *openssl) run(args ...string) {
	o.t.Helper()
	command := exec.Command("openssl", args...)
	command.Dir = o.directory
	output, err := command.CombinedOutput()
	require.NoError(o.t, err, "openssl %v: %s", args, output)
}

// writeKeys puts a key pair where openssl finds it, and checks that both halves belong together for openssl.
func (o *openssl) writeKeys(public, private []byte) {
	o.t.Helper()
	o.write("public.der", public)
	o.write("private.der", private)
	o.run("pkey", "-inform", "DER", "-in", "private.der", "-pubout", "-outform", "DER", "-out", "derived.der")
	require.Equal(o.t, public, o.read("derived.der"))
}

// opensslOptions are the options of openssl pkeyutl for our schemes.
func opensslOptions(a *Algorithm) []string {
	digest := map[int]string{20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}[a.DigestSize()]
	switch a.scheme {
	case schemeOAEP:
		return []string{"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:" + digest, "-pkeyopt", "rsa_mgf1_md:" + digest}
	case schemePSS:
		return []string{"-pkeyopt", "digest:" + digest, "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"}
	case schemePKCS1:
		return []string{"-pkeyopt", "digest:" + digest, "-pkeyopt", "rsa_padding_mode:pkcs1"}
	default:
		return nil
	}
}

// TestOpensslReadsDataKeyPairs gives openssl every kind of data key pair.
func TestOpensslReadsDataKeyPairs(t *testing.T) {
	o := newOpenssl(t)
	for _, spec := range Specs() {
		if !spec.DataKeyPair || spec.bits > 3072 {
			continue // one large RSA key less to generate
		}
		t.Run(spec.Name, func(t *testing.T) {
			o := &openssl{t, o.directory}
			o.needs(spec)
			pair, err := GenerateDataKeyPair(spec)
			require.NoError(t, err)
			o.writeKeys(pair.PublicKey(), pair.PrivateKey())
		})
	}
}

// TestOpensslSignatures has openssl verify our signatures and us verify openssl's.
func TestOpensslSignatures(t *testing.T) {
	newOpenssl(t)
	eachSpec(t, func(t *testing.T, m *Material) {
		for _, name := range m.Spec().Algorithms(SignVerify) {
			a := m.Spec().Algorithm(name)
			if a.scheme == schemeEd25519 || a.scheme == schemeEd25519ph {
				continue // pkeyutl of openssl 3.0 signs Ed25519 with -rawin only; Wycheproof has it
			}
			t.Run(name, func(t *testing.T) {
				o := newOpenssl(t)
				o.needs(m.Spec())
				key := m.secret().(asymmetric)
				public, err := key.publicKey()
				require.NoError(t, err)
				private, err := key.privateKey()
				require.NoError(t, err)
				o.writeKeys(public, private)
				input := []byte("message") // of ML-DSA
				if a.hash != 0 {
					hash := a.hash.New()
					hash.Write(input)
					input = hash.Sum(nil)
				}
				o.write("digest", input)

				signature, err := m.Sign(a, Raw, []byte("message"))
				require.NoError(t, err)
				o.write("ours", signature)
				o.run(append([]string{
					"pkeyutl", "-verify", "-pubin", "-inkey", "public.der", "-keyform", "DER",
					"-in", "digest", "-sigfile", "ours",
				}, opensslOptions(a)...)...)

				o.run(append([]string{
					"pkeyutl", "-sign", "-inkey", "private.der", "-keyform", "DER",
					"-in", "digest", "-out", "theirs",
				}, opensslOptions(a)...)...)
				valid, err := m.Verify(a, Raw, []byte("message"), o.read("theirs"))
				require.NoError(t, err)
				require.True(t, valid)
			})
		}
	})
}

// TestOpensslCiphertexts decrypts what openssl encrypted with the public key, and the reverse.
func TestOpensslCiphertexts(t *testing.T) {
	newOpenssl(t)
	m := fixture(t, "RSA_2048")
	for _, name := range m.Spec().Algorithms(EncryptDecrypt) {
		t.Run(name, func(t *testing.T) {
			o, a := newOpenssl(t), m.Spec().Algorithm(name)
			public, err := m.PublicKey()
			require.NoError(t, err)
			private, err := m.secret().(asymmetric).privateKey()
			require.NoError(t, err)
			o.writeKeys(public, private)
			o.write("plaintext", []byte("secret"))
			o.run(append([]string{
				"pkeyutl", "-encrypt", "-pubin", "-inkey", "public.der", "-keyform", "DER",
				"-in", "plaintext", "-out", "theirs",
			}, opensslOptions(a)...)...)
			plaintext, err := m.DecryptAsymmetric(a, o.read("theirs"))
			require.NoError(t, err)
			require.Equal(t, "secret", string(plaintext))

			ciphertext, err := m.EncryptAsymmetric(a, []byte("secret"))
			require.NoError(t, err)
			o.write("ours", ciphertext)
			o.run(append([]string{
				"pkeyutl", "-decrypt", "-inkey", "private.der", "-keyform", "DER",
				"-in", "ours", "-out", "decrypted",
			}, opensslOptions(a)...)...)
			require.Equal(t, "secret", string(o.read("decrypted")))
		})
	}
}

// TestOpensslMAC compares authentication codes.
func TestOpensslMAC(t *testing.T) {
	newOpenssl(t)
	for _, name := range []string{"HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"} {
		t.Run(name, func(t *testing.T) {
			o, m := newOpenssl(t), fixture(t, name)
			message := make([]byte, 4096)
			_, err := rand.Read(message)
			require.NoError(t, err)
			o.write("message", message)
			mac, err := m.MAC(m.Spec().algorithms[0], message)
			require.NoError(t, err)
			key, err := m.secret().marshal()
			require.NoError(t, err)
			o.run("dgst", "-sha"+name[len("HMAC_"):], "-mac", "HMAC", "-macopt", "hexkey:"+hex.EncodeToString(key),
				"-binary", "-out", "mac", "message")
			require.True(t, bytes.Equal(mac, o.read("mac")))
		})
	}
}
