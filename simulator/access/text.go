package access

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
)

// by says by what a way leads to the key.
var by = map[string]string{
	"direct-key-policy":    "the key policy",
	"key-policy-and-iam":   "the key policy and IAM",
	"grant":                "a grant",
	"grant-and-iam":        "a grant and IAM",
	"iam-policy":           "IAM",
	"direct-trust-policy":  "the trust policy",
	"trust-policy-and-iam": "the trust policy and IAM",
}

// byWhat says it for a person.
func byWhat(reason string) string {
	if text, ok := by[reason]; ok {
		return text
	}
	return reason
}

// changeWords say what an indirect way ends with.
var changeWords = map[Change]string{
	AsRole:          "as another role",
	KeyPolicy:       "by writing the key policy",
	GrantMade:       "by creating a grant",
	IAMPolicy:       "by writing its own IAM policies",
	PolicyOfAnother: "by writing the IAM policies of whom it can become",
	AsUser:          "with the credentials of another user",
}

// printer keeps the first error of its writer, which Flush reports.
type printer struct {
	w *bufio.Writer
}

func newPrinter(w io.Writer) *printer { return &printer{w: bufio.NewWriter(w)} }

func (p *printer) line(format string, args ...any) {
	_, _ = fmt.Fprintf(p.w, format+"\n", args...) // the bufio.Writer keeps the error
}

// WriteText writes the answer for a person.
func (a *WhoCan) WriteText(w io.Writer) error {
	p := newPrinter(w)
	p.line("WHO CAN  %s  %s", a.Action, a.Key)
	p.unknown("  ", a.Unknown)
	counts := map[Verdict]int{}
	for _, title := range []struct {
		verdict Verdict
		words   string
	}{{Always, "always"}, {Conditional, "under conditions"}, {Never, "never"}} {
		for i := range a.Principals {
			e := &a.Principals[i]
			if e.Verdict != title.verdict {
				continue
			}
			if counts[e.Verdict]++; counts[e.Verdict] == 1 {
				p.line("%s", title.words)
			}
			p.line("  %s", e.Who)
			p.access("    ", &e.Access)
			p.unknown("    ", e.Unknown)
		}
	}
	if len(a.Doubtful) > 0 {
		p.line("never, as far as is known")
	}
	for _, w := range a.Doubtful {
		p.line("  %s", w)
		p.unknown("    ", w.Unknown)
	}
	if len(a.Indirect) > 0 {
		p.line("in more than one call")
	}
	who := ""
	for i := range a.Indirect {
		p.indirect(&a.Indirect[i], who, a.Key)
		who = a.Indirect[i].Principal
	}
	p.line("%s", a.summary(counts))
	return p.w.Flush()
}

// unknown writes what could not be loaded.
func (p *printer) unknown(indent string, texts []string) {
	for _, text := range texts {
		p.line("%snot taken into account: %s", indent, text)
	}
}

// String names who is meant, and what is not known about them.
func (w Who) String() string {
	text := w.Principal
	if w.Kind == source.CandidateWebIdentity {
		text = "whom " + text + " vouches for"
	}
	if w.Note != "" {
		text += " (" + w.Note + ")"
	}
	return text
}

// notes is the note, if there is one.
func (w Who) notes() []string {
	if w.Note == "" {
		return nil
	}
	return []string{w.Note}
}

// summary says how many were asked about.
func (a *WhoCan) summary(counts map[Verdict]int) string {
	return fmt.Sprintf("%d asked about: %d always, %d under conditions, %d never; %d in more than one call",
		a.Asked, counts[Always], counts[Conditional], a.Asked-counts[Always]-counts[Conditional], a.indirectly())
}

// indirectly is how many have an indirect way.
func (a *WhoCan) indirectly() int {
	who := map[string]bool{}
	for i := range a.Indirect {
		who[a.Indirect[i].Principal] = true
	}
	return len(who)
}

// access writes the ways.
func (p *printer) access(indent string, a *Access) {
	if a.Verdict == Never && a.Reason != "" {
		p.line("%s%s", indent, simulator.Because(a.Reason))
	}
	for i := range a.Ways {
		p.way(indent, &a.Ways[i])
	}
	if a.WaysOmitted {
		p.line("%sand in further ways, which are too many to list", indent)
	}
}

func (p *printer) way(indent string, w *Way) {
	switch len(w.Statements) {
	case 0:
		p.line("%sby %s", indent, byWhat(w.Reason))
	case 1:
		p.line("%sby %s: %s", indent, byWhat(w.Reason), simulator.Where(w.Statements[0]))
	default:
		p.line("%sby %s", indent, byWhat(w.Reason))
		for _, s := range w.Statements {
			p.line("%s  %s", indent, simulator.Where(s))
		}
	}
	for i, c := range w.If {
		word := "if "
		if i > 0 {
			word = "and"
		}
		p.line("%s  %s %s", indent, word, c)
	}
}

// indirect writes a way after another, each under who takes it.
func (p *printer) indirect(way *Indirect, who, key string) {
	if who != way.Principal {
		p.line("  %s", way.Who)
	}
	words := changeWords[way.By]
	if way.Verdict == Conditional {
		words += ", under conditions"
	}
	p.line("    %s", words)
	caller := way.Principal
	for i := range way.Steps {
		s := &way.Steps[i]
		text := s.Action
		if s.On != key {
			text += "  " + s.On
		}
		if s.Principal != caller {
			text, caller = "as "+s.Principal+"  "+text, s.Principal
		}
		if s.After != "" {
			text += ", by " + s.After
		}
		p.line("      %d. %s", i+1, text)
		if s.After == "" || s.Verdict == Conditional {
			p.access("         ", &s.Access)
		}
	}
}

// words are the conditions of a way, in one line.
func (w Way) words() string {
	texts := make([]string, len(w.If))
	for i, c := range w.If {
		texts[i] = c.String()
	}
	return strings.Join(texts, " and ")
}

// inWords says an answer in one line.
func (a *Access) inWords() string {
	if a.Verdict == Never {
		return simulator.Because(a.Reason)
	}
	texts := make([]string, len(a.Ways))
	for i := range a.Ways {
		w := &a.Ways[i]
		texts[i] = "by " + byWhat(w.Reason)
		for j, s := range w.Statements {
			separator := ", "
			if j == 0 {
				separator = ": "
			}
			texts[i] += separator + simulator.Where(s)
		}
		if len(w.If) > 0 {
			texts[i] += " if " + w.words()
		}
	}
	return strings.Join(texts, "; or ")
}
