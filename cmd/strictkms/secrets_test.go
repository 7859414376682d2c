package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/require"
)

// secrets are what must not be found anywhere, by what they are.
type secrets map[string][]byte

// use makes a server handle secrets of every kind, notes them, and returns the ids of the requests.
func (s secrets) use(t *testing.T, client *kms.Client) (requests []string) {
	t.Helper()
	ctx := t.Context()
	told := func(m middleware.Metadata, err error) {
		require.NoError(t, err)
		id, ok := awsmiddleware.GetRequestIDMetadata(m)
		require.True(t, ok)
		requests = append(requests, id)
	}
	s["plaintext"] = []byte("a plaintext that nobody may see")
	s["message"] = []byte("a message that was given to Sign")
	key, mac, sign := newSecretKey(t, client, "SYMMETRIC_DEFAULT"), newSecretKey(t, client, "HMAC_256"), newSecretKey(t, client, "ECC_NIST_P256")
	encrypted, err := client.Encrypt(ctx, &kms.EncryptInput{KeyId: key, Plaintext: s["plaintext"]})
	told(encrypted.ResultMetadata, err)
	decrypted, err := client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted.CiphertextBlob})
	told(decrypted.ResultMetadata, err)
	require.Equal(t, s["plaintext"], decrypted.Plaintext)
	again, err := client.ReEncrypt(ctx, &kms.ReEncryptInput{CiphertextBlob: encrypted.CiphertextBlob, DestinationKeyId: key})
	told(again.ResultMetadata, err)
	dataKey, err := client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: key, KeySpec: types.DataKeySpecAes256})
	told(dataKey.ResultMetadata, err)
	s["data key"] = dataKey.Plaintext
	pair, err := client.GenerateDataKeyPair(ctx, &kms.GenerateDataKeyPairInput{KeyId: key, KeyPairSpec: types.DataKeyPairSpecEccNistP256})
	told(pair.ResultMetadata, err)
	s["private key"] = pair.PrivateKeyPlaintext
	random, err := client.GenerateRandom(ctx, &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(32)})
	told(random.ResultMetadata, err)
	s["random number"] = random.Plaintext
	made, err := client.GenerateMac(ctx, &kms.GenerateMacInput{KeyId: mac, Message: s["message"], MacAlgorithm: types.MacAlgorithmSpecHmacSha256})
	told(made.ResultMetadata, err)
	signed, err := client.Sign(ctx, &kms.SignInput{KeyId: sign, Message: s["message"], SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256})
	told(signed.ResultMetadata, err)
	// A call that fails after its plaintext was read.
	_, err = client.Encrypt(ctx, &kms.EncryptInput{KeyId: sign, Plaintext: s["plaintext"]})
	require.Equal(t, "InvalidKeyUsageException", codeOf(err))
	return requests
}

func newSecretKey(t *testing.T, client *kms.Client, spec types.KeySpec) *string {
	t.Helper()
	usage := map[types.KeySpec]types.KeyUsageType{
		"SYMMETRIC_DEFAULT": types.KeyUsageTypeEncryptDecrypt, "HMAC_256": types.KeyUsageTypeGenerateVerifyMac,
		"ECC_NIST_P256": types.KeyUsageTypeSignVerify,
	}
	out, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage[spec]})
	require.NoError(t, err)
	return out.KeyMetadata.KeyId
}

// absent looks for the secrets in a text: as they are, and in the usual encodings.
func (s secrets) absent(t *testing.T, where, text string) {
	t.Helper()
	for what, secret := range s {
		// Three base64 texts of a part each, for wherever the secret stands in what was encoded.
		forms := [][]byte{secret, []byte(hex.EncodeToString(secret)), bytes.ToUpper([]byte(hex.EncodeToString(secret)))}
		for skip := range 3 {
			whole := secret[skip : skip+(len(secret)-skip)/3*3]
			forms = append(forms, []byte(base64.RawStdEncoding.EncodeToString(whole)), []byte(base64.RawURLEncoding.EncodeToString(whole)))
		}
		for _, form := range forms {
			require.False(t, bytes.Contains([]byte(text), form), "%s tells the %s", where, what)
		}
	}
}

// TestSecretsStaySecret looks for plaintexts, data keys, secret access keys and the root key in everything that a server
// writes and tells, while it logs all it can; and at who can read its files.
func TestSecretsStaySecret(t *testing.T) {
	dir := t.TempDir()
	data, trail := filepath.Join(dir, "data"), filepath.Join(dir, "trail.jsonl")
	example := filepath.Join("..", "..", "examples", "encryption-as-a-service", "template.yaml")
	p := startProcess(t, data, "--verbose", "--trail", trail, "--load", example)
	s := secrets{}
	requests := s.use(t, p.client(t, "root"))
	for _, name := range []string{"root", "encryptor", "decryptor"} {
		found, err := readProfile(filepath.Join(data, "credentials"), name)
		require.NoError(t, err)
		s["secret access key of "+name] = []byte(found.SecretAccessKey)
	}
	root, err := os.ReadFile(filepath.Join(data, "root.key"))
	require.NoError(t, err)
	_, text, ok := strings.Cut(strings.TrimSpace(string(root)), ":")
	require.True(t, ok)
	if s["root key"], err = base64.StdEncoding.DecodeString(text); err != nil {
		s["root key"], err = base64.RawStdEncoding.DecodeString(text)
	}
	require.NoError(t, err)
	require.Len(t, s["root key"], 32)

	for _, path := range []string{"/_strictkms/metrics", "/_strictkms/health"} {
		_, body := p.get(t, path)
		s.absent(t, path, body)
	}
	for _, id := range requests {
		output, err := exec.CommandContext(t.Context(), programPath(t), "explain", id, "--endpoint", p.url, "--format", "json").CombinedOutput()
		require.NoError(t, err, "%s", output)
		s.absent(t, "explain", string(output))
		status, body := p.get(t, "/_strictkms/explain/"+id)
		require.Equal(t, 200, status)
		s.absent(t, "the explanation", body)
	}
	s.filesAbsent(t, dir)
	p.stop(t)
	s.absent(t, "the log", p.log.String())
	require.Contains(t, p.log.String(), requests[0], "it logs every call")
	require.Equal(t, 6, s.filesAbsent(t, dir), "directories and files")
}

// filesAbsent looks for the secrets in all files but those that are there to hold them, and at the modes of all.
func (s secrets) filesAbsent(t *testing.T, dir string) (seen int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		seen++
		if entry.IsDir() {
			if path != dir {
				require.Equal(t, fs.ModeDir|0o700, info.Mode(), path)
			}
			return nil
		}
		require.Equal(t, fs.FileMode(0o600), info.Mode(), path)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotEmpty(t, content, path)
		holds := map[string]string{"root.key": "root key", "credentials": "secret access key of "}[filepath.Base(path)]
		others := secrets{}
		for what, secret := range s {
			if holds == "" || !strings.HasPrefix(what, holds) {
				others[what] = secret
			}
		}
		others.absent(t, path, string(content))
		return nil
	}))
	return seen
}
