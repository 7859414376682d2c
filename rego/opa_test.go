package rego_test

import (
	"os"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/rego"
)

// TestModulesInOPA runs the tests of the hand-written modules, *_test.rego, as opa test does, and asks that
// they reach every line.
func TestModulesInOPA(t *testing.T) {
	modules := map[string]*ast.Module{}
	for _, name := range []string{"decision.rego", "layers.rego", "decision_test.rego", "layers_test.rego"} {
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		modules[name], err = ast.ParseModuleWithOpts(name, string(src), ast.ParserOptions{ProcessAnnotation: true})
		require.NoError(t, err)
	}
	reached := cover.New()
	results, err := tester.NewRunner().
		SetCompiler(ast.NewCompiler().WithStrict(true)).
		SetCoverageQueryTracer(reached).
		SetModules(modules).
		RunTests(t.Context(), nil)
	require.NoError(t, err)
	tests := 0
	for result := range results {
		require.NoError(t, result.Error)
		require.True(t, result.Pass(), "%s", result)
		tests += max(1, len(result.SubResults))
	}
	require.Greater(t, tests, 100)
	report := reached.Report(modules)
	for _, name := range []string{"decision.rego", "layers.rego"} {
		require.Empty(t, report.Files[name].NotCovered, "%s has lines that no test reaches", name)
		require.NotEmpty(t, report.Files[name].Covered)
	}
	for name, embedded := range map[string]string{"decision.rego": rego.DecisionModule, "layers.rego": rego.LayersModule} {
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, string(src), embedded)
	}
}
