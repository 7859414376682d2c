// Package report writes the findings of an audit: as text for people, as JSON, as SARIF 2.1.0, as annotations of GitHub
// and as JUnit's XML.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/simulator/audit"
)

// Report is what an audit found.
type Report struct {
	// Findings are sorted, those that are suppressed among them.
	Findings []audit.Finding
	// Files are the names of what was looked at.
	Files []string
	// FailOn is the severity from which on a finding fails.
	FailOn audit.Severity
	// ShowSuppressed also writes suppressed findings as text and for JUnit; JSON and SARIF always have them, with the reason.
	ShowSuppressed bool
	// Sources are the files by name: they say how many characters are in front of a column.
	Sources map[string][]byte
	// Version is that of the program.
	Version string
}

// Failed reports whether a finding fails.
func (r *Report) Failed() bool { return audit.AtLeast(r.Findings, r.FailOn) }

// shown are the findings that count.
func (r *Report) shown() []audit.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f audit.Finding) bool { return f.Suppressed != nil })
}

// counts says how many findings there are of each severity, the worst first.
func (r *Report) counts() (text string, suppressed int) {
	bySeverity := map[audit.Severity]int{}
	for _, f := range r.Findings {
		if f.Suppressed != nil {
			suppressed++
			continue
		}
		bySeverity[f.Severity]++
	}
	var parts []string
	for _, name := range slices.Backward(audit.SeverityNames()) {
		severity, _ := audit.ParseSeverity(name)
		if n := bySeverity[severity]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	if len(parts) == 0 {
		return "no findings", suppressed
	}
	return plural(len(r.Findings)-suppressed, "finding") + ": " + strings.Join(parts, ", "), suppressed
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// summary is the last line for people.
func (r *Report) summary() string {
	text, suppressed := r.counts()
	text += " in " + plural(len(r.Files), "file")
	if suppressed > 0 {
		text += fmt.Sprintf("; %d suppressed", suppressed)
	}
	return text
}

// WriteText writes the findings for people: place, severity, code and message, then what to do about it.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Suppressed != nil && !r.ShowSuppressed {
			continue
		}
		severity := f.Severity.String()
		if f.Suppressed != nil {
			severity = "suppressed"
		}
		fmt.Fprintf(&b, "%s: %s %s: %s\n", f.Position, severity, f.Code, f.Message)
		if about := subject(f); about != "" {
			fmt.Fprintf(&b, "    in   %s\n", about)
		}
		for _, other := range f.Related {
			fmt.Fprintf(&b, "    see  %s: %s\n", other.Position, other.Message)
		}
		if f.Suppressed != nil {
			fmt.Fprintf(&b, "    off  %s\n", because(f.Suppressed))
			continue
		}
		fmt.Fprintf(&b, "    fix  %s\n", f.Fix)
	}
	b.WriteString(r.summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// subject says which statement of which policy a finding is about.
func subject(f audit.Finding) string {
	switch {
	case f.Policy == "":
		return ""
	case f.Sid != "":
		return fmt.Sprintf("statement %q of %s", f.Sid, f.Policy)
	case f.Statement != nil:
		return fmt.Sprintf("statement %d of %s", *f.Statement+1, f.Policy)
	default:
		return f.Policy
	}
}

func because(s *audit.Suppressed) string {
	if s.Where.IsValid() {
		return fmt.Sprintf("%s (%s, %s)", s.Reason, s.By, s.Where)
	}
	return fmt.Sprintf("%s (%s)", s.Reason, s.By)
}

// WriteJSON writes the findings for programs. The form is stable.
func (r *Report) WriteJSON(w io.Writer) error {
	findings := r.Findings
	if findings == nil {
		findings = []audit.Finding{}
	}
	counts := map[string]int{}
	for _, name := range audit.SeverityNames() {
		counts[name] = 0
	}
	suppressed := 0
	for _, f := range findings {
		if f.Suppressed != nil {
			suppressed++
		} else {
			counts[f.Severity.String()]++
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Files      []string        `json:"files"`
		Findings   []audit.Finding `json:"findings"`
		Counts     map[string]int  `json:"counts"`
		Suppressed int             `json:"suppressed"`
		FailOn     audit.Severity  `json:"fail_on"`
		Failed     bool            `json:"failed"`
	}{r.Files, findings, counts, suppressed, r.FailOn, r.Failed()})
}
