package wholefile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/wholefile"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "report.txt")
	require.NoError(t, wholefile.Write(name, 0o644, text("first")))
	require.NoError(t, wholefile.Write(name, 0o600, text("second")))
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "second", string(got))
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

// TestWriteFails holds that what was there stays, that nothing is left beside it, and that errors name the file.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	name := filepath.Join(directory, "report.txt")
	require.NoError(t, wholefile.Write(name, 0o644, text("first")))
	full := errors.New("no space left")
	err := wholefile.Write(name, 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, full)
	})
	require.ErrorIs(t, err, full)
	require.EqualError(t, err, "writing "+name+": no space left")
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "first", string(got))

	missing := filepath.Join(directory, "missing", "report.txt")
	err = wholefile.Write(missing, 0o644, text("x"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, err, "writing "+missing+": no such file or directory")

	taken := filepath.Join(directory, "taken")
	require.NoError(t, os.MkdirAll(filepath.Join(taken, "by a folder"), 0o755))
	err = wholefile.Write(taken, 0o644, text("x"))
	require.ErrorContains(t, err, "writing "+taken+": ")
	require.NotContains(t, err.Error(), ".strictkms-")

	entries, err := os.ReadDir(directory)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

func TestSyncDirectory(t *testing.T) {
	t.Parallel()
	require.NoError(t, wholefile.SyncDirectory(t.TempDir()))
	require.ErrorIs(t, wholefile.SyncDirectory(filepath.Join(t.TempDir(), "missing")), fs.ErrNotExist)
}

// TestWriteNamesOtherFiles: what is written may come from files, and theirs are not the file's errors.
func TestWriteNamesOtherFiles(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "bundle.tar.gz")
	other := filepath.Join(filepath.Dir(name), "key.pem")
	err := wholefile.Write(name, 0o644, func(io.Writer) error {
		_, err := os.Stat(other)
		return err
	})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, err, "writing "+name+": stat "+other+": no such file or directory")
}
