package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Severity says how bad a diagnostic is.
type Severity int

// The severities. Only SeverityError makes a document unusable.
const (
	SeverityUnknown Severity = iota
	SeverityWarning
	SeverityError
)

// String returns "warning" or "error".
func (s Severity) String() string {
	switch s {
	case SeverityWarning:
		return "warning"
	case SeverityError:
		return "error"
	default:
		return unknownName
	}
}

// Diagnostic is one finding about a document.
type Diagnostic struct {
	// Code is stable and machine-readable, for example "duplicate-key".
	Code     string
	Severity Severity
	// Message says what is wrong and what was expected; no position, no final period.
	Message string
	Pos     Position
	// Related points at other places that matter, for example the first of two duplicates.
	Related []Position
}

// String formats the diagnostic as "file:line:column: message"; a warning says that it is one.
func (d Diagnostic) String() string {
	var b strings.Builder
	if where := d.Pos.String(); where != "" {
		b.WriteString(where)
		b.WriteString(": ")
	}
	if d.Severity == SeverityWarning {
		b.WriteString("warning: ")
	}
	b.WriteString(d.Message)
	for i, pos := range d.Related {
		if i == 0 {
			b.WriteString(" (see ")
		} else {
			b.WriteString(", ")
		}
		b.WriteString(pos.String())
	}
	if len(d.Related) > 0 {
		b.WriteString(")")
	}
	return b.String()
}

// Diagnostics is a list of findings. It is the error that [Parse] returns.
type Diagnostics []Diagnostic

// Error returns the findings, one per line.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Sort orders the findings by file and place; findings at one place keep their order.
func (ds Diagnostics) Sort() {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(
			strings.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
		)
	})
}

// HasErrors reports whether a finding is an error.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == SeverityError })
}

// Errors returns the findings that are errors.
func (ds Diagnostics) Errors() Diagnostics { return ds.filter(SeverityError) }

// Warnings returns the findings that are warnings.
func (ds Diagnostics) Warnings() Diagnostics { return ds.filter(SeverityWarning) }

func (ds Diagnostics) filter(s Severity) Diagnostics {
	var out Diagnostics
	for _, d := range ds {
		if d.Severity == s {
			out = append(out, d)
		}
	}
	return out
}
