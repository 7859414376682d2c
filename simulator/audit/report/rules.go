package report

import (
	"fmt"
	"io"
	"path"
	"strings"
	"text/tabwriter"

	"github.com/strictkms/strictkms/simulator/audit"
)

// WriteRuleList writes the rules as a table.
func WriteRuleList(w io.Writer, rules []*audit.Rule) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rules {
		if _, err := fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Code, r.Severity, r.Name, r.Summary); err != nil {
			return err
		}
	}
	return t.Flush()
}

// WriteRule writes the page of a rule for people.
func WriteRule(w io.Writer, r *audit.Rule) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  (%s)\n\n%s\n\n", r.Code, r.Name, severities(r), r.Summary)
	fmt.Fprintf(&b, "why     %s\nfix     %s\nsource  %s\n", r.Why, r.Fix, r.Source)
	if len(r.Also) > 0 {
		fmt.Fprintf(&b, "also    %s\n", strings.Join(r.Also, ", "))
	}
	fmt.Fprintf(&b, "\nbad\n%s\ngood\n%s", indented(r.Bad.Text), indented(r.Good.Text))
	_, err := io.WriteString(w, b.String())
	return err
}

// severities are the severity of most findings of a rule and those that some have.
func severities(r *audit.Rule) string {
	texts := []string{r.Severity.String()}
	for _, other := range r.Others {
		texts = append(texts, "some "+other.String())
	}
	return strings.Join(texts, ", ")
}

func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}

// WriteRulesMarkdown writes the pages of rules as one Markdown document: a table, then a section for each rule by family.
func WriteRulesMarkdown(w io.Writer, rules []*audit.Rule) error {
	var b strings.Builder
	b.WriteString("| rule | severity | finds |\n|---|---|---|\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.Code, anchor(r), severities(r), cell(r.Summary))
	}
	family := ""
	for _, r := range rules {
		if r.Family() != family {
			family = r.Family()
			fmt.Fprintf(&b, "\n## %s\n", family)
		}
		fmt.Fprintf(&b, "\n### %s %s\n\n%s %s\n\n", r.Code, r.Name, text(r.Summary), text(r.Why))
		fmt.Fprintf(&b, "- severity: %s\n- fix: %s\n- source: <%s>\n", severities(r), text(r.Fix), r.Source)
		if r.Semantic {
			b.WriteString("- asks the evaluator\n")
		}
		if len(r.Also) > 0 {
			fmt.Fprintf(&b, "- elsewhere: %s\n", strings.Join(r.Also, ", "))
		}
		fmt.Fprintf(&b, "\nBad:\n\n```%s\n%s```\n\nGood:\n\n```%s\n%s```\n", language(r.Bad), r.Bad.Text, language(r.Good), r.Good.Text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// anchor is the link to a heading as GitHub makes it.
func anchor(r *audit.Rule) string { return strings.ToLower(r.Code) + "-" + r.Name }

// text is a text in which Markdown sees no emphasis and no HTML.
func text(s string) string {
	return strings.NewReplacer("*", `\*`, "<", "&lt;", "_", `\_`).Replace(s)
}

func cell(s string) string { return strings.ReplaceAll(text(s), "|", `\|`) }

func language(e audit.Example) string { return strings.TrimPrefix(path.Ext(e.File), ".") }
