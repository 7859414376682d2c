package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
	"github.com/strictkms/strictkms/simulator/audit/report"
)

func at(line, column int) policy.Position {
	return policy.Position{File: "a, b%.json", Line: line, Column: column}
}

// some is a report with a finding of each kind, and everything that needs escapes.
func some() *report.Report {
	second := 1
	return &report.Report{
		Files: []string{"a, b%.json", "clean.yaml"}, FailOn: audit.High, Version: "v1.2.3",
		Sources: map[string][]byte{"a, b%.json": []byte("{\n  \"é\": \"*\"\n}\n")},
		Findings: []audit.Finding{
			{
				Code: "KP301", Name: "open-to-strangers", Severity: audit.Critical, Message: "anybody: <50%> ]]> \"x\"\nsecond line",
				Position: at(2, 9), End: at(2, 12), Key: "arn:aws:kms:us-east-1:111122223333:key/a",
				Policy: "key/a", Sid: "All", Statement: &second, Fix: "Name them.", Source: "https://docs.aws.amazon.com/kms/",
				Related: []audit.Related{{Position: at(1, 1), Message: "the policy"}},
			},
			{Code: "KP407", Name: "encryption-context-not-bounded", Severity: audit.Info, Message: "more", Position: at(3, 1), Fix: "Bound it.", Source: "https://docs.aws.amazon.com/"},
			{
				Code: "KP305", Name: "creategrant-in-wildcard", Severity: audit.Medium, Message: "hidden", Position: at(3, 1),
				Policy: "key/a", Statement: new(int), Fix: "Write it.", Source: "https://docs.aws.amazon.com/",
				Suppressed: &audit.Suppressed{Reason: "the console made it", By: "comment", Where: at(1, 2)},
			},
		},
	}
}

func write(t *testing.T, to func(*bytes.Buffer) error) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, to(&out))
	return out.String()
}

func TestText(t *testing.T) {
	r := some()
	require.Equal(t, `a, b%.json:2:9: critical KP301: anybody: <50%> ]]> "x"
second line
    in   statement "All" of key/a
    see  a, b%.json:1:1: the policy
    fix  Name them.
a, b%.json:3:1: info KP407: more
    fix  Bound it.
2 findings: 1 critical, 1 info in 2 files; 1 suppressed
`, write(t, func(b *bytes.Buffer) error { return r.WriteText(b) }))
	r.ShowSuppressed = true
	require.Contains(t, write(t, func(b *bytes.Buffer) error { return r.WriteText(b) }), `a, b%.json:3:1: suppressed KP305: hidden
    in   statement 1 of key/a
    off  the console made it (comment, a, b%.json:1:2)
`)
	require.True(t, r.Failed())
	empty := &report.Report{Files: []string{"x.json"}, FailOn: audit.Info}
	require.Equal(t, "no findings in 1 file\n", write(t, func(b *bytes.Buffer) error { return empty.WriteText(b) }))
	require.False(t, empty.Failed())
}

func TestJSON(t *testing.T) {
	var out struct {
		Files      []string
		Findings   []audit.Finding
		Counts     map[string]int
		Suppressed int
		FailOn     string `json:"fail_on"`
		Failed     bool
	}
	r := some()
	text := write(t, func(b *bytes.Buffer) error { return r.WriteJSON(b) })
	require.NoError(t, json.Unmarshal([]byte(text), &out))
	require.Equal(t, r.Findings, out.Findings)
	require.Equal(t, map[string]int{"critical": 1, "high": 0, "medium": 0, "info": 1}, out.Counts)
	require.Equal(t, 1, out.Suppressed)
	require.Equal(t, "high", out.FailOn)
	require.True(t, out.Failed)
	empty := &report.Report{Files: []string{"x.json"}, FailOn: audit.High}
	require.Contains(t, write(t, func(b *bytes.Buffer) error { return empty.WriteJSON(b) }), `"findings": []`)
}

// TestSARIF reads the log back, and validates it against the schema of SARIF 2.1.0, which the library has.
func TestSARIF(t *testing.T) {
	text := write(t, func(b *bytes.Buffer) error { return some().WriteSARIF(b) })
	log, err := sarif.FromString(text)
	require.NoError(t, err)
	require.NoError(t, log.Validate())
	run := log.Runs[0]
	require.Equal(t, "strictkms", *run.Tool.Driver.Name)
	require.Equal(t, "v1.2.3", *run.Tool.Driver.Version)
	require.Len(t, run.Tool.Driver.Rules, len(audit.Rules()))
	require.Len(t, run.Results, 3)
	first := run.Results[0]
	require.Equal(t, "KP301", *first.RuleID)
	require.Equal(t, "KP301", *run.Tool.Driver.Rules[first.RuleIndex].ID)
	require.Equal(t, "error", first.Level)
	place := first.Locations[0].PhysicalLocation
	require.Equal(t, "a,%20b%25.json", *place.ArtifactLocation.URI)
	require.Equal(t, 2, *place.Region.StartLine)
	require.Equal(t, 8, *place.Region.StartColumn, "é is one character")
	require.Equal(t, 11, *place.Region.EndColumn)
	require.Empty(t, first.Suppressions)
	require.Len(t, first.RelatedLocations, 1)
	last := run.Results[2]
	require.Equal(t, "inSource", *last.Suppressions[0].Kind)
	require.Equal(t, "the console made it", *last.Suppressions[0].Justification)

	// The schema refuses what is no log, so that passing says something.
	*place.Region.StartLine = 0
	require.Error(t, log.Validate())
}

