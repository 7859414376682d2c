package live

import (
	"fmt"
	"io"
	"strings"
)

// Summary counts outcomes.
type Summary struct {
	Same, Different, Skipped, Failed int
}

// Add counts a result.
func (s *Summary) Add(r Result) {
	switch r.Outcome {
	case Same:
		s.Same++
	case Different:
		s.Different++
	case Skipped:
		s.Skipped++
	case Failed:
		s.Failed++
	}
}

// Asked is how many lines AWS KMS answered with yes or no.
func (s *Summary) Asked() int { return s.Same + s.Different }

// String is the last line of the text that people read.
func (s *Summary) String() string {
	return fmt.Sprintf("%d lines asked, %d differences; %d skipped, %d errors", s.Asked(), s.Different, s.Skipped, s.Failed)
}

// WriteText writes a result for people. What is the same is not written.
func WriteText(w io.Writer, r Result) error {
	var b strings.Builder
	id := ""
	if len(r.ID) > 0 {
		id = string(r.ID) + "  "
	}
	switch r.Outcome {
	case Same:
		return nil
	case Different:
		_, _ = fmt.Fprintf(&b, "DIFFERENT  %s%s  %s  %s\n", id, r.Principal, r.Action, r.Resource)
		reason := ""
		if r.Reason != "" {
			reason = " (" + r.Reason + ")"
		}
		_, _ = fmt.Fprintf(&b, "  expected %s%s, AWS says %s in request %s\n", r.Expected, reason, r.AWS, r.RequestID)
		if r.Message != "" {
			_, _ = fmt.Fprintf(&b, "  %s\n", r.Message)
		}
	case Skipped:
		_, _ = fmt.Fprintf(&b, "SKIPPED    %s%s  %s  %s\n  %s\n", id, r.Principal, r.Action, r.Resource, r.Why)
	case Failed:
		_, _ = fmt.Fprintf(&b, "ERROR      %s%s\n", id, strings.TrimSpace(r.Principal+"  "+r.Action+"  "+r.Resource))
		for line := range strings.Lines(r.Why) {
			_, _ = fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(line))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
