package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// allowed are the mutants that may survive, by name, each with the reason.
type allowed struct {
	file    string
	reasons map[string]string
	lines   map[string]int
}

// readAllowed reads the list of mutants that change nothing a case could see: lines with the names of mutants, then
// indented lines with the reason that they share. Lines that begin with # and empty lines are left out.
func readAllowed(file string) (*allowed, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	a := &allowed{file: file, reasons: map[string]string{}, lines: map[string]int{}}
	var (
		group    []string // names that the next reason is for
		reasoned bool
		errs     []error
	)
	fail := func(line int, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%d: "+format, append([]any{file, line}, args...)...))
	}
	line := 0
	for content := range strings.Lines(string(text)) {
		line++
		content = strings.TrimRight(content, "\n")
		reason := strings.TrimSpace(content)
		switch {
		case reason == "" || strings.HasPrefix(content, "#"):
		case content != strings.TrimLeft(content, "\t "):
			if len(group) == 0 {
				fail(line, "expected the name of a mutant before its reason")
			}
			for _, name := range group {
				a.reasons[name] = strings.TrimSpace(a.reasons[name] + " " + reason)
			}
			reasoned = true
		default:
			if reasoned {
				group, reasoned = nil, false
			}
			if first, taken := a.lines[content]; taken {
				fail(line, "listed before, at line %d: %s", first, content)
			}
			group = append(group, content)
			a.lines[content], a.reasons[content] = line, ""
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.reasons)) {
		if a.reasons[name] == "" {
			fail(a.lines[name], "expected the reason, indented, below: %s", name)
		}
	}
	return a, errors.Join(errs...)
}

// has reports whether a mutant is listed.
func (a *allowed) has(m *mutant) bool {
	_, listed := a.reasons[m.name()]
	return listed
}

// judge marks the survivors that are listed, and returns what is wrong with the list: entries for mutants that the
// run killed. With all, the run had every mutant, and entries for no mutant are wrong as well.
func (a *allowed) judge(results []result, files map[string]bool, all bool) []string {
	var wrong []string
	found := map[string]bool{}
	for i := range results {
		r := &results[i]
		name := r.name()
		if !a.has(r.mutant) {
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
		case equivalent: // judged before
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.lines)) {
		file, _, _ := strings.Cut(name, ": ")
		if all && files[file] && !found[name] {
			wrong = append(wrong, fmt.Sprintf("%s:%d: there is no such mutant: %s", a.file, a.lines[name], name))
		}
	}
	return wrong
}
