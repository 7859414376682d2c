package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// runners makes the runners when the first mutant needs them.
type runners struct {
	options
	all     []*mutant
	sources map[string]string
	rego    *regoRunner
	golang  *goRunner
	dir     string
}

// run puts the tests to the mutants and tells each result as soon as it is there, in any order.
func (r *runners) run(ctx context.Context, chosen []*mutant, listed func(*mutant) bool, tell func(result)) error {
	var own []*mutant
	for _, m := range chosen {
		if !strings.HasSuffix(m.file, ".rego") {
			own = append(own, m)
			continue
		}
		if r.rego == nil {
			var err error
			if r.rego, err = newRegoRunner(ctx, r.cases); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f, by := r.rego.run(ctx, m)
		tell(result{mutant: m, fate: f, by: by})
	}
	if len(own) == 0 {
		return nil
	}
	if err := r.startGo(ctx); err != nil {
		return err
	}
	return r.runGo(ctx, own, listed, tell)
}

// runGo shares the mutants of the Go code out to workers.
func (r *runners) runGo(ctx context.Context, own []*mutant, listed func(*mutant) bool, tell func(result)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		group sync.WaitGroup
		mu    sync.Mutex // of tell
		next  atomic.Int64
	)
	for range max(1, r.workers) {
		group.Go(func() {
			w := &worker{runner: r.golang}
			defer w.stop()
			for at := next.Add(1) - 1; at < int64(len(own)); at = next.Add(1) - 1 {
				f, by, err := r.golang.run(ctx, w, own[at], listed(own[at]))
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				tell(result{mutant: own[at], fate: f, by: by})
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

func (r *runners) startGo(ctx context.Context) error {
	root, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	if r.dir, err = os.MkdirTemp("", "mutate-"); err != nil {
		return err
	}
	var own []*mutant
	for _, m := range r.all {
		if strings.HasSuffix(m.file, ".go") {
			own = append(own, m)
		}
	}
	r.golang, err = newGoRunner(ctx, r.options, root, r.dir, r.sources, own)
	return err
}

// remove removes what the runners made.
func (r *runners) remove() {
	if r.dir != "" {
		_ = os.RemoveAll(r.dir)
	}
}

// printer prints what becomes of the mutants.
type printer struct {
	out     io.Writer
	verbose bool
	allowed *allowed
}

func (p *printer) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format, args...) }

// one prints a mutant as soon as it has run, when it is worth a line.
func (p *printer) one(r result) {
	listed := p.allowed.has(r.mutant)
	switch {
	case r.fate == survived && !listed:
		p.printf("SURVIVED  %s:%d %s\n          %s\n", r.file, r.line, r.by, r.name())
	case r.fate == killedByTest && !listed:
		p.printf("BY TESTS  %s:%d %s\n          %s\n", r.file, r.line, r.by, r.name())
	case p.verbose:
		p.printf("%-9s %s:%d %s\n          %s\n", fateNames[r.fate], r.file, r.line, oneLine(r.by), r.name())
	}
}

var fateNames = map[fate]string{
	survived: "listed", invalid: "invalid", killed: "killed", killedByTest: "listed", equivalent: "listed",
}

// summary prints the counts; mutants that do not compile are none.
func (p *printer) summary(results []result, wrong []string) error {
	counts := map[fate]int{}
	for _, r := range results {
		counts[r.fate]++
	}
	for _, line := range wrong {
		p.printf("%s\n", line)
	}
	if counts[invalid] > 0 {
		p.printf("%d changes do not compile\n", counts[invalid])
	}
	if counts[killedByTest] > 0 {
		p.printf("%d of the survivors are killed by other tests\n", counts[killedByTest])
	}
	survivors := counts[survived] + counts[killedByTest]
	p.printf("%d mutants, %d killed by the corpus, %d equivalent, %d survivors\n",
		len(results)-counts[invalid], counts[killed], counts[equivalent], survivors)
	p.printf("%d mutants, %d differences\n", len(results)-counts[invalid], survivors+len(wrong))
	if survivors > 0 || len(wrong) > 0 {
		return errSurvivors
	}
	return nil
}
