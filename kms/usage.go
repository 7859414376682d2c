package kms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strictkms/strictkms/store"
)

// What GetKeyLastUsage tells is kept in memory with each use and written to the store now and then: a call of
// cryptography writes nothing. A process that is killed forgets the uses of the last [usageDelay].

// usageDelay is how long a use may wait to be written.
const usageDelay = time.Minute

// The entries about uses: usagePrefix begins that of each key, and trackingKey says since when uses are noted at all.
const (
	usagePrefix = storePrefix + "usage/"
	trackingKey = storePrefix + "tracking"
)

// usageRecord is the last use of a key in the store, or, at trackingKey, only a time.
type usageRecord struct {
	Version   int       `json:"v"`
	Time      time.Time `json:"time"`
	Operation string    `json:"operation,omitempty"`
	RequestID string    `json:"request,omitempty"`
}

// trackedOperations are the operations that count as a use of a key (KeyLastUsageTrackingOperation of the API).
var trackedOperations = []string{
	"Decapsulate", "Decrypt", "DeriveSharedSecret", "Encapsulate", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
	"GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac", "ReEncrypt", "Sign", "Verify",
	"VerifyMac",
}

// usage is the last use of a key. All versions of the key share it.
type usage struct {
	last atomic.Pointer[usageRecord]
	// waits is true while the last use is not written.
	waits atomic.Bool
}

// note replaces the last use by one that is not older.
func (u *usage) note(r *usageRecord) bool {
	for {
		old := u.last.Load()
		if old != nil && old.Time.After(r.Time) {
			return false
		}
		if u.last.CompareAndSwap(old, r) {
			return true
		}
	}
}

// usages are the last uses of a service that are to be written.
type usages struct {
	mu       sync.Mutex
	waiting  map[string]*usage // by the path of the key
	timer    *time.Timer       // nil while nothing waits
	closed   bool
	started  time.Time
	flushing sync.Mutex
}

// used notes that a call used its keys.
func (c *call) used() {
	var r *usageRecord
	for _, key := range c.keys {
		if key == nil {
			continue
		}
		if r == nil {
			r = &usageRecord{Version: recordVersion, Time: c.now(), Operation: c.operation, RequestID: c.RequestID}
		}
		if key.usage.note(r) && !key.usage.waits.Swap(true) {
			c.service.usageWaits(key)
		}
	}
}

// usageWaits sees to that the last use of a key is written.
func (s *Service) usageWaits(key *Key) {
	u := &s.usages
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiting[key.path()] = key.usage
	if u.timer == nil && !u.closed {
		u.timer = time.AfterFunc(usageDelay, func() { s.flushUsage(context.Background()) })
	}
}

// flushUsage writes the last uses that wait. What could not be written waits on.
func (s *Service) flushUsage(ctx context.Context) {
	u := &s.usages
	u.flushing.Lock()
	defer u.flushing.Unlock()
	u.mu.Lock()
	waiting := u.waiting
	u.waiting, u.timer = map[string]*usage{}, nil
	u.mu.Unlock()
	if err := s.writeUsage(ctx, waiting); err != nil {
		s.log.WarnContext(ctx, "the last uses of keys were not written", slog.Any("error", err))
		u.mu.Lock()
		defer u.mu.Unlock()
		for path, usage := range waiting {
			if usage.waits.Load() {
				u.waiting[path] = usage
			}
		}
		if u.timer == nil && !u.closed && len(u.waiting) > 0 {
			u.timer = time.AfterFunc(usageDelay, func() { s.flushUsage(context.WithoutCancel(ctx)) })
		}
	}
}

