package evaluator

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	oparego "github.com/open-policy-agent/opa/v1/rego"

	"github.com/strictkms/strictkms/rego"
)

// explainUnit is the explanation module of a unit, compiled when it is first asked.
type explainUnit struct {
	query      oparego.PreparedEvalQuery
	statements []rego.StatementElements
}

// explanation returns the compiled explanation module.
func (u *unit) explanation(ctx context.Context) (*explainUnit, error) {
	ctx = context.WithoutCancel(ctx) // what is compiled now serves later callers as well
	u.explainOnce.Do(func() {
		translated := u.translate()
		query, err := oparego.New(
			oparego.Query("met = data."+rego.UnitPackage+"."+unitName+".explain.met"),
			oparego.Module("explain.rego", translated.Explain),
		).PrepareForEval(ctx)
		if err != nil {
			u.explainErr = fmt.Errorf("compile the explanation of a policy: %w", err)
			return
		}
		u.explain = &explainUnit{query: query, statements: translated.Statements}
	})
	return u.explain, u.explainErr
}

// met returns the ids of the elements that the input meets.
func (x *explainUnit) met(ctx context.Context, input *ast.Term) (map[string]bool, error) {
	results, err := x.query.Eval(ctx, oparego.EvalParsedInput(input.Value))
	if err != nil {
		return nil, fmt.Errorf("evaluate the explanation of a policy: %w", err)
	}
	met := map[string]bool{}
	for _, result := range results {
		members, ok := result.Bindings["met"].([]any)
		if !ok {
			return nil, fmt.Errorf("evaluate the explanation of a policy: met is %T", result.Bindings["met"])
		}
		for _, member := range members {
			if id, ok := member.(string); ok {
				met[id] = true
			}
		}
	}
	return met, nil
}

// classesMet returns the classes in which a statement matches, empty when it does not.
func classesMet(st rego.StatementElements, met map[string]bool) []class {
	for _, e := range st.Elements {
		if !met[e.ID] {
			return nil
		}
	}
	var out []class
	for _, c := range st.Classes {
		if met[c.ID] {
			out = append(out, classes[c.Class])
		}
	}
	return out
}

// principalMet reports whether the statement names the caller in any way.
func principalMet(st rego.StatementElements, met map[string]bool) bool {
	for _, c := range st.Classes {
		if met[c.ID] {
			return true
		}
	}
	return false
}
