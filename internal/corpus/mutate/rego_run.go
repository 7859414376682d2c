package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	oparego "github.com/open-policy-agent/opa/v1/rego"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/corpus"
	"github.com/strictkms/strictkms/rego"
)

const (
	decisionFile = "rego/decision.rego"
	layersFile   = "rego/layers.rego"
)

// unitsQuery finds what the units of a case say about it.
const unitsQuery = `{name: {class: indexes |
		some class in ["deny", "allow", "direct", "limited", "delegate"]
		indexes := data.strictkms.unit[name][class]
	} |
	some name in input.names
}`

// layersQuery asks for the decision and its assumptions, with the units' answers, which no mutant changes, in place.
const layersQuery = `decision := data.strictkms.layers.decision with data.strictkms.unit as input.answers
facts := data.strictkms.layers.facts with data.strictkms.unit as input.answers
assumptions := data.strictkms.decision.assumptions with input as facts
answer := object.union(decision, {"assumptions": assumptions})`

// regoRunner puts the corpus to mutants of the decision modules, all in this process.
type regoRunner struct {
	cases    []corpus.Case
	inputs   []map[string]any // for the layers, by case
	facts    []ast.Value      // what the layers say, by case
	distinct map[string]int   // the first case with the same facts and expectation
}

func newRegoRunner(ctx context.Context, dir string) (*regoRunner, error) {
	cases, err := corpus.Load(dir)
	if err != nil {
		return nil, err
	}
	r := &regoRunner{cases: cases, distinct: map[string]int{}}
	if err := r.answers(ctx); err != nil {
		return nil, err
	}
	query, err := oparego.New(oparego.Query(`data.strictkms.layers.facts with data.strictkms.unit as input.answers`),
		oparego.Module(layersFile, rego.LayersModule)).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	for i, input := range r.inputs {
		facts, err := single(ctx, query, input)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cases[i].Note, err)
		}
		value, err := ast.InterfaceToValue(facts)
		if err != nil {
			return nil, err
		}
		r.facts = append(r.facts, value)
		id := value.String() + " " + cases[i].Expect.Reason
		if _, known := r.distinct[id]; !known {
			r.distinct[id] = i
		}
	}
	for _, m := range []*mutant{{file: decisionFile, text: rego.DecisionModule}, {file: layersFile, text: rego.LayersModule}} {
		if f, by := r.run(ctx, m); f != survived {
			return nil, fmt.Errorf("the corpus does not pass with %s as it is: %s", m.file, by)
		}
	}
	return r, nil
}

// answers evaluates the units of every case once.
func (r *regoRunner) answers(ctx context.Context) error {
	options := []func(*oparego.Rego){oparego.Query(unitsQuery)}
	known := map[string]bool{}
	base := evaluator.New(r.cases[0].World) //nolint:contextcheck // it compiles one module, once
	names := make([][]any, len(r.cases))
	for i, c := range r.cases {
		export, err := base.In(c.World).Assuming(c.Readings).Export(c.Request)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Note, err)
		}
		for _, u := range export.Units {
			names[i] = append(names[i], u.Name)
			if !known[u.Name] {
				known[u.Name] = true
				options = append(options, oparego.Module(u.Name+".rego", u.Module))
			}
		}
		r.inputs = append(r.inputs, export.Input)
	}
	query, err := oparego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	for i, input := range r.inputs {
		asked := maps.Clone(input)
		asked["names"] = slices.Concat([]any{}, names[i])
		if input["answers"], err = single(ctx, query, asked); err != nil {
			return fmt.Errorf("%s: %w", r.cases[i].Note, err)
		}
	}
	return nil
}

// errUndefined is a query without a result.
var errUndefined = errors.New("undefined")

// single evaluates a query with one expression, or with the variable answer.
func single(ctx context.Context, query oparego.PreparedEvalQuery, input any) (any, error) {
	option := oparego.EvalInput(input)
	if value, ok := input.(ast.Value); ok {
		option = oparego.EvalParsedInput(value)
	}
	results, err := query.Eval(ctx, option)
	if err != nil {
		return nil, err
	}
	if len(results) != 1 {
		return nil, errUndefined
	}
	if answer, ok := results[0].Bindings["answer"]; ok {
		return answer, nil
	}
	return results[0].Expressions[0].Value, nil
}

// run finds the case that kills a mutant.
func (r *regoRunner) run(ctx context.Context, m *mutant) (fate, string) {
	modules := map[string]string{decisionFile: rego.DecisionModule, layersFile: rego.LayersModule}
	modules[m.file] = m.text
	options := []func(*oparego.Rego){oparego.Query(layersQuery)}
	if m.file == decisionFile {
		options[0] = oparego.Query("data.strictkms.decision.verdict")
		delete(modules, layersFile)
	}
	for name, text := range modules {
		options = append(options, oparego.Module(name, text))
	}
	query, err := oparego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return invalid, err.Error()
	}
	if m.file == layersFile {
		for i, c := range r.cases {
			if !meets(ctx, query, r.inputs[i], c) {
				return killed, c.Note
			}
		}
		return survived, ""
	}
	for _, i := range slices.Sorted(maps.Values(r.distinct)) {
		if !meets(ctx, query, r.facts[i], r.cases[i]) {
			return killed, r.cases[i].Note
		}
	}
	return r.evaluate(ctx, m.text)
}

// decisionAssumptions are the assumptions that the decision module makes; the others are the translation's.
var decisionAssumptions = []string{"grant-and-scp", "grant-and-boundary", "federation-user-silent"}

// meets reports whether the decision, its reason and the assumptions are what the case expects.
func meets(ctx context.Context, query oparego.PreparedEvalQuery, input any, c corpus.Case) bool {
	value, err := single(ctx, query, input)
	answer, ok := value.(map[string]any)
	// A trust policy is a resource policy like a key policy: the decision module has one name for both.
	reason := strings.Replace(c.Expect.Reason, "trust-policy", "key-policy", 1)
	if err != nil || !ok || answer["decision"] != string(c.Expect.Decision) || answer["reason"] != reason {
		return false
	}
	made, asked := answer["assumptions"].([]any)
	wrong := func(want bool) func(string) bool {
		return func(label string) bool {
			name, _, _ := strings.Cut(label, "=") // the module gives the name, the evaluator adds the reading
			return slices.Contains(decisionAssumptions, name) && slices.Contains(made, any(name)) != want
		}
	}
	return !asked || !slices.ContainsFunc(c.Expect.Assumptions, wrong(true)) && !slices.ContainsFunc(c.Expect.NotAssumed, wrong(false))
}

// evaluate puts every case to the evaluator with another decision module: messages, layers and assumptions follow
// from it as well.
func (r *regoRunner) evaluate(ctx context.Context, module string) (fate, string) {
	original := rego.DecisionModule
	rego.DecisionModule = module
	defer func() { rego.DecisionModule = original }()
	base := evaluator.New(r.cases[0].World) //nolint:contextcheck // it compiles one module, once
	for _, c := range r.cases {
		d, err := base.In(c.World).Assuming(c.Readings).Explain(ctx, c.Request)
		if err != nil || len(c.Problems(d)) > 0 {
			return killed, c.Note
		}
	}
	return survived, ""
}
