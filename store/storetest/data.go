package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

func (s *suite) getAndPut(t *testing.T) {
	st := s.start(t)
	_, err := st.Get(t.Context(), "a")
	require.ErrorIs(t, err, store.ErrNotFound)

	commit(t, st, put("a", "1"), put("b", ""))
	entry, err := st.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, store.Entry{Key: "a", Value: []byte("1"), Revision: 1}, entry)
	entry, err = st.Get(t.Context(), "b")
	require.NoError(t, err)
	require.Empty(t, entry.Value)
	require.Equal(t, int64(1), entry.Revision)

	commit(t, st, put("a", "2"), remove("b"))
	entry, err = st.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, store.Entry{Key: "a", Value: []byte("2"), Revision: 2}, entry)
	_, err = st.Get(t.Context(), "b")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func (s *suite) revisions(t *testing.T) {
	st := s.start(t)
	_, revision, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Zero(t, revision)
	require.Equal(t, int64(1), commit(t, st, put("a", "1")))
	require.Equal(t, int64(2), commit(t, st, put("a", "1")), "the same value again is a write")
	require.Equal(t, int64(2), commit(t, st), "nothing to write")
	require.Equal(t, int64(2), commit(t, st, remove("b")), "nothing to delete")
	require.Equal(t, int64(3), commit(t, st, remove("b"), put("c", "1"), remove("a")))
	entries, revision, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Equal(t, int64(3), revision)
	require.Equal(t, []string{"c=1@3"}, text(entries))
}

func (s *suite) conflict(t *testing.T) {
	st := s.start(t)
	commit(t, st, put("a", "1"))
	commit(t, st, put("b", "1"))
	for _, test := range []struct {
		name    string
		compare []store.Comparison
		holds   bool
	}{
		{"as written", []store.Comparison{{Key: "a", Revision: 1}}, true},
		{"both as written", []store.Comparison{{Key: "b", Revision: 2}, {Key: "a", Revision: 1}}, true},
		{"one was written later", []store.Comparison{{Key: "a", Revision: 1}, {Key: "b", Revision: 1}}, false},
		{"not so late", []store.Comparison{{Key: "a", Revision: 2}}, false},
		{"is there", []store.Comparison{{Key: "a"}}, false},
		{"is not there", []store.Comparison{{Key: "c"}}, true},
		{"is not there to be written", []store.Comparison{{Key: "c", Revision: 1}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, at, err := st.Range(t.Context(), "", "", 0)
			require.NoError(t, err)
			_, err = st.Commit(t.Context(), store.Tx{Compare: test.compare})
			if test.holds {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, store.ErrConflict)
			_, err = st.Commit(t.Context(), store.Tx{
				Compare: test.compare, Changes: []store.Change{put("a", "2"), remove("b"), put("d", "")},
			})
			require.ErrorIs(t, err, store.ErrConflict)
			after, now, err := st.Range(t.Context(), "", "", 0)
			require.NoError(t, err)
			require.Equal(t, text(before), text(after), "a conflict writes nothing")
			require.Equal(t, at, now)
		})
	}
	revision, err := st.Commit(t.Context(), store.Tx{
		Compare: []store.Comparison{{Key: "a", Revision: 1}}, Changes: []store.Change{put("a", "2")},
	})
	require.NoError(t, err)
	require.Equal(t, int64(3), revision)
	commit(t, st, remove("a"))
	_, err = st.Commit(t.Context(), store.Tx{
		Compare: []store.Comparison{{Key: "a"}}, Changes: []store.Change{put("a", "3")},
	})
	require.NoError(t, err, "a deleted entry is no entry")
}

