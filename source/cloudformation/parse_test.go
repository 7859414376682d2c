package cloudformation_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

func TestBadInput(t *testing.T) {
	cases := []struct {
		name, template string
		want           []string
	}{
		{"empty", "", []string{"1:1: the file is empty, expected a CloudFormation template"}},
		{"blank", " \n\t\n", []string{"1:1: the file is empty"}},
		{"only a comment", "# nothing\n", []string{"1:1: the file holds no document"}},
		{"nothing but a document", "---\n", []string{"2:1: expected a CloudFormation template: a mapping with Resources, found null"}},
		{"binary", "\x7fELF\x02\x01\x01\x00", []string{"1:5: expected a CloudFormation template as UTF-8 text, found the control character 0x02"}},
		{"zip", "PK\x03\x04", []string{"1:3: expected a CloudFormation template as UTF-8 text, found the control character 0x03"}},
		{"latin-1", "Description: caf\xe9\n", []string{"1:17: expected a CloudFormation template as UTF-8 text, found the byte 0xe9"}},
		{"utf-16", "\xff\xfeR\x00", []string{"1:1: the file is in UTF-16"}},
		{"mark of ours", "Description: a\uE000b\n", []string{"1:15: expected a CloudFormation template as UTF-8 text, found the private-use character U+E000"}},
		{"nothing but a document at the end", "\n\n---", []string{"3:4: expected a CloudFormation template: a mapping with Resources, found null"}},
		{"a string", "hello", []string{"1:1: expected a CloudFormation template: a mapping with Resources, found a string"}},
		{"a list", "[a]", []string{"1:1: expected a CloudFormation template: a mapping with Resources, found a list"}},
		{"no resources", "Description: x\n", []string{"1:1: expected a CloudFormation template: Resources is missing"}},
		{"a policy is no template", `{"Version": "2012-10-17", "Statement": []}`, []string{
			"1:1: expected a CloudFormation template: Resources is missing", `1:2: unknown template section "Version"`, `1:27: unknown template section "Statement"`,
		}},
		{"resources as list", "Resources: []\n", []string{"1:12: expected Resources to be a mapping, found a list"}},
		{"misspelt section", "Resources: {}\nParametres: {}\n", []string{`2:1: unknown template section "Parametres", did you mean "Parameters"?`}},
		{"version", "AWSTemplateFormatVersion: 2012-10-17\nResources: {}\n", []string{"1:27: expected the template version 2010-09-09"}},
		{"truncated json", `{"Resources": {"K": {"Type": "AWS::K`, []string{"1:37: not valid JSON: unexpected end of JSON input"}},
		{"truncated json after a line", "{\n  \"Resources\": {\n", []string{"3:1: not valid JSON: unexpected end of JSON input"}},
		{"broken json", `{"Resources": {"K" {}}}`, []string{`1:20: not valid JSON: invalid character '{' after object key`}},
		{"truncated yaml", "Resources:\n  K: {Type: AWS::KMS::Key\n", []string{"3:1: not valid YAML: "}},
		{"yaml indentation", "Resources:\n  K:\n    Type: a\n   Properties: b\n", []string{"4:4: not valid YAML: "}},
		{"yaml with tab", "Resources:\n\tK: {}\n", []string{"2:1: not valid YAML: "}},
		{"unclosed quote", "Resources:\n  K: 'a\n", []string{"3:1: not valid YAML: "}},
		{"unknown alias", "Resources: *r\n", []string{"1:12: not valid YAML: unknown anchor 'r' referenced"}},
		{"alias inside itself", "Resources: &r\n  K: *r\n", []string{"2:6: the alias *r stands inside what it points at"}},
		{"merge key", "Metadata: &m {a: b}\nResources:\n  <<: *m\n", []string{"3:3: YAML merge keys (<<) are not supported: write the keys out"}},
		{"duplicate key", "Resources:\n  K: {Type: AWS::KMS::Key}\n  K: {Type: AWS::KMS::Key}\n", []string{`3:3: the key "K" is already in this mapping`}},
		{"duplicate key deep in json", `{"Resources": {"K": {"Type": "AWS::KMS::Key", "Properties": {"Tags": [{"Key": "a", "Key": "b", "Value": "c"}]}}}}`, []string{`1:84: the key "Key" is already in this mapping`}},
		{"duplicate section", "Resources: {}\nResources: {}\n", []string{`2:1: the key "Resources" is already in this mapping`}},
		{"every duplicate", "Resources:\n  A: {Type: X, Type: Y}\n  B: {Type: X, Type: Y}\n", []string{`2:16: the key "Type"`, `3:16: the key "Type"`}},
		{"complex key", "Resources:\n  ? [a]\n  : b\n", []string{"2:5: expected a string as key of a mapping"}},
		{"binary tag", "Resources: {K: {Type: !!binary aGk=}}\n", []string{"1:23: CloudFormation has no YAML type !!binary"}},
		{"foreign tag", "Resources: {K: {Type: !<tag:example.com,2000:x> a}}\n", []string{`1:23: unknown YAML tag "tag:example.com,2000:x"`}},
		{"deep json in a policy", "Resources: {K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: '" + strings.Repeat("[", 250) + strings.Repeat("]", 250) + "'}}}\n", []string{"1:263: in a policy as JSON text: the text nests deeper than 200 levels"}},
		{"two documents", "Resources: {}\n---\nResources: {}\n", []string{"2:1: a second YAML document begins here"}},
		{"null resource", "Resources:\n  K:\n", []string{`2:5: expected the resource "K" as a mapping, found null`}},
		{"null section", "Resources: {}\nParameters:\n", []string{"2:12: expected Parameters to be a mapping, found null"}},
		{"position after wide characters", "Resources: {é: {Type: X}, ü😀: []}\n", []string{`1:13: "é" is no logical id`, `1:36: expected the resource "ü😀" as a mapping, found a list`}},
		{"position after a byte order mark", "\uFEFFResources: []\n", []string{"1:12: expected Resources to be a mapping"}},
		{"carriage returns", "Resources:\r\n  K: []\r\n", []string{`2:6: expected the resource "K"`}},
		{"tag without value", "Resources: {G: {Type: AWS::IAM::Group, Properties: {GroupName: !Ref}}}\n", []string{`1:64: the template has no parameter or resource ""`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { requireShown(t, c.want, mistakes(t, c.template, options)) })
	}
}

func TestTooMuch(t *testing.T) {
	deepFlow := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	var laughs, chain, conditions strings.Builder
	laughs.WriteString("Metadata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 12 {
		n := strconv.Itoa(i)
		laughs.WriteString("  a" + strconv.Itoa(i+1) + ": &a" + strconv.Itoa(i+1) + " [*a" + n + strings.Repeat(", *a"+n, 9) + "]\n")
	}
	laughs.WriteString("Resources: {G: {Type: AWS::IAM::Group, Properties: {ManagedPolicyArns: *a12}}}\n")
	chain.WriteString("Conditions:\n  C0: !Equals [a, a]\n")
	for i := range 300 {
		chain.WriteString("  C" + strconv.Itoa(i+1) + ": !Not [!Condition C" + strconv.Itoa(i) + "]\n")
	}
	chain.WriteString("Resources: {K: {Type: AWS::KMS::Key, Condition: C300}}\n")
	conditions.WriteString("Parameters: {P: {Type: String, Default: " + strings.Repeat("x", 4000) + "}}\nResources:\n  G:\n    Type: AWS::IAM::Group\n    Properties:\n      ManagedPolicyArns:\n")
	for range 600 {
		conditions.WriteString("        - !Sub \"" + strings.Repeat("${P}", 60) + "\"\n")
	}
	cases := []struct{ name, template, want string }{
		{"deep json", `{"Resources": ` + deepFlow(300) + "}", "1:214: the text nests deeper than 200 levels"},
		{"very deep json", `{"Resources": ` + deepFlow(100_000) + "}", "1:10014: not valid JSON: invalid character '[' exceeded max depth"},
		{"deep yaml", "Resources: " + deepFlow(300), "1:211: the text nests deeper than 200 levels"},
		{"very deep yaml", "Resources: " + deepFlow(100_000), "1:10012: not valid YAML: exceeded max depth of 10000"},
		{"deep block yaml", deepBlock(300), "201:201: the text nests deeper than 200 levels"},
		{"billion laughs", laughs.String(), ": this stands for more than 1000000 values, aliases followed"},
		{"long chain of conditions", chain.String(), "functions, conditions and values nest deeper than 200 levels here"},
		{"too much text", conditions.String(), "1:1: the template stands for more than 300000 values, or 1048576 bytes in one text or 67108864 in all"},
		{"one too long text", "Parameters: {P: {Type: String, Default: " + strings.Repeat("x", 4000) + "}}\nResources: {G: {Type: AWS::IAM::Group, Properties: {GroupName: !Sub \"" + strings.Repeat("${P}", 300) + "\"}}}\n", "1:1: the template stands for more"},
		{"too large", "Description: " + strings.Repeat("x", 1<<20), "1:1: the file has 1048589 bytes, expected a CloudFormation template of at most 1048576"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := cloudformation.Load(&source.World{}, "t.yaml", []byte(c.template), options)
			require.Error(t, err)
			diags, ok := errors.AsType[policy.Diagnostics](err)
			require.True(t, ok)
			requireLocated(t, diags)
			require.Contains(t, strings.Join(shown(diags), "\n"), c.want)
		})
	}
}

