package trail

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
)

// Config is what a [Trail] works with. The zero value remembers recent calls and writes nothing.
type Config struct {
	// Writer gets the lines, each with one Write; nil for none. Who opened it closes it after [Trail.Close]; a file
	// is opened with os.O_APPEND and mode 0600.
	Writer io.Writer
	// Calls bounds how many recent calls can be explained; 0 is 10,000.
	Calls int
	// SizeInBytes bounds, by an estimate, the memory that recent calls keep; 0 is 64 MiB.
	SizeInBytes int
	// Logger is nil for no log.
	Logger *slog.Logger
}

const (
	defaultCalls       = 10_000
	defaultSizeInBytes = 64 << 20
	// queueLength is how many calls may wait to be written. More wait in Record.
	queueLength = 256
)

// Trail is the decision log. It is safe for concurrent use.
//
// Lines are written by one goroutine, in the order of [Trail.Record], after the call was answered: a crash loses at
// most the calls of the last moments, no more than 256 that wait plus the one that is being written.
// [Trail.Close] writes all of them.
type Trail struct {
	writer io.Writer
	logger *slog.Logger
	recent *recent
	hub    hub

	queue   chan *Entry
	drained chan struct{}
	lock    sync.RWMutex // held shared while a call enters the queue, so that it is not closed under it
	closed  bool
	failing bool // the last write failed; used by the writing goroutine only
	torn    bool // the last write wrote a part of its line
	lost    atomic.Int64
}

// New returns a trail. [Trail.Close] ends it.
func New(config Config) (*Trail, error) {
	if config.Calls < 0 || config.SizeInBytes < 0 {
		return nil, errors.New("the decision log cannot remember less than nothing")
	}
	t := &Trail{
		writer: config.Writer, logger: config.Logger,
		recent: newRecent(orDefault(config.Calls, defaultCalls), orDefault(config.SizeInBytes, defaultSizeInBytes)),
		queue:  make(chan *Entry, queueLength), drained: make(chan struct{}),
	}
	if t.logger == nil {
		t.logger = slog.New(slog.DiscardHandler)
	}
	go t.run()
	return t, nil
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Entry is one call that is over. Nothing in it may change after [Trail.Record].
type Entry struct {
	// Call says who called, how, and what was decided. It is required.
	Call *enforce.Call
	// Operation is the name of the operation, for example Decrypt.
	Operation string
	// Service is the service of the operation, nil for AWS KMS.
	Service *operation.Description
	// AccessKeyID is the one that signed, empty for none. It is not written for a service's call for a caller.
	AccessKeyID string
	// Result is what the operation made of the request, and its answer.
	Result kms.Result
	// Err is why the call failed, nil when it did not.
	Err error
	// Latency is how long the call took.
	Latency time.Duration
	// TLS is that of the connection, nil for none; Host the Host header.
	TLS  *tls.ConnectionState
	Host string
}

// Record notes a call: it can be explained at once, and its line is written soon. It waits when the writer does not
// keep up: no line is dropped.
func (t *Trail) Record(entry *Entry) {
	t.recent.add(entry)
	if t.writer != nil || t.hub.followed() {
		t.enqueue(*entry)
	}
}

// enqueue takes a copy, so that a call that is not written costs no memory here.
func (t *Trail) enqueue(entry Entry) {
	t.lock.RLock()
	defer t.lock.RUnlock()
	if t.closed {
		t.lost.Add(1)
		return
	}
	t.queue <- &entry
}

// Lost returns how many lines could not be written.
func (t *Trail) Lost() int64 { return t.lost.Load() }

// Close writes what waits to be written and ends the streams of followers. Calls that are recorded afterwards are not
// written. It is called after the server stopped answering.
func (t *Trail) Close() error {
	t.lock.Lock()
	if !t.closed {
		t.closed = true
		close(t.queue)
	}
	t.lock.Unlock()
	<-t.drained
	t.hub.close()
	if n := t.Lost(); n > 0 {
		return &LostError{Lines: n}
	}
	return nil
}

// LostError says that the decision log is not whole.
type LostError struct{ Lines int64 }

// Error implements error.
func (e *LostError) Error() string {
	if e.Lines == 1 {
		return "the decision log lacks 1 line that could not be written"
	}
	return "the decision log lacks " + decimal(e.Lines) + " lines that could not be written"
}

// run writes lines until the queue is closed and empty.
func (t *Trail) run() {
	defer close(t.drained)
	for entry := range t.queue {
		for _, record := range newRecords(entry) {
			line, err := record.line()
			if err != nil {
				t.failed(err)
				continue
			}
			t.hub.publish(line)
			t.write(line)
		}
	}
}

// write writes one line. A line that was torn by an error does not spoil the next.
func (t *Trail) write(line []byte) {
	if t.writer == nil {
		return
	}
	if t.torn {
		line = append([]byte("\n"), line...)
	}
	n, err := t.writer.Write(line)
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		t.torn = t.torn || n > 0
		t.failed(err)
		return
	}
	if t.failing {
		t.logger.LogAttrs(context.Background(), slog.LevelWarn, "the decision log is written again",
			slog.Int64("lost", t.Lost()))
	}
	t.failing, t.torn = false, false
}

// failed counts a lost line and says so, once until a line is written again.
func (t *Trail) failed(err error) {
	lost := t.lost.Add(1)
	if !t.failing {
		t.logger.LogAttrs(context.Background(), slog.LevelError, "the decision log cannot be written",
			slog.String("error", err.Error()), slog.Int64("lost", lost))
	}
	t.failing = true
}
