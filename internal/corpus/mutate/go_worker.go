package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"time"
)

// worker is a process that puts the corpus to one mutant after another. It is started when it is needed, and again
// after a mutant that it did not outlive.
type worker struct {
	runner  *goRunner
	process *exec.Cmd
	ids     io.WriteCloser
	answers chan string // closed when the process ends
	errors  *bytes.Buffer
}

// answerPrefix begins the lines that the worker answers with.
const answerPrefix = "MUTANT "

// What a worker answers.
const (
	workerReady    = "ready"
	workerAlive    = "alive"
	workerKilled   = "killed"
	workerSurvived = "survived"
	workerSpoiled  = "spoiled"
)

// put returns the case that kills a mutant, or what becomes of the process; it is empty when the mutant survives.
func (w *worker) put(ctx context.Context, m *mutant) (string, error) {
	question := strconv.Itoa(m.id)
	if makesUnits(m.file) {
		question += " unit"
	}
	for range 2 {
		if err := w.start(ctx); err != nil {
			return "", err
		}
		if _, err := fmt.Fprintln(w.ids, question); err != nil {
			return "", fmt.Errorf("ask about a mutant: %w", err)
		}
		answer, by, _ := strings.Cut(w.answer(ctx, w.runner.timeout), " ")
		switch answer {
		case workerSurvived:
			return "", nil
		case workerKilled:
			return by, nil
		case workerSpoiled: // maybe by an earlier mutant: a process of its own tells
			w.stop()
		default:
			by := strings.TrimSpace(answer + " " + by)
			w.stop()
			return by, ctx.Err()
		}
	}
	return "what it leaves behind in memory", nil
}

// makesUnits reports whether compiled policies are made with the code of a file.
func makesUnits(file string) bool {
	return path.Dir(file) != "evaluator" || file == "evaluator/unit.go" || file == "evaluator/explainunit.go"
}

// answer waits for the answer to a mutant. One that takes too long, or ends the process, is noticed.
func (w *worker) answer(ctx context.Context, most time.Duration) string {
	for {
		select {
		case <-ctx.Done():
			return "interrupted"
		case <-time.After(most):
			return "time is up"
		case line, ok := <-w.answers:
			if !ok {
				_ = w.process.Wait() // until all that it said is there
				return "the process ends: " + firstLine(w.errors.String())
			}
			if line != workerAlive {
				return line
			}
		}
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// start starts the process when there is none.
func (w *worker) start(ctx context.Context) error {
	if w.process != nil {
		return nil
	}
	w.process = w.runner.command(ctx, w.runner.binary(corpusPackage), "-test.run=^TestMutants$", "-test.timeout=0")
	w.process.Dir = w.runner.directory(corpusPackage)
	w.process.Env = append(os.Environ(), "STRICTKMS_MUTANTS_REACHED="+w.runner.reachedFile(), "GOGC=400")
	w.errors = &bytes.Buffer{}
	w.process.Stderr = w.errors
	output, err := w.process.StdoutPipe()
	if err != nil {
		return err
	}
	if w.ids, err = w.process.StdinPipe(); err != nil {
		return err
	}
	if err := w.process.Start(); err != nil {
		return fmt.Errorf("start a worker: %w", err)
	}
	w.answers = make(chan string)
	go read(output, w.answers)
	if said := w.answer(ctx, maxTestTime); said != workerReady {
		w.stop()
		return errors.Join(ctx.Err(), fmt.Errorf("a worker does not start: %s", said))
	}
	return nil
}

// read sends what the process answers, until it ends.
func read(output io.Reader, answers chan<- string) {
	defer close(answers)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), answerPrefix); ok {
			answers <- text
		}
	}
}

// stop ends the process.
func (w *worker) stop() {
	if w.process == nil {
		return
	}
	_ = w.process.Process.Kill()
	for range w.answers { // until it has ended
	}
	_ = w.process.Wait()
	w.process = nil
}
