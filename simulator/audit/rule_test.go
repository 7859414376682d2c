package audit_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
	"github.com/strictkms/strictkms/source/files"
	"github.com/strictkms/strictkms/source/suppressions"
)

const account = "111122223333"

var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// read makes the input of an audit of one file: a template, a world file, or a policy.
func read(t *testing.T, file, text string) audit.Input {
	t.Helper()
	w := &source.World{Defaults: source.Defaults{Account: account, Region: "us-east-1", Partition: "aws"}}
	in := audit.Input{World: w, AssumedAccount: account, Now: now, Sources: map[string][]byte{file: []byte(text)}}
	var err error
	switch {
	case strings.Contains(text, "accounts:"):
		err = files.Load(w, file, []byte(text), w.Defaults)
		in.Certain = []string{file}
	case strings.Contains(text, "Resources:") || strings.Contains(text, `"Resources"`):
		err = cloudformation.Load(w, file, []byte(text), cloudformation.Options{})
	default:
		kind := policy.IdentityPolicy
		if strings.Contains(text, "Principal\"") {
			kind = policy.KeyPolicy
		}
		doc, diags := policy.Parse(kind, file, []byte(text), policy.WithFile(file))
		in.Diagnostics = diags
		if doc != nil {
			in.Documents = append(in.Documents, doc)
		}
	}
	if diags, ok := errors.AsType[policy.Diagnostics](err); ok {
		in.Diagnostics = append(in.Diagnostics, diags...)
		err = nil
	}
	require.NoError(t, err)
	return in
}

// findings audits one file as the command does.
func findings(t *testing.T, file, text string) []audit.Finding {
	t.Helper()
	found, err := audit.Run(t.Context(), read(t, file, text))
	require.NoError(t, err)
	list := suppressions.Comments(file, []byte(text))
	metadata, err := suppressions.Metadata(file, []byte(text))
	require.NoError(t, err)
	found = audit.Filter(found, append(list, metadata...), []string{file}, func(*audit.Rule) bool { return true })
	return slices.DeleteFunc(found, func(f audit.Finding) bool { return f.Suppressed != nil })
}

// codes are the codes of findings, each once, with what they say for the message of a test.
func codes(found []audit.Finding) (codes, texts []string) {
	for _, f := range found {
		if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
		texts = append(texts, f.Position.String()+": "+f.Code+": "+f.Message)
	}
	return codes, texts
}

// TestExamples audits the examples of every rule: the bad one has findings of the rule and no others, the good one none.
func TestExamples(t *testing.T) {
	for _, r := range audit.Rules() {
		t.Run(r.Code+" "+r.Name, func(t *testing.T) {
			require.NotEmpty(t, r.Bad.Text, "no bad example")
			require.NotEmpty(t, r.Good.Text, "no good example")
			found := findings(t, r.Bad.File, r.Bad.Text)
			got, texts := codes(found)
			require.Equal(t, []string{r.Code}, got, strings.Join(texts, "\n"))
			for _, f := range found {
				require.True(t, f.Position.IsValid(), "no position: %s", f.Message)
				require.Contains(t, append(r.Others, r.Severity), f.Severity)
			}
			got, texts = codes(findings(t, r.Good.File, r.Good.Text))
			require.Empty(t, got, strings.Join(texts, "\n"))
		})
	}
}

// TestRulesAreWhole checks what the pages of the rules are made of.
func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	code := regexp.MustCompile(`\AKP[1-69][0-9]{2}\z`)
	name := regexp.MustCompile(`\A[a-z0-9]+(-[a-z0-9]+)+\z`)
	for _, r := range audit.Rules() {
		require.Regexp(t, code, r.Code)
		require.Regexp(t, name, r.Name)
		require.False(t, seen[r.Code] || seen[r.Name], "%s twice", r.Code)
		seen[r.Code], seen[r.Name] = true, true
		require.NotEmpty(t, r.Family(), r.Code)
		for _, text := range []string{r.Summary, r.Why, r.Fix} {
			require.Regexp(t, `\.\z`, text, r.Code)
		}
		require.Regexp(t, `\Ahttps://`, r.Source, r.Code)
		require.NotEqual(t, audit.SeverityUnknown, r.Severity, r.Code)
	}
}
