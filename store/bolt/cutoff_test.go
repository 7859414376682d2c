package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
)

// TestCutOffWhileOpen has the file cut off by another program while a store serves from it: the operations fail, the
// process does not. It runs in a process of its own, which a fault could end.
func TestCutOffWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	output, err := run(t, "cut off", path).CombinedOutput()
	require.NoError(t, err, string(output))
	_, err = bolt.Open(path)
	require.ErrorIs(t, err, store.ErrCorrupt)
}

func serveCutOff(path string) error {
	ctx := context.Background()
	st, err := bolt.Open(path)
	if err != nil {
		return err
	}
	write := func(key string) error {
		_, err := st.Commit(ctx, store.Tx{Changes: []store.Change{{Key: key, Value: make([]byte, 3000)}}})
		return err
	}
	for i := range 200 {
		if err := write(fmt.Sprintf("key/%04d", i)); err != nil {
			return err
		}
	}
	if err := os.Truncate(path, int64(os.Getpagesize())*2); err != nil {
		return err
	}
	for i := range 200 {
		if _, err := st.Get(ctx, fmt.Sprintf("key/%04d", i)); !errors.Is(err, store.ErrCorrupt) {
			return fmt.Errorf("key %d: %w", i, err)
		}
	}
	if _, _, err := st.Range(ctx, "", "", 0); !errors.Is(err, store.ErrCorrupt) {
		return fmt.Errorf("range: %w", err)
	}
	for range 3 {
		if err := write("key/0001"); !errors.Is(err, store.ErrCorrupt) {
			return fmt.Errorf("commit: %w", err)
		}
	}
	if _, err := st.Get(ctx, "key/0001"); !errors.Is(err, store.ErrClosed) {
		return fmt.Errorf("the store goes on after a failed write: %w", err)
	}
	if err := st.Close(); err == nil {
		return errors.New("closed as if nothing was the matter")
	}
	return nil
}
