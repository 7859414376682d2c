package cloudformation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// options are those of most tests.
var options = cloudformation.Options{Account: "111122223333", Region: "eu-west-2", StackName: "app"}

// load loads a template that must be fine.
func load(t *testing.T, template string) *source.World {
	t.Helper()
	return loadWith(t, template, options)
}

func loadWith(t *testing.T, template string, opts cloudformation.Options) *source.World {
	t.Helper()
	w := &source.World{}
	require.NoError(t, cloudformation.Load(w, "t.yaml", []byte(template), opts))
	requireLocated(t, w.Warnings)
	return w
}

// mistakes loads a template that must be refused, and returns the findings as "line:column: message".
func mistakes(t *testing.T, template string, opts cloudformation.Options) []string {
	t.Helper()
	w := &source.World{}
	err := cloudformation.Load(w, "t.yaml", []byte(template), opts)
	require.Error(t, err)
	diags, ok := errors.AsType[policy.Diagnostics](err)
	require.True(t, ok, "%T", err)
	requireLocated(t, diags)
	require.Equal(t, &source.World{}, w, "a template with mistakes must not change the world")
	return shown(diags)
}

// shown formats findings as "line:column: message".
func shown(diags policy.Diagnostics) []string {
	var lines []string
	for _, d := range diags {
		lines = append(lines, fmt.Sprintf("%d:%d: %s", d.Pos.Line, d.Pos.Column, d.Message))
	}
	return lines
}

// requireShown compares findings with the beginnings that are wanted, one by one.
func requireShown(t *testing.T, want, got []string) {
	t.Helper()
	require.Len(t, got, len(want), "%s", strings.Join(got, "\n"))
	for i := range want {
		require.True(t, strings.HasPrefix(got[i], want[i]), "want %q\n got %q", want[i], got[i])
	}
}

func TestLoadDefaults(t *testing.T) {
	w := &source.World{}
	require.NoError(t, cloudformation.Load(w, "dir/my_app.v2.yaml", []byte("Resources: {K: {Type: AWS::KMS::Key}, U: {Type: AWS::IAM::User}}"), cloudformation.Options{}))
	require.Equal(t, source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}, w.Defaults)
	require.True(t, strings.HasPrefix(w.Keys[0].ARN, "arn:aws:kms:us-east-1:111122223333:key/"))
	require.Equal(t, "my-app-U", w.Users[0].Name)

	china := &source.World{Defaults: source.Defaults{Account: "444455556666", Region: "cn-north-1"}}
	require.NoError(t, cloudformation.Load(china, "9.yaml", []byte("Resources: {K: {Type: AWS::KMS::Key}, U: {Type: AWS::IAM::User}}"), cloudformation.Options{}))
	require.True(t, strings.HasPrefix(china.Keys[0].ARN, "arn:aws-cn:kms:cn-north-1:444455556666:key/"))
	require.Equal(t, "stack-U", china.Users[0].Name)
	require.Equal(t, "aws-cn", china.Defaults.Partition)
}

func TestStackNames(t *testing.T) {
	for file, want := range map[string]string{
		"app.yaml": "app", "dir/my_app.v2.yaml": "my-app", "template.yaml": "template", "ledger/template.yaml": "ledger",
		"./template.json": "template", "../template.json": "template", "/template.yaml": "template", "9.yaml": "stack", ".yaml": "stack",
		"é.yaml": "stack", "a/b-2/template.yml": "b-2", "-": "stack", "": "stack",
	} {
		w := &source.World{}
		require.NoError(t, cloudformation.Load(w, file, []byte("Resources: {U: {Type: AWS::IAM::User}}"), cloudformation.Options{}))
		require.Equal(t, want+"-U", w.Users[0].Name, "%q", file)
	}
}

func TestLoadOptionsAreChecked(t *testing.T) {
	got := mistakes(t, "Resources: {}", cloudformation.Options{Account: "12", Region: "London", StackName: "-"})
	requireShown(t, []string{`1:1: "12" is no account id`, `1:1: "London" is no Region`, `1:1: "-" is no stack name`}, got)
}

func TestLoadTwice(t *testing.T) {
	const template = "Resources:\n  K:\n    Type: AWS::KMS::Key\n  G:\n    Type: AWS::IAM::Group\n"
	w := load(t, template)
	err := cloudformation.Load(w, "u.yaml", []byte(template), options)
	diags, _ := errors.AsType[policy.Diagnostics](err)
	require.Len(t, diags, 2)
	require.Contains(t, diags[0].String(), "u.yaml:2:3: the key arn:aws:kms:eu-west-2:111122223333:key/")
	require.Contains(t, diags[1].String(), "u.yaml:4:3: the group app-G is declared already (see t.yaml:4:3)")
	require.Len(t, w.Keys, 1)

	other := options
	other.StackName = "other"
	require.NoError(t, cloudformation.Load(w, "u.yaml", []byte(template), other))
	require.Len(t, w.Keys, 2)
	require.NotEqual(t, w.Keys[0].ARN, w.Keys[1].ARN)
}

func TestSameTemplateSameNames(t *testing.T) {
	const template = "Resources: {K: {Type: AWS::KMS::Key}, M: {Type: AWS::KMS::Key, Properties: {MultiRegion: true}}, R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: 111122223333}, Action: sts:AssumeRole}}}}}"
	a, b := load(t, template), load(t, template)
	require.Equal(t, a, b)
	require.Regexp(t, `:key/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, a.Keys[0].ARN)
	require.Regexp(t, `:key/mrk-[0-9a-f]{32}$`, a.Keys[1].ARN)
	require.Regexp(t, `^AROA[A-Z2-7]{17}$`, a.Roles[0].UniqueID)
}

// loadInto adds a template that must be fine to a world.
func loadInto(t *testing.T, w *source.World, template string, opts cloudformation.Options) {
	t.Helper()
	require.NoError(t, cloudformation.Load(w, "t.yaml", []byte(template), opts))
	requireLocated(t, w.Warnings)
}
