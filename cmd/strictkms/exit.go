package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// The exit codes.
const (
	exitAllowed     = 0 // or done
	exitDenied      = 1
	exitFailed      = 2 // usage or input error
	exitConditional = 3
)

// exitError is an answer that the exit code tells; there is nothing to print.
type exitError struct{ code int }

// Error implements error.
func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// verdictError turns a verdict into the error that ends the command.
func verdictError(v evaluator.Verdict) error {
	switch v {
	case evaluator.Allow:
		return nil
	case evaluator.Conditional:
		return &exitError{exitConditional}
	default:
		return &exitError{exitDenied}
	}
}

// report prints an error, each line under the program's name, and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitAllowed
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	w = &visible{w: w}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			_, _ = fmt.Fprintf(w, "strictkms: %s\n", line)
		}
	}
	return exitFailed
}

// warn prints warnings, each once.
func warn(w io.Writer, warnings policy.Diagnostics) {
	w = &visible{w: w}
	seen := map[string]bool{}
	for _, d := range warnings {
		d.Severity = policy.SeverityError // so that its text does not say "warning" once more
		if text := d.String(); !seen[text] {
			seen[text] = true
			_, _ = fmt.Fprintf(w, "strictkms: warning: %s\n", text)
		}
	}
}
