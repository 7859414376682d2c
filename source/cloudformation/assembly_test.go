package cloudformation_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// folder opens the files of a txtar archive.
func folder(t *testing.T, archive string, change func(name, src string) string) func(string) ([]byte, error) {
	t.Helper()
	src, err := os.ReadFile(archive)
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range txtar.Parse(src).Files {
		files[f.Name] = string(f.Data)
		if change != nil {
			files[f.Name] = change(f.Name, files[f.Name])
		}
	}
	return func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
}

const manifest = "cdk.out/manifest.json"

// assembly loads the assembly of testdata.
func assembly(t *testing.T, change func(name, src string) string) (*source.World, error) {
	t.Helper()
	open := folder(t, "testdata/cdk.txtar", change)
	src, err := open(manifest)
	require.NoError(t, err)
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	return w, cloudformation.LoadAssembly(w, manifest, src, cloudformation.Options{Open: open})
}

func TestAssembly(t *testing.T) {
	w, err := assembly(t, nil)
	require.NoError(t, err)
	require.Empty(t, w.Warnings)
	require.Len(t, w.Keys, 2)
	var roles []string
	for _, r := range w.Roles {
		roles = append(roles, r.Account+" "+r.Name)
	}
	require.Equal(t, []string{"111122223333 AppStack-Role1ABCC5F0", "111122223333 inner"}, roles)
	require.True(t, strings.HasPrefix(w.Keys[1].ARN, "arn:aws:kms:eu-west-1:444455556666:key/"))
	require.Equal(t, []string{"alias/prod"}, w.Keys[1].Aliases)
	for _, test := range []struct {
		principal, action, key string
		want                   evaluator.Verdict
		source                 string
	}{
		{"Role1ABCC5F0", "kms:Decrypt", "Key961B73FD", evaluator.Allow, "cdk.out/AppStack.template.json"},
		{"Role1ABCC5F0", "kms:Encrypt", "Key961B73FD", evaluator.Deny, ""},
		{"inner", "kms:Encrypt", "Key961B73FD", evaluator.Allow, "cdk.out/AppStackInner.nested.template.json"},
		{"role/inner", "kms:Decrypt", "Key961B73FD", evaluator.Deny, ""},
	} {
		p, err := w.Principal(strings.Replace("role/"+test.principal, "role/role/", "role/", 1))
		if err != nil {
			p, err = w.Principal(test.principal)
		}
		require.NoError(t, err)
		k, _, err := w.Key(test.key)
		require.NoError(t, err)
		d, err := evaluator.New(w).Explain(t.Context(), evaluator.Request{Principal: p, Action: test.action, Key: k})
		require.NoError(t, err)
		require.Equal(t, test.want, d.Decision, "%s %s", test.principal, test.action)
		if test.source != "" {
			last := d.Layers[len(d.Layers)-1]
			for _, l := range d.Layers {
				if l.Layer == "identity-policy" {
					last = l
				}
			}
			require.Equal(t, test.source, last.Statements[0].Source.File)
		}
	}
	// What a nested stack exports to the stack around it is known there.
	require.Equal(t, "arn:aws:iam::111122223333:role/inner", w.ManagedPolicies[0].Statements[0].Resources.Values[0].Text)
}

