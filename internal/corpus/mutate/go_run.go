package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// support is the Go file that every package with mutants gets.
//
//go:embed support.go.txt
var support string

// goRunner puts the corpus to mutants of the Go code. All mutants are in one test binary per package of tests, built
// from an overlay of the work tree, which stays as it is; a variable of the environment makes one of them active.
type goRunner struct {
	root, dir string // the module, and a directory for what is made
	timeout   time.Duration
	sources   map[string]string // by file
	mutants   []*mutant
	broken    map[int]string // mutants that do not compile, with the compiler's words
	reached   map[int]bool   // mutants whose code the corpus runs
	suites    []suite
}

// corpusPackage runs the corpus.
const corpusPackage = "./internal/corpus"

// testPackages are the packages whose tests are put to a mutant.
var testPackages = []string{corpusPackage, "./rego", "./evaluator"}

// suite is a part of the tests.
type suite struct{ pkg, run string }

// suites are put to a mutant in this order. The first is the corpus; the others say what else holds a survivor.
var suites = []suite{
	{corpusPackage, "^TestCorpus$"}, {corpusPackage, "^TestStockOPA$"}, {"./rego", "."}, {"./evaluator", "."},
}

func newGoRunner(ctx context.Context, o options, root, dir string, sources map[string]string, mutants []*mutant) (*goRunner, error) {
	r := &goRunner{
		root: root, dir: dir, timeout: o.timeout, sources: sources, mutants: mutants,
		broken: map[int]string{}, reached: map[int]bool{}, suites: suites,
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
	for _, part := range r.suites[1:] {
		if output, err := r.test(ctx, part, "STRICTKMS_MUTANT=0"); err != nil {
			return nil, fmt.Errorf("the tests of %s do not pass without a mutant: %w\n%s", part.pkg, err, output)
		}
	}
	return r, nil
}

// overlay writes the files that stand in for those of the work tree.
func (r *goRunner) overlay() (string, error) {
	replace := map[string]string{}
	put := func(file, text string) error {
		at := filepath.Join(r.dir, strings.ReplaceAll(file, "/", "_"))
		replace[filepath.Join(r.root, filepath.FromSlash(file))] = at
		return os.WriteFile(at, []byte(text), 0o600)
	}
	for file, source := range r.sources {
		var own []*mutant
		for _, m := range r.mutants {
			if _, broken := r.broken[m.id]; m.file == file && !broken {
				own = append(own, m)
			}
		}
		if err := put(file, mutated(source, own)); err != nil {
			return "", err
		}
		if err := put(path.Dir(file)+"/mutants_active.go", strings.Replace(support, "PACKAGE", path.Base(path.Dir(file)), 1)); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(r.dir, "overlay.json")
	return name, os.WriteFile(name, text, 0o600)
}

// maxBuilds bounds how often mutants that do not compile are taken out.
const maxBuilds = 8

// build compiles the test binaries, without the mutants that do not compile.
func (r *goRunner) build(ctx context.Context) error {
	for range maxBuilds {
		overlay, err := r.overlay()
		if err != nil {
			return err
		}
		args := slices.Concat([]string{"build", "-gcflags=-e", "-overlay", overlay}, r.changed())
		output, err := r.command(ctx, "go", args...).CombinedOutput()
		if err == nil {
			return r.buildTests(ctx, overlay)
		}
		found, err := r.takeOut(string(output))
		if err != nil {
			return err
		}
		if found == 0 {
			return fmt.Errorf("the mutants do not compile:\n%s", output)
		}
	}
	return errors.New("the mutants do not compile, however many are taken out")
}

func (r *goRunner) changed() []string {
	found := map[string]bool{}
	for file := range r.sources {
		found["./"+path.Dir(file)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

func (r *goRunner) buildTests(ctx context.Context, overlay string) error {
	for _, pkg := range testPackages {
		output, err := r.command(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", r.binary(pkg), pkg).CombinedOutput()
		if err != nil {
			return fmt.Errorf("build the tests of %s: %w\n%s", pkg, err, output)
		}
	}
	return nil
}

func (r *goRunner) binary(pkg string) string { return filepath.Join(r.dir, path.Base(pkg)+".test") }

func (r *goRunner) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = r.root
	return command
}

// complaint is a line of the compiler.
var complaint = regexp.MustCompile(`(?m)^(\S+\.go):(\d+):(\d+): (.*)$`)

// takeOut marks the mutants whose code the compiler complains about: the innermost wrap around the place.
func (r *goRunner) takeOut(output string) (int, error) {
	found := 0
	for _, match := range complaint.FindAllStringSubmatch(output, -1) {
		line, _ := strconv.Atoi(match[2])
		column, _ := strconv.Atoi(match[3])
		for file := range r.sources {
			at := filepath.Join(r.dir, strings.ReplaceAll(file, "/", "_"))
			if path.Base(match[1]) != filepath.Base(at) && !strings.HasSuffix(filepath.ToSlash(match[1]), file) {
				continue
			}
			text, err := os.ReadFile(at)
			if err != nil {
				return 0, err
			}
			if id := activeAt(string(text), line, column); id > 0 && r.broken[id] == "" {
				r.broken[id] = match[4]
				found++
			}
		}
	}
	return found, nil
}

// wrapStart is how a wrap begins.
var wrapStart = regexp.MustCompile(`mutant(Active|Pick|Zero|Case)(\[[^(]*\])?\((\d+)`)

// activeAt returns the mutant whose wrap begins last before a place.
func activeAt(text string, line, column int) int {
	offset := column
	for range line - 1 {
		offset += strings.IndexByte(text[offset-column:], '\n') + 1
	}
	id := 0
	for _, at := range wrapStart.FindAllStringSubmatchIndex(text, -1) {
		if at[0] > offset { // a wrap may have a parenthesis before its name
			break
		}
		id, _ = strconv.Atoi(text[at[6]:at[7]])
	}
	return id
}

// trace runs the corpus once without a mutant, and notes which of them it reaches.
func (r *goRunner) trace(ctx context.Context) error {
	name := filepath.Join(r.dir, "reached")
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	output, err := r.test(ctx, suites[0], "STRICTKMS_MUTANTS_REACHED="+name)
	if err != nil {
		return fmt.Errorf("the corpus does not pass without a mutant: %w\n%s", err, output)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		id, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return err
		}
		r.reached[id] = true
	}
	return nil
}

// test runs a test binary until its first failure.
func (r *goRunner) test(ctx context.Context, part suite, environment string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	command := r.command(ctx, r.binary(part.pkg), "-test.failfast", "-test.short", "-test.run="+part.run)
	command.Dir = filepath.Join(r.root, part.pkg)
	if part.pkg == corpusPackage {
		command.Dir = filepath.Join(r.dir, part.pkg)
	}
	command.Env = append(os.Environ(), environment)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	if ctx.Err() != nil {
		return "time is up", ctx.Err()
	}
	return output.String(), err
}

// failure is the line that names a test that fails.
var failure = regexp.MustCompile(`(?m)^ *--- FAIL: (Test\S+)`)

// run finds the test that kills a mutant, the corpus before the others. It does not ask the others about a mutant that
// is listed: their word would change nothing.
func (r *goRunner) run(ctx context.Context, m *mutant, listed bool) (fate, string) {
	if why, broken := r.broken[m.id]; broken {
		return invalid, why
	}
	for i, part := range r.suites {
		if i == 0 && !r.reached[m.id] || i > 0 && listed {
			continue
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
			return killed, by
		}
		return killedByTest, by
	}
	if !r.reached[m.id] {
		return survived, "the corpus does not run this code"
	}
	return survived, ""
}
