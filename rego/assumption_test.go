package rego

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAssumptionsAreDocumented holds docs/assumptions.md to the code: each assumption has a heading there, and
// each heading is an assumption.
func TestAssumptionsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/assumptions.md")
	require.NoError(t, err)
	var documented []Assumption
	for _, m := range regexp.MustCompile("(?m)^## `(.+)`$").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, Assumption(m[1]))
	}
	slices.Sort(documented)
	require.Equal(t, Assumptions(), documented)
	require.True(t, slices.IsSorted(Assumptions()))
}
