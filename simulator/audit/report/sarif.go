package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"unicode/utf8"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
)

// WriteSARIF writes the findings as a SARIF 2.1.0 log, in which every rule is described
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
func (r *Report) WriteSARIF(w io.Writer) error {
	log := sarif.NewReport()
	run := sarif.NewRunWithInformationURI("strictkms", "https://github.com/strictkms/strictkms").WithColumnKind("unicodeCodePoints")
	if r.Version != "" {
		run.Tool.Driver.WithVersion(r.Version)
	}
	index := map[string]int{}
	for i, rule := range audit.Rules() {
		index[rule.Code] = i
		describeRule(run.AddRule(rule.Code), rule)
	}
	for _, f := range r.Findings {
		run.AddResult(r.result(f, index[f.Code]))
	}
	log.AddRun(run)
	if err := log.PrettyWrite(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// describeRule fills the description that GitHub shows beside a finding. security-severity is its number from 0 to 10
// (https://docs.github.com/en/code-security/reference/code-scanning/sarif-support-for-code-scanning).
func describeRule(d *sarif.ReportingDescriptor, rule *audit.Rule) {
	d.WithName(rule.Name).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(rule.Summary)).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(rule.Why)).
		WithHelpURI(rule.Source).
		WithHelp(sarif.NewMultiformatMessageString().WithText(rule.Why + " " + rule.Fix + " " + rule.Source)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(rule.Severity))).
		WithProperties(sarif.NewPropertyBag().Add("security-severity", securitySeverity[rule.Severity]).WithTags([]string{"security", "aws-kms"}))
}

var securitySeverity = map[audit.Severity]string{
	audit.Info: "2.0", audit.Medium: "5.0", audit.High: "8.0", audit.Critical: "9.5",
}

func sarifLevel(s audit.Severity) string {
	switch s {
	case audit.Critical, audit.High:
		return "error"
	case audit.Medium:
		return "warning"
	default:
		return "note"
	}
}

func (r *Report) result(f audit.Finding, rule int) *sarif.Result {
	out := sarif.NewRuleResult(f.Code).WithRuleIndex(rule).WithLevel(sarifLevel(f.Severity)).
		WithMessage(sarif.NewTextMessage(f.Message + ". " + f.Fix)).
		WithPartialFingerprints(map[string]string{"strictkms/v1": fingerprint(f)})
	properties := sarif.NewPropertyBag().Add("severity", f.Severity.String())
	for name, value := range map[string]string{"key": f.Key, "policy": f.Policy, "sid": f.Sid} {
		if value != "" {
			properties.Add(name, value)
		}
	}
	out.WithProperties(properties)
	if f.Position.File != "" {
		out.AddLocation(r.location(f.Position, f.End))
	}
	for i, other := range f.Related {
		out.AddRelatedLocation(r.location(other.Position, policy.Position{}).WithID(i).WithMessage(sarif.NewTextMessage(other.Message)))
	}
	if s := f.Suppressed; s != nil {
		kind := "external"
		if s.By == "comment" || s.By == "metadata" {
			kind = "inSource"
		}
		out.AddSuppression(sarif.NewSuppression().WithKind(kind).WithJustification(s.Reason))
	}
	return out
}

// fingerprint tells findings apart without their lines, so that one that only moved is the same.
func fingerprint(f audit.Finding) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", f.Code, filepath.ToSlash(f.Position.File), f.Policy, f.Sid, f.Message))
	return hex.EncodeToString(sum[:16])
}

// location is a place in a file; the end is left out when it is not known.
func (r *Report) location(pos, end policy.Position) *sarif.Location {
	uri := (&url.URL{Path: filepath.ToSlash(pos.File)}).String()
	physical := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewArtifactLocation().WithURI(uri))
	if pos.Line > 0 {
		region := sarif.NewRegion().WithStartLine(pos.Line)
		if pos.Column > 0 {
			region.WithStartColumn(r.column(pos))
			if end.IsValid() {
				region.WithEndLine(end.Line).WithEndColumn(r.column(end))
			}
		}
		physical.WithRegion(region)
	}
	return sarif.NewLocationWithPhysicalLocation(physical)
}

// column counts characters where a position counts bytes.
func (r *Report) column(pos policy.Position) int {
	lines := bytes.SplitN(r.Sources[pos.File], []byte("\n"), pos.Line+1)
	if pos.Line > len(lines) {
		return pos.Column
	}
	line := lines[pos.Line-1]
	return utf8.RuneCount(line[:min(pos.Column-1, len(line))]) + 1
}
