package audit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
	"github.com/strictkms/strictkms/source/suppressions"
)

func all(*audit.Rule) bool { return true }

func finding(code, file string, line int, sid string) audit.Finding {
	return audit.Finding{Code: code, Severity: audit.High, Message: "m " + sid, Position: policy.Position{File: file, Line: line, Column: 1}, Sid: sid, Policy: "p"}
}

func TestFilter(t *testing.T) {
	found := []audit.Finding{finding("KP301", "a", 5, "A"), finding("KP304", "a", 5, "A"), finding("KP301", "a", 9, "B")}
	s := suppressions.Suppression{Rule: "open-to-strangers", Reason: "why", Origin: suppressions.FromConfiguration, Sid: "A", Pos: policy.Position{File: "c", Line: 1, Column: 1}}
	got := audit.Filter(found, []suppressions.Suppression{s}, []string{"a"}, all)
	require.Len(t, got, 3)
	require.Equal(t, &audit.Suppressed{Reason: "why", By: "configuration", Where: s.Pos}, got[0].Suppressed)
	require.Nil(t, got[1].Suppressed)
	require.Nil(t, got[2].Suppressed)
	require.Nil(t, found[0].Suppressed, "the argument is not changed")

	for _, c := range []struct {
		name, rule, reason, want string
		ran                      func(*audit.Rule) bool
	}{
		{"no reason", "KP301", "", "KP901", all},
		{"nothing there", "KP405", "why", "KP902", all},
		{"nothing there, not looked for", "KP405", "why", "", func(r *audit.Rule) bool { return r.Code != "KP405" }},
		{"unknown", "KP999", "why", "KP903", all},
		{"nothing there, in no file that was looked at", "KP406", "why", "", all},
		{"empty", "", "why", "KP903", all},
		{"about itself, not looked for", "KP999", "why", "", func(r *audit.Rule) bool { return r.Code != "KP903" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := suppressions.Suppression{Rule: c.rule, Reason: c.reason, Origin: suppressions.FromConfiguration, Pos: policy.Position{File: "c", Line: 1, Column: 1}}
			if c.rule == "KP406" {
				s.File = "other"
			}
			var codes []string
			for _, f := range audit.Filter(nil, []suppressions.Suppression{s}, []string{"a"}, c.ran) {
				require.Equal(t, s.Pos, f.Position)
				codes = append(codes, f.Code)
			}
			require.Equal(t, c.want, strings.Join(codes, " "))
		})
	}
}

// TestNoReasonIsNotApplied checks that a finding stays when nobody said why it should go.
func TestNoReasonIsNotApplied(t *testing.T) {
	s := suppressions.Suppression{Rule: "KP301", Origin: suppressions.FromConfiguration}
	got := audit.Filter([]audit.Finding{finding("KP301", "a", 5, "A")}, []suppressions.Suppression{s}, []string{"a"}, all)
	require.True(t, audit.AtLeast(got, audit.High))
}

func TestBaseline(t *testing.T) {
	before := []audit.Finding{finding("KP301", "b", 5, "A"), finding("KP301", "a", 7, ""), finding("KP301", "a", 9, "")}
	before = append(before, finding("KP304", "a", 1, "off"))
	before[3].Suppressed = &audit.Suppressed{By: "comment"}
	b := audit.NewBaseline(before)
	var out bytes.Buffer
	require.NoError(t, b.Write(&out))
	require.Equal(t, `{
  "version": 1,
  "findings": [
    {
      "code": "KP301",
      "file": "a",
      "policy": "p",
      "message": "m ",
      "count": 2
    },
    {
      "code": "KP301",
      "file": "b",
      "policy": "p",
      "sid": "A",
      "message": "m A",
      "count": 1
    }
  ]
}
`, out.String())
	read, err := audit.ReadBaseline("b.json", out.Bytes())
	require.NoError(t, err)
	require.Equal(t, b, read)

	after := []audit.Finding{finding("KP301", "a", 70, ""), finding("KP301", "a", 80, ""), finding("KP301", "a", 90, ""), finding("KP305", "a", 1, "")}
	require.Equal(t, 1, read.Apply(after), "the one of b is gone")
	var left []int
	for _, f := range after {
		if f.Suppressed == nil {
			left = append(left, f.Position.Line)
		}
	}
	require.Equal(t, []int{90, 1}, left, "two of the three in a were there, wherever they are now")
	require.Equal(t, b.Findings[:1], audit.NewBaseline(after[:2]).Findings, "what the baseline leaves out is in the next one")
}

func TestReadBaselineErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"not JSON":       {"{\n  x", "b.json:2:"},
		"another form":   {`{"version": 1, "finding": []}`, `unknown field "finding"`},
		"another type":   {"{\"version\": 1,\n \"findings\": [{\"code\": 3}]}", "b.json:2:"},
		"another number": {`{"version": 2, "findings": []}`, "b.json:1:1: baseline of version 2: expected version 1"},
		"more":           {`{"version": 1, "findings": []} x`, "expected nothing after the baseline"},
		"empty":          {"", "b.json:1:1: expected a baseline of strictkms audit"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := audit.ReadBaseline("b.json", []byte(c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestSeverity(t *testing.T) {
	for _, name := range audit.SeverityNames() {
		s, err := audit.ParseSeverity(name)
		require.NoError(t, err)
		require.Equal(t, name, s.String())
		var back audit.Severity
		require.NoError(t, back.UnmarshalText([]byte(name)))
		require.Equal(t, s, back)
	}
	_, err := audit.ParseSeverity("severe")
	require.EqualError(t, err, `unknown severity "severe": expected one of info, medium, high, critical`)
	_, err = audit.ParseSeverity("unknown")
	require.Error(t, err)
	require.Equal(t, "unknown", audit.Severity(99).String())
	require.Less(t, audit.Info, audit.Critical)
}
