package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/strictkms/strictkms/internal/wholefile"
	"github.com/strictkms/strictkms/store"
)

const (
	// lockTimeout is how long Open waits for another process to close the store: a restart overlaps a little.
	lockTimeout = 2 * time.Second
	fileMode    = 0o600
	dirMode     = 0o700
)

// Open opens the store in a file, and makes the file, with its directory, when there is none. The file is checked as
// a whole before it is used. The error wraps [store.ErrLocked] when another process has it open, [store.ErrCorrupt]
// when it is not a store or is damaged, [store.ErrNewerVersion] when its format is not known yet; the file is then
// as it was.
func Open(path string) (*Store, error) {
	db, err := open(path)
	switch {
	case err == nil:
	case errors.Is(err, store.ErrCorrupt):
		return nil, fmt.Errorf("%s: %w; it was left as it is: restore it from a backup, or move it away to begin with an empty store",
			path, err)
	default:
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	s, err := newStore(path, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store %s: %w", path, err), db.Close())
	}
	return s, nil
}

// open returns the database of a file that was found to be whole.
func open(path string) (*bbolt.DB, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, err
		}
	}
	if err := verify(path); err != nil {
		return nil, err
	}
	if err := os.Chmod(path, fileMode); err != nil {
		return nil, err
	}
	return openBolt(path, false)
}

// verify checks a file while it is locked against writers.
func verify(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("not a file: %s", info.Mode())
	}
	// bbolt locks the file; read-only, it looks at no more than the meta pages, which must be there.
	if info.Size() < 2*minPageSize {
		return damaged("the file has %d bytes", info.Size())
	}
	db, err := openBolt(path, true)
	switch {
	case errors.Is(err, store.ErrLocked):
		return err
	case err != nil:
		// What bbolt does not even open: the check says better what is the matter with it.
		return errors.Join(checkFile(path), err)
	}
	return errors.Join(checkFile(path), db.Close())
}

// openBolt opens a file with bbolt, and says in the errors of package store why that failed.
func openBolt(path string, readOnly bool) (db *bbolt.DB, err error) {
	err = guard(func() error {
		var err error
		db, err = bbolt.Open(path, fileMode, &bbolt.Options{
			Timeout:  lockTimeout,
			ReadOnly: readOnly,
			// The free pages are found at start: writing them with every transaction costs more.
			NoFreelistSync: true,
			FreelistType:   bbolt.FreelistMapType,
			NoStatistics:   true,
		})
		return err
	})
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, store.ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, damaged("%v", err)
	}
	return nil, err
}

// create makes an empty store. It takes its place whole or not at all: a file that is there and empty was not made
// here, but lost what it held.
func create(path string) (err error) {
	directory := filepath.Dir(path)
	if err := os.MkdirAll(directory, dirMode); err != nil {
		return err
	}
	file, err := os.CreateTemp(directory, filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	temporary := file.Name()
	defer func() {
		if removed := os.Remove(temporary); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}()
	if err := file.Close(); err != nil {
		return err
	}
	db, err := openBolt(temporary, false)
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(initialize), db.Close()); err != nil {
		return err
	}
	// A link rather than a rename: if another process made the store meanwhile, it stays. Some file systems have none.
	if err := os.Link(temporary, path); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(temporary, path); err != nil {
			return err
		}
	}
	return wholefile.SyncDirectory(directory)
}

// initialize writes what an empty store holds.
func initialize(tx *bbolt.Tx) error {
	if _, err := tx.CreateBucket(entriesBucket); err != nil {
		return err
	}
	meta, err := tx.CreateBucket(metaBucket)
	if err != nil {
		return err
	}
	if err := meta.Put(formatKey, fmt.Appendf(nil, "%s%d", formatPrefix, formatVersion)); err != nil {
		return err
	}
	return meta.Put(stateKey, state{}.encode())
}
