package replay

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
)

// WriteText writes the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	line := func(format string, args ...any) {
		_, _ = fmt.Fprintf(out, format+"\n", args...) // the bufio.Writer keeps the error
	}
	changed, undecided := r.Changed(), 0
	for _, u := range r.Undecided {
		undecided += u.Count
	}
	verdict := "SAME"
	if changed > 0 {
		verdict = "CHANGES"
	}
	line("%s  %d events: %d decided as before, %d otherwise, %d not decided", verdict, r.Events, r.Same, changed, undecided)
	for _, c := range r.Changes {
		line("")
		line("%s -> %s  %s  %s  %s", strings.ToUpper(string(c.Was)), strings.ToUpper(string(c.Now)), c.Principal, c.Action, c.Resource)
		line("  %s, %s", times(c.Count), between(c.First, c.Last))
		line("  now %s", c.Reason)
		for _, st := range c.Statements {
			line("    %s", where(st))
		}
		for _, st := range c.Misses {
			line("    nearest miss: %s", where(st))
			for _, u := range st.Unmet {
				line("      %s", unmet(u))
			}
		}
		line("  first in %s%s", c.Source, eventID(c.Event))
	}
	if undecided > 0 {
		line("")
		line("not decided")
	}
	for _, u := range r.Undecided {
		line("  %s, first in %s%s", times(u.Count), u.Source, eventID(u.Event))
		line("    %s", u.Why)
	}
	return out.Flush()
}

func times(n int) string {
	if n == 1 {
		return "1 event"
	}
	return strconv.Itoa(n) + " events"
}

func between(first, last time.Time) string {
	if first.Equal(last) {
		return first.UTC().Format(time.RFC3339)
	}
	return first.UTC().Format(time.RFC3339) + " to " + last.UTC().Format(time.RFC3339)
}

func eventID(id string) string {
	if id == "" {
		return ""
	}
	return " (event " + id + ")"
}

// where names a statement or grant, its policy and its place.
func where(st evaluator.Statement) string {
	text := st.Policy
	if !strings.HasPrefix(text, "grant ") {
		label := strconv.Itoa(st.Index + 1)
		if st.Sid != "" {
			label = strconv.Quote(st.Sid)
		}
		text = st.Effect + " statement " + label + " of " + st.Policy
	}
	if source := st.Source.String(); source != "" {
		text += "  " + source
	}
	return text
}

// unmet says what an element wanted and what the call had.
func unmet(u evaluator.Unmet) string {
	actual := strings.Join(u.Actual, ", ")
	if u.Key != "" {
		if actual == "" {
			actual = "no such key"
		}
		return fmt.Sprintf("%s %s %s wanted %s, the call has %s", u.Element, u.Operator, u.Key, some(u.Wanted), actual)
	}
	return fmt.Sprintf("%s wanted %s, the call has %s", u.Element, some(u.Wanted), actual)
}

// maxValues bounds the values of one element.
const maxValues = 4

func some(values []string) string {
	if len(values) > maxValues {
		return strings.Join(values[:maxValues], ", ") + fmt.Sprintf(" and %d more", len(values)-maxValues)
	}
	return strings.Join(values, ", ")
}
