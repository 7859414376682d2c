package kmstest_test

import (
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

// openssl is the openssl program in a directory of its own, and a caller of a server: what one makes, the other takes.
type openssl struct {
	*kms.Client
	t   *testing.T
	dir string
}

func newOpenssl(t *testing.T) *openssl {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("skipped: no openssl on this machine")
	}
	s := kmstest.Start(t, kmstest.WithWorld(appWorld))
	return &openssl{client(s, "user/alice"), t, t.TempDir()}
}

// at is the same for a subtest.
func (o *openssl) at(t *testing.T) *openssl { return &openssl{o.Client, t, t.TempDir()} }

func (o *openssl) write(name string, content []byte) {
	o.t.Helper()
	require.NoError(o.t, os.WriteFile(filepath.Join(o.dir, name), content, 0o600))
}

func (o *openssl) read(name string) []byte {
	o.t.Helper()
	content, err := os.ReadFile(filepath.Join(o.dir, name))
	require.NoError(o.t, err)
	return content
}

// run runs a command of openssl, given in one line.
func (o *openssl) run(line string) {
	o.t.Helper()
	output, err := o.try(line)
	require.NoError(o.t, err, "openssl %s: %s", line, output)
}

func (o *openssl) try(line string) (string, error) {
	command := exec.CommandContext(o.t.Context(), "openssl", strings.Fields(line)...)
	command.Dir = o.dir
	output, err := command.CombinedOutput()
	return string(output), err
}

// key makes a key.
func (o *openssl) key(spec types.KeySpec, usage types.KeyUsageType, origin types.OriginType) *string {
	o.t.Helper()
	made, err := o.CreateKey(o.t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage, Origin: origin})
	require.NoError(o.t, err)
	return made.KeyMetadata.KeyId
}

// public writes the public key of a key to public.der.
func (o *openssl) public(key *string) {
	o.t.Helper()
	out, err := o.GetPublicKey(o.t.Context(), &kms.GetPublicKeyInput{KeyId: key})
	require.NoError(o.t, err)
	o.write("public.der", out.PublicKey)
}

// verifies has openssl verify a signature of the key whose public key is in public.der, and refuse that of another message.
func (o *openssl) verifies(key *string, algorithm types.SigningAlgorithmSpec) {
	o.t.Helper()
	signed, err := o.Sign(o.t.Context(), &kms.SignInput{KeyId: key, Message: []byte("message"), SigningAlgorithm: algorithm})
	require.NoError(o.t, err)
	o.write("message", []byte("message"))
	o.write("forgery", []byte("massage"))
	o.write("signature", signed.Signature)
	line := "pkeyutl -verify -rawin -pubin -inkey public.der -keyform DER -sigfile signature " + opensslSigning(string(algorithm))
	o.run(line + " -in message")
	output, err := o.try(line + " -in forgery")
	require.Error(o.t, err, output)
}

// opensslSigning are the options for an algorithm.
func opensslSigning(algorithm string) string {
	digest := " -digest sha" + algorithm[len(algorithm)-3:]
	switch {
	case strings.HasPrefix(algorithm, "RSASSA_PSS"):
		return digest + " -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest"
	case strings.HasPrefix(algorithm, "RSASSA"):
		return digest + " -pkeyopt rsa_padding_mode:pkcs1"
	case strings.HasPrefix(algorithm, "ECDSA"):
		return digest
	default: // Ed25519 and ML-DSA hash by themselves
		return ""
	}
}

// TestOpensslVerifies has openssl verify the signatures of every signing algorithm, with the public key that GetPublicKey
// tells.
func TestOpensslVerifies(t *testing.T) {
	t.Parallel()
	all := newOpenssl(t)
	version, err := all.try("version")
	version, _, _ = strings.Cut(version, "\n")
	require.NoError(t, err)
	for spec, algorithms := range map[types.KeySpec][]types.SigningAlgorithmSpec{
		"RSA_2048": {
			"RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
			"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512",
		},
		"ECC_NIST_P256": {"ECDSA_SHA_256"}, "ECC_NIST_P384": {"ECDSA_SHA_384"}, "ECC_NIST_P521": {"ECDSA_SHA_512"},
		"ECC_SECG_P256K1": {"ECDSA_SHA_256"}, "ECC_NIST_EDWARDS25519": {"ED25519_SHA_512"}, "ML_DSA_65": {"ML_DSA_SHAKE_256"},
	} {
		t.Run(string(spec), func(t *testing.T) {
			o := all.at(t)
			if output, err := o.try("list -public-key-algorithms"); spec == "ML_DSA_65" && !strings.Contains(output, "ML-DSA-65") {
				require.NoError(t, err)
				t.Skipf("skipped: %s has no ML-DSA, which is in it from 3.5 on", version)
			}
			key := o.key(spec, types.KeyUsageTypeSignVerify, "")
			o.public(key)
			for _, algorithm := range algorithms {
				o.verifies(key, algorithm)
			}
		})
	}
}