func (s *suite) limits(t *testing.T) {
	st := s.start(t)
	many := make([]store.Change, store.MaxChanges+1)
	compare := make([]store.Comparison, store.MaxChanges+1)
	for i := range many {
		many[i] = put(fmt.Sprintf("many/%d", i), "")
		compare[i] = store.Comparison{Key: many[i].Key}
	}
	long := strings.Repeat("k", store.MaxKeySize+1)
	for name, tx := range map[string]store.Tx{
		"too many changes":     {Changes: many},
		"too many comparisons": {Compare: compare},
		"no key":               {Changes: []store.Change{put("", "")}},
		"no key compared":      {Compare: []store.Comparison{{}}},
		"a long key":           {Changes: []store.Change{put(long, "")}},
		"a long key compared":  {Compare: []store.Comparison{{Key: long}}},
		"twice":                {Changes: []store.Change{put("a", ""), remove("a")}},
		"too much":             {Changes: []store.Change{{Key: "a", Value: make([]byte, store.MaxTxSize)}}},
	} {
		_, err := st.Commit(t.Context(), tx)
		require.ErrorIs(t, err, store.ErrInvalidTx, name)
	}
	entries, revision, err := st.Range(t.Context(), "", "", 0)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.Zero(t, revision)

	commit(t, st, many[1:]...)
	commit(t, st, put(long[1:], ""), store.Change{Key: "a", Value: make([]byte, store.MaxTxSize-store.MaxKeySize-1)})
	entry, err := st.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Len(t, entry.Value, store.MaxTxSize-store.MaxKeySize-1)
}

func (s *suite) ranges(t *testing.T) {
	st := s.start(t)
	commit(t, st, put("k/b", "2"), put("k/a", "1"), put("k", "0"), put("l", "9"), put("k/a/x", "3"), put("k0", "8"))
	commit(t, st, put("k/\xff", "4"), put("j", "7"))
	for _, test := range []struct {
		name, prefix, after string
		limit               int
		want                []string
	}{
		{"all", "", "", 0, []string{"j=7@2", "k=0@1", "k/a=1@1", "k/a/x=3@1", "k/b=2@1", "k/\xff=4@2", "k0=8@1", "l=9@1"}},
		{"below a prefix", "k/", "", 0, []string{"k/a=1@1", "k/a/x=3@1", "k/b=2@1", "k/\xff=4@2"}},
		{"the prefix is a key", "k/a", "", 0, []string{"k/a=1@1", "k/a/x=3@1"}},
		{"first page", "k/", "", 2, []string{"k/a=1@1", "k/a/x=3@1"}},
		{"next page", "k/", "k/a/x", 2, []string{"k/b=2@1", "k/\xff=4@2"}},
		{"after the last", "k/", "k/\xff", 2, []string{}},
		{"after what is not there", "k/", "k/a0", 1, []string{"k/b=2@1"}},
		{"after something before the prefix", "k/", "a", 1, []string{"k/a=1@1"}},
		{"after something behind the prefix", "k/", "z", 1, []string{}},
		{"nothing there", "x", "", 0, []string{}},
		{"limit beyond the end", "l", "", 5, []string{"l=9@1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			entries, revision, err := st.Range(t.Context(), test.prefix, test.after, test.limit)
			require.NoError(t, err)
			require.Equal(t, test.want, text(entries))
			require.Equal(t, int64(2), revision)
		})
	}
}

// rangeOverMany pages through more entries than fit into one part of any index, while some are deleted.
func (s *suite) rangeOverMany(t *testing.T) {
	st := s.start(t)
	const count = 3000
	want := map[string]bool{}
	for i := 0; i < count; i += 100 {
		var changes []store.Change
		for j := range 100 {
			// 7 and 3000 have no common divisor: every number once, in no order.
			key := fmt.Sprintf("many/%05d", (i+j)*7%count)
			changes = append(changes, put(key, key))
			want[key] = true
		}
		commit(t, st, changes...)
	}
	for i := 0; i < count; i += 3 {
		key := fmt.Sprintf("many/%05d", i)
		commit(t, st, remove(key))
		delete(want, key)
		if i > count/2 {
			break // a run of deleted entries, and one of entries that are all there
		}
	}
	after, found := "", 0
	for {
		entries, _, err := st.Range(t.Context(), "many/", after, 97)
		require.NoError(t, err)
		for _, e := range entries {
			require.Less(t, after, e.Key)
			require.True(t, want[e.Key], e.Key)
			require.Equal(t, e.Key, string(e.Value))
			after = e.Key
			found++
		}
		if len(entries) < 97 {
			break
		}
	}
	require.Equal(t, len(want), found)
}

