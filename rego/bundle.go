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

// Bundle is an OPA bundle of the decision modules and the units, which the stock opa binary evaluates:
// data.strictkms.layers.decision. The roots of its manifest are strictkms.
// https://www.openpolicyagent.org/docs/latest/management-bundles/
type Bundle struct {
	// Revision identifies the content.
	Revision string
	Units    []NamedUnit
	// Request, when it is not nil, becomes data.strictkms.request: an input that goes with the units.
	Request map[string]any
	// Readings are what the units were translated with. They become data.strictkms.assume.
	Readings Readings
	// Sign adds a signature over the files, for example with [bundle.Bundle.GenerateSignature]; nil does not.
	// https://www.openpolicyagent.org/docs/latest/management-bundles/#signing
	Sign func(*bundle.Bundle) error
}

// Write writes the bundle as .tar.gz.
func (b Bundle) Write(w io.Writer) error {
	out := bundle.Bundle{
		Manifest: bundle.Manifest{Revision: b.Revision, Roots: &[]string{"strictkms"}},
		Data:     b.data(),
	}
	out.Manifest.Init()
	var err error
	if out.Modules, err = b.modules(); err != nil {
		return err
	}
	if b.Sign != nil {
		if err := b.Sign(&out); err != nil {
			return fmt.Errorf("sign the bundle: %w", err)
		}
	}
	if err := bundle.NewWriter(w).Write(out); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}

// data are the documents of the bundle.
func (b Bundle) data() map[string]any {
	documents := map[string]any{}
	if b.Request != nil {
		documents["request"] = b.Request
	}
	if changed := b.Readings.Changed(); len(changed) > 0 {
		assume := map[string]any{}
		for name, reading := range changed {
			assume[name] = reading
		}
		documents["assume"] = assume
	}
	if len(documents) == 0 {
		return documents
	}
	return map[string]any{"strictkms": documents}
}

// modules are the decision modules and those of the units, in order.
func (b Bundle) modules() ([]bundle.ModuleFile, error) {
	files := map[string]string{
		"/strictkms/decision.rego": DecisionModule,
		"/strictkms/layers.rego":   LayersModule,
	}
	order := []string{"/strictkms/decision.rego", "/strictkms/layers.rego"}
	for _, u := range b.Units {
		path := "/strictkms/unit/" + u.Name + ".rego"
		text, err := Print(u.Module)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.Name, err)
		}
		if _, ok := files[path]; ok {
			return nil, fmt.Errorf("two units are called %s", u.Name)
		}
		files[path] = text
		order = append(order, path)
	}
	modules := make([]bundle.ModuleFile, 0, len(order))
	for _, path := range order {
		parsed, err := ast.ParseModule(path, files[path])
		if err != nil { // not reached: what was printed was parsed
			return nil, fmt.Errorf("parse %s: %w", path, err)
		}
		modules = append(modules, bundle.ModuleFile{URL: path, Path: path, Raw: []byte(files[path]), Parsed: parsed})
	}
	return modules, nil
}
