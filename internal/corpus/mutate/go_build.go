package main

import (
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
)

// support is the Go file that every package with mutants gets.
//
//go:embed support.go.txt
var support string

// worker is the test that puts the corpus to one mutant after another.
//
//go:embed worker.go.txt
var workerTest string

// share is a Go file that the evaluator gets.
//
//go:embed share.go.txt
var share string

// mutatedPackages are the packages that files of mutants may belong to.
var mutatedPackages = []string{"rego", "evaluator"}

// overlay writes the files that stand in for those of the work tree.
func (r *goRunner) overlay() error {
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
			return err
		}
	}
	for _, pkg := range mutatedPackages {
		text := strings.NewReplacer("PACKAGE", pkg, "COUNT", strconv.Itoa(lastID(r.mutants))).Replace(support)
		if err := put(pkg+"/mutants_active.go", text); err != nil {
			return err
		}
	}
	for file, text := range map[string]string{
		"internal/corpus/mutants_worker_test.go": workerTest, "evaluator/mutants_share.go": share,
	} {
		if err := put(file, text); err != nil {
			return err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return os.WriteFile(r.overlayFile(), text, 0o600)
}

// lastID is the greatest id: those of the decision modules' mutants come first.
func lastID(mutants []*mutant) int {
	last := 0
	for _, m := range mutants {
		last = max(last, m.id)
	}
	return last
}

func (r *goRunner) overlayFile() string { return filepath.Join(r.dir, "overlay.json") }

// maxBuilds bounds how often mutants that do not compile are taken out.
const maxBuilds = 8

// build compiles the test binaries, without the mutants that do not compile.
func (r *goRunner) build(ctx context.Context) error {
	for range maxBuilds {
		if err := r.overlay(); err != nil {
			return err
		}
		args := slices.Concat([]string{"build", "-gcflags=-e", "-overlay", r.overlayFile()}, r.changed())
		output, err := r.command(ctx, "go", args...).CombinedOutput()
		if err == nil {
			return r.buildTest(ctx, corpusPackage)
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

// buildTest compiles the tests of a package.
func (r *goRunner) buildTest(ctx context.Context, pkg string) error {
	output, err := r.command(ctx, "go", "test", "-c", "-vet=off", "-overlay", r.overlayFile(), "-o", r.binary(pkg), pkg).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the tests of %s: %w\n%s", pkg, err, output)
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
