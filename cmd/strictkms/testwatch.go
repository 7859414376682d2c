package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settleTime is how long nothing may change before the files are read again: editors write in several steps.
const settleTime = 100 * time.Millisecond

// watchTests checks, and checks again whenever a file changes, until it is interrupted. What is wrong with a file is
// reported, and waits for the next change.
func watchTests(ctx context.Context, p *testParams, filter *regexp.Regexp, out, errw io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("--watch: %w", err)
	}
	defer func() { _ = watcher.Close() }() // nothing is lost: it only reads
	for {
		r, read, err := p.check(ctx, filter, errw)
		if err == nil {
			err = p.write(out, r)
		}
		if ctx.Err() != nil {
			return nil
		}
		report(errw, err)
		_, _ = fmt.Fprintf(errw, "strictkms: watching %d files\n", len(slices.Compact(slices.Sorted(slices.Values(read)))))
		if err := awaitChange(ctx, watcher, read); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// awaitChange waits until one of the files changes, and then until nothing does for a while. It watches their
// directories: many editors put a new file in the place of the old one.
func awaitChange(ctx context.Context, watcher *fsnotify.Watcher, files []string) error {
	watched := map[string]bool{}
	for _, name := range files {
		full, err := filepath.Abs(name)
		if err != nil {
			return fmt.Errorf("--watch: %w", err)
		}
		watched[full] = true
		if err := watcher.Add(filepath.Dir(full)); err != nil {
			return fmt.Errorf("--watch: %s: %w", filepath.Dir(name), err)
		}
	}
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, ok := <-watcher.Events:
			if !ok {
				return errors.New("--watch: the watcher ended")
			}
			if watched[event.Name] && !event.Has(fsnotify.Chmod) {
				settled = time.After(settleTime)
			}
		case err, ok := <-watcher.Errors:
			if !ok {
				return errors.New("--watch: the watcher ended")
			}
			return fmt.Errorf("--watch: %w", err)
		case <-settled:
			return nil
		}
	}
}
