// Package wholefile writes files that are there whole or not at all.
package wholefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Write writes a file beside its place, waits until it is on the disk, and then moves it there: nothing is left of one
// that fails, and one that was there stays. Nobody sees it before it is whole. Errors name the file, not the one that is
// written beside it.
func Write(name string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), prefix+"*") // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, cause(err))
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error says more
			err = fmt.Errorf("writing %s: %w", name, cause(err))
		}
	}()
	if err = write(f); err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// WriteBytes is [Write] of what is known beforehand.
func WriteBytes(name string, mode fs.FileMode, content []byte) error {
	return Write(name, mode, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// prefix begins the names of the files that are not whole yet.
const prefix = ".strictkms-"

// cause is an error of the operating system without the name of the file that is not whole yet. An error about another file,
// which was to be written into it, stays as it is.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok && strings.HasPrefix(filepath.Base(at.Path), prefix) {
		return at.Err
	}
	if at, ok := errors.AsType[*os.LinkError](err); ok {
		return at.Err
	}
	return err
}

// SyncDirectory makes the names in a directory durable.
func SyncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced there
	}
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}
