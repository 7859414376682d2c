package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/rego"
)

func TestApplyNestsWraps(t *testing.T) {
	for _, test := range []struct {
		name  string
		wraps []wrap
		want  string
	}{
		{"none", nil, "a && b"},
		{"apart", []wrap{{0, 1, "(", ")"}, {5, 6, "[", "]"}}, "(a) && [b]"},
		{"inside, given first", []wrap{{0, 1, "(", ")"}, {0, 6, "<", ">"}}, "<(a) && b>"},
		{"inside at the end", []wrap{{0, 6, "<", ">"}, {5, 6, "[", "]"}}, "<a && [b]>"},
		{"the same part twice", []wrap{{0, 1, "1(", ")1"}, {0, 1, "2(", ")2"}}, "1(2(a)2)1 && b"},
		{"neighbours", []wrap{{0, 1, "(", ")"}, {1, 2, "<", ">"}}, "(a)< >&& b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, apply("a && b", test.wraps))
		})
	}
}

func names(mutants []*mutant) []string {
	number(mutants)
	out := make([]string, len(mutants))
	for i, m := range mutants {
		out[i] = m.name()
	}
	return out
}

func TestRegoMutants(t *testing.T) {
	const source = `package p

default allow := false

allow if {
	not input.a.b
	input.a.c == "x"
	every v in input.list {
		v > 1
	}
}

verdict := "one" if {
	allow
} else := "two" if {
	input.a.c
}
`
	mutants, err := regoMutants("p.rego", source)
	require.NoError(t, err)
	found := names(mutants)
	for _, want := range []string{
		"p.rego: allow: drop rule: default allow := false",
		"p.rego: allow: flip: false → true",
		"p.rego: allow: drop expression: not input.a.b",
		"p.rego: allow: un-negate: not input.a.b → input.a.b",
		"p.rego: allow: refer: input.a.b → input.a.c",
		`p.rego: allow: compare: input.a.c == "x" → input.a.c != "x"`,
		`p.rego: allow: negate: input.a.c == "x" → not input.a.c == "x"`,
		`p.rego: allow: change string: "x" → "other"`,
		"p.rego: allow: every to some: every v in input.list { v > 1 } → some v in input.list v > 1",
		"p.rego: allow: compare: v > 1 → v >= 1",
		`p.rego: verdict: drop else: else := "two" if { input.a.c }`,
		`p.rego: verdict: drop first branch: verdict := "one" if { allow } else := "two" if { input.a.c }`,
	} {
		require.Contains(t, found, want)
	}
	require.Len(t, found, len(slices.Compact(slices.Sorted(slices.Values(found)))), "names are unique")
	for _, m := range mutants {
		require.NotEqual(t, source, m.text, m.name())
		_, err := ast.ParseModule("", m.text)
		require.NoError(t, err, "%s\n%s", m.name(), m.text)
	}
	_, err = regoMutants("p.rego", "package")
	require.ErrorContains(t, err, "parse p.rego")
}

func TestGoMutants(t *testing.T) {
	const source = `package p

func (s *scope) f(a, b int, kind string) (test, bool, error) {
	if err := s.check(a); err != nil {
		return nil, false, err
	}
	if a < b-1 && kind != "x" {
		s.found(a)
	}
	switch kind {
	case "y", "z":
		return never(), true, nil
	}
	for a := 0; a < 100%b; a++ {
		b += a
	}
	return s.compare(a), a == b, nil
}
`
	mutants, err := goMutants("p.go", source)
	require.NoError(t, err)
	found := names(mutants)
	for _, want := range []string{
		`p.go: scope.f: always true: a < b-1 && kind != "x"`,
		`p.go: scope.f: always false: a < b-1 && kind != "x"`,
		"p.go: scope.f: drop operand of &&: a < b-1",
		`p.go: scope.f: drop operand of &&: kind != "x"`,
		`p.go: scope.f: flip !=: kind != "x"`,
		"p.go: scope.f: compare <=: a < b-1",
		"p.go: scope.f: arithmetic: b-1",
		`p.go: scope.f: drop case: "y"`,
		`p.go: scope.f: drop case: "z"`,
		"p.go: scope.f: return always: never()",
		"p.go: scope.f: flip: true",
		"p.go: scope.f: remove: b += a",
		"p.go: scope.f: return never: s.compare(a)",
		"p.go: scope.f: return false: a == b",
	} {
		require.Contains(t, found, want)
	}
	for _, name := range found {
		require.NotContains(t, name, "err", "errors are left alone")
		require.NotContains(t, name, "remove: a++", "the head of a loop is left alone")
	}
	text := mutated(source, mutants)
	require.Contains(t, text, "100%b")
	_, err = parser.ParseFile(token.NewFileSet(), "p.go", text, parser.SkipObjectResolution)
	require.NoError(t, err, text)

	_, err = goMutants("p.go", "package")
	require.Error(t, err)
}

