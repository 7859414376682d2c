package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What becomes of the mutants of TestWorker, by id.
const (
	idKilled = iota + 1
	idSurvives
	idExits
	idHangs
	idSpoils
	idFirstSpoilt // when it is not the first of its process
)

// TestMutants is the worker's process in TestWorker. It has the name of the test that the real one runs.
func TestMutants(t *testing.T) {
	if os.Getenv("STRICTKMS_MUTANTS_REACHED") == "" {
		t.Skip("only as the process of TestWorker")
	}
	say := func(text string) {
		_, err := fmt.Fprintln(os.Stdout, text)
		require.NoError(t, err)
	}
	say("ok, something else")
	say(answerPrefix + workerReady)
	asked := 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); asked++ {
		var id int
		_, err := fmt.Sscan(lines.Text(), &id)
		require.NoError(t, err)
		switch id {
		case idKilled:
			say(answerPrefix + workerKilled + " a case " + lines.Text())
		case idSurvives:
			say(answerPrefix + workerAlive)
			say(answerPrefix + workerSurvived)
		case idExits:
			fmt.Fprintln(os.Stderr, "fatal error: stack overflow\ngoroutine 1")
			os.Exit(2)
		case idHangs:
			time.Sleep(time.Minute)
		case idSpoils:
			say(answerPrefix + workerSpoiled)
		case idFirstSpoilt:
			if asked > 0 {
				say(answerPrefix + workerSpoiled)
			} else {
				say(answerPrefix + workerSurvived)
			}
		}
	}
}

// TestWorker asks about mutants that a process answers, does not outlive, or gives no answer to.
func TestWorker(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	r := &goRunner{root: t.TempDir(), dir: t.TempDir(), timeout: 2 * time.Second}
	require.NoError(t, os.MkdirAll(r.directory(corpusPackage), 0o700))
	require.NoError(t, os.Symlink(self, r.binary(corpusPackage)))
	w := &worker{runner: r}
	t.Cleanup(w.stop)
	for _, c := range []struct {
		id         int
		file, want string
	}{
		{idKilled, "evaluator/gather.go", "a case 1"},
		{idKilled, "rego/arn.go", "a case 1 unit"},
		{idKilled, "evaluator/unit.go", "a case 1 unit"},
		{idSurvives, "rego/arn.go", ""},
		{idExits, "rego/arn.go", "the process ends: fatal error: stack overflow"},
		{idSurvives, "rego/arn.go", ""},
		{idHangs, "rego/arn.go", "time is up"},
		{idSpoils, "rego/arn.go", "what it leaves behind in memory"},
		{idSurvives, "rego/arn.go", ""},
		{idFirstSpoilt, "rego/arn.go", ""},
	} {
		by, err := w.put(t.Context(), &mutant{id: c.id, file: c.file})
		require.NoError(t, err)
		require.Equal(t, c.want, by, c.id)
	}

	missing := &worker{runner: &goRunner{root: r.root, dir: filepath.Join(r.dir, "no such"), timeout: r.timeout}}
	_, err = missing.put(t.Context(), &mutant{id: idSurvives})
	require.ErrorContains(t, err, "start a worker")
}

// TestTakeOut finds the mutants that the compiler complains about.
func TestTakeOut(t *testing.T) {
	source := "package p\n\nfunc f(a int) bool {\n\treturn a < 1\n}\n"
	mutants, err := goMutants("p/p.go", source)
	require.NoError(t, err)
	number(mutants)
	r := &goRunner{root: t.TempDir(), dir: t.TempDir(), sources: map[string]string{"p/p.go": source}, mutants: mutants, broken: map[int]string{}}
	require.NoError(t, r.overlay())
	text, err := os.ReadFile(filepath.Join(r.dir, "p_p.go"))
	require.NoError(t, err)
	before, _, _ := strings.Cut(string(text), "a < 1")
	line, column := 1+strings.Count(before, "\n"), len(before)-strings.LastIndexByte(before, '\n')
	found, err := r.takeOut(fmt.Sprintf("# p\np/p.go:%d:%d: no such thing\nelsewhere.go:1:1: not ours\n", line, column))
	require.NoError(t, err)
	require.Equal(t, 1, found)
	require.Len(t, r.broken, 1)
	for _, why := range r.broken {
		require.Equal(t, "no such thing", why)
	}
	support, err := os.ReadFile(filepath.Join(r.dir, "rego_mutants_active.go"))
	require.NoError(t, err)
	require.Contains(t, string(support), "package rego\n")
	require.Contains(t, string(support), fmt.Sprintf("[%d + 1]bool", len(mutants)))
}
