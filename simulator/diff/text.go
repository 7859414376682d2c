package diff

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
)

// signs begin a change in the text.
var signs = map[Kind]string{Gained: "+", Widened: "+", MayWiden: "?", Narrowed: "-", Lost: "-"}

// verbs say what a principal does in a change.
var verbs = map[Kind]string{
	Gained: "gains", Widened: "gains, under more conditions than before,", MayWiden: "may do under other conditions",
	Narrowed: "keeps, under fewer conditions than before,", Lost: "loses",
}

// headline is the verdict in a line.
func (r *Report) headline() string {
	var wider, narrower int
	for _, c := range r.Changes {
		if c.Change.IsWider() {
			wider++
		} else {
			narrower++
		}
	}
	switch {
	case r.Verdict == Same:
		return "SAME  nobody gains or loses access"
	case wider == 0:
		return "NARROWER  nobody gains access; " + count(narrower, "change takes some away", "changes take some away")
	}
	text := "WIDER  " + count(wider, "change gives access", "changes give access")
	if r.Unproved > 0 {
		text += fmt.Sprintf(" (of %d it could not be proved that it does not)", r.Unproved)
	}
	if narrower > 0 {
		text += ", " + count(narrower, "takes some away", "take some away")
	}
	return text
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// WriteText writes the report for a person.
func (r *Report) WriteText(w io.Writer) error {
	t := &textWriter{bufio.NewWriter(w)}
	t.line("%s", r.headline())
	for i := range r.Changes {
		t.change(&r.Changes[i])
	}
	t.names("keys added", r.Keys.Added)
	t.names("keys removed", r.Keys.Removed)
	t.names("users and roles added", r.Principals.Added)
	t.names("users and roles removed", r.Principals.Removed)
	return t.w.Flush()
}

// textWriter keeps the first error of its writer, which Flush reports.
type textWriter struct{ w *bufio.Writer }

func (t *textWriter) line(format string, args ...any) {
	_, _ = fmt.Fprintf(t.w, format+"\n", args...) // the bufio.Writer keeps the error
}

func (t *textWriter) change(c *Change) {
	t.line("")
	for i, p := range c.Principals {
		if i == 0 {
			t.line("%s %s", signs[c.Change], p)
		} else {
			t.line("  %s", p)
		}
	}
	t.line("    %s %s on %s%s", verbs[c.Change], collapsed(c.Actions, c.all), strings.Join(c.shown, ", "), through(c.Endpoint))
	for _, l := range c.details() {
		t.line("    %-7s %s", l.title, l.text)
		for _, text := range shownStatements(l.statements) {
			t.line("              %s", text)
		}
	}
}

// through says by which VPC endpoint.
func through(endpoint string) string {
	if endpoint == "" {
		return ""
	}
	return " through " + endpoint
}

// detail is one side of a change.
type detail struct {
	title, text string
	statements  []evaluator.Statement
}

// details are both sides of a change.
func (c *Change) details() []detail {
	return []detail{c.Before.detail("before"), c.After.detail("after")}
}

func (a *Access) detail(title string) detail {
	d := detail{title: title, text: a.Access, statements: a.Statements}
	switch {
	case a.Reason == noPrincipal:
		d.text = "there is no such principal"
	case a.Reason == noResource:
		d.text = "there is no such key"
	case a.Access == conditional:
		d.text = a.conditions()
	case a.Reason != "":
		d.text += " (" + a.Reason + ")"
	}
	return d
}

// conditions are those that only this side has.
func (a *Access) conditions() string {
	text := "if " + strings.Join(a.If, "; or if ")
	switch {
	case len(a.If) == 0:
		return "under more conditions than can be listed"
	case a.MoreWays:
		text += "; and more"
	}
	return text
}

func (t *textWriter) names(title string, names []string) {
	if len(names) == 0 {
		return
	}
	t.line("")
	t.line("%s", title)
	for _, name := range names {
		t.line("  %s", name)
	}
}

// maxStatements bounds the statements of one side that are shown; JSON has all.
const maxStatements = 6

// shownStatements are statements in words.
func shownStatements(list []evaluator.Statement) []string {
	var out []string
	for i, st := range list {
		if i == maxStatements {
			return append(out, fmt.Sprintf("(%d more with --format json)", len(list)-i))
		}
		out = append(out, where(st))
	}
	return out
}

// where names a statement or grant, its policy and its place.
func where(st evaluator.Statement) string {
	text := st.Policy
	if !strings.HasPrefix(text, "grant ") {
		label := strconv.Itoa(st.Index + 1)
		if st.Sid != "" {
			label = fmt.Sprintf("%q", st.Sid)
		}
		text = st.Effect + " statement " + label + " of " + st.Policy
	}
	if source := st.Source.String(); source != "" {
		text += "  " + source
	}
	return text
}

// WriteMarkdown writes the report for the comment of a pull request.
func (r *Report) WriteMarkdown(w io.Writer) error {
	t := &textWriter{bufio.NewWriter(w)}
	verdict, rest, _ := strings.Cut(r.headline(), "  ")
	t.line("### KMS access: %s", strings.ToLower(verdict))
	t.line("")
	t.line("%s.", sentence(rest))
	for _, k := range kinds {
		t.section(r, k)
	}
	t.markdownNames("Keys added", r.Keys.Added)
	t.markdownNames("Keys removed", r.Keys.Removed)
	t.markdownNames("Users and roles added", r.Principals.Added)
	t.markdownNames("Users and roles removed", r.Principals.Removed)
	return t.w.Flush()
}

// titles are the headings of the kinds of change.
var titles = map[Kind]string{
	Gained: "Gained", Widened: "Wider", MayWiden: "Changed, may be wider", Narrowed: "Narrower", Lost: "Lost",
}

func (t *textWriter) section(r *Report, k Kind) {
	if !slices.ContainsFunc(r.Changes, func(c Change) bool { return c.Change == k }) {
		return
	}
	t.line("")
	t.line("#### %s", titles[k])
	t.line("")
	t.line("| who | what | on | before | after |")
	t.line("|---|---|---|---|---|")
	for i := range r.Changes {
		c := &r.Changes[i]
		if c.Change != k {
			continue
		}
		cells := []string{
			codes(c.Principals), codes(strings.Split(collapsed(c.Actions, c.all), ", ")), codes(c.shown) + through(c.Endpoint),
		}
		for _, d := range c.details() {
			lines := []string{escape(d.text)}
			for _, text := range shownStatements(d.statements) {
				lines = append(lines, escape(text))
			}
			cells = append(cells, strings.Join(lines, "<br>"))
		}
		t.line("| %s |", strings.Join(cells, " | "))
	}
}

func (t *textWriter) markdownNames(title string, names []string) {
	if len(names) == 0 {
		return
	}
	t.line("")
	t.line("**%s**: %s", title, strings.ReplaceAll(codes(names), "<br>", ", "))
}

func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// codes are names as code, one on each line of a cell.
func codes(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		// A code span ends at as many backticks as it begins with
		// (https://github.github.com/gfm/#code-spans), and a cell at a bar.
		fence := "`"
		for strings.Contains(name, fence) {
			fence += "`"
		}
		if len(fence) > 1 {
			name = " " + name + " "
		}
		out[i] = fence + strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ").Replace(name) + fence
	}
	return strings.Join(out, "<br>")
}

// escape is text that Markdown shows as it is.
func escape(text string) string {
	return markdown.Replace(text)
}

var markdown = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`, "\\", `\\`,
	"@", "&#64;", "#", "&#35;", "\n", " ", "\r", " ",
)
