package instance

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/strictkms/strictkms/store"
)

// monitored is a store that remembers that it could not write, as when its disk is full: calls that only read go on
// then, and somebody has to be told.
type monitored struct {
	store.Store
	failed atomic.Pointer[error]
}

// Commit implements [store.Store].
func (m *monitored) Commit(ctx context.Context, tx store.Tx) (int64, error) {
	revision, err := m.Store.Commit(ctx, tx)
	switch {
	case err == nil:
		if m.failed.Load() != nil {
			m.failed.Store(nil)
		}
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrInvalidTx), ctx.Err() != nil: // not the store's doing
	default:
		m.failed.Store(&err)
	}
	return revision, err
}

// probeKey is an entry that nothing reads.
const probeKey = "health/probe"

// health returns why the latest write failed, nil when it did not. It tries again by itself: a server that is taken out
// of service because it cannot write would otherwise never write again.
func (m *monitored) health() error {
	if m.failed.Load() == nil {
		return nil
	}
	_, err := m.Commit(context.Background(), store.Tx{Changes: []store.Change{{Key: probeKey}}})
	if err != nil {
		return fmt.Errorf("the store does not take what is written: %w", err)
	}
	return nil
}

// health says what is wrong with what the server stands on.
func (i *Instance) health() error { return errors.Join(i.store.health(), i.iam.Err(), i.kms.Err()) }
