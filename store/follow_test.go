package store_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

// memory is an applier that notes what it is told.
type memory struct {
	resets, applied []int64
	fail            error
	// failReset is how many resets go well before they fail.
	failReset int
}

func (m *memory) Reset(_ []store.Entry, revision int64) error {
	m.resets = append(m.resets, revision)
	if len(m.resets) <= m.failReset {
		return nil
	}
	return m.fail
}

func (m *memory) Apply(b store.Batch) error {
	m.applied = append(m.applied, b.Revision)
	return m.fail
}

func put(t *testing.T, st store.Store, key string) int64 {
	t.Helper()
	revision, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{{Key: key}}})
	require.NoError(t, err)
	return revision
}

// forgetful is a store whose watch fails as it is told to.
type forgetful struct {
	store.Store
	errs []error
}

func (f *forgetful) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[store.Batch, error] {
	if len(f.errs) == 0 {
		return f.Store.Watch(ctx, prefix, after)
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return func(yield func(store.Batch, error) bool) { yield(store.Batch{}, err) }
}

func TestFollowLoadsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := &forgetful{Store: mem.New(), errs: []error{store.ErrCompacted, store.ErrCompacted}}
		put(t, st, "a")
		m := &memory{}
		f, err := store.Follow(t.Context(), st, "a", m)
		require.NoError(t, err)
		require.NoError(t, f.Wait(t.Context(), put(t, st, "a")))
		synctest.Wait()
		require.Len(t, m.resets, 3)
		require.NoError(t, f.Wait(t.Context(), put(t, st, "a")))
		synctest.Wait()
		require.Equal(t, int64(3), f.Revision())
		require.NoError(t, f.Err())
		f.Close()
		require.ErrorIs(t, f.Err(), store.ErrClosed)
		f.Close()
	})
}

// TestFollowStops holds that memory which missed something is not waited for with success.
func TestFollowStops(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		errs   []error // of the watch
		memory memory
		close  bool
		want   error
	}{
		"apply fails":         {memory: memory{fail: broken, failReset: 1}, want: broken},
		"the store ends":      {close: true, want: store.ErrClosed},
		"the watch fails":     {errs: []error{broken}, want: broken},
		"it fails afterwards": {errs: []error{store.ErrCompacted, broken}, want: broken},
		"loading anew fails":  {errs: []error{store.ErrCompacted}, memory: memory{fail: broken, failReset: 1}, want: broken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := &forgetful{Store: mem.New(), errs: test.errs}
				f, err := store.Follow(t.Context(), st, "", &test.memory)
				require.NoError(t, err)
				synctest.Wait()
				if test.close {
					require.NoError(t, st.Close())
				} else {
					put(t, st, "a")
				}
				synctest.Wait()
				require.ErrorIs(t, f.Wait(t.Context(), 1), test.want)
				require.ErrorIs(t, f.Wait(t.Context(), 0), test.want, "not even what it had is served")
				require.ErrorIs(t, f.Err(), test.want)
				f.Close()
				require.ErrorIs(t, f.Err(), test.want, "the first reason stays")
			})
		})
	}
}

func TestFollowWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := mem.New()
		f, err := store.Follow(t.Context(), st, "a", &memory{})
		require.NoError(t, err)
		waited := make(chan error, 2)
		go func() { waited <- f.Wait(context.Background(), 2) }()
		put(t, st, "a")
		synctest.Wait()
		require.Empty(t, waited)
		put(t, st, "b")
		synctest.Wait()
		require.NoError(t, <-waited)

		ctx, cancel := context.WithCancel(t.Context())
		go func() { waited <- f.Wait(ctx, 9) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-waited, context.Canceled)
		go func() { waited <- f.Wait(context.Background(), 9) }()
		synctest.Wait()
		f.Close()
		require.ErrorIs(t, <-waited, store.ErrClosed)
	})
}

func TestFollowDoesNotBegin(t *testing.T) {
	broken := errors.New("broken")
	_, err := store.Follow(t.Context(), mem.New(), "", &memory{fail: broken})
	require.ErrorIs(t, err, broken)
	st := mem.New()
	require.NoError(t, st.Close())
	_, err = store.Follow(t.Context(), st, "", &memory{})
	require.ErrorIs(t, err, store.ErrClosed)
}
