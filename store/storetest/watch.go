package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

// collect watches until it saw a revision, and returns what it saw in short.
func collect(t *testing.T, st store.Store, prefix string, after, until int64) []string {
	t.Helper()
	seen := []string{}
	last := after
	for batch, err := range st.Watch(deadline(t), prefix, after) {
		require.NoError(t, err)
		require.Greater(t, batch.Revision, last, "in order, each once")
		last = batch.Revision
		seen = append(seen, changeText(batch)...)
		if last >= until {
			break
		}
	}
	require.Equal(t, until, last, "the watch ended early")
	return seen
}

func (s *suite) watch(t *testing.T) {
	st := s.start(t)
	commit(t, st, put("k/old", "0"))
	seen := make(chan []string)
	go func() { seen <- collect(t, st, "k/", 1, 5) }()
	commit(t, st, put("k/a", "1"), put("other", "x"), put("k/b", "2"))
	commit(t, st, put("other", "y"))
	commit(t, st, remove("k/a"), remove("k/missing"))
	_, err := st.Commit(t.Context(), store.Tx{
		Compare: []store.Comparison{{Key: "k/b"}}, Changes: []store.Change{put("k/b", "never")},
	})
	require.ErrorIs(t, err, store.ErrConflict)
	commit(t, st, put("k/b", "3"))
	require.Equal(t, []string{"2:k/a=1", "2:k/b=2", "4:-k/a", "5:k/b=3"}, <-seen)
}

func (s *suite) watchFromOld(t *testing.T) {
	st := s.start(t)
	for i := range 5 {
		commit(t, st, put("k", strconv.Itoa(i)))
	}
	for after := range int64(5) {
		want := []string{}
		for i := after; i < 5; i++ {
			want = append(want, fmt.Sprintf("%d:k=%d", i+1, i))
		}
		require.Equal(t, want, collect(t, st, "", after, 5))
	}
	// From the revision that it is at: only what comes.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for batch, err := range st.Watch(ctx, "", 5) {
		t.Errorf("nothing was written: %v, %v", batch, err)
	}
}

// watchUnderLoad has several watchers follow several writers: each sees each transaction once, in order.
func (s *suite) watchUnderLoad(t *testing.T) {
	st := s.start(t)
	const writers, each, watchers = 4, 50, 3
	seen := make(chan []string, watchers)
	for range watchers {
		go func() { seen <- collect(t, st, "k/", 0, writers*each) }()
	}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				if _, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{
					put(fmt.Sprintf("k/%d", w), strconv.Itoa(i)),
				}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	first := <-seen
	require.Len(t, first, writers*each)
	for range watchers - 1 {
		require.Equal(t, first, <-seen)
	}
}

// watchOther holds the promise that a watch gets to the newest revision also when that changed other prefixes.
func (s *suite) watchOther(t *testing.T) {
	st := s.start(t)
	commit(t, st, put("k/a", "1"))
	for i := range 20 {
		commit(t, st, put("other", strconv.Itoa(i)))
	}
	require.Equal(t, []string{"1:k/a=1"}, collect(t, st, "k/", 0, 21))
	go func() {
		time.Sleep(10 * time.Millisecond)
		_, _ = st.Commit(t.Context(), store.Tx{Changes: []store.Change{put("other", "")}})
	}()
	require.Empty(t, collect(t, st, "k/", 21, 22))
}

// watchCompacted writes until the store forgets the first revisions, if it ever does.
func (s *suite) watchCompacted(t *testing.T) {
	st := s.start(t)
	value := make([]byte, store.MaxTxSize-10)
	for i := range 80 {
		commit(t, st, store.Change{Key: "k", Value: value})
		if i%20 != 19 {
			continue
		}
		for batch, err := range st.Watch(deadline(t), "", 1) {
			if err != nil {
				require.ErrorIs(t, err, store.ErrCompacted)
				return
			}
			require.Equal(t, int64(2), batch.Revision, "what is not known must not be left out in silence")
			break
		}
	}
	t.Skip("the store remembers much")
}

// memory is the [store.Applier] of a test.
type memory struct {
	mu      sync.Mutex
	entries map[string]string
	fails   error
}

