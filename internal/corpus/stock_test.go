package corpus

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/stockopa"
	"github.com/strictkms/strictkms/rego"
)

// stockQuery evaluates every exported case in one run.
const stockQuery = `{note: decision |
	some note, input_of_case in data.cases
	decision := data.strictkms.layers.decision with input as input_of_case
}`

// TestStockOPA exports every case of the corpus to one bundle and holds the decisions of the stock opa binary to
// what the cases expect.
func TestStockOPA(t *testing.T) {
	opa := stockopa.Path(t)
	cases, err := Load("../../testdata/decisions")
	require.NoError(t, err)

	inputs := map[string]any{}
	var units []rego.NamedUnit
	known := map[string]bool{}
	base := evaluator.New(cases[0].World)
	for _, c := range cases {
		export, err := base.In(c.World).Assuming(c.Readings).Export(c.Request)
		require.NoError(t, err, c.Note)
		inputs[c.Note] = export.Input
		for _, u := range export.Units {
			if !known[u.Name] {
				known[u.Name] = true
				units = append(units, u)
			}
		}
	}
	dir := t.TempDir()
	bundle, data := filepath.Join(dir, "bundle.tar.gz"), filepath.Join(dir, "cases.json")
	var archive bytes.Buffer
	require.NoError(t, rego.Bundle{Revision: "corpus", Units: units}.Write(&archive))
	require.NoError(t, os.WriteFile(bundle, archive.Bytes(), 0o600))
	text, err := json.Marshal(map[string]any{"cases": inputs})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(data, text, 0o600))

	answers := evalStock(t, opa, "-b", bundle, "-d", data, stockQuery)
	differences := 0
	for _, c := range cases {
		got := answers[c.Note]
		if !assert.Equal(t, string(c.Expect.Decision), got.Decision, c.Note) ||
			// A trust policy is a resource policy like a key policy: the decision module has one name for both.
			!assert.Equal(t, strings.Replace(c.Expect.Reason, "trust-policy", "key-policy", 1), got.Reason, c.Note) {
			differences++
		}
	}
	t.Logf("%d cases, %d differences", len(cases), differences)
}

type stockAnswer struct {
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
}

func evalStock(t *testing.T, opa string, args ...string) map[string]stockAnswer {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), opa, append([]string{"eval", "--format", "raw"}, args...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	answers := map[string]stockAnswer{}
	require.NoError(t, json.Unmarshal(out, &answers))
	return answers
}