func TestSARIFOfNothing(t *testing.T) {
	text := write(t, func(b *bytes.Buffer) error { return (&report.Report{FailOn: audit.High}).WriteSARIF(b) })
	log, err := sarif.FromString(text)
	require.NoError(t, err)
	require.NoError(t, log.Validate())
	require.Contains(t, text, `"results": []`)
}

// TestFingerprint checks that a finding that only moved has the same fingerprint.
func TestFingerprint(t *testing.T) {
	prints := func(r *report.Report) (out []string) {
		log, err := sarif.FromString(write(t, func(b *bytes.Buffer) error { return r.WriteSARIF(b) }))
		require.NoError(t, err)
		for _, result := range log.Runs[0].Results {
			out = append(out, result.PartialFingerprints["strictkms/v1"])
		}
		return out
	}
	moved, changed := some(), some()
	moved.Findings[0].Position.Line = 40
	changed.Findings[0].Message = "everybody"
	require.Equal(t, prints(some()), prints(moved))
	require.NotEqual(t, prints(some())[0], prints(changed)[0])
	require.NotEqual(t, prints(some())[0], prints(some())[1])
}

func TestGitHub(t *testing.T) {
	require.Equal(t, `::error file=a%2C b%25.json,line=2,endLine=2,col=9,endColumn=12,title=KP301 open-to-strangers::anybody: <50%25> ]]> "x"%0Asecond line%0AName them.
::notice file=a%2C b%25.json,line=3,col=1,title=KP407 encryption-context-not-bounded::more%0ABound it.
2 findings: 1 critical, 1 info in 2 files; 1 suppressed
`, write(t, func(b *bytes.Buffer) error { return some().WriteGitHub(b) }))
}

func TestJUnit(t *testing.T) {
	for _, show := range []bool{false, true} {
		r := some()
		r.ShowSuppressed = show
		text := write(t, func(b *bytes.Buffer) error { return r.WriteJUnit(b) })
		var all junit.Testsuites
		require.NoError(t, xml.Unmarshal([]byte(text), &all))
		require.Len(t, all.Suites, 2)
		tests := all.Suites[0].Testcases
		require.Equal(t, 1, all.Suites[0].Failures)
		require.Equal(t, "KP301 open-to-strangers at a, b%.json:2:9", tests[0].Name)
		require.Contains(t, tests[0].Failure.Message, "anybody: <50%>")
		require.NotNil(t, tests[1].Skipped)
		require.Equal(t, "info: more", tests[1].Skipped.Message)
		require.Len(t, tests, map[bool]int{false: 2, true: 3}[show])
		require.Equal(t, "no findings", all.Suites[1].Testcases[0].Name)
		require.Zero(t, all.Suites[1].Failures)
	}
}

func TestRules(t *testing.T) {
	rule, ok := audit.LookupRule("kp304")
	require.True(t, ok)
	page := write(t, func(b *bytes.Buffer) error { return report.WriteRule(b, rule) })
	for _, part := range []string{"KP304  creategrant-unlimited  (high, some medium)", rule.Summary, rule.Why, rule.Fix, rule.Source, "bad\n", "good\n"} {
		require.Contains(t, page, part)
	}
	table := write(t, func(b *bytes.Buffer) error { return report.WriteRuleList(b, audit.Rules()) })
	require.Equal(t, len(audit.Rules()), strings.Count(table, "\n"))
	markdown := write(t, func(b *bytes.Buffer) error { return report.WriteRulesMarkdown(b, audit.Rules()) })
	for _, r := range audit.Rules() {
		require.Contains(t, markdown, "| ["+r.Code+"](#"+strings.ToLower(r.Code)+"-"+r.Name+") |")
		require.Contains(t, markdown, "\n### "+r.Code+" "+r.Name+"\n")
	}
}

// full fails to write.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrors(t *testing.T) {
	r := some()
	rule, _ := audit.LookupRule("KP301")
	for name, err := range map[string]error{
		"text": r.WriteText(full{}), "json": r.WriteJSON(full{}), "sarif": r.WriteSARIF(full{}), "github": r.WriteGitHub(full{}),
		"junit": r.WriteJUnit(full{}), "rule": report.WriteRule(full{}, rule), "rules": report.WriteRuleList(full{}, audit.Rules()),
		"markdown": report.WriteRulesMarkdown(full{}, audit.Rules()),
	} {
		require.ErrorContains(t, err, "disk full", name)
	}
}
