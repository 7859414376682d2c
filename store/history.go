package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
)

// watchChunk is how many transactions a watch takes from the history at a time.
const watchChunk = 256

// History is the recent past of a store that lives in one process: what its backends watch from. The owner appends
// each transaction once it is durable. It is safe for concurrent use.
type History struct {
	maxBatches, maxBytes int

	mu      sync.Mutex
	floor   int64 // changes after this revision are known
	batches []Batch
	bytes   int
	closed  error
	changed chan struct{} // closed and replaced when something is appended or the history ends
}

// NewHistory returns the history of a store that is at a revision. It keeps the last maxBatches transactions, fewer
// when their keys and values are more than maxBytes together, but always the last one.
func NewHistory(revision int64, maxBatches, maxBytes int) *History {
	return &History{maxBatches: max(1, maxBatches), maxBytes: maxBytes, floor: revision, changed: make(chan struct{})}
}

// Append adds transactions, whose revisions follow each other and the last one appended, and wakes the watches. The
// history keeps the changes: they must not be modified afterwards.
func (h *History) Append(batches ...Batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, batch := range batches {
		h.batches = append(h.batches, batch)
		h.bytes += batch.size()
	}
	for len(h.batches) > h.maxBatches || (h.bytes > h.maxBytes && len(h.batches) > 1) {
		h.floor = h.batches[0].Revision
		h.bytes -= h.batches[0].size()
		h.batches[0] = Batch{}
		h.batches = h.batches[1:]
	}
	h.wake()
}

// Close ends the watches, once they told what was appended, with an error.
func (h *History) Close(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed == nil {
		h.closed = err
		h.wake()
	}
}

func (h *History) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// Watch is [Store].Watch on the history.
func (h *History) Watch(ctx context.Context, prefix string, after int64) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for position := after; ctx.Err() == nil; {
			batches, changed, err := h.next(position)
			if err != nil {
				yield(Batch{}, fmt.Errorf("watching %q: %w", prefix, err))
				return
			}
			if len(batches) == 0 {
				select {
				case <-changed:
				case <-ctx.Done():
				}
				continue
			}
			for i, batch := range batches {
				position = batch.Revision
				below := batch.below(prefix)
				if len(below.Changes) == 0 && i < len(batches)-1 {
					continue
				}
				if ctx.Err() != nil || !yield(below, nil) {
					return
				}
			}
		}
	}
}

// next returns some of the transactions after a revision, or, when there are none, what is closed when one comes.
func (h *History) next(after int64) (batches []Batch, changed <-chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if after < h.floor {
		return nil, nil, fmt.Errorf("changes after revision %d: %w", after, ErrCompacted)
	}
	if skip := after - h.floor; skip < int64(len(h.batches)) {
		rest := h.batches[skip:]
		return append([]Batch(nil), rest[:min(len(rest), watchChunk)]...), nil, nil
	}
	return nil, h.changed, h.closed
}

// below returns a copy of the changes below a prefix.
func (b Batch) below(prefix string) Batch {
	below := Batch{Revision: b.Revision}
	for _, change := range b.Changes {
		if strings.HasPrefix(change.Key, prefix) {
			change.Value = bytes.Clone(change.Value)
			below.Changes = append(below.Changes, change)
		}
	}
	return below
}

// size counts the bytes of keys and values.
func (b Batch) size() int {
	size := 0
	for _, change := range b.Changes {
		size += len(change.Key) + len(change.Value)
	}
	return size
}
