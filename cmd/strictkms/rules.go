package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/simulator/audit"
	auditreport "github.com/strictkms/strictkms/simulator/audit/report"
)

func newRules(s streams) *cobra.Command {
	format := newEnum(formatText, formatJSON, formatMarkdown)
	cmd := &cobra.Command{
		Use:   "rules [RULE...]",
		Short: "List the rules of audit, or show the pages of some",
		Long: `List the rules that strictkms audit looks for. With the codes or names of rules, show of each why it is one, a file in
which it finds something and one in which it does not, what to do, and the page of AWS's documents that it rests on.`,
		Example: `  strictkms rules
  strictkms rules KP301
  strictkms rules creategrant-unlimited --format markdown`,
		RunE: func(_ *cobra.Command, args []string) error {
			return runRules(args, format.value, s.out)
		},
	}
	cmd.Flags().Var(&format, "format", "how the rules are written")
	return cmd
}

// runRules writes the list of rules, or the pages of those that are named.
func runRules(names []string, format string, out io.Writer) error {
	rules := audit.Rules()
	if len(names) > 0 {
		rules = rules[:0]
		for _, name := range names {
			rule, err := ruleNamed(name)
			if err != nil {
				return err
			}
			rules = append(rules, rule)
		}
	}
	switch {
	case format == formatJSON:
		return writeJSON(out, rules)
	case format == formatMarkdown:
		return auditreport.WriteRulesMarkdown(out, rules)
	case len(names) == 0:
		return auditreport.WriteRuleList(out, rules)
	}
	for i, rule := range rules {
		if i > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		if err := auditreport.WriteRule(out, rule); err != nil {
			return err
		}
	}
	return nil
}
