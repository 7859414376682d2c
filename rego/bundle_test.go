package rego_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	oparego "github.com/open-policy-agent/opa/v1/rego"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

func TestName(t *testing.T) {
	for text, want := range map[string]string{
		"key": "key", "Key Policy of alias/App": "key_policy_of_alias_app", "--x--": "x", "": "unit", "Ünï": "n",
		"123": "unit_123", "日本": "unit", "policy.json": "policy_json",
	} {
		require.Equal(t, want, rego.Name(text), "%q", text)
	}
}

// TestEveryNameIsAPackage asks that a unit can be called like anything: a file may be called import.json.
func TestEveryNameIsAPackage(t *testing.T) {
	doc := parse(t, policy.IdentityPolicy, "x", []byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`))
	names := append([]string{"", "9", "data", "input", "explain", "set"}, ast.Keywords[:]...)
	for _, text := range names {
		checkUnit(t, rego.Policy(doc, rego.Name(text)))
	}
}

func TestPrintRefuses(t *testing.T) {
	_, err := rego.Print("package x\n\nallow if {")
	require.ErrorContains(t, err, "format translated policy")
}

// TestWriteBundle reads a bundle back with OPA and asks it for a decision.
func TestWriteBundle(t *testing.T) {
	key := parse(t, policy.KeyPolicy, "key", []byte(`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}}`))
	var b bytes.Buffer
	require.NoError(t, rego.Bundle{
		Revision: "r1", Units: []rego.NamedUnit{{Name: "key", Unit: rego.Policy(key, "key")}}, Request: map[string]any{"action": "kms:Decrypt"},
	}.Write(&b))
	read, err := bundle.NewReader(&b).Read()
	require.NoError(t, err)
	require.Equal(t, "r1", read.Manifest.Revision)
	require.Equal(t, []string{"strictkms"}, *read.Manifest.Roots)
	require.Len(t, read.Modules, 3)

	results, err := oparego.New(
		oparego.Query("data.strictkms.layers.decision"),
		oparego.ParsedBundle("strictkms", &read),
		oparego.Input(map[string]any{
			"action":    "kms:Decrypt",
			"principal": map[string]any{"type": "user", "account": "111122223333", "service_linked": false},
			"resource":  map[string]any{"account": "111122223333"},
			"facts":     map[string]any{"on_key": true, "cross_account": true, "through_endpoint": false},
			"units":     map[string]any{"key": []string{"key"}},
		}),
	).Eval(t.Context())
	require.NoError(t, err)
	require.Len(t, results, 1)
	require.Equal(t, map[string]any{"decision": "allow", "reason": "direct-key-policy"}, results[0].Expressions[0].Value)
}

// full is a writer without room.
type full struct{}

var errFull = errors.New("no space left")

// Write implements io.Writer.
func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteBundleRefuses(t *testing.T) {
	good := &rego.Unit{Module: "package strictkms.unit.one\n"}
	var b bytes.Buffer
	err := rego.Bundle{Units: []rego.NamedUnit{{Name: "one", Unit: good}, {Name: "one", Unit: good}}}.Write(&b)
	require.ErrorContains(t, err, "two units are called one")
	err = rego.Bundle{Units: []rego.NamedUnit{{Name: "one", Unit: &rego.Unit{Module: "package"}}}}.Write(&b)
	require.ErrorContains(t, err, "one: format translated policy")
	require.ErrorIs(t, rego.Bundle{}.Write(full{}), errFull)
	err = rego.Bundle{Sign: func(*bundle.Bundle) error { return errFull }}.Write(&b)
	require.ErrorIs(t, err, errFull)
	require.ErrorContains(t, err, "sign the bundle: ")
}

// TestDocumentsThatNoParserMakes translates what a program may build by hand.
func TestDocumentsThatNoParserMakes(t *testing.T) {
	star := &policy.Strings{Values: []policy.Value{{Text: "*"}}}
	doc := &policy.Document{Kind: policy.KeyPolicy, Name: "by hand", Version: policy.Version2012, Statements: []*policy.Statement{
		{Effect: policy.Allow, Actions: star, Resources: star}, // names nobody
		{Index: 1, Effect: policy.Allow, Actions: star, Resources: star, Principals: &policy.Principals{Values: []policy.Principal{{}}}},
		{
			Index: 2, Effect: policy.Allow, Actions: star, Resources: star,
			Principals: &policy.Principals{Values: []policy.Principal{{Form: policy.PrincipalAny}}},
			Conditions: []policy.Condition{{Key: policy.Value{Text: "aws:username"}, Values: star.Values}}, // no operator
		},
	}}
	u := rego.Policy(doc, "one")
	checkUnit(t, u)
	require.Empty(t, u.Rules, "none of these statements can match")
	require.Len(t, u.Statements, 3)
}

// TestParseDate reads the spellings of https://www.w3.org/TR/NOTE-datetime and seconds since 1970.
func TestParseDate(t *testing.T) {
	for text, want := range map[string]string{
		"2024-01-02T03:04:05Z": "2024-01-02T03:04:05Z", "2024-01-02T03:04:05.25+01:00": "2024-01-02T02:04:05.25Z",
		"2024-01-02T03:04Z": "2024-01-02T03:04:00Z", "2024-01-02": "2024-01-02T00:00:00Z", "2024-01": "2024-01-01T00:00:00Z",
		"2024": "2024-01-01T00:00:00Z", "1704067200": "2024-01-01T00:00:00Z", "1704067200.5": "2024-01-01T00:00:00.5Z",
		"0": "1970-01-01T00:00:00Z", "-1.5": "1969-12-31T23:59:58.5Z",
		"9999-12-31T23:59:59Z": "2262-04-11T23:47:16.854775807Z", "1600-01-01": "1677-09-21T00:12:43.145224192Z",
		"99999999999999999999999": "2262-04-11T23:47:16.854775807Z", "-99999999999999999999999": "1677-09-21T00:12:43.145224192Z",
	} {
		date, ok := rego.ParseDate(text)
		require.True(t, ok, text)
		require.Equal(t, want, date.Format("2006-01-02T15:04:05.999999999Z07:00"), text)
	}
	for _, text := range []string{"", "tomorrow", "2024-13", "1e9", "2024-01-02 03:04", "12:30"} {
		_, ok := rego.ParseDate(text)
		require.False(t, ok, text)
	}
}
