package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearest(t *testing.T) {
	for _, test := range []struct {
		name, text string
		candidates []string
		want       string
	}{
		{"one letter", "KeyPolcy", []string{"Tags", "KeyPolicy"}, "KeyPolicy"},
		{"case is nothing", "PRINCIPAL", []string{"Action", "Principal"}, "Principal"},
		{"the nearest, not the first", "kms:ViaServic", []string{"kms:ViaServer", "kms:ViaService"}, "kms:ViaService"},
		{"the first of two", "role/a", []string{"role/b", "role/c"}, "role/b"},
		{"swapped letters of a short name", "Yse", []string{"No", "Yes"}, "Yes"},
		{"another word of the same length", "Yse", []string{"Act"}, ""},
		{"another word", "Statement", []string{"Version", "Id"}, ""},
		{"a third may change", "abcdef", []string{"abcdxy"}, "abcdxy"},
		{"no more than a third", "abcdef", []string{"abcxyz"}, ""},
		{"nothing is near an empty name", "x", []string{""}, ""},
		{"no candidates", "x", nil, ""},
		{"letters are characters", "größe", []string{"grösse", "grÖße"}, "grÖße"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, ok := Nearest(test.text, test.candidates)
			require.Equal(t, test.want, got)
			require.Equal(t, test.want != "", ok)
		})
	}
}

func TestNearestNames(t *testing.T) {
	candidates := []string{"alias/apps", "alias/app1", "alias/ap", "alias/other-thing", "alias/app"}
	require.Equal(t, []string{"alias/app", "alias/apps", "alias/app1"}, NearestNames("alias/app", candidates, 3))
	require.Equal(t, []string{"alias/app", "alias/apps", "alias/app1", "alias/ap"}, NearestNames("alias/app", candidates, 9))
	require.Empty(t, NearestNames("alias/app", candidates, 0))
	require.Equal(t, "alias/apps", candidates[0], "the candidates are not changed")
}

func TestClosest(t *testing.T) {
	require.Equal(t, "b", closest("zzzz", []string{"b", "cccccc"}))
	require.Empty(t, closest("x", nil))
}

// TestNearestIsBounded compares names of megabytes, for which the full distance would take hours.
func TestNearestIsBounded(t *testing.T) {
	long := strings.Repeat("ab", 1<<20)
	got, ok := Nearest(long+"x", slices.Repeat([]string{strings.Repeat("ba", 1<<20)}, 100))
	require.True(t, ok)
	require.True(t, strings.HasPrefix(got, "ba"))
}