// TestActiveAt finds the mutant that a line of the compiler is about.
func TestActiveAt(t *testing.T) {
	const text = "x := (mutantActive(7) || (y))\nreturn mutantPick[test](12, mutantZero[[]int](13, z), nil)\n"
	require.Equal(t, 7, activeAt(text, 1, 8))
	require.Equal(t, 0, activeAt(text, 1, 1))
	require.Equal(t, 12, activeAt(text, 2, 8))
	require.Equal(t, 13, activeAt(text, 2, 29))
}

func TestAllowed(t *testing.T) {
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "equivalent.txt")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	a, err := readAllowed(write("# head\n\np.go: f: remove: x\np.go: f: remove: y\n\tThe same program,\n\tonly slower.\np.go: g: flip: true\n\tUnused.\n"))
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"p.go: f: remove: x": "The same program, only slower.", "p.go: f: remove: y": "The same program, only slower.",
		"p.go: g: flip: true": "Unused.",
	}, a.reasons)

	results := []result{
		{mutant: &mutant{file: "p.go", scope: "f", operator: "remove", code: "x"}, fate: survived},
		{mutant: &mutant{file: "p.go", scope: "f", operator: "remove", code: "y"}, fate: killed, by: "a case"},
		{mutant: &mutant{file: "p.go", scope: "f", operator: "remove", code: "z"}, fate: survived},
	}
	wrong := a.judge(results, map[string]bool{"p.go": true}, true)
	require.Len(t, wrong, 2)
	require.Contains(t, wrong[0], `equivalent.txt:4: not equivalent, the case "a case" kills it: p.go: f: remove: y`)
	require.Contains(t, wrong[1], "equivalent.txt:7: there is no such mutant: p.go: g: flip: true")
	require.Equal(t, []fate{equivalent, killed, survived}, []fate{results[0].fate, results[1].fate, results[2].fate})

	var out bytes.Buffer
	p := printer{out: &out, allowed: a}
	require.ErrorIs(t, p.summary(results, nil), errSurvivors)
	require.Equal(t, "3 mutants, 1 killed by the corpus, 1 equivalent, 1 survivors\n3 mutants, 1 differences\n", out.String())
	out.Reset()
	require.NoError(t, p.summary(results[:2], nil))
	require.ErrorIs(t, p.summary(results[:2], wrong), errSurvivors)

	_, err = readAllowed(write("\ta reason\np.go: f: remove: x\np.go: f: remove: x\n\ttwice\np.go: g: flip: true\n"))
	require.ErrorContains(t, err, "equivalent.txt:1: expected the name of a mutant before its reason")
	require.ErrorContains(t, err, "equivalent.txt:3: listed before, at line 2: p.go: f: remove: x")
	require.ErrorContains(t, err, "equivalent.txt:5: expected the reason, indented, below: p.go: g: flip: true")
}

// TestSample takes the same mutants for the same seed.
func TestSample(t *testing.T) {
	all := make([]*mutant, 50)
	for i := range all {
		all[i] = &mutant{id: i}
	}
	first := sample(all, options{sample: 10, seed: 1})
	require.Len(t, first, 10)
	require.Equal(t, first, sample(all, options{sample: 10, seed: 1}))
	require.NotEqual(t, first, sample(all, options{sample: 10, seed: 2}))
	require.Len(t, sample(all, options{sample: 60}), 50)
}

// TestLastID has the ids of the decision modules' mutants before those of the code.
func TestLastID(t *testing.T) {
	require.Equal(t, 9, lastID([]*mutant{{id: 8}, {id: 9}}))
}

func TestParse(t *testing.T) {
	for _, args := range [][]string{{"-part", "java"}, {"extra"}} {
		_, err := parse(args)
		require.ErrorContains(t, err, "usage: mutate")
	}
}

// TestRegoRunner kills a mutant of each decision module by the corpus, and lets the modules themselves live.
func TestRegoRunner(t *testing.T) {
	r, err := newRegoRunner(t.Context(), "../../../testdata/decisions")
	require.NoError(t, err)
	for file, source := range map[string]string{decisionFile: rego.DecisionModule, layersFile: rego.LayersModule} {
		mutants, err := regoMutants(file, source)
		require.NoError(t, err)
		require.Greater(t, len(mutants), 100)
		at := slices.IndexFunc(mutants, func(m *mutant) bool { return m.operator == "change string" })
		f, by := r.run(t.Context(), mutants[at])
		require.Equal(t, killed, f, mutants[at].name())
		require.NotEmpty(t, by)
	}
	f, why := r.run(t.Context(), &mutant{file: decisionFile, text: "package strictkms.decision\n\nverdict := x"})
	require.Equal(t, invalid, f)
	require.Contains(t, why, "unsafe")
}
