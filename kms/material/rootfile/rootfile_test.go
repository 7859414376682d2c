package rootfile

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/material"
)

func TestLoadOrCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.key")
	_, err := Load(path)
	require.ErrorIs(t, err, fs.ErrNotExist)

	created, err := LoadOrCreate(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "the temporary file is gone")

	sealed, err := created.Seal("label", []byte("secret"))
	require.NoError(t, err)
	loaded, err := LoadOrCreate(path)
	require.NoError(t, err)
	secret, err := loaded.Open("label", sealed)
	require.NoError(t, err)
	require.Equal(t, "secret", string(secret))

	other, err := LoadOrCreate(filepath.Join(t.TempDir(), "root.key"))
	require.NoError(t, err)
	_, err = other.Open("label", sealed)
	require.ErrorIs(t, err, material.ErrOpen)
}

func TestCreateAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.key")
	roots := make([]*material.Root, 8)
	var group sync.WaitGroup
	for i := range roots {
		group.Go(func() { roots[i], _ = LoadOrCreate(path) })
	}
	group.Wait()
	require.NotNil(t, roots[0])
	sealed, err := roots[0].Seal("label", []byte("secret"))
	require.NoError(t, err)
	for _, root := range roots {
		require.NotNil(t, root)
		_, err := root.Open("label", sealed)
		require.NoError(t, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	const secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IQ"
	whole := prefix + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"
	for _, test := range []struct {
		name, text string
		mode       fs.FileMode
		err        error
		message    string
	}{
		{"group can read", whole, 0o640, ErrPermissions, "has mode 0640"},
		{"everybody can read", whole, 0o644, ErrPermissions, "chmod 600"},
		{"executable", whole, 0o700, ErrPermissions, "has mode 0700"},
		{"empty", "", 0o600, ErrFormat, "does not begin with strictkms-root-v1:"},
		{"another version", "strictkms-root-v2:" + secret, 0o600, ErrFormat, "does not begin with"},
		{"no base64", prefix + secret + "!", 0o600, ErrFormat, "the key is not base64"},
		{"short", prefix + "c2VjcmV0IHNlY3JldA==", 0o600, ErrFormat, "a root key has 32 bytes, not 13"},
		{"cut off", whole[:len(whole)-9], 0o600, ErrFormat, ""},
		{"more behind it", whole + whole, 0o600, ErrFormat, "the key is not base64"},
		{"too long", prefix + strings.Repeat("c2Vj", 2000), 0o600, ErrFormat, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "root.key")
			require.NoError(t, os.WriteFile(path, []byte(test.text), 0o600))
			require.NoError(t, os.Chmod(path, test.mode))
			for _, load := range []func(string) (*material.Root, error){Load, LoadOrCreate} {
				_, err := load(path)
				require.ErrorIs(t, err, test.err)
				require.ErrorContains(t, err, test.message)
				require.ErrorContains(t, err, path)
				require.NotContains(t, err.Error(), "c2Vj")
				require.NotContains(t, err.Error(), "secret")
			}
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, test.text, string(after), "what is there is never replaced")
		})
	}
}

func TestLoadRefusesDirectory(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "root.key")
	require.NoError(t, os.Mkdir(directory, 0o700))
	_, err := LoadOrCreate(directory)
	require.ErrorIs(t, err, ErrFormat)
}

func TestCreateFails(t *testing.T) {
	_, err := LoadOrCreate(filepath.Join(t.TempDir(), "absent", "root.key"))
	require.ErrorContains(t, err, "create root key")
}
