package main

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"
)

// filled is a data directory with a key in its store, of a server that was stopped.
func filled(t *testing.T) (data string, key *string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	p := startProcess(t, data)
	out, err := p.client(t, "root").CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err)
	p.stop(t)
	return data, out.KeyMetadata.KeyId
}

// contentsOf are the files of a directory with what is in them.
func contentsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		found[e.Name()] = string(content)
	}
	return found
}

// TestRefusesDamage does not start on what it cannot read: it says which file it is and changes nothing.
func TestRefusesDamage(t *testing.T) {
	original, _ := filled(t)
	for name, test := range map[string]struct {
		file   string
		damage func([]byte) []byte
	}{
		"garbage in the store": {"strictkms.db", func(b []byte) []byte { return bytes.Repeat([]byte("garbage "), len(b)/8) }},
		"the store is cut off": {"strictkms.db", func(b []byte) []byte { return b[:len(b)/2] }},
		"one bit of a record": {"strictkms.db", func(b []byte) []byte {
			// Old versions of the record stay in pages that are free, and that nobody reads.
			return bytes.ReplaceAll(b, []byte(`"policy":`), []byte(`&policy":`))
		}},
		"a text for a store":     {"strictkms.db", func([]byte) []byte { return []byte("hello") }},
		"a bit of the root key":  {"root.key", func(b []byte) []byte { b[len(b)-9] ^= 1; return b }},
		"no root key":            {"root.key", nil},
		"a root key cut off":     {"root.key", func(b []byte) []byte { return b[:len(b)-10] }},
		"nothing for a root key": {"root.key", func([]byte) []byte { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			require.NoError(t, os.CopyFS(data, os.DirFS(original)))
			file := filepath.Join(data, test.file)
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.Remove(file))
			if test.damage != nil {
				require.NoError(t, os.WriteFile(file, test.damage(content), 0o600))
			}
			before := contentsOf(t, data)
			output, err := exec.CommandContext(t.Context(), programPath(t), "serve", "--listen", "127.0.0.1:0", "--data", data).CombinedOutput()
			exit, ok := errors.AsType[*exec.ExitError](err)
			require.True(t, ok, "%v %s", err, output)
			require.Equal(t, exitFailed, exit.ExitCode(), "%s", output)
			require.Contains(t, string(output), "strictkms: ")
			if name != "a bit of the root key" { // which makes it another one
				require.Contains(t, string(output), file)
			}
			require.NotContains(t, string(output), "goroutine")
			require.Equal(t, before, contentsOf(t, data))
		})
	}
}

// TestStoreCutOffUnderServer cuts the file of a running server off: it goes on with what it knows until it has to write,
// answers from then on that it failed inside, and does not fall over.
func TestStoreCutOffUnderServer(t *testing.T) {
	data, key := filled(t)
	p := startProcess(t, data)
	client := p.client(t, "root")
	encrypted, err := client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: key, Plaintext: []byte("x")})
	require.NoError(t, err)
	file := filepath.Join(data, "strictkms.db")
	require.NoError(t, os.Truncate(file, int64(2*os.Getpagesize())))
	_, err = client.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: encrypted.CiphertextBlob})
	require.NoError(t, err)
	for range 3 {
		_, err = client.CreateKey(t.Context(), &kms.CreateKeyInput{})
		require.Equal(t, "KMSInternalException", codeOf(err), "%v", err)
	}
	_, err = client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})
	require.Equal(t, "KMSInternalException", codeOf(err), "nobody answers from a state that is not kept any more: %v", err)
	status, body := p.get(t, "/_strictkms/health")
	require.Equal(t, http.StatusServiceUnavailable, status, body)
	require.NotContains(t, p.log.String(), "goroutine")
	require.Contains(t, p.log.String(), file)
}
