package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

func batch(revision int64, keys ...string) store.Batch {
	b := store.Batch{Revision: revision}
	for _, key := range keys {
		b.Changes = append(b.Changes, store.Change{Key: key, Value: []byte("0123456789")})
	}
	return b
}

// watched returns the revisions that a watch tells of until the last one, or its error.
func watched(t *testing.T, h *store.History, prefix string, after, last int64) ([]int64, error) {
	t.Helper()
	var revisions []int64
	for b, err := range h.Watch(t.Context(), prefix, after) {
		if err != nil {
			return revisions, err
		}
		revisions = append(revisions, b.Revision)
		if b.Revision == last {
			break
		}
	}
	return revisions, nil
}

func TestHistoryForgetsTransactions(t *testing.T) {
	h := store.NewHistory(10, 3, 1000)
	for revision := int64(11); revision <= 15; revision++ {
		h.Append(batch(revision, "a"))
	}
	revisions, err := watched(t, h, "", 12, 15)
	require.NoError(t, err)
	require.Equal(t, []int64{13, 14, 15}, revisions)
	for after := range int64(12) {
		_, err = watched(t, h, "", after, 15)
		require.ErrorIs(t, err, store.ErrCompacted)
	}
}

func TestHistoryForgetsBytes(t *testing.T) {
	h := store.NewHistory(0, 100, 35)
	h.Append(batch(1, "a"), batch(2, "b"), batch(3, "c"))
	revisions, err := watched(t, h, "", 0, 3)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, revisions)
	h.Append(batch(4, "d"))
	_, err = watched(t, h, "", 0, 4)
	require.ErrorIs(t, err, store.ErrCompacted)
	h.Append(batch(5, "1", "2", "3", "4", "5"))
	revisions, err = watched(t, h, "", 4, 5)
	require.NoError(t, err, "the last one stays, whatever its size")
	require.Equal(t, []int64{5}, revisions)
}

// TestHistoryForgetsDuringWatch has a watch fall behind.
func TestHistoryForgetsDuringWatch(t *testing.T) {
	h := store.NewHistory(0, 2, 1000)
	h.Append(batch(1, "a"))
	var last error
	for b, err := range h.Watch(t.Context(), "", 0) {
		if last = err; err != nil {
			break
		}
		require.Equal(t, int64(1), b.Revision)
		h.Append(batch(2, "a"), batch(3, "a"), batch(4, "a"))
	}
	require.ErrorIs(t, last, store.ErrCompacted)
}

func TestHistoryTellsOfOtherPrefixes(t *testing.T) {
	h := store.NewHistory(0, 100, 1000)
	h.Append(batch(1, "a/1"), batch(2, "b"), batch(3, "a/2"), batch(4, "b"), batch(5, "b"))
	revisions, err := watched(t, h, "a/", 0, 5)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 3, 5}, revisions)
}

func TestHistoryCloses(t *testing.T) {
	h := store.NewHistory(0, 100, 1000)
	h.Append(batch(1, "a"))
	broken := errors.New("broken")
	h.Close(broken)
	h.Close(store.ErrClosed)
	revisions, err := watched(t, h, "", 0, 2)
	require.ErrorIs(t, err, broken)
	require.Equal(t, []int64{1}, revisions, "what was appended is told first")
}

func TestHistoryWatchEnds(t *testing.T) {
	h := store.NewHistory(0, 100, 1000)
	h.Append(batch(1, "a"), batch(2, "a"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen []int64
	for b, err := range h.Watch(ctx, "", 0) {
		require.NoError(t, err)
		seen = append(seen, b.Revision)
		cancel()
	}
	require.Equal(t, []int64{1}, seen)
}
