package audit_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/audit"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// corpus are policies and templates of public repositories. It is not part of this repository.
const corpus = "/work/shared/corpus"

var noDefault = regexp.MustCompile(`parameter ([A-Za-z0-9]+) has no default`)

// TestCorpus audits whatever there is: nothing crashes, every finding has a place, and what other tools' tests know as
// bad has findings. With -v it prints how many findings there are of each rule.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus, "*", "*"))
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("there is no corpus in " + corpus)
	}
	counts := map[string]int{}
	audited := 0
	for _, file := range files {
		name := filepath.Base(file)
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		var in audit.Input
		switch filepath.Base(filepath.Dir(file)) {
		case "policies":
			in = read(t, name, string(src))
		case "cfn":
			var ok bool
			if in, ok = template(name, src); !ok {
				continue
			}
		default:
			continue
		}
		found, err := audit.Run(t.Context(), in)
		require.NoError(t, err, name)
		audited++
		for _, f := range found {
			require.True(t, f.Position.IsValid(), "%s: %s has no place: %s", name, f.Code, f.Message)
			counts[f.Code+" "+f.Severity.String()]++
		}
		if bad := knownBad(name); bad != "" {
			require.True(t, slices.ContainsFunc(found, func(f audit.Finding) bool { return f.Code == bad }), "%s has no finding of %s", name, bad)
		}
		if strings.Contains(name, "without_wildcard_principal") {
			require.False(t, slices.ContainsFunc(found, func(f audit.Finding) bool { return f.Code == "KP301" }), name)
		}
	}
	require.Greater(t, audited, 150)
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%5d %s", counts[code], code)
	}
	t.Logf("%d files", audited)
}

// knownBad is the rule that the tests of other tools know a file to break.
func knownBad(name string) string {
	if strings.Contains(name, "KMSKeyWildCardPrincipal-FAILED") ||
		strings.Contains(name, "wildcard_principal") && !strings.Contains(name, "without") {
		return "KP301"
	}
	return ""
}

// template loads a template, with a made-up value for every parameter that needs one. It reports false for one that is
// refused, with its place, before anything is audited.
func template(name string, src []byte) (audit.Input, bool) {
	parameters := map[string]string{}
	for range 2 {
		w := &source.World{Defaults: source.Defaults{Account: account, Region: "us-east-1", Partition: "aws"}}
		err := cloudformation.Load(w, name, src, cloudformation.Options{Parameters: parameters})
		if err == nil {
			return audit.Input{World: w, AssumedAccount: account, Now: now}, true
		}
		diags, ok := err.(policy.Diagnostics) //nolint:errorlint // it is what Load documents
		if !ok {
			return audit.Input{}, false
		}
		for _, d := range diags {
			if m := noDefault.FindStringSubmatch(d.Message); m != nil {
				parameters[m[1]] = "444455556666"
			}
		}
	}
	return audit.Input{}, false
}
