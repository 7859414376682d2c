// Package rootfile keeps a root key in a file: the default for a server that has no better place for it. The file is
// text of one line, strictkms-root-v1: and the key in base64, and belongs to its owner alone (mode 0600). Whoever
// reads it reads every key that was ever sealed under it; whoever loses it loses them.
package rootfile

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/strictkms/strictkms/internal/wholefile"
	"github.com/strictkms/strictkms/kms/material"
)

const (
	prefix      = "strictkms-root-v1:"
	permissions = 0o600
	// maxSizeInBytes is more than any root key file has.
	maxSizeInBytes = 4096
)

var (
	// ErrPermissions says that others than the owner can read or write the file.
	ErrPermissions = errors.New("root key file must not be accessible to group or others")
	// ErrFormat says that the file is not a root key file, or not a whole one.
	ErrFormat = errors.New("not a root key file")
)

// Load reads the root key of a file. The error wraps [fs.ErrNotExist], [ErrPermissions] or [ErrFormat]; none of them
// tells what is in the file.
func Load(path string) (*material.Root, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	// The open file is asked, not the path: what is checked is what is read.
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("root key: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("root key %s: %w: not a regular file", path, ErrFormat)
	case info.Mode().Perm()&^permissions != 0:
		return nil, fmt.Errorf("root key %s has mode %#o: %w; if nobody else has read it, run: chmod 600 %[1]s",
			path, info.Mode().Perm(), ErrPermissions)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSizeInBytes))
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	root, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("root key %s: %w", path, err)
	}
	return root, nil
}

// parse reads the text of a file. Its errors do not quote it.
func parse(text []byte) (*material.Root, error) {
	encoded, ok := bytes.CutPrefix(bytes.TrimRight(text, "\r\n"), []byte(prefix))
	if !ok {
		return nil, fmt.Errorf("%w: it does not begin with %s", ErrFormat, prefix)
	}
	key, err := base64.StdEncoding.Strict().AppendDecode(nil, encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: the key is not base64", ErrFormat)
	}
	root, err := material.NewRoot(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return root, nil
}

// LoadOrCreate reads the root key of a file, or makes a new one when there is no file. The file appears whole or not
// at all, and a file that is there is never replaced: of two processes that create it at the same time both get the
// key of one.
func LoadOrCreate(path string) (*material.Root, error) {
	root, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create root key: %w", err)
	}
	return Load(path)
}

// create writes a file with a new key. A link, not a rename, puts it into its place: it fails when there is one.
func create(path string) error {
	directory := filepath.Dir(path)
	file, err := os.CreateTemp(directory, ".root-*") // mode 0600
	if err != nil {
		return err
	}
	err = write(file)
	if err == nil {
		err = os.Link(file.Name(), path)
	}
	if err := errors.Join(err, os.Remove(file.Name())); err != nil {
		return err
	}
	return wholefile.SyncDirectory(directory)
}

// write writes a new key, waits until it is on the disk, and closes the file.
func write(file *os.File) error {
	var key [material.RootSizeInBytes]byte
	_, err := rand.Read(key[:])
	if err == nil {
		err = file.Chmod(permissions)
	}
	if err == nil {
		_, err = file.WriteString(prefix + base64.StdEncoding.EncodeToString(key[:]) + "\n")
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
