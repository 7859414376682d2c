package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/strictkms/strictkms/internal/annotation"
	"github.com/strictkms/strictkms/simulator/audit"
)

// WriteGitHub writes an annotation for each finding, and the summary.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func (r *Report) WriteGitHub(w io.Writer) error {
	for _, f := range r.shown() {
		a := annotation.Annotation{
			Level: r.level(f.Severity), File: f.Position.File, Line: f.Position.Line, Column: f.Position.Column,
			Title: f.Code + " " + f.Name, Message: f.Message + "\n" + f.Fix,
		}
		if f.End.IsValid() {
			a.EndLine = f.End.Line
			if f.End.Line == f.Position.Line { // GitHub takes columns of one line only
				a.EndColumn = f.End.Column
			} else {
				a.Column = 0
			}
		}
		if _, err := fmt.Fprintln(w, a.String()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, r.summary())
	return err
}

// level is the level of an annotation: what fails is an error.
func (r *Report) level(s audit.Severity) annotation.Level {
	switch {
	case s >= r.FailOn:
		return annotation.Error
	case s > audit.Info:
		return annotation.Warning
	default:
		return annotation.Notice
	}
}

// WriteJUnit writes a suite for each file, in it a test for each finding. Findings that do not fail, and those that are
// suppressed if they are shown, are skipped tests. A file without findings is one test that passes.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junit.Testsuites{Name: "strictkms audit"}
	files := slices.Clone(r.Files)
	for _, f := range r.Findings {
		if !slices.Contains(files, f.Position.File) {
			files = append(files, f.Position.File) // of a folder
		}
	}
	for _, file := range files {
		suite := junit.Testsuite{Name: annotation.XMLText(file), File: annotation.XMLText(file), Time: "0"}
		for _, f := range r.Findings {
			if f.Position.File == file && (f.Suppressed == nil || r.ShowSuppressed) {
				suite.AddTestcase(r.testcase(f))
			}
		}
		if len(suite.Testcases) == 0 {
			suite.AddTestcase(junit.Testcase{Name: "no findings", Classname: annotation.XMLText(file)})
		}
		all.AddSuite(suite)
	}
	return all.WriteXML(w)
}

func (r *Report) testcase(f audit.Finding) junit.Testcase {
	c := junit.Testcase{
		Name:      annotation.XMLText(fmt.Sprintf("%s %s at %s", f.Code, f.Name, f.Position)),
		Classname: annotation.XMLText(f.Position.File),
	}
	switch text := annotation.XMLText(f.Message); {
	case f.Suppressed != nil:
		c.Skipped = &junit.Result{Message: annotation.XMLText("suppressed: " + because(f.Suppressed))}
	case f.Severity < r.FailOn:
		c.Skipped = &junit.Result{Message: f.Severity.String() + ": " + text}
	default:
		c.Failure = &junit.Result{
			Message: text, Type: f.Severity.String(), Data: annotation.XMLText(f.Position.String() + "\n" + f.Fix + "\n" + f.Source),
		}
	}
	return c
}
