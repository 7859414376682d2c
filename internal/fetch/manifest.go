package fetch

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"
)

// ManifestFile is the file with what a snapshot says about itself.
const ManifestFile = "manifest.json"

// manifestVersion is the version of the layout of a snapshot.
const manifestVersion = 1

// Manifest says what was read when by whom, and what could not be read.
type Manifest struct {
	Version int `json:"strictkmsSnapshot"`
	// Program is the version of strictkms that wrote it.
	Program  string              `json:"program,omitempty"`
	Accounts map[string]*Account `json:"accounts"`
	Failures []Failure           `json:"failures"`

	mu sync.Mutex
}

// Account says when an account was read.
type Account struct {
	// Caller is whose credentials it was read with.
	Caller  string   `json:"caller"`
	Regions []string `json:"regions"`
	// Begun is when the first answer was kept; answers about keys may be as old as that. Finished is empty for an account
	// that was not read to the end.
	Begun    string `json:"begun"`
	Finished string `json:"finished,omitempty"`
}

// Failure is a call that was refused.
type Failure struct {
	// File is the file that is missing therefore.
	File      string `json:"file"`
	Operation string `json:"operation"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Time      string `json:"time"`
}

// readManifest reads the manifest of a snapshot, a new one when there is none.
func readManifest(s Store) (*Manifest, error) {
	m := &Manifest{Version: manifestVersion, Accounts: map[string]*Account{}, Failures: []Failure{}}
	src, err := s.Read(ManifestFile)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(src, m); err != nil {
		return nil, fmt.Errorf("%s: %w", ManifestFile, err)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("%s: the folder holds no snapshot of this version: expected strictkmsSnapshot %d", ManifestFile, manifestVersion)
	}
	for id, a := range m.Accounts {
		if a == nil {
			delete(m.Accounts, id)
		}
	}
	return m, nil
}

// begin notes that an account is being read.
func (m *Manifest) begin(id, caller string, regions []string, now time.Time, refresh bool) *Account {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.Accounts[id]
	if a == nil {
		a = &Account{}
		if m.Accounts == nil {
			m.Accounts = map[string]*Account{}
		}
		m.Accounts[id] = a
	}
	a.Caller, a.Finished = caller, ""
	a.Regions = append(a.Regions, regions...)
	slices.Sort(a.Regions)
	a.Regions = slices.Compact(a.Regions)
	if a.Begun == "" || refresh {
		a.Begun = stamp(now)
	}
	return a
}

// failed notes a call that was refused; a file that is there now has no failure.
func (m *Manifest) failed(f Failure) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(f.File)
	m.Failures = append(m.Failures, f)
}

// succeeded forgets that a file was missing.
func (m *Manifest) succeeded(file string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(file)
}

func (m *Manifest) forget(file string) {
	m.Failures = slices.DeleteFunc(m.Failures, func(f Failure) bool { return f.File == file })
}

// write keeps the manifest.
func (m *Manifest) write(s Store) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.SortFunc(m.Failures, func(a, b Failure) int { return cmp.Compare(a.File, b.File) })
	text, err := json.MarshalIndent(m, "", "    ")
	if err != nil {
		return err
	}
	return s.Write(ManifestFile, append(text, '\n'))
}

// stamp is a time as the manifest has it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
