// Package storetest is the test suite of [store.Store]: what its interface promises, each backend passes.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
)

// patience is how long something that must happen may take on a busy machine.
const patience = 20 * time.Second

// Option says what more a backend can do.
type Option func(*suite)

// WithReopen gives the suite a function that closes a store and opens it again, for backends that keep what they
// store.
func WithReopen(reopen func(t *testing.T, st store.Store) store.Store) Option {
	return func(s *suite) { s.reopen = reopen }
}

// suite is what is tested.
type suite struct {
	open   func(t *testing.T) store.Store
	reopen func(t *testing.T, st store.Store) store.Store
}

// Run runs the suite. Each call of open gives a new, empty store, which the suite closes.
func Run(t *testing.T, open func(t *testing.T) store.Store, options ...Option) {
	t.Helper()
	s := &suite{open: open}
	for _, option := range options {
		option(s)
	}
	for _, test := range []struct {
		name string
		run  func(*suite, *testing.T)
	}{
		{"get and put", (*suite).getAndPut},
		{"revisions", (*suite).revisions},
		{"conflict", (*suite).conflict},
		{"limits", (*suite).limits},
		{"range", (*suite).ranges},
		{"range over many", (*suite).rangeOverMany},
		{"values are the caller's", (*suite).ownership},
		{"concurrent counters", (*suite).concurrentCounters},
		{"readers see whole transactions", (*suite).wholeTransactions},
		{"ended context", (*suite).endedContext},
		{"watch", (*suite).watch},
		{"watch from an old revision", (*suite).watchFromOld},
		{"watch under load", (*suite).watchUnderLoad},
		{"watch of other prefixes", (*suite).watchOther},
		{"watch and compaction", (*suite).watchCompacted},
		{"follow", (*suite).follow},
		{"close", (*suite).close},
		{"close during watch", (*suite).closeDuringWatch},
		{"close during commits", (*suite).closeDuringCommits},
		{"reopen", (*suite).reopened},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(s, t) })
	}
}

// start opens a store for the time of a test.
func (s *suite) start(t *testing.T) store.Store {
	t.Helper()
	st := s.open(t)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st
}

// deadline returns a context for what must happen soon.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func put(key, value string) store.Change { return store.Change{Key: key, Value: []byte(value)} }

func remove(key string) store.Change { return store.Change{Key: key, Delete: true} }

// commit commits changes that nothing stands against.
func commit(t *testing.T, st store.Store, changes ...store.Change) int64 {
	t.Helper()
	revision, err := st.Commit(t.Context(), store.Tx{Changes: changes})
	require.NoError(t, err)
	return revision
}

// text is an entry in short: key=value@revision.
func text(entries []store.Entry) []string {
	texts := []string{}
	for _, e := range entries {
		texts = append(texts, fmt.Sprintf("%s=%s@%d", e.Key, e.Value, e.Revision))
	}
	return texts
}

// changeText is a batch in short: revision:key=value or revision:-key for each change.
func changeText(batch store.Batch) []string {
	texts := []string{}
	for _, c := range batch.Changes {
		if c.Delete {
			texts = append(texts, fmt.Sprintf("%d:-%s", batch.Revision, c.Key))
			continue
		}
		texts = append(texts, fmt.Sprintf("%d:%s=%s", batch.Revision, c.Key, c.Value))
	}
	return texts
}
