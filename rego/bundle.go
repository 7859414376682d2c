package rego

import (
	"fmt"
	"io"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/format"
)

// NamedUnit is a unit that was translated under a name: the last part of its package.
type NamedUnit struct {
	Name string
	*Unit
}

// Name makes the name of a unit of some text: lower-case letters, digits and underscores.
func Name(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	name := strings.Trim(b.String(), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "unit_" + name
	}
	return strings.TrimSuffix(name, "_")
}

// Print returns a module in the layout of opa fmt.
func Print(module string) (string, error) {
	text, err := format.Source("", []byte(module))
	if err != nil {
		return "", fmt.Errorf("format translated policy: %w", err)
	}
	return string(text), nil
}

// WriteBundle writes an OPA bundle of the decision modules and the units, which the stock opa binary
// evaluates: data.strictkms.layers.decision. The roots of its manifest are strictkms. A request, when it is not
// nil, becomes data.strictkms.request: an input that goes with the units.
// https://www.openpolicyagent.org/docs/latest/management-bundles/
func WriteBundle(w io.Writer, revision string, units []NamedUnit, request map[string]any) error {
	b := bundle.Bundle{
		Manifest: bundle.Manifest{Revision: revision, Roots: &[]string{"strictkms"}},
		Data:     map[string]any{},
	}
	if request != nil {
		b.Data["strictkms"] = map[string]any{"request": request}
	}
	b.Manifest.Init()
	files := map[string]string{
		"/strictkms/decision.rego": DecisionModule,
		"/strictkms/layers.rego":   LayersModule,
	}
	order := []string{"/strictkms/decision.rego", "/strictkms/layers.rego"}
	for _, u := range units {
		path := "/strictkms/unit/" + u.Name + ".rego"
		text, err := Print(u.Module)
		if err != nil {
			return fmt.Errorf("%s: %w", u.Name, err)
		}
		if _, ok := files[path]; ok {
			return fmt.Errorf("two units are called %s", u.Name)
		}
		files[path] = text
		order = append(order, path)
	}
	for _, path := range order {
		parsed, err := ast.ParseModule(path, files[path])
		if err != nil {
			return fmt.Errorf("parse %s: %w", path, err)
		}
		b.Modules = append(b.Modules, bundle.ModuleFile{URL: path, Path: path, Raw: []byte(files[path]), Parsed: parsed})
	}
	if err := bundle.NewWriter(w).Write(b); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}