// TestAssemblyRefuses breaks the assembly in every place.
func TestAssemblyRefuses(t *testing.T) {
	for name, test := range map[string]struct{ file, old, text, want string }{
		"no JSON":        {manifest, `"artifacts": {`, `"artifacts": [`, "cdk.out/manifest.json:4:22: not valid JSON"},
		"no artifacts":   {manifest, `"artifacts"`, `"artefacts"`, "cdk.out/manifest.json:1:1: expected the manifest of a cloud assembly of the AWS CDK, with artifacts"},
		"no template":    {manifest, `"templateFile": "KeyStack.template.json", `, "", `cdk.out/manifest.json:15:5: the stack "KeyStack" needs a templateFile`},
		"template gone":  {manifest, `"KeyStack.template.json"`, `"Gone.json"`, `cdk.out/manifest.json:18:38: the template of the stack "KeyStack" cannot be read: open cdk.out/Gone.json: file does not exist`},
		"environment":    {manifest, "aws://unknown-account/unknown-region\",\n      \"properties\": {\"templateFile\": \"KeyS", "here\",\n      \"properties\": {\"templateFile\": \"KeyS", `cdk.out/manifest.json:17:22: expected the environment of "KeyStack" as aws://ACCOUNT/REGION`},
		"stage gone":     {manifest, `"assembly-Prod", "dis`, `"x", "dis`, `cdk.out/manifest.json:23:39: the stage "assembly-Prod" cannot be read: open cdk.out/x/manifest.json: file does not exist`},
		"account":        {"cdk.out/assembly-Prod/manifest.json", "444455556666", "44445555", `cdk.out/assembly-Prod/ProdKeys.template.json:1:1: "44445555" is no account id: expected 12 digits`},
		"mistake":        {"cdk.out/AppStackInner.nested.template.json", `"kms:Encrypt", "Effect"`, `"kms:Encrypt", "Effekt"`, `cdk.out/AppStackInner.nested.template.json:11:`},
		"nested gone":    {"cdk.out/AppStack.template.json", "AppStackInner.n", "Inner.n", `cdk.out/AppStack.template.json:26:35: the template of the nested stack InnerNestedStack cannot be read: open cdk.out/Inner.nested.template.json: file does not exist`},
		"no such output": {"cdk.out/AppStack.template.json", "Outputs.RoleArn", "Outputs.RolArn", `cdk.out/AppStack.template.json:33:66: the nested stack InnerNestedStack has no output "RolArn", did you mean "RoleArn"?`},
		"a value was not looked up": {
			manifest, `"artifacts": {`, `"missing": [{"key": "key-provider:account=1:aliasName=alias/a", "provider": "key-provider"}], "artifacts": {`,
			`the AWS CDK has not looked up "key-provider:account=1:aliasName=alias/a": the templates hold a made-up value in its place; run cdk synth with credentials`,
		},
		"name is missing": {"cdk.out/assembly-Prod/manifest.json", `"parameters": {"Alias": "alias/prod"}`, `"parameters": {}`, `cdk.out/assembly-Prod/ProdKeys.template.json:2:17: parameter Alias has no default: give it a value with --parameter Alias=…`},
	} {
		t.Run(name, func(t *testing.T) {
			changed := false
			_, err := assembly(t, func(name, src string) string {
				if name != test.file {
					return src
				}
				changed = strings.Contains(src, test.old)
				return strings.Replace(src, test.old, test.text, 1)
			})
			require.True(t, changed)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// TestImportUnknown is about exports that nobody has loaded, or whose value is unknown.
func TestImportUnknown(t *testing.T) {
	w, err := assembly(t, func(name, src string) string {
		if name != "cdk.out/KeyStack.template.json" {
			return src
		}
		return strings.Replace(src, `"Value": {"Fn::GetAtt": ["Key961B73FD", "Arn"]}`, `"Value": {"Ref": "BootstrapVersion"}`, 1)
	})
	require.NoError(t, err)
	require.ErrorContains(t, w.Warnings, "cdk.out/AppStack.template.json:15:19: warning: the export \"keys:ExportsOutputFnGetAttKey961B73FDArn5A860C43\" of another stack (cdk.out/KeyStack.template.json:")
	p, err := w.Principal("Role1ABCC5F0")
	require.NoError(t, err)
	k, _, err := w.Key("Key961B73FD")
	require.NoError(t, err)
	d, err := evaluator.New(w).Explain(t.Context(), evaluator.Request{Principal: p, Action: "kms:Decrypt", Key: k})
	require.NoError(t, err)
	require.Equal(t, evaluator.Conditional, d.Decision)
}

// TestWithoutNested loads a stack whose nested template is somewhere else: what it makes is not loaded, and said so.
func TestWithoutNested(t *testing.T) {
	src := `{"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://example.com/t.json"}}}}`
	w := &source.World{}
	open := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	require.NoError(t, cloudformation.Load(w, "t.json", []byte(src), cloudformation.Options{Open: open}))
	require.EqualError(t, w.Warnings, "t.json:1:16: warning: the template of the nested stack Inner is not at hand: what it makes is not loaded")
	src = strings.Replace(src, "https://example.com/t.json", "t.json", 1)
	open = func(string) ([]byte, error) { return []byte(src), nil }
	require.ErrorContains(t, cloudformation.Load(w, "t.json", []byte(src), cloudformation.Options{Open: open}), "stacks are nested deeper than 10 levels")
}
