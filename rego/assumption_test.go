package rego

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAssumptionsAreDocumented holds docs/assumptions.md to the code: each assumption has a heading there, each
// heading is an assumption, and below it are its readings, the default first.
func TestAssumptionsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/assumptions.md")
	require.NoError(t, err)
	heading := regexp.MustCompile("(?m)^## `(.+)`$")
	var documented []Assumption
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, Assumption(m[1]))
	}
	slices.Sort(documented)
	require.Equal(t, Assumptions(), documented)
	require.True(t, slices.IsSorted(Assumptions()))

	for i, section := range heading.Split(string(text), -1)[1:] {
		var readings []string
		for _, m := range regexp.MustCompile("(?m)^- `(.+?)`( \\(default\\))?:").FindAllStringSubmatch(section, -1) {
			require.Equal(t, len(readings) == 0, m[2] != "", "the default is the first")
			readings = append(readings, m[1])
		}
		require.Equal(t, Assumption(heading.FindAllStringSubmatch(string(text), -1)[i][1]).Readings(), readings)
	}
}

func TestReadings(t *testing.T) {
	for _, a := range Assumptions() {
		require.GreaterOrEqual(t, len(a.Readings()), 2, a)
		for i, reading := range a.Readings() {
			r, err := ParseReadings(string(a) + "=" + reading)
			require.NoError(t, err)
			require.Equal(t, reading, r.Of(a))
			require.True(t, r.Reads(a, reading))
			if i == 0 {
				require.Equal(t, Readings{}, r, "the default is the zero value")
				require.Equal(t, string(a), r.Label(a))
				require.Empty(t, r.String())
				require.Empty(t, r.Changed())
				continue
			}
			require.NotEqual(t, Readings{}, r)
			require.Equal(t, string(a)+"="+reading, r.Label(a))
			require.Equal(t, map[string]string{string(a): reading}, r.Changed())
			again, err := ParseReadings(strings.Fields(r.String())...)
			require.NoError(t, err)
			require.Equal(t, r, again)
		}
	}
	none := Assumption("none")
	require.Nil(t, none.Readings())
	require.Empty(t, Readings{}.Of(none))
	require.Equal(t, "none", Readings{}.Label(none))
}

func TestReadingsRefuse(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{[]string{"grant-and-scp"}, `"grant-and-scp": expected NAME=READING, for example grant-and-scp=survives`},
		{[]string{""}, "expected NAME=READING"},
		{[]string{"grants-and-scps=cut"}, `there is no assumption "grants-and-scps"; nearest: grant-and-scp, `},
		{[]string{"Grant-and-SCP=cut"}, `there is no assumption "Grant-and-SCP"; nearest: grant-and-scp, `},
		{[]string{"grant-and-scp=survive"}, `no reading "survive": expected one of cut, survives`},
		{[]string{"grant-and-scp="}, `no reading "": expected one of cut, survives`},
		{[]string{"grant-and-scp=cut", "grant-and-scp=survives"}, `grant-and-scp is already read as cut`},
	} {
		_, err := ParseReadings(c.texts...)
		require.ErrorContains(t, err, c.want)
	}
	_, err := ParseReadings("grant-and-scp=cut", "grant-and-scp=cut")
	require.NoError(t, err)
}
