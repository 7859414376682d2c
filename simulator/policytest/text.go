package policytest

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// maxNever bounds the statements that nothing exercises in the text; JSON has all.
const maxNever = 20

// WriteText writes the report for a person: a table for each file, why what was not expected was decided, and what no
// expectation exercises.
func (r *Report) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i, f := range r.Files {
		if i > 0 {
			_, _ = fmt.Fprintln(out) // the bufio.Writer keeps the error
		}
		f.table(out)
		for _, result := range f.Results {
			if !result.Met() {
				writeUnmet(out, result)
			}
		}
	}
	_, _ = fmt.Fprintf(out, "\n%s\n%s\n", r.summaryLine(), r.coverageLine())
	if len(r.Coverage.Never) > 0 {
		_, _ = fmt.Fprint(out, r.neverText())
	}
	return out.Flush()
}

// table writes a line for each expectation of a file.
func (f *FileReport) table(out io.Writer) {
	_, _ = fmt.Fprintln(out, f.Name)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { _, _ = fmt.Fprintln(t, "  "+strings.Join(cells, "\t")) }
	row("", "EXPECTATION", "PRINCIPAL", "ACTION", "KEY", "WANTED", "GOT", "BECAUSE")
	for _, result := range f.Results {
		c, mark := result.Case, "ok"
		if !result.Met() {
			mark = "FAIL"
		}
		row(mark, cell(title(c)), cell(c.Principal.Value), cell(c.Action.Value), cell(c.Key.Value), string(c.Expect),
			string(result.Answer.Decision.Decision), cell(why(result.Answer)))
	}
	_ = t.Flush() // out keeps the error
}

// cell is a text that does not break the table.
func cell(text string) string {
	if text == "" {
		return "-"
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' {
			return ' '
		}
		return c
	}, text)
}

// writeUnmet says what was wanted, what was decided instead, and why.
func writeUnmet(out io.Writer, r *Result) {
	_, _ = fmt.Fprintf(out, "\nFAIL  %s  %s\n", r.Case.Pos, cell(title(r.Case)))
	for _, problem := range r.Problems {
		_, _ = fmt.Fprintf(out, "  %s\n", problem)
	}
	for line := range strings.Lines(explanation(r.Answer)) {
		_, _ = io.WriteString(out, "  "+line)
	}
}

// summaryLine counts the expectations.
func (r *Report) summaryLine() string {
	met, unmet := r.Counts()
	text := strconv.Itoa(met+unmet) + " expectations"
	if met+unmet == 1 {
		text = "1 expectation"
	}
	if unmet == 0 {
		return text + ", all met"
	}
	return fmt.Sprintf("%s, %d met, %d not met", text, met, unmet)
}

// coverageLine counts the statements. The percentage is rounded down: 100 means all.
func (r *Report) coverageLine() string {
	c := r.Coverage
	text := fmt.Sprintf("coverage: %d of %d statements exercised, %g%%", c.Exercised, c.Statements, math.Floor(10*c.Percent)/10)
	if r.FailUnder > 0 && !r.Covered() {
		text += fmt.Sprintf(", wanted at least %g%%", r.FailUnder)
	}
	return text
}

// neverText lists the statements that nothing exercises.
func (r *Report) neverText() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "never exercised") // a Builder does not fail
	for i, never := range r.Coverage.Never {
		if i == maxNever {
			_, _ = fmt.Fprintf(t, "  (%d more with --format json)\n", len(r.Coverage.Never)-i)
			break
		}
		_, _ = fmt.Fprintf(t, "  %s\t%s\n", never.Source, describe(never))
	}
	_ = t.Flush()
	return b.String()
}

// describe names a statement with its policy.
func describe(u Unexercised) string {
	text := u.Effect + " " + label(u.statement)
	if u.Sid != "" {
		text += " of " + u.Policy
	}
	return text
}
