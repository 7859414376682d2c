package audit

import (
	"slices"

	"github.com/strictkms/strictkms/source/suppressions"
)

// Filter marks the findings that suppressions cover, and adds findings about suppressions: without a reason, for no
// rule, or with nothing to leave out. Without a reason a suppression is not applied. files are what was looked at, and ran
// reports whether a rule was applied: what is not looked for is not missed.
func Filter(findings []Finding, list []suppressions.Suppression, files []string, ran func(*Rule) bool) []Finding {
	out := slices.Clone(findings)
	for i := range list {
		s := &list[i]
		rule, ok := LookupRule(s.Rule)
		switch {
		case s.Rule == "" || !ok:
			out = append(out, aboutSuppression(malformedSupp, s, ran, "the suppression names no rule: %s", quotedRule(s.Rule))...)
		case s.Reason == "":
			out = append(out, aboutSuppression(noReasonCode, s, ran, "the suppression of %s does not say why, and is not applied", rule.Code)...)
		case !suppress(out[:len(findings)], rule, s) && ran(rule) && slices.ContainsFunc(files, s.IsFor):
			out = append(out, aboutSuppression(unusedCode, s, ran, "%s finds nothing here: the suppression has no use", rule.Code)...)
		}
	}
	Sort(out)
	return out
}

// suppress marks the findings of a rule that a suppression covers, and reports whether there are any.
func suppress(findings []Finding, rule *Rule, s *suppressions.Suppression) bool {
	used := false
	for i := range findings {
		f := &findings[i]
		if f.Code == rule.Code && s.Covers(f.Position, f.Sid, f.Key) {
			used = true
			if f.Suppressed == nil {
				f.Suppressed = &Suppressed{Reason: s.Reason, By: string(s.Origin), Where: s.Pos}
			}
		}
	}
	return used
}

func quotedRule(name string) string {
	if name == "" {
		return "expected its code, for example KP304"
	}
	return `"` + name + `"`
}

func aboutSuppression(code string, s *suppressions.Suppression, ran func(*Rule) bool, format string, args ...any) []Finding {
	rule, _ := LookupRule(code)
	if !ran(rule) {
		return nil
	}
	r := &run{}
	return []Finding{*(&pass{run: r, rule: rule}).found(s.Pos, format, args...)}
}
