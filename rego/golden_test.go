package rego_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// kinds are the kinds of policy as file names have them: NAME.KIND.json.
var kinds = func() map[string]policy.Kind {
	out := map[string]policy.Kind{}
	for kind := policy.KeyPolicy; kind <= policy.TrustPolicy; kind++ {
		out[kind.String()] = kind
	}
	return out
}()

// parse reads a policy that must be right.
func parse(t *testing.T, kind policy.Kind, name string, src []byte) *policy.Document {
	t.Helper()
	doc, diags := policy.Parse(kind, name, src, policy.WithFile(name))
	require.NotNil(t, doc, "%v", diags)
	return doc
}

// golden compares a text with a file, or rewrites the file.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test ./rego -update")
	require.Equal(t, string(want), text, "run go test ./rego -update if this is what you meant")
}

// checkUnit holds a unit to what the package promises of every one.
func checkUnit(t *testing.T, u *rego.Unit) {
	t.Helper()
	for what, module := range map[string]string{"module": u.Module, "explanation": u.Explain, "residual": u.Residual} {
		parsed, err := ast.ParseModuleWithOpts(what, module, ast.ParserOptions{ProcessAnnotation: true})
		require.NoError(t, err, "%s\n%s", what, module)
		strict := ast.NewCompiler().WithStrict(true)
		strict.Compile(map[string]*ast.Module{what: parsed})
		require.False(t, strict.Failed(), "%s: %v\n%s", what, strict.Errors, module)
		if what == "residual" {
			require.GreaterOrEqual(t, len(parsed.Rules), u.Residuals)
			continue // nobody reads it
		}
		if len(parsed.Rules) == 0 {
			continue // opa fmt joins comments without rules
		}
		printed, err := rego.Print(module)
		require.NoError(t, err)
		require.Equal(t, strings.TrimRight(printed, "\n"), strings.TrimRight(module, "\n"), "opa fmt would change the %s", what)
	}
	module := ast.MustParseModule(u.Module)
	require.GreaterOrEqual(t, len(module.Rules), len(u.Rules), "a rule without its text")
	for i, rule := range u.Rules {
		require.Equal(t, string(rule.Class), module.Rules[i].Head.Ref().String(), "rule %d", i)
		require.Less(t, rule.Residual, u.Residuals)
	}
}

// TestTranslations compares the translation of the policies in testdata with the golden files beside them.
func TestTranslations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name, kindName, ok := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), ".")
		require.True(t, ok, file)
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Contains(t, kinds, kindName)
			u := rego.Policy(parse(t, kinds[kindName], filepath.Base(file), src), rego.Name(name))
			checkUnit(t, u)
			printed, err := rego.Print(u.Module)
			require.NoError(t, err)
			golden(t, strings.TrimSuffix(file, ".json")+".rego", printed)
		})
	}
}

// TestGrants compares the translation of grants with its golden file.
func TestGrants(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/k1"
	u := rego.Grants([]*policy.Grant{
		{ID: "own", KeyARN: key, GranteePrincipal: "arn:aws:iam::111122223333:role/App", Operations: []string{"Decrypt", "Encrypt"}},
		{
			ID: "equals", KeyARN: key, GranteePrincipal: "arn:aws:iam::111122223333:user/alice", Operations: []string{"Decrypt", "DescribeKey", "CreateGrant"},
			EncryptionContextEquals: map[string]string{"tenant": "a", "b": `"`}, RetiringPrincipal: "arn:aws:iam::111122223333:user/bob",
		},
		{
			ID: "subset", KeyARN: key, GranteePrincipal: "111122223333", Operations: []string{"Decrypt", "RetireGrant"}, IssuingAccount: "111122223333",
			EncryptionContextSubset: map[string]string{"tenant": "a", "if": "1", "contains": "2", "data": "3", "a-b": "4", "é": "5", "_": "6"},
		},
		{
			ID: "service", KeyARN: key, GranteeServicePrincipal: "s3.amazonaws.com", Operations: []string{"GenerateDataKey"},
			SourceArn: "arn:aws:s3:::bucket", RetiringServicePrincipal: "s3.amazonaws.com",
		},
		{ID: "foreign", KeyARN: key, GranteePrincipal: "arn:aws:iam::444455556666:role/App", Operations: []string{"Decrypt"}, IssuingAccount: "111122223333"},
		{
			ID: "foreign but issued there", KeyARN: key, GranteePrincipal: "arn:aws:iam::444455556666:role/App", Operations: []string{"Decrypt"},
			IssuingAccount: "arn:aws:iam::444455556666:root",
		},
		{ID: "of no use", KeyARN: key, GranteePrincipal: "nobody", Operations: []string{"NoSuchOperation"}},
	}, "grants")
	checkUnit(t, u)
	printed, err := rego.Print(u.Module)
	require.NoError(t, err)
	golden(t, "testdata/grants.rego", printed)
}

// TestNamesAreNoRego puts what others can choose, and what a translation mentions, into places where it could be
// read as Rego.
func TestNamesAreNoRego(t *testing.T) {
	const injected = "x\nallow contains 7 if true\r\ndirect contains 7 if true\u2028\n"
	src := []byte(`{"Version": "2012-10-17", "Statement": {"Sid": "x\nallow contains 7 if true", "Effect": "Allow", "Principal": "*",
		"Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringEquals": {"acme:\"] == 1 } allow contains 7 if { true": "\"\nallow"}}}}`)
	for _, name := range []string{injected, "METADATA", "METADATA\nscope: package", "", "`", "\ttab"} {
		t.Run(name, func(t *testing.T) {
			doc, diags := policy.Parse(policy.KeyPolicy, name, src, policy.WithFile(name))
			require.NotNil(t, doc, "%v", diags)
			u := rego.Policy(doc, "one")
			checkUnit(t, u)
			require.Len(t, ast.MustParseModule(u.Module).Rules, 1)

			u = rego.Grants([]*policy.Grant{{
				ID: name, Name: name, KeyARN: "arn:aws:kms:us-east-1:111122223333:key/k1", GranteePrincipal: "arn:aws:iam::111122223333:role/App",
				Operations: []string{"Decrypt"}, EncryptionContextSubset: map[string]string{name: name}, SourceArn: name + "x",
			}}, "one")
			checkUnit(t, u)
			require.Len(t, ast.MustParseModule(u.Module).Rules, 1)
		})
	}
}