// deepBlock nests mappings in YAML's block style.
func deepBlock(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestJSONTemplate(t *testing.T) {
	w := load(t, "{\n\t\"Resources\": {\n\t\t\"K\": {\"Type\": \"AWS::KMS::Key\", \"Properties\": {\"MultiRegion\": true, \"Tags\": [\n"+
		"\t\t\t{\"Key\": \"face \\ud83d\\ude00 \\/\", \"Value\": 0.10}]}}\n\t}\n}\n")
	require.Equal(t, map[string]string{"face 😀 /": "0.10"}, w.Keys[0].Tags)
	require.Equal(t, "true", w.Keys[0].MultiRegion)
	require.Equal(t, "t.yaml:3:3", w.Keys[0].Pos.String())
}

func TestFlowYAMLThatLooksLikeJSON(t *testing.T) {
	w := load(t, "{Resources: {K: {Type: AWS::KMS::Key}}} # YAML\n")
	require.Len(t, w.Keys, 1)
}

func TestAliasesOfYAMLAreFollowed(t *testing.T) {
	w := load(t, `Resources:
  K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: &p {Version: 2012-10-17, Statement: {Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*"}}}}
  L: {Type: AWS::KMS::Key, Properties: {KeyPolicy: *p}}
`)
	require.Equal(t, printed(t, w.Keys[0].Policy), printed(t, w.Keys[1].Policy))
	require.Equal(t, "key policy of L", w.Keys[1].Policy.Name)
}

func TestCyclicReferences(t *testing.T) {
	cases := []struct{ name, resources, want string }{
		{"itself", "  A: {Type: AWS::IAM::Group, Properties: {GroupName: !Ref A}}\n", "2:54: these resources depend on each other in a circle: A → A"},
		{"key names itself", "  K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Resource: !GetAtt K.Arn}}}\n", "2:63: these resources depend on each other in a circle: K → K"},
		{"two", "  A: {Type: AWS::IAM::Group, Properties: {GroupName: !Ref B}}\n  B: {Type: AWS::IAM::Group, Properties: {GroupName: !Sub \"${A}\"}}\n", "3:60: these resources depend on each other in a circle: A → B → A"},
		{"depends on", "  A: {Type: X, DependsOn: B}\n  B: {Type: X, DependsOn: [A]}\n", "3:28: these resources depend on each other in a circle: A → B → A"},
		{"in both branches of an unknown condition", "  A: {Type: X, Properties: {P: !If [U, x, !Ref B]}}\n  B: {Type: X, Properties: {P: !Ref A}}\n", "3:32: these resources depend on each other in a circle: A → B → A"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			requireShown(t, []string{c.want}, mistakes(t, "Resources:\n"+c.resources+
				"Parameters: {Ssm: {Type: AWS::SSM::Parameter::Value<String>, Default: x}}\nConditions: {U: !Equals [!Ref Ssm, x]}\n", options))
		})
	}
	// The branch that is not taken does not count.
	load(t, "Conditions: {No: !Equals [a, b]}\nResources:\n  A: {Type: X, Properties: {P: !If [No, !Ref B, x]}}\n  B: {Type: X, Properties: {P: !Ref A}}\n")
}

// TestOtherResourcesAreChecked holds references in resources that are not loaded, and in outputs, to exist.
func TestOtherResourcesAreChecked(t *testing.T) {
	requireShown(t, []string{
		`2:38: the template has no parameter or resource "Bukcet", did you mean "Bucket"?`,
		`4:22: the template has no parameter or resource "Nothing"`,
	}, mistakes(t, "Resources:\n  A: {Type: X, Properties: {P: !Sub \"${Bukcet.Arn}\"}}\n  Bucket: {Type: AWS::S3::Bucket}\n"+
		"Outputs: {O: {Value: !Ref Nothing}}\n", options))
}