// writeUsage writes last uses, and since when there are any. Nobody waits for them: two that write at a time may leave the
// older one in the store, which the memory of neither takes.
func (s *Service) writeUsage(ctx context.Context, waiting map[string]*usage) error {
	if err := s.writeTracking(ctx); err != nil {
		return err
	}
	paths := make([]string, 0, len(waiting))
	for path, u := range waiting {
		if key := s.state.current.Load().key(path); key != nil && key.usage == u { // not deleted meanwhile
			paths = append(paths, path)
		}
	}
	for part := range slices.Chunk(slices.Sorted(slices.Values(paths)), store.MaxChanges) {
		var tx store.Tx
		for _, path := range part {
			waiting[path].waits.Store(false)
			c, err := change(usagePrefix+path, waiting[path].last.Load())
			if err != nil {
				return err
			}
			tx.Changes = append(tx.Changes, c)
		}
		if _, err := s.config.Store.Commit(ctx, tx); err != nil {
			for _, path := range part {
				waiting[path].waits.Store(true)
			}
			return fmt.Errorf("writing to the store: %w", err)
		}
	}
	return nil
}

// writeTracking writes since when uses are noted, unless the store says so.
func (s *Service) writeTracking(ctx context.Context) error {
	if s.state.tracking.Load() != nil {
		return nil
	}
	c, err := change(trackingKey, &usageRecord{Version: recordVersion, Time: s.usages.started})
	if err != nil {
		return err
	}
	_, err = s.config.Store.Commit(ctx, store.Tx{Compare: []store.Comparison{{Key: trackingKey}}, Changes: []store.Change{c}})
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("writing to the store: %w", err)
	}
	return nil
}

// closeUsage writes what waits for the last time.
func (s *Service) closeUsage(ctx context.Context) {
	s.usages.mu.Lock()
	s.usages.closed = true
	if s.usages.timer != nil {
		s.usages.timer.Stop()
	}
	waits := len(s.usages.waiting) > 0
	s.usages.mu.Unlock()
	if waits || s.state.tracking.Load() == nil && s.state.current.Load().keys.Len() > 0 {
		s.flushUsage(ctx)
	}
}

// touchUsage notes what was written about uses, here or by another process.
func (s *state) touchUsage(path string, value []byte) error {
	if value == nil {
		return nil
	}
	record := &usageRecord{}
	if err := read(usagePrefix+path, value, record, &record.Version); err != nil {
		return err
	}
	s.uses[path] = record
	return nil
}

// touchTracking notes since when uses are noted.
func (s *state) touchTracking(value []byte) error {
	if value == nil {
		return nil
	}
	record := &usageRecord{}
	if err := read(trackingKey, value, record, &record.Version); err != nil {
		return err
	}
	s.tracking.Store(&record.Time)
	return nil
}

// publishUsage gives the uses that were noted to their keys. A use from before a key was made is that of another, which had
// its ARN.
func (s *state) publishUsage() {
	for path, record := range s.uses {
		if key := s.working.key(path); key != nil && !record.Time.Before(key.Metadata.CreationDate) {
			key.usage.note(record)
		}
	}
	clear(s.uses)
}

// usageOf is the last use of the key with a path, which all versions share, also over [state.Reset].
func (s *state) usageOf(path string, old *Key) *usage {
	if old != nil {
		return old.usage
	}
	if before := s.current.Load(); before != nil {
		if key := before.key(path); key != nil {
			return key.usage
		}
	}
	return &usage{}
}

// trackingStart is since when the uses of a key are noted.
func (s *Service) trackingStart(key *Key) time.Time {
	since := s.usages.started
	if stored := s.state.tracking.Load(); stored != nil {
		since = *stored
	}
	if key.Metadata.CreationDate.After(since) {
		return key.Metadata.CreationDate
	}
	return since
}

// addTrailingDays adds kms:TrailingDaysWithoutKeyUsage: the whole days since the last use of a key, or since its uses are
// noted.
func (s *Service) addTrailingDays(context map[string][]string, key *Key) {
	since := s.trackingStart(key)
	if last := key.usage.last.Load(); last != nil {
		since = last.Time
	}
	context["kms:TrailingDaysWithoutKeyUsage"] = []string{strconv.Itoa(max(0, int(s.now().Sub(since)/days(1))))}
}
