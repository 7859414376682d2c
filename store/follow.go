package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Applier is a memory that a [Follower] keeps current. Its methods are called one at a time. An error ends the
// following: memory that missed a change is not to be served from.
type Applier interface {
	// Reset replaces all that is in memory by the entries of the prefix, in the order of their keys, as they were at
	// a revision. It is called first, and again whenever changes were missed.
	Reset(entries []Entry, revision int64) error
	// Apply applies what one transaction changed below the prefix.
	Apply(batch Batch) error
}

// Follower keeps a memory current with the entries below a prefix.
type Follower struct {
	store   Store
	prefix  string
	applier Applier
	stop    context.CancelFunc
	stopped chan struct{}

	mu       sync.Mutex
	revision int64
	err      error
	changed  chan struct{} // closed and replaced when revision or err changes
}

// Follow loads the entries below a prefix into a memory and returns once they are there; from then on the memory
// follows the store, in the background, until Close. The context is for the loading only. The caller closes the
// Follower before the store.
func Follow(ctx context.Context, st Store, prefix string, applier Applier) (*Follower, error) {
	f := &Follower{
		store: st, prefix: prefix, applier: applier,
		stopped: make(chan struct{}), changed: make(chan struct{}),
	}
	if err := f.load(ctx); err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	f.stop = stop
	go f.run(background)
	return f, nil
}

// Wait returns once every transaction up to a revision is applied, whatever it changed: an operation that committed
// waits for its own revision and then finds what it wrote in memory. It returns an error when ctx ends before that,
// [ErrClosed] after Close, and what stopped the following if something did.
func (f *Follower) Wait(ctx context.Context, revision int64) error {
	for {
		f.mu.Lock()
		current, err, changed := f.revision, f.err, f.changed
		f.mu.Unlock()
		switch {
		case err != nil:
			return err
		case current >= revision:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for revision %d: %w", revision, context.Cause(ctx))
		}
	}
}

// Revision returns the revision up to which every transaction is applied.
func (f *Follower) Revision() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revision
}

// Err returns what stopped the following, nil while it goes on: for health checks.
func (f *Follower) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// Close stops the following and returns once the memory is left alone.
func (f *Follower) Close() {
	f.advance(0, fmt.Errorf("following %q: %w", f.prefix, ErrClosed))
	f.stop()
	<-f.stopped
}

// load reads everything below the prefix, in one call of Range so that it is of one revision.
func (f *Follower) load(ctx context.Context) error {
	entries, revision, err := f.store.Range(ctx, f.prefix, "", 0)
	if err != nil {
		return fmt.Errorf("loading %q: %w", f.prefix, err)
	}
	if err := f.applier.Reset(entries, revision); err != nil {
		return fmt.Errorf("loading %q: %w", f.prefix, err)
	}
	f.advance(revision, nil)
	return nil
}

// run applies batches until the context ends or something fails.
func (f *Follower) run(ctx context.Context) {
	defer close(f.stopped)
	for {
		err := f.watch(ctx)
		if errors.Is(err, ErrCompacted) {
			err = f.load(ctx)
			if err == nil {
				continue
			}
		}
		f.advance(0, fmt.Errorf("following %q: %w", f.prefix, err))
		return
	}
}

// watch applies batches until the watch ends, and returns why it did.
func (f *Follower) watch(ctx context.Context) error {
	for batch, err := range f.store.Watch(ctx, f.prefix, f.Revision()) {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
		if len(batch.Changes) > 0 {
			if err := f.applier.Apply(batch); err != nil {
				return fmt.Errorf("revision %d: %w", batch.Revision, err)
			}
		}
		f.advance(batch.Revision, nil)
	}
	return ErrClosed
}

// advance notes how far the memory is, or the first error, and wakes who waits for it.
func (f *Follower) advance(revision int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
	f.revision = max(f.revision, revision)
	close(f.changed)
	f.changed = make(chan struct{})
}
