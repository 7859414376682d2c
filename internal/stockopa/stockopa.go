// Package stockopa finds the stock opa binary for tests, and builds it once from tools/opa where there is none.
package stockopa

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Path returns the path of the binary. The test is skipped where it can neither be found nor built.
func Path(tb testing.TB) string {
	tb.Helper()
	path, err := find()
	if err != nil {
		tb.Skipf("skipped: no opa: %v", err)
	}
	return path
}

// Dir returns the folder of the binary for a test that can do without: it logs where there is none.
func Dir(tb testing.TB) string {
	tb.Helper()
	path, err := find()
	if err != nil {
		tb.Logf("skipped: no opa: %v", err)
	}
	return filepath.Dir(path)
}

// find looks on the PATH, then in .tools of the repository, and builds it there as a last resort.
var find = sync.OnceValues(func() (string, error) {
	if path, err := exec.LookPath("opa"); err == nil {
		return path, nil
	}
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..")
	path := filepath.Join(root, ".tools", "opa")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, build(root, path)
})

// build builds the pinned opa beside its place and moves it there, because several test programs may do so at
// the same time.
func build(root, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "build-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // only an empty folder is left of a failure
	built := filepath.Join(dir, "opa")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", built, "github.com/open-policy-agent/opa")
	cmd.Dir = filepath.Join(root, "tools", "opa")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return os.Rename(built, path)
}
