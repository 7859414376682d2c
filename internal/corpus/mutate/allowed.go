package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
)

// allowed are the mutants that may survive, by name, each with the reason.
type allowed struct {
	file    string
	reasons map[string]string
	lines   map[string]int
}

// readAllowed reads the list of mutants that change nothing a case could see: a line with the mutant's name, then
// indented lines with the reason. Lines that begin with # and empty lines are left out.
func readAllowed(file string) (*allowed, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a := &allowed{file: file, reasons: map[string]string{}, lines: map[string]int{}}
	var (
		name string
		errs []error
	)
	scanner := bufio.NewScanner(f)
	for line := 1; scanner.Scan(); line++ {
		text := scanner.Text()
		switch {
		case strings.TrimSpace(text) == "" || strings.HasPrefix(text, "#"):
		case text != strings.TrimLeft(text, "\t "):
			if name == "" {
				errs = append(errs, fmt.Errorf("%s:%d: expected the name of a mutant before its reason", file, line))
				continue
			}
			a.reasons[name] = strings.TrimSpace(a.reasons[name] + " " + strings.TrimSpace(text))
		default:
			name = text
			if first, taken := a.lines[name]; taken {
				errs = append(errs, fmt.Errorf("%s:%d: listed before, at line %d: %s", file, line, first, name))
			}
			a.lines[name], a.reasons[name] = line, ""
		}
	}
	for name, reason := range a.reasons {
		if reason == "" {
			errs = append(errs, fmt.Errorf("%s:%d: expected the reason, indented, below: %s", file, a.lines[name], name))
		}
	}
	return a, errors.Join(append(errs, scanner.Err())...)
}

// judge marks the survivors that are listed, and returns what is wrong with the list: entries for mutants that the
// run killed. With all, the run had every mutant, and entries for no mutant are wrong as well.
func (a *allowed) judge(results []result, files map[string]bool, all bool) []string {
	var wrong []string
	found := map[string]bool{}
	for i := range results {
		r := &results[i]
		name := r.name()
		if _, listed := a.reasons[name]; !listed {
			continue
		}
		found[name] = true
		switch r.fate {
		case survived, killedByTest:
			r.fate, r.by = equivalent, a.reasons[name]
		case killed:
			wrong = append(wrong, fmt.Sprintf("%s:%d: not equivalent, the case %q kills it: %s", a.file, a.lines[name], r.by, name))
		case invalid:
			wrong = append(wrong, fmt.Sprintf("%s:%d: does not compile: %s", a.file, a.lines[name], name))
		}
	}
	for name, line := range a.lines {
		file, _, _ := strings.Cut(name, ": ")
		if all && files[file] && !found[name] {
			wrong = append(wrong, fmt.Sprintf("%s:%d: there is no such mutant: %s", a.file, line, name))
		}
	}
	return wrong
}
