package kms

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

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
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

// loadModel reads the model of the botocore that is installed, and skips the test when none is.
func loadModel(t *testing.T) *model {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import botocore,os;print(os.path.dirname(botocore.__file__))").Output()
	if err != nil {
		t.Skip("no botocore to compare with:", err)
	}
	file, err := os.Open(filepath.Join(strings.TrimSpace(string(out)), "data/kms/2014-11-01/service-2.json.gz"))
	if err != nil {
		t.Skip("no model of KMS in botocore:", err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	m := &model{}
	require.NoError(t, json.NewDecoder(unzipped).Decode(m))
	require.NotEmpty(t, m.Operations)
	return m
}

// TestInputsAreThoseOfTheModel holds the members of every input, and their constraints, to AWS's model.
func TestInputsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	m := loadModel(t)
	for _, name := range Operations() {
		t.Run(name, func(t *testing.T) {
			if _, known := m.Operations[name]; !known {
				t.Skip("botocore's model is older than the operation")
			}
			m.compare(t, m.Operations[name].Input.Shape, reflect.TypeOf(operations[name].input()).Elem())
		})
	}
}

// TestOutputsAreThoseOfTheModel holds the names of the members of every output to AWS's model, however deep they are.
func TestOutputsAreThoseOfTheModel(t *testing.T) {
	t.Parallel()
	m := loadModel(t)
	for _, name := range Operations() {
		t.Run(name, func(t *testing.T) {
			described, known := m.Operations[name]
			if !known {
				t.Skip("botocore's model is older than the operation")
			}
			shape := described.Output.Shape
			require.Equal(t, operations[name].output == nil, shape == "")
			if shape != "" {
				m.compareOutput(t, shape, reflect.TypeOf(operations[name].output()).Elem())
			}
		})
	}
}

func (m *model) compareOutput(t *testing.T, structure string, of reflect.Type) {
	t.Helper()
	want, got := m.Shapes[structure], map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(of) {
		if !field.Anonymous {
			got[field.Name] = field.Type
		}
	}
	for name, member := range want.Members {
		field, ok := got[name]
		if !ok {
			require.Contains(t, missingOutputs, structure+"."+name)
			continue
		}
		delete(got, name)
		for field.Kind() == reflect.Pointer {
			field = field.Elem()
		}
		switch s := m.Shapes[member.Shape]; {
		case s.Type == "structure":
			m.compareOutput(t, member.Shape, field)
		case s.Type == "list" && m.Shapes[s.Member.Shape].Type == "structure":
			m.compareOutput(t, s.Member.Shape, field.Elem())
		default:
		}
	}
	for name := range got {
		require.Contains(t, newerOutputs, structure+"."+name)
	}
}

// missingOutputs are members that no answer has: they wait for a rotation on demand, which is done at once here.
var missingOutputs = []string{"GetKeyRotationStatusResponse.OnDemandRotationStartDate"}

// newerOutputs are members of AWS SDK for Go v1.62.4 that botocore's model may not have yet.
var newerOutputs = []string{
	"KeyMetadata.EncapsulationAlgorithms", "GetPublicKeyResponse.EncapsulationAlgorithms", "GrantConstraints.SourceArn",
	"GrantListEntry.GranteeServicePrincipal", "GrantListEntry.RetiringServicePrincipal",
}

// TestEveryOperationIsAnswered holds the names of operations to the model.
func TestEveryOperationIsAnswered(t *testing.T) {
	t.Parallel()
	for name := range loadModel(t).Operations {
		require.Contains(t, operations, name)
	}
}

// newerMembers are members of AWS SDK for Go v1.62.4 that botocore's model may not have yet.
var newerMembers = []string{"GranteeServicePrincipal", "RetiringServicePrincipal", "SourceArn", "DryRunModifiers"}

func (m *model) compare(t *testing.T, structure string, of reflect.Type) {
	t.Helper()
	want := m.Shapes[structure]
	for name := range want.Members {
		_, ok := of.FieldByName(name)
		require.True(t, ok, "%s has no member %s", structure, name)
	}
	for field := range of.Fields() {
		member, ok := want.Members[field.Name]
		if !ok {
			require.Contains(t, newerMembers, field.Name, structure)
			continue
		}
		tag := rules.Parse(field.Tag.Get("kms"))
		required := slices.Contains(want.Required, field.Name) && !slices.Contains(newlyOptional, structure+"."+field.Name)
		require.Equal(t, required, tag.Required, "%s.%s required", structure, field.Name)
		m.compareValue(t, structure+"."+field.Name, member.Shape, &tag)
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
			m.compareValue(t, structure+"."+field.Name+"[]", s.Member.Shape, each)
		default:
		}
	}
}

// newlyOptional are members that newer models do not require any more.
var newlyOptional = []string{
	"CreateGrantRequest.GranteePrincipal", "DecryptRequest.CiphertextBlob", "ListRetirableGrantsRequest.RetiringPrincipal",
	"ReEncryptRequest.CiphertextBlob",
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
	if len(want.Enum) == 0 {
		require.Empty(t, got.Enum, "%s enum", where)
		return
	}
	require.Subset(t, enums[got.Enum], want.Enum, "%s enum", where)
}

// TestEnumsAreThoseOfTheSDK holds the enums to the AWS SDK for Go.
func TestEnumsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	sdk := map[string]constraint.Enum{
		"AlgorithmSpec":              texts(types.AlgorithmSpec("").Values()),
		"ExpirationModelType":        texts(types.ExpirationModelType("").Values()),
		"ImportType":                 texts(types.ImportType("").Values()),
		"WrappingKeySpec":            texts(types.WrappingKeySpec("").Values()),
		"CustomKeyStoreType":         texts(types.CustomKeyStoreType("").Values()),
		"XksProxyConnectivityType":   texts(types.XksProxyConnectivityType("").Values()),
		"CustomerMasterKeySpec":      texts(types.CustomerMasterKeySpec("").Values()),
		"DataKeyPairSpec":            texts(types.DataKeyPairSpec("").Values()),
		"DataKeySpec":                texts(types.DataKeySpec("").Values()),
		"DryRunModifierType":         texts(types.DryRunModifierType("").Values()),
		"EncapsulationAlgorithmSpec": texts(types.EncapsulationAlgorithmSpec("").Values()),
		"EncryptionAlgorithmSpec":    texts(types.EncryptionAlgorithmSpec("").Values()),
		"GrantOperation":             texts(types.GrantOperation("").Values()),
		"IncludeKeyMaterial":         texts(types.IncludeKeyMaterial("").Values()),
		"KeyAgreementAlgorithmSpec":  texts(types.KeyAgreementAlgorithmSpec("").Values()),
		"KeyEncryptionMechanism":     texts(types.KeyEncryptionMechanism("").Values()),
		"KeySpec":                    texts(types.KeySpec("").Values()),
		"KeyUsageType":               texts(types.KeyUsageType("").Values()),
		"MacAlgorithmSpec":           texts(types.MacAlgorithmSpec("").Values()),
		"MessageType":                texts(types.MessageType("").Values()),
		"OriginType":                 texts(types.OriginType("").Values()),
		"SigningAlgorithmSpec":       texts(types.SigningAlgorithmSpec("").Values()),
	}
	for name := range enums {
		require.Contains(t, sdk, name)
		require.Equal(t, sdk[name], enums[name], name)
	}
}

func texts[T ~string](values []T) constraint.Enum {
	var out constraint.Enum
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}
