package evaluator_test

import (
	"context"
	"strconv"
	"testing"

	oparego "github.com/open-policy-agent/opa/v1/rego"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/rego"
)

// evaluateExport decides an exported request as stock OPA does: all modules compiled together, and
// data.strictkms.layers.decision asked with the exported input.
func evaluateExport(ctx context.Context, x *evaluator.Export) (verdict, reason string, err error) {
	options := []func(*oparego.Rego){
		oparego.Query("decision = data.strictkms.layers.decision"),
		oparego.Module("decision.rego", rego.DecisionModule),
		oparego.Module("layers.rego", rego.LayersModule),
		oparego.Input(x.Input),
	}
	for _, u := range x.Units {
		options = append(options, oparego.Module(u.Name+".rego", u.Module))
	}
	results, err := oparego.New(options...).Eval(ctx)
	if err != nil || len(results) != 1 {
		return strconv.Itoa(len(results)) + " results", "", err
	}
	decision, _ := results[0].Bindings["decision"].(map[string]any)
	verdict, _ = decision["decision"].(string)
	reason, _ = decision["reason"].(string)
	return verdict, reason, nil
}

// TestExportIsTheReference holds the plain evaluation of the exported bundle to the reference, and so to the
// evaluator.
func TestExportIsTheReference(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	check(t, 1, func(t *rapid.T) {
		s := newScene(t, 3)
		readings := (&gen{t: t}).readings()
		for _, req := range s.requests {
			want := refDecideAs(readings, s.world, req)
			x, err := shared.In(s.world).Assuming(readings).Export(req)
			if err != nil {
				t.Fatalf("export: %v\n%s", err, describe(s.world, req))
			}
			decided.Add(1)
			verdict, reason, err := evaluateExport(t.Context(), x)
			if err != nil || verdict != string(want.verdict) || reason != want.reason {
				t.Fatalf("export: %s (%s) %v\nreference: %s\n%s", verdict, reason, err, want, describe(s.world, req))
			}
		}
	})
}