// TestOpensslAgrees has openssl derive the secret that DeriveSharedSecret derives.
func TestOpensslAgrees(t *testing.T) {
	t.Parallel()
	all := newOpenssl(t)
	for spec, curve := range map[types.KeySpec]string{"ECC_NIST_P256": "P-256", "ECC_NIST_P384": "P-384", "ECC_NIST_P521": "P-521"} {
		t.Run(curve, func(t *testing.T) {
			o := all.at(t)
			key := o.key(spec, types.KeyUsageTypeKeyAgreement, "")
			o.public(key)
			o.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:" + curve + " -outform DER -out mine.der")
			o.run("pkey -inform DER -in mine.der -pubout -outform DER -out mine.public.der")
			ours, err := o.DeriveSharedSecret(t.Context(), &kms.DeriveSharedSecretInput{
				KeyId: key, KeyAgreementAlgorithm: types.KeyAgreementAlgorithmSpecEcdh, PublicKey: o.read("mine.public.der"),
			})
			require.NoError(t, err)
			o.run("pkeyutl -derive -inkey mine.der -keyform DER -peerkey public.der -peerform DER -out secret")
			require.Equal(t, o.read("secret"), ours.SharedSecret)
		})
	}
}

// TestOpensslEncrypts decrypts what openssl encrypted with the public key of a key, out of reach of the server.
func TestOpensslEncrypts(t *testing.T) {
	t.Parallel()
	o := newOpenssl(t)
	key := o.key(types.KeySpecRsa2048, types.KeyUsageTypeEncryptDecrypt, "")
	o.public(key)
	o.write("plaintext", []byte("a secret"))
	for algorithm, digest := range map[types.EncryptionAlgorithmSpec]string{"RSAES_OAEP_SHA_1": "sha1", "RSAES_OAEP_SHA_256": "sha256"} {
		o.run("pkeyutl -encrypt -pubin -inkey public.der -keyform DER -in plaintext -out ciphertext " + oaep(digest))
		out, err := o.Decrypt(t.Context(), &kms.DecryptInput{KeyId: key, EncryptionAlgorithm: algorithm, CiphertextBlob: o.read("ciphertext")})
		require.NoError(t, err)
		require.Equal(t, "a secret", string(out.Plaintext))
	}
}

// oaep are the options for a digest.
func oaep(digest string) string {
	return "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:" + digest + " -pkeyopt rsa_mgf1_md:" + digest
}

// imports makes a key, and imports what is in the file material, wrapped by openssl as
// https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html shows it.
func (o *openssl) imports(spec types.KeySpec, usage types.KeyUsageType, algorithm types.AlgorithmSpec) *string {
	o.t.Helper()
	key := o.key(spec, usage, types.OriginTypeExternal)
	parameters, err := o.GetParametersForImport(o.t.Context(), &kms.GetParametersForImportInput{
		KeyId: key, WrappingAlgorithm: algorithm, WrappingKeySpec: types.WrappingKeySpecRsa2048,
	})
	require.NoError(o.t, err)
	o.write("wrapping.der", parameters.PublicKey)
	digest := "sha1"
	if strings.HasSuffix(string(algorithm), "SHA_256") {
		digest = "sha256"
	}
	encrypt := "pkeyutl -encrypt -pubin -keyform DER -inkey wrapping.der -out wrapped " + oaep(digest)
	if strings.HasPrefix(string(algorithm), "RSA_AES") {
		o.run("rand -out aes 32")
		o.run(encrypt + " -in aes")
		o.run("enc -id-aes256-wrap-pad -K " + hex.EncodeToString(o.read("aes")) + " -iv A65959A6 -in material -out rest")
		o.write("wrapped", append(o.read("wrapped"), o.read("rest")...))
	} else {
		o.run(encrypt + " -in material")
	}
	_, err = o.ImportKeyMaterial(o.t.Context(), &kms.ImportKeyMaterialInput{
		KeyId: key, ImportToken: parameters.ImportToken, EncryptedKeyMaterial: o.read("wrapped"),
		ExpirationModel: types.ExpirationModelTypeKeyMaterialDoesNotExpire,
	})
	require.NoError(o.t, err, "%s by %s", spec, algorithm)
	return key
}