func (m *memory) Reset(entries []store.Entry, _ int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = map[string]string{}
	for _, e := range entries {
		m.entries[e.Key] = string(e.Value)
	}
	return m.fails
}

func (m *memory) Apply(batch store.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range batch.Changes {
		m.entries[c.Key] = string(c.Value)
		if c.Delete {
			delete(m.entries, c.Key)
		}
	}
	return m.fails
}

func (s *suite) follow(t *testing.T) {
	st := s.start(t)
	commit(t, st, put("k/a", "1"), put("other", "x"))
	m := &memory{}
	follower, err := store.Follow(t.Context(), st, "k/", m)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"k/a": "1"}, m.entries)
	require.Equal(t, int64(1), follower.Revision())

	for i := range 20 {
		revision := commit(t, st, put("k/b", strconv.Itoa(i)))
		require.NoError(t, follower.Wait(deadline(t), revision))
		m.mu.Lock()
		require.Equal(t, map[string]string{"k/a": "1", "k/b": strconv.Itoa(i)}, m.entries)
		m.mu.Unlock()
		require.NoError(t, follower.Wait(deadline(t), commit(t, st, put("other", strconv.Itoa(i)))))
	}
	follower.Close()
	require.ErrorIs(t, follower.Wait(t.Context(), 1), store.ErrClosed)
}

func (s *suite) close(t *testing.T) {
	st := s.open(t)
	commit(t, st, put("a", "1"))
	require.NoError(t, st.Close())
	require.NoError(t, st.Close(), "once is enough")
	_, err := st.Get(t.Context(), "a")
	require.ErrorIs(t, err, store.ErrClosed)
	_, _, err = st.Range(t.Context(), "", "", 0)
	require.ErrorIs(t, err, store.ErrClosed)
	_, err = st.Commit(t.Context(), store.Tx{Changes: []store.Change{put("a", "2")}})
	require.ErrorIs(t, err, store.ErrClosed)
	for _, err := range st.Watch(deadline(t), "", 1) {
		require.ErrorIs(t, err, store.ErrClosed)
	}
}

func (s *suite) closeDuringWatch(t *testing.T) {
	st := s.open(t)
	ended := make(chan error)
	go func() {
		var last error
		for _, err := range st.Watch(deadline(t), "", 0) {
			last = err
		}
		ended <- last
	}()
	commit(t, st, put("a", "1"))
	require.NoError(t, st.Close())
	require.ErrorIs(t, <-ended, store.ErrClosed)
}

// closeDuringCommits closes a store that is written to: each transaction is acknowledged or fails, none hangs.
func (s *suite) closeDuringCommits(t *testing.T) {
	st := s.open(t)
	var writing sync.WaitGroup
	started := make(chan struct{}, 8)
	for w := range 8 {
		writing.Go(func() {
			for i := 0; ; i++ {
				_, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{put(strconv.Itoa(w), strconv.Itoa(i))}})
				if err != nil {
					if !errors.Is(err, store.ErrClosed) {
						t.Error(err)
					}
					return
				}
				if i == 3 {
					started <- struct{}{}
				}
			}
		})
	}
	<-started
	require.NoError(t, st.Close())
	writing.Wait()
}

func (s *suite) reopened(t *testing.T) {
	if s.reopen == nil {
		t.Skip("the store keeps nothing")
	}
	st := s.open(t)
	commit(t, st, put("a", "1"), put("b", "1"), put("gone", ""))
	commit(t, st, put("b", "2"), remove("gone"))
	st = s.reopen(t, st)
	defer func() { require.NoError(t, st.Close()) }()

	entries, revision, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Equal(t, []string{"a=1@1", "b=2@2"}, text(entries))
	require.Equal(t, int64(2), revision)
	require.Equal(t, int64(3), commit(t, st, put("c", "3")))
	require.Equal(t, []string{"3:c=3"}, collect(t, st, "", 2, 3))
	for batch, err := range st.Watch(deadline(t), "", 0) {
		if err == nil {
			require.Equal(t, int64(1), batch.Revision)
			break
		}
		require.ErrorIs(t, err, store.ErrCompacted)
	}
}
