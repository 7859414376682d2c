// Command matrix prints how long the questions about everybody take: who can decrypt with one key among many principals,
// and the whole matrix of principals, keys and actions. Each is asked of a new world, so that nothing is known from the
// time before: policies are translated and compiled within what is measured; only reading them is not.
//
//	go run ./bench/matrix                  # 10,000 principals; 1,000 principals x 200 keys x 10 actions
//	go run ./bench/matrix -rounds 5 -only who-can
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/simulator/access"
	"github.com/strictkms/strictkms/source"
)

// options are the flags of the program.
type options struct {
	rounds                       int
	only                         string
	many, principals, keys, acts int
	why                          bool
	profile                      string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each measurement; the median is printed")
	flag.StringVar(&o.only, "only", "", "only measurements whose name contains this `word`")
	flag.IntVar(&o.many, "many", 10_000, "principals of the world that who-can is asked of")
	flag.IntVar(&o.principals, "principals", 1000, "principals of the matrix")
	flag.IntVar(&o.keys, "keys", 200, "keys of the matrix")
	flag.IntVar(&o.acts, "actions", 10, "actions of the matrix")
	flag.BoolVar(&o.why, "why", false, "ask the matrix how, too")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile to `FILE`")
	flag.Parse()
	if err := profiled(o.profile, func() error { return run(os.Stdout, o) }); err != nil {
		fmt.Fprintf(os.Stderr, "matrix: %v\n", err)
		os.Exit(1)
	}
}

// profiled runs f and writes a CPU profile of it when a file is named.
func profiled(file string, f func() error) (err error) {
	if file == "" {
		return f()
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

// measured is one measurement. It returns what it found, in words.
type measured struct {
	name string
	run  func(o options) (string, error)
}

func run(w io.Writer, o options) error {
	if flag.NArg() > 0 || o.rounds < 1 || o.many < 1 || o.principals < 1 || o.keys < 1 || o.acts < 1 {
		return errors.New("usage: matrix [-rounds N] [-only WORD] [-many N] [-principals N] [-keys N] [-actions N] [-why]")
	}
	_, _ = fmt.Fprintf(w, "%d processors, %s\n", runtime.GOMAXPROCS(0), runtime.Version())
	for _, m := range []measured{{"who-can, direct", direct}, {"who-can", whoCan}, {"matrix", matrix}} {
		if !strings.Contains(m.name, o.only) {
			continue
		}
		var times, busy []time.Duration
		var found string
		var peak uint64
		for range o.rounds {
			r, err := measure(func() (string, error) { return m.run(o) })
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			times, busy, found, peak = append(times, r.taken), append(busy, r.busy), r.text, max(peak, r.peak)
		}
		slices.Sort(times)
		slices.Sort(busy)
		_, _ = fmt.Fprintf(w, "%-16s  %s  median %.2f s (%.2f to %.2f of %d), %.2f s of processor time, at most %d MB in use\n",
			m.name, found, times[len(times)/2].Seconds(), times[0].Seconds(), times[len(times)-1].Seconds(), len(times),
			busy[len(busy)/2].Seconds(), peak>>20)
	}
	return nil
}

// clock and processor are when the question was asked, which comes after making the world.
var clock, processor atomic.Int64

func start() {
	runtime.GC()
	clock.Store(time.Now().UnixNano())
	processor.Store(int64(processorTime()))
}

// processorTime is what the program has used of all processors. It hardly depends on what else they do, unlike the time
// that passes.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// result is what one run took, and what it found.
type result struct {
	taken, busy time.Duration
	peak        uint64
	text        string
}

// measure runs once and watches the memory.
func measure(f func() (string, error)) (r result, err error) {
	done := make(chan struct{})
	stopped := make(chan uint64)
	go func() {
		var highest uint64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				stopped <- highest
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				highest = max(highest, m.HeapInuse)
			}
		}
	}()
	r.text, err = f()
	r.taken = time.Since(time.Unix(0, clock.Load()))
	r.busy = processorTime() - time.Duration(processor.Load())
	close(done)
	r.peak = <-stopped
	return r, err
}

// asker asks about requests that are made now, over TLS, as the command line does.
func asker(w *source.World) *access.Asker {
	known := evaluator.Context{
		"aws:SecureTransport": {"true"}, "aws:CurrentTime": {"2026-11-23T00:00:00Z"}, "aws:EpochTime": {"1795392000"},
	}
	return access.New(w, evaluator.New(w), access.Settings{Context: func(*evaluator.Key) evaluator.Context { return known }})
}

func direct(o options) (string, error) { return ask(o, access.Options{Direct: true}) }

func whoCan(o options) (string, error) { return ask(o, access.Options{}) }

func ask(o options, how access.Options) (string, error) {
	w := newWorld(o.many, o.keys)
	decrypt, err := access.Actions("kms:Decrypt")
	if err != nil {
		return "", err
	}
	start()
	answer, err := asker(w).WhoCan(context.Background(), decrypt[0], &w.Keys[0].Key, "", how)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d principals: %d can, %d indirect ways", answer.Asked, len(answer.Principals), len(answer.Indirect)), nil
}

// counter counts what is written.
type counter struct{ bytes, lines int }

func (c *counter) Write(b []byte) (int, error) {
	c.bytes += len(b)
	c.lines += strings.Count(string(b), "\n")
	return len(b), nil
}

func matrix(o options) (string, error) {
	w := newWorld(o.principals, o.keys)
	actions, err := access.Actions("Encrypt", "Decrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo", "Sign", "CreateGrant", "PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion")
	if err != nil {
		return "", err
	}
	start()
	a := asker(w)
	m := &access.Matrix{Principals: w.Candidates(), Keys: a.Keys(), Actions: actions[:min(o.acts, len(actions))], Why: o.why}
	var out counter
	if err := a.WriteMatrixCSV(context.Background(), m, &out); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d x %d x %d = %d answers: %d rows, %d KB of CSV", len(m.Principals), len(m.Keys), len(m.Actions),
		len(m.Principals)*len(m.Keys)*len(m.Actions), out.lines-1, out.bytes>>10), nil
}
