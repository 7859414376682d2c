package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// goRunner puts the corpus to mutants of the Go code. All mutants are in one test binary per package of tests, built
// from an overlay of the work tree, which stays as it is; a variable makes one of them active. Workers are processes
// that put the corpus to one mutant after another, and to each the cases that run its code.
type goRunner struct {
	root, dir string // the module, and a directory for what is made
	timeout   time.Duration
	sources   map[string]string // by file
	mutants   []*mutant
	broken    map[int]string // mutants that do not compile, with the compiler's words
	// reached are the cases that run the code of a mutant: nil, but there, when it has to be asked in a process
	// of its own.
	reached map[int][]int
	suites  []suite

	otherOnce sync.Once
	otherErr  error
}

// corpusPackage runs the corpus.
const corpusPackage = "./internal/corpus"

// suite is a part of the tests.
type suite struct{ pkg, run string }

// suites are put to a mutant in this order. The first is the corpus; the others say what else holds a survivor.
var suites = []suite{
	{corpusPackage, "^TestCorpus$"}, {corpusPackage, "^TestStockOPA$"}, {"./rego", "."}, {"./evaluator", "."},
}

func newGoRunner(ctx context.Context, o options, root, dir string, sources map[string]string, mutants []*mutant) (*goRunner, error) {
	r := &goRunner{
		root: root, dir: dir, timeout: o.timeout, sources: sources, mutants: mutants,
		broken: map[int]string{}, reached: map[int][]int{}, suites: suites,
	}
	if err := r.build(ctx); err != nil {
		return nil, err
	}
	// The corpus is copied, so that an edit of a case during a long run does not look like a kill.
	if err := os.CopyFS(filepath.Join(dir, "testdata", "decisions"), os.DirFS(o.cases)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, corpusPackage), 0o700); err != nil {
		return nil, err
	}
	if err := r.trace(ctx); err != nil {
		return nil, err
	}
	if o.quick {
		r.suites = suites[:1]
	}
	return r, nil
}

// others makes the tests ready that are asked about mutants which the corpus does not kill: few runs need them.
func (r *goRunner) others(ctx context.Context) error {
	r.otherOnce.Do(func() {
		for _, part := range r.suites[1:] {
			if part.pkg != corpusPackage {
				if r.otherErr = r.buildTest(ctx, part.pkg); r.otherErr != nil {
					return
				}
			}
			if output, err := r.test(ctx, part, "STRICTKMS_MUTANT=0"); err != nil {
				r.otherErr = fmt.Errorf("the tests of %s do not pass without a mutant: %w\n%s", part.pkg, err, output)
				return
			}
		}
	})
	return r.otherErr
}

// reachedFile is where the cases are noted that run the code of each mutant.
func (r *goRunner) reachedFile() string { return filepath.Join(r.dir, "reached.json") }

// trace runs the corpus without a mutant, and notes which of them each case reaches.
func (r *goRunner) trace(ctx context.Context) error {
	output, err := r.test(ctx, suite{corpusPackage, "^TestMutants$"}, "STRICTKMS_MUTANTS_TRACE="+r.reachedFile())
	if err != nil {
		return fmt.Errorf("the corpus does not pass without a mutant: %w\n%s", err, output)
	}
	text, err := os.ReadFile(r.reachedFile())
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &r.reached)
}

// maxTestTime bounds the tests of a package.
const maxTestTime = 5 * time.Minute

// test runs a test binary until its first failure.
func (r *goRunner) test(ctx context.Context, part suite, environment string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTestTime)
	defer cancel()
	command := r.command(ctx, r.binary(part.pkg), "-test.failfast", "-test.short", "-test.run="+part.run)
	command.Dir = r.directory(part.pkg)
	command.Env = append(os.Environ(), environment)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	if ctx.Err() != nil {
		return "time is up", ctx.Err()
	}
	return output.String(), err
}

// directory is where the tests of a package run.
func (r *goRunner) directory(pkg string) string {
	if pkg == corpusPackage {
		return filepath.Join(r.dir, pkg)
	}
	return filepath.Join(r.root, pkg)
}

// failure is the line that names a test that fails.
var failure = regexp.MustCompile(`(?m)^ *--- FAIL: (Test\S+)`)

// run finds the test that kills a mutant, the corpus before the others. It does not ask the others about a mutant that
// is listed: their word would change nothing.
func (r *goRunner) run(ctx context.Context, w *worker, m *mutant, listed bool) (fate, string, error) {
	if why, broken := r.broken[m.id]; broken {
		return invalid, why, nil
	}
	cases, reached := r.reached[m.id]
	if len(cases) > 0 {
		if by, err := w.put(ctx, m); err != nil || by != "" {
			return killed, by, err
		}
		if listed {
			return survived, "", nil
		}
	}
	for i, part := range r.suites {
		if i == 0 && !reached || i > 0 && listed {
			continue
		}
		if i > 0 {
			if err := r.others(ctx); err != nil {
				return survived, "", err
			}
		}
		output, err := r.test(ctx, part, fmt.Sprintf("STRICTKMS_MUTANT=%d", m.id))
		if err == nil {
			continue
		}
		by := strings.TrimPrefix(part.pkg, "./")
		for _, match := range failure.FindAllStringSubmatch(output, -1) {
			by = match[1] // the last is a subtest, where there are any
		}
		if i == 0 {
			return killed, by, ctx.Err()
		}
		return killedByTest, by, ctx.Err()
	}
	if !reached {
		return survived, "the corpus does not run this code", nil
	}
	return survived, "", nil
}