func (s *suite) ownership(t *testing.T) {
	st := s.start(t)
	value := []byte("value")
	_, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{{Key: "a", Value: value}}})
	require.NoError(t, err)
	value[0] = 'X'

	entry, err := st.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "value", string(entry.Value), "what was committed is a copy")
	entry.Value[0] = 'X'
	entries, _, err := st.Range(t.Context(), "a", "", 0)
	require.NoError(t, err)
	require.Equal(t, "value", string(entries[0].Value), "what was got is a copy")
	entries[0].Value[0] = 'X'
	for range 2 {
		for batch, err := range st.Watch(deadline(t), "", 0) {
			require.NoError(t, err)
			require.Equal(t, "value", string(batch.Changes[0].Value), "what was ranged over or watched is a copy")
			batch.Changes[0].Value[0] = 'X'
			break
		}
	}
}

// concurrentCounters has several writers count up one entry: with the comparisons no step is lost.
func (s *suite) concurrentCounters(t *testing.T) {
	st := s.start(t)
	const writers, steps = 8, 25
	errs := make(chan error, writers)
	for w := range writers {
		go func() { errs <- count(t.Context(), st, fmt.Sprintf("own/%d", w), steps) }()
	}
	for range writers {
		require.NoError(t, <-errs)
	}
	entry, err := st.Get(t.Context(), "counter")
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(writers*steps), string(entry.Value))
	require.Equal(t, int64(writers*steps), entry.Revision)
}

// count adds to the shared counter and to one of its own, in one transaction each.
func count(ctx context.Context, st store.Store, own string, steps int) error {
	for done := 0; done < steps; {
		entry, err := st.Get(ctx, "counter")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		value := 0
		if err == nil {
			if value, err = strconv.Atoi(string(entry.Value)); err != nil {
				return err
			}
		}
		_, err = st.Commit(ctx, store.Tx{
			Compare: []store.Comparison{{Key: "counter", Revision: entry.Revision}},
			Changes: []store.Change{put("counter", strconv.Itoa(value+1)), put(own, strconv.Itoa(done+1))},
		})
		switch {
		case err == nil:
			done++
		case !errors.Is(err, store.ErrConflict):
			return err
		}
	}
	return nil
}

// wholeTransactions reads while two entries are always written together.
func (s *suite) wholeTransactions(t *testing.T) {
	st := s.start(t)
	commit(t, st, put("pair/a", "0"), put("pair/b", "0"))
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range 100 {
			value := strconv.Itoa(i)
			_, err := st.Commit(t.Context(), store.Tx{Changes: []store.Change{put("pair/a", value), put("pair/b", value)}})
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	for seen := ""; seen != "99" && !t.Failed(); {
		entries, revision, err := st.Range(t.Context(), "pair/", "", 0)
		require.NoError(t, err)
		require.Len(t, entries, 2)
		require.Equal(t, string(entries[0].Value), string(entries[1].Value))
		require.Equal(t, revision, entries[0].Revision)
		seen = string(entries[0].Value)
	}
	writing.Wait()
}

func (s *suite) endedContext(t *testing.T) {
	st := s.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := st.Commit(ctx, store.Tx{Changes: []store.Change{put("a", "1")}})
	require.ErrorIs(t, err, context.Canceled)
	_, err = st.Get(ctx, "a")
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = st.Range(ctx, "", "", 0)
	require.ErrorIs(t, err, context.Canceled)
	_, err = st.Get(t.Context(), "a")
	require.ErrorIs(t, err, store.ErrNotFound)
}
