package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
)

// TestFullDisk lets writes fail at many places of the file, in a process whose files may not grow beyond a size.
func TestFullDisk(t *testing.T) {
	output, err := run(t, "full disk", filepath.Join(t.TempDir(), "store")).CombinedOutput()
	require.NoError(t, err, string(output))
}

// fillDisk limits the size of files again and again, writes until that fails, and goes on without the limit.
func fillDisk(path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	st, err := bolt.Open(path)
	if err != nil {
		return err
	}
	written := map[string]int{}
	for round := range 12 {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		// From nothing over the middle of the file to a little more than the file.
		limit := uint64(info.Size()) * uint64(round) / 10
		if err := fillOnce(st, limit, written); err != nil {
			return fmt.Errorf("round %d, limit %d: %w", round, limit, err)
		}
	}
	if err := st.Close(); err != nil {
		return err
	}
	if st, err = bolt.Open(path); err != nil {
		return err
	}
	return errors.Join(compareWritten(st, written), st.Close())
}

// fillOnce writes under a limit until that fails; then nothing of the failed write is there and the store works on.
func fillOnce(st store.Store, limit uint64, written map[string]int) error {
	var normal syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &normal); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: normal.Max}); err != nil {
		return err
	}
	failed := writeSizes(st, written, 5000)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &normal); err != nil {
		return err
	}
	if failed == nil {
		return errors.New("the limit was never reached")
	}
	if !strings.Contains(failed.Error(), "file too large") {
		return fmt.Errorf("it does not say what is the matter: %w", failed)
	}
	if errors.Is(failed, store.ErrClosed) || errors.Is(failed, store.ErrCorrupt) {
		return fmt.Errorf("the store ended: %w", failed)
	}
	if err := compareWritten(st, written); err != nil {
		return err
	}
	if err := writeSizes(st, written, 3); err != nil {
		return fmt.Errorf("after the limit was lifted: %w", err)
	}
	return compareWritten(st, written)
}

// writeSizes writes growing values and notes their sizes, until one fails.
func writeSizes(st store.Store, written map[string]int, count int) error {
	for range count {
		key, size := fmt.Sprintf("key/%06d", len(written)), 100+len(written)*13%3000
		if _, err := st.Commit(context.Background(), store.Tx{Changes: []store.Change{
			{Key: key, Value: make([]byte, size)}, {Key: "last", Value: []byte(key)},
		}}); err != nil {
			return err
		}
		written[key] = size
	}
	return nil
}

// compareWritten looks for exactly what was acknowledged.
func compareWritten(st store.Store, written map[string]int) error {
	entries, revision, err := st.Range(context.Background(), "key/", "", 0)
	if err != nil {
		return err
	}
	if len(entries) != len(written) || revision != int64(len(written)) {
		return fmt.Errorf("%d entries at revision %d, %d were written", len(entries), revision, len(written))
	}
	for _, e := range entries {
		if written[e.Key] != len(e.Value) {
			return fmt.Errorf("%s has %d bytes, %d were written", e.Key, len(e.Value), written[e.Key])
		}
	}
	return nil
}
