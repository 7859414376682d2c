package bolt_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
)

func TestOpenModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "deep", "store")
	st, err := bolt.Open(path)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	modes := func() (directory, file os.FileMode) {
		d, err := os.Stat(filepath.Dir(path))
		require.NoError(t, err)
		f, err := os.Stat(path)
		require.NoError(t, err)
		return d.Mode().Perm(), f.Mode().Perm()
	}
	directory, file := modes()
	require.Equal(t, os.FileMode(0o700), directory)
	require.Equal(t, os.FileMode(0o600), file)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left of making it")

	require.NoError(t, os.Chmod(path, 0o644))
	st, err = bolt.Open(path)
	require.NoError(t, err)
	require.NoError(t, st.Close())
	_, file = modes()
	require.Equal(t, os.FileMode(0o600), file)
}

func TestOpenLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	holder := run(t, "holder", path)
	input, err := holder.StdinPipe()
	require.NoError(t, err)
	output, err := holder.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, holder.Start())
	_, err = bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)

	_, err = bolt.Open(path)
	require.ErrorIs(t, err, store.ErrLocked)
	require.ErrorContains(t, err, path)

	require.NoError(t, input.Close())
	require.NoError(t, holder.Wait())
	st, err := bolt.Open(path)
	require.NoError(t, err)
	entry, err := st.Get(t.Context(), "held")
	require.NoError(t, err)
	require.Equal(t, "by another", string(entry.Value))
	require.NoError(t, st.Close())
}

// holdOpen has the store open until its input ends.
func holdOpen(path string) error {
	st, err := bolt.Open(path)
	if err != nil {
		return err
	}
	if _, err := st.Commit(context.Background(), store.Tx{Changes: []store.Change{{Key: "held", Value: []byte("by another")}}}); err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString("open\n"); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return st.Close()
}

// bucketFile makes a file of bbolt that has one bucket with one pair.
func bucketFile(t *testing.T, path, bucket, key, value string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte(bucket))
		if err != nil {
			return err
		}
		return b.Put([]byte(key), []byte(value))
	}))
	require.NoError(t, db.Close())
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(t *testing.T, path string)
		want error
		says string
	}{
		{"an empty file", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, nil, 0o600))
		}, store.ErrCorrupt, "0 bytes"},
		{"a short file", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, []byte("short"), 0o600))
		}, store.ErrCorrupt, "5 bytes"},
		{"another file", func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path, make([]byte, 1<<16), 0o600))
		}, store.ErrCorrupt, ""},
		{"another program's bbolt file", func(t *testing.T, path string) {
			bucketFile(t, path, "users", "alice", "1")
		}, store.ErrCorrupt, "not one of strictkms"},
		{"another program's bbolt file with a bucket of that name", func(t *testing.T, path string) {
			bucketFile(t, path, "meta", "alice", "1")
		}, store.ErrCorrupt, "not one of strictkms"},
		{"a newer format", func(t *testing.T, path string) {
			bucketFile(t, path, "meta", "format", "strictkms 2")
		}, store.ErrNewerVersion, "2"},
		{"no format", func(t *testing.T, path string) {
			bucketFile(t, path, "meta", "format", "strictkms 0")
		}, store.ErrCorrupt, ""},
		{"no state", func(t *testing.T, path string) {
			bucketFile(t, path, "meta", "format", "strictkms 1")
		}, store.ErrCorrupt, "state"},
		{"a directory", func(t *testing.T, path string) {
			require.NoError(t, os.Mkdir(path, 0o700))
		}, nil, "not a file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store")
			test.make(t, path)
			before, _ := os.ReadFile(path)
			_, err := bolt.Open(path)
			require.Error(t, err)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, path)
			after, _ := os.ReadFile(path)
			require.Equal(t, before, after, "the file was changed")
		})
	}
}
