package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shared is a buffer that one side writes and the other reads.
type shared struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.buffer.Write(p)
}

func (s *shared) count(text string) int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return strings.Count(s.buffer.String(), text)
}

// test --watch checks again when a file of expectations or a file that it loads changes, also when an editor puts a new
// file in its place, and outlives mistakes in them.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		// As editors do: a new file takes the place of the old one.
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+"~"), []byte(text), 0o600))
		require.NoError(t, os.Rename(filepath.Join(dir, name+"~"), filepath.Join(dir, name)))
	}
	world := func(name string) string {
		return `accounts: {"111122223333": {users: {alice: {}}, keys: {k: {policy: {Statement: [{Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:user/` +
			name + `"}, Action: kms:Decrypt, Resource: "*"}]}}}}}`
	}
	expect := func(verdict string) string {
		return "load: world.yaml\nexpectations: [{principal: user/alice, action: kms:Decrypt, key: k, expect: " + verdict + "}]\n"
	}
	write("world.yaml", world("alice"))
	write("a_test.yaml", expect("allow"))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs shared
	done := make(chan int, 1)
	now := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	go func() {
		done <- execute(ctx, []string{"test", "--watch", filepath.Join(dir, "a_test.yaml")}, streams{out: &out, err: &errs}, now)
	}()
	runs := 0
	again := func(in *shared, text string, times int) {
		t.Helper()
		runs++
		require.Eventually(t, func() bool { return errs.count("watching 2 files") == runs }, 20*time.Second, 10*time.Millisecond)
		require.Equal(t, times, in.count(text), text)
	}
	again(&out, "1 expectation, all met", 1)
	write("world.yaml", world("bob"))
	again(&out, "wanted allow, got deny", 1)
	write("a_test.yaml", expect("deny"))
	again(&out, "1 expectation, all met", 2)
	write("world.yaml", "accounts: [")
	again(&errs, "world.yaml:1:", 1)
	write("world.yaml", world("carol"))
	again(&out, "1 expectation, all met", 3)

	cancel()
	require.Equal(t, 0, <-done)
}
