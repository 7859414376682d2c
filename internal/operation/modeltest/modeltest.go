// Package modeltest holds the inputs of an API to AWS's model of it, as botocore has it. It is for tests.
package modeltest

import (
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/internal/constraint"
)

// API is what is held to the model.
type API struct {
	// Model is the directory of the model, for example sts/2011-06-15, Tag the name of the struct tags.
	Model, Tag string
	Rules      *constraint.Set
	Enums      map[string]constraint.Enum
	Patterns   map[string]*constraint.Pattern
	Operations []string
	// Input and Output return a pointer to the struct of an operation and the type of its output; nil for none.
	Input  func(operation string) any
	Output func(operation string) reflect.Type
	// Newer are members of outputs that the SDK for Go has and botocore may not have yet.
	Newer []string
}

type model struct {
	*API
	Shapes map[string]shape
	Calls  map[string]struct{ Input, Output struct{ Shape string } } `json:"operations"`
}

type shape struct {
	Type     string
	Required []string
	Members  map[string]struct{ Shape string }
	Member   struct{ Shape string }
	Min, Max *int64
	Pattern  string
	Enum     []string
}

// Check compares every operation with the model. It skips the test when botocore is not installed.
func Check(t *testing.T, api *API) {
	t.Helper()
	found, err := exec.CommandContext(t.Context(), "python3", "-c", "import botocore; print(botocore.__path__[0])").Output()
	if err != nil {
		t.Skip("botocore is not installed")
	}
	file, err := os.Open(filepath.Join(strings.TrimSpace(string(found)), "data", filepath.FromSlash(api.Model), "service-2.json.gz"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	m := &model{API: api}
	require.NoError(t, json.NewDecoder(unzipped).Decode(m))
	for _, name := range api.Operations {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, m.Calls, name)
			in := reflect.TypeOf(api.Input(name)).Elem()
			if m.Calls[name].Input.Shape == "" {
				require.Zero(t, in.NumField())
			} else {
				m.input(t, m.Calls[name].Input.Shape, in)
			}
			if out := api.Output(name); out != nil {
				m.output(t, m.Calls[name].Output.Shape, out)
			}
		})
	}
}

// members are the fields of a struct, also of structs that are embedded in it, by what the wire calls them.
func members(of reflect.Type) map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	for field := range of.Fields() {
		if field.Anonymous {
			maps.Copy(out, members(field.Type))
			continue
		}
		name := field.Name
		if other, ok := field.Tag.Lookup("query"); ok {
			name = other
		}
		out[name] = field
	}
	return out
}

// structureIn is the name of the structure that a member is or is a list of, empty for another.
func (m *model) structureIn(name string) string {
	if s := m.Shapes[name]; s.Type == "list" {
		name = s.Member.Shape
	}
	if m.Shapes[name].Type != "structure" {
		return ""
	}
	return name
}

// output requires that the members of an output are the model's. It may have fewer.
func (m *model) output(t *testing.T, structure string, of reflect.Type) {
	t.Helper()
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	for name, field := range members(of) {
		if _, known := m.Shapes[structure].Members[name]; !known && slices.Contains(m.Newer, name) {
			continue
		}
		require.Contains(t, m.Shapes[structure].Members, name, structure)
		if inner := m.structureIn(m.Shapes[structure].Members[name].Shape); inner != "" {
			m.output(t, inner, constraint.StructureOf(field.Type))
		}
	}
}

// input requires that an input has all members of the model, with their constraints.
func (m *model) input(t *testing.T, structure string, of reflect.Type) {
	t.Helper()
	want, got := m.Shapes[structure], members(of)
	for name, field := range got {
		where := structure + "." + name
		require.Contains(t, want.Members, name, structure)
		tag := m.Rules.Parse(field.Tag.Get(m.Tag))
		require.Equal(t, slices.Contains(want.Required, name), tag.Required, "%s required", where)
		m.value(t, where, want.Members[name].Shape, &tag)
		if inner := m.structureIn(want.Members[name].Shape); inner != "" {
			m.input(t, inner, constraint.StructureOf(field.Type))
		} else if s := m.Shapes[want.Members[name].Shape]; s.Type == "list" {
			each := tag.Each
			if each == nil {
				each = &constraint.Rules{}
			}
			m.value(t, where+"[]", s.Member.Shape, each)
		}
	}
	for name := range want.Members {
		require.Contains(t, got, name, structure)
	}
}

// anything is a pattern that everything matches, which no tag has.
const anything = `[\s\S]*`

func (m *model) value(t *testing.T, where, name string, got *constraint.Rules) {
	t.Helper()
	want := m.Shapes[name]
	require.Equal(t, want.Min, got.Min, "%s min", where)
	require.Equal(t, want.Max, got.Max, "%s max", where)
	pattern := ""
	if got.Pattern != "" {
		pattern = m.Patterns[got.Pattern].Text
	}
	if want.Pattern != anything {
		require.Equal(t, want.Pattern, pattern, "%s pattern", where)
	}
	require.Equal(t, want.Enum, []string(m.Enums[got.Enum]), "%s enum", where)
}
