package evaluator_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/rego"
)

// printed reports whether a decision names an assumption, however it is read.
func printed(d evaluator.Decision, a rego.Assumption) bool {
	return slices.ContainsFunc(d.Assumptions, func(label string) bool {
		name, _, _ := strings.Cut(label, "=")
		return name == string(a)
	})
}

// TestAssumptionsThatAreNotPrintedDoNotMatter reads, one after the other, every assumption that a decision does not
// print in every other way: the answer must stay.
func TestAssumptionsThatAreNotPrintedDoNotMatter(t *testing.T) {
	t.Parallel()
	shared := evaluator.New(mapWorld{})
	mattered := map[rego.Assumption]int{}
	check(t, 1, func(t *rapid.T) {
		s := newScene(t, 6)
		readings := (&gen{t: t}).readings()
		for _, req := range s.requests {
			d, err := shared.In(s.world).Assuming(readings).Explain(t.Context(), req)
			if err != nil {
				t.Fatalf("explain: %v\n%s", err, describe(s.world, req))
			}
			decided.Add(1)
			for _, a := range rego.Assumptions() {
				for _, reading := range a.Readings() {
					otherwise, err := readings.With(a, reading)
					if err != nil {
						t.Fatal(err)
					}
					if refDecideAs(otherwise, s.world, req).verdict == d.Decision {
						continue
					}
					if !printed(d, a) {
						t.Fatalf("%s=%s turns %s, which prints %q\n%s", a, reading, summary(d), d.Assumptions, describe(s.world, req))
					}
					mattered[a]++
				}
			}
		}
	})
	t.Log(mattered)
	require.NotEmpty(t, mattered)
}
