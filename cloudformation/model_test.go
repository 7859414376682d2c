package cloudformation

import (
	"compress/gzip"
	"encoding/json"
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

// model is AWS's model of the API, as botocore has it.
type model struct {
	Operations map[string]struct{ Input, Output struct{ Shape string } }
	Shapes     map[string]shape
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

func loadModel(t *testing.T) *model {
	t.Helper()
	found, err := exec.CommandContext(t.Context(), "python3", "-c", "import botocore; print(botocore.__path__[0])").Output()
	if err != nil {
		t.Skip("botocore is not installed")
	}
	file, err := os.Open(filepath.Join(strings.TrimSpace(string(found)), "data/cloudformation/2010-05-15/service-2.json.gz"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	var m model
	require.NoError(t, json.NewDecoder(unzipped).Decode(&m))
	return &m
}

// TestInputsAndOutputsAreThoseOfTheModel holds every input struct with its tags, and every output struct, to AWS's model.
func TestInputsAndOutputsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	m := loadModel(t)
	for _, name := range operations.Names() {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, m.Operations, name)
			m.compare(t, m.Operations[name].Input.Shape, reflect.TypeOf(operations.Input(name)).Elem())
			if out := operations.Output(name); out != nil {
				m.contains(t, m.Operations[name].Output.Shape, out)
			}
		})
	}
}

// contains requires that the members of an output are the model's. It may have fewer.
func (m *model) contains(t *testing.T, structure string, of reflect.Type) {
	t.Helper()
	want := m.Shapes[structure]
	for field := range of.Fields() {
		require.Contains(t, want.Members, field.Name, "%s", structure)
		inner := want.Members[field.Name].Shape
		if m.Shapes[inner].Type == "list" {
			inner = m.Shapes[inner].Member.Shape
		}
		if s := constraint.StructureOf(field.Type); s != nil && m.Shapes[inner].Type == "structure" {
			m.contains(t, inner, s)
		}
	}
}

// compare requires that an input has all members of the model, with their constraints.
func (m *model) compare(t *testing.T, structure string, of reflect.Type) {
	t.Helper()
	want := m.Shapes[structure]
	var names []string
	for field := range of.Fields() {
		names = append(names, field.Name)
		where := structure + "." + field.Name
		member, ok := want.Members[field.Name]
		require.True(t, ok, "%s is not in the model", where)
		tag := rules.Parse(field.Tag.Get("cfn"))
		require.Equal(t, slices.Contains(want.Required, field.Name), tag.Required, "%s required", where)
		m.compareValue(t, where, member.Shape, &tag)
		switch s := m.Shapes[member.Shape]; {
		case s.Type == "structure":
			m.compare(t, member.Shape, constraint.StructureOf(field.Type))
		case s.Type == "list" && m.Shapes[s.Member.Shape].Type == "structure":
			m.compare(t, s.Member.Shape, constraint.StructureOf(field.Type))
		case s.Type == "list":
			each := tag.Each
			if each == nil {
				each = &constraint.Rules{}
			}
			m.compareValue(t, where+"[]", s.Member.Shape, each)
		default:
		}
	}
	for name := range want.Members {
		require.Contains(t, names, name, "%s", structure)
	}
}

func (m *model) compareValue(t *testing.T, where, name string, got *constraint.Rules) {
	t.Helper()
	want := m.Shapes[name]
	require.Equal(t, want.Min, got.Min, "%s min", where)
	require.Equal(t, want.Max, got.Max, "%s max", where)
	pattern := ""
	if got.Pattern != "" {
		pattern = patterns[got.Pattern].Text
	}
	require.Equal(t, want.Pattern, pattern, "%s pattern", where)
	require.ElementsMatch(t, want.Enum, enums[got.Enum], "%s enum", where)
}
