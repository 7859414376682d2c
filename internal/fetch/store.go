package fetch

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"sync"
)

// Store keeps the files of a snapshot by their paths, with slashes.
type Store interface {
	// Read returns a file; the error of one that is not there is [fs.ErrNotExist].
	Read(name string) ([]byte, error)
	// Write keeps a file: afterwards it is there in full, or as it was.
	Write(name string, content []byte) error
	// Remove removes a file, or a folder that is empty. It is no error when there is none.
	Remove(name string) error
	// Folders lists the folders in a folder.
	Folders(name string) ([]string, error)
}

// Folder keeps the files of a snapshot in a folder.
type Folder struct{ root *os.Root }

var _ Store = (*Folder)(nil)

// OpenFolder opens a folder, and makes it when there is none.
func OpenFolder(name string) (*Folder, error) {
	if err := os.MkdirAll(name, 0o750); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Folder{root}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Read implements [Store].
func (f *Folder) Read(name string) ([]byte, error) { return f.root.ReadFile(name) }

// Write implements [Store]: a file is written beside its place and then moved there.
func (f *Folder) Write(name string, content []byte) error {
	if err := f.root.MkdirAll(path.Dir(name), 0o750); err != nil {
		return err
	}
	beside := path.Join(path.Dir(name), "."+path.Base(name)+"-"+rand.Text())
	if err := f.root.WriteFile(beside, content, 0o600); err != nil {
		return errors.Join(err, f.Remove(beside))
	}
	if err := f.root.Rename(beside, name); err != nil {
		return errors.Join(err, f.Remove(beside))
	}
	return nil
}

// Remove implements [Store].
func (f *Folder) Remove(name string) error {
	if err := f.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Folders implements [Store].
func (f *Folder) Folders(name string) ([]string, error) {
	entries, err := fs.ReadDir(f.root.FS(), name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Memory keeps the files of a snapshot in memory.
type Memory struct {
	mu    sync.Mutex
	files map[string][]byte
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty snapshot.
func NewMemory() *Memory { return &Memory{files: map[string][]byte{}} }

// Names lists the files.
func (m *Memory) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.files))
}

// Read implements [Store].
func (m *Memory) Read(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	content, ok := m.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return bytes.Clone(content), nil
}

// Write implements [Store].
func (m *Memory) Write(name string, content []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[name] = bytes.Clone(content)
	return nil
}

// Remove implements [Store].
func (m *Memory) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, name)
	return nil
}

// Folders implements [Store].
func (m *Memory) Folders(name string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]bool{}
	for file := range m.files {
		for folder := path.Dir(file); folder != "."; folder = path.Dir(folder) {
			if path.Dir(folder) == name {
				found[path.Base(folder)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
