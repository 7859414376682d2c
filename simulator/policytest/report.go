package policytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/strictkms/strictkms/internal/annotation"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source/expectations"
)

// Report is what came of one run.
type Report struct {
	Files    []FileReport
	Coverage Summary
	// FailUnder is the percentage of statements that must be exercised, 0 for none.
	FailUnder float64
}

// FileReport is what came of one file.
type FileReport struct {
	Name string
	// Load are the files whose policies decided.
	Load    []string
	Results []*Result
}

// Counts returns how many expectations are met and how many are not.
func (r *Report) Counts() (met, unmet int) {
	for _, f := range r.Files {
		for _, result := range f.Results {
			if result.Met() {
				met++
			} else {
				unmet++
			}
		}
	}
	return met, unmet
}

// Covered reports whether enough statements are exercised.
func (r *Report) Covered() bool { return r.Coverage.Percent >= r.FailUnder }

// OK reports whether all expectations are met and enough statements exercised.
func (r *Report) OK() bool {
	_, unmet := r.Counts()
	return unmet == 0 && r.Covered()
}

// title names a case in a line.
func title(c *expectations.Case) string {
	return cmp.Or(c.Name, fmt.Sprintf("line %d", c.Pos.Line))
}

// asked is the request of a case as it was named.
func asked(c *expectations.Case) string {
	return strings.TrimSpace(c.Principal.Value + " " + c.Action.Value + " " + c.Key.Value)
}

// jsonReport is the stable JSON form of a report.
type jsonReport struct {
	Met      int        `json:"met"`
	Failed   int        `json:"failed"`
	Files    []jsonFile `json:"files"`
	Coverage Summary    `json:"coverage"`
}

type jsonFile struct {
	File  string     `json:"file"`
	Load  []string   `json:"load"`
	Cases []jsonCase `json:"cases"`
}

type jsonCase struct {
	Name      string            `json:"name,omitempty"`
	Source    policy.Position   `json:"source"`
	Principal string            `json:"principal"`
	Action    string            `json:"action"`
	Key       string            `json:"key,omitempty"`
	Expect    string            `json:"expect"`
	Because   []string          `json:"because,omitempty"`
	Met       bool              `json:"met"`
	Problems  []string          `json:"problems,omitempty"`
	Answer    *simulator.Answer `json:"answer"`
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	out := jsonReport{Files: []jsonFile{}, Coverage: r.Coverage}
	out.Met, out.Failed = r.Counts()
	for _, f := range r.Files {
		file := jsonFile{File: f.Name, Load: f.Load, Cases: []jsonCase{}}
		for _, result := range f.Results {
			c := result.Case
			form := jsonCase{
				Name: c.Name, Source: c.Pos, Principal: c.Principal.Value, Action: c.Action.Value, Key: c.Key.Value,
				Expect: string(c.Expect), Met: result.Met(), Problems: result.Problems, Answer: result.Answer,
			}
			for _, because := range c.Because {
				form.Because = append(form.Because, because.Value)
			}
			file.Cases = append(file.Cases, form)
		}
		out.Files = append(out.Files, file)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// WriteJUnit writes the report as JUnit's XML: a suite for each file, and one for the coverage when it is asked for.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junit.Testsuites{Name: "strictkms test"}
	for _, f := range r.Files {
		suite := junit.Testsuite{Name: annotation.XMLText(f.Name), File: annotation.XMLText(f.Name), Time: "0"}
		for _, result := range f.Results {
			c := junit.Testcase{
				Name:      annotation.XMLText(title(result.Case) + ": " + asked(result.Case)),
				Classname: annotation.XMLText(f.Name),
			}
			if !result.Met() {
				c.Failure = &junit.Result{
					Message: annotation.XMLText(strings.Join(result.Problems, "; ")), Type: "expectation",
					Data: annotation.XMLText(result.Case.Pos.String() + "\n" + explanation(result.Answer)),
				}
			}
			suite.AddTestcase(c)
		}
		all.AddSuite(suite)
	}
	if r.FailUnder > 0 {
		suite := junit.Testsuite{Name: "coverage", Time: "0"}
		c := junit.Testcase{Name: fmt.Sprintf("statements exercised: at least %g%%", r.FailUnder), Classname: "coverage"}
		if !r.Covered() {
			c.Failure = &junit.Result{Message: r.coverageLine(), Type: "coverage", Data: annotation.XMLText(r.neverText())}
		}
		suite.AddTestcase(c)
		all.AddSuite(suite)
	}
	return all.WriteXML(w)
}

// explanation is an answer in words.
func explanation(a *simulator.Answer) string {
	var b strings.Builder
	_ = simulator.WriteText(&b, a) // a Builder does not fail
	return b.String()
}

// WriteGitHub writes an annotation for each expectation that is not met, and for statements that nothing exercises when
// too many are not.
func (r *Report) WriteGitHub(w io.Writer) error {
	var out []annotation.Annotation
	for _, f := range r.Files {
		for _, result := range f.Results {
			if c := result.Case; !result.Met() {
				out = append(out, annotation.Annotation{
					Level: annotation.Error, File: c.Pos.File, Line: c.Pos.Line, Column: c.Pos.Column, Title: title(c),
					Message: asked(c) + ": " + strings.Join(result.Problems, "; ") + "\n" + explanation(result.Answer),
				})
			}
		}
	}
	if !r.Covered() {
		out = append(out, annotation.Annotation{Level: annotation.Error, Title: "coverage", Message: r.coverageLine()})
		for _, never := range r.Coverage.Never {
			pos := never.statement.Source
			out = append(out, annotation.Annotation{
				Level: annotation.Warning, File: pos.File, Line: pos.Line, Column: pos.Column, Title: "never exercised",
				Message: "no expectation exercises " + describe(never),
			})
		}
	}
	for _, a := range out {
		if _, err := fmt.Fprintln(w, a.String()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, r.summaryLine())
	return err
}
