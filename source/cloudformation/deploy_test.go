package cloudformation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/source/cloudformation"
)

// deployment answers for resources that are there by a table, and has one export.
func deployment(there map[string]string) *cloudformation.Deployment {
	return &cloudformation.Deployment{
		StackID:   "arn:aws:cloudformation:us-east-1:111122223333:stack/app/0",
		Reference: func(id string) (string, bool) { text, ok := there[id]; return text, ok },
		Attribute: func(id, name string) (string, bool) { text, ok := there[id+"."+name]; return text, ok },
		Import:    func(name string) (string, bool) { return "imported", name == "known" },
	}
}

const deployed = `
Parameters: {Name: {Type: String, Default: x, NoEcho: true, AllowedValues: [x, y]}}
Conditions: {Never: !Equals [!Ref Name, z]}
Resources:
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: !Sub "alias/${Name}", TargetKeyId: !Ref Key}}
  Key:
    Type: AWS::KMS::Key
    DeletionPolicy: Retain
    Properties:
      Description: !Join [" ", [!Ref AWS::StackId, !ImportValue known]]
      Enabled: true
      KeySpec: !Ref AWS::NoValue
      KeyPolicy: {Version: 2012-10-17, Statement: [{Sid: B, Principal: {AWS: !GetAtt Role.Arn}}, {Sid: A}]}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: r}}
  Off: {Type: AWS::KMS::Key, Condition: Never}
Outputs:
  Key: {Description: the key, Value: !GetAtt Key.Arn, Export: {Name: !Sub "${AWS::StackName}-key"}}
  Off: {Value: !Ref Off, Condition: Never}
`

func TestDeploymentResolvesWithWhatIsThere(t *testing.T) {
	t.Parallel()
	there := map[string]string{}
	tmpl, err := cloudformation.Read([]byte(deployed), cloudformation.Options{StackName: "app"}, deployment(there))
	require.NoError(t, err)
	resources := tmpl.Resources()
	require.Equal(t, []string{"Role", "Key", "Alias"}, []string{resources[0].LogicalID, resources[1].LogicalID, resources[2].LogicalID})
	require.Equal(t, []string{"Role"}, resources[1].Needs)
	require.Equal(t, "Retain", resources[1].DeletionPolicy)
	require.Equal(t, "Delete", resources[2].DeletionPolicy)
	require.Equal(t, []string{"AWS::IAM::Role", "AWS::KMS::Alias", "AWS::KMS::Key"}, tmpl.Types())
	require.True(t, tmpl.Has("Role", "RoleName"))
	require.False(t, tmpl.Has("Key", "RoleName"))

	_, unknown, err := tmpl.Properties("Key")
	require.NoError(t, err)
	require.Contains(t, unknown, "Role.Arn")
	there["Role"], there["Role.Arn"] = "r", "arn:aws:iam::111122223333:role/r"
	text, unknown, err := tmpl.Properties("Key") // what was unknown is known now
	require.NoError(t, err)
	require.Empty(t, unknown)
	require.Equal(t, `{"Description":"arn:aws:cloudformation:us-east-1:111122223333:stack/app/0 imported","Enabled":"true",`+
		`"KeyPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"B","Principal":{"AWS":"arn:aws:iam::111122223333:role/r"}},{"Sid":"A"}]}}`,
		string(text))

	outputs, err := tmpl.Outputs()
	require.NoError(t, err)
	require.Len(t, outputs, 1)
	require.Contains(t, outputs[0].Unknown, "Key.Arn")
	there["Key.Arn"] = "arn:of:key"
	outputs, err = tmpl.Outputs()
	require.NoError(t, err)
	require.Equal(t, []cloudformation.Output{{Name: "Key", Description: "the key", Value: "arn:of:key", Export: "app-key"}}, outputs)
	parameter := tmpl.Parameters()[0]
	require.Equal(t, "x", *parameter.Default)
	require.True(t, parameter.NoEcho)
	require.Equal(t, []string{"x", "y"}, parameter.AllowedValues)
}

func TestDeploymentRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, template, message string }{
		{"a macro", "Transform: Mine\nResources: {G: {Type: AWS::IAM::Group}}", `the macro "Mine" is not run`},
		{"language extensions", "Transform: AWS::LanguageExtensions\nResources: {G: {Type: AWS::IAM::Group}}", "AWS::LanguageExtensions is not run"},
		{"rules", "Rules: {R: {}}\nResources: {G: {Type: AWS::IAM::Group}}", "Rules are not checked"},
		{"an unknown attribute", "Resources: {G: {Type: AWS::IAM::Group}}\nOutputs: {O: {Value: !GetAtt G.Nothing}}", `has no attribute "Nothing"`},
		{"an unknown export", "Resources: {G: {Type: AWS::IAM::Group}}\nOutputs: {O: {Value: !ImportValue other}}", "No export named other found."},
		{"an output that is a list", "Resources: {G: {Type: AWS::IAM::Group}}\nOutputs: {O: {Value: [a]}}", "must evaluate to a String"},
		{"an output without a value", "Resources: {G: {Type: AWS::IAM::Group}}\nOutputs: {O: {}}", "needs a Value"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tmpl, err := cloudformation.Read([]byte(test.template), cloudformation.Options{StackName: "app"}, deployment(nil))
			if err == nil {
				_, err = tmpl.Outputs()
			}
			require.ErrorContains(t, err, test.message)
		})
	}
}

func FuzzDeployment(f *testing.F) {
	f.Add([]byte(deployed))
	f.Add([]byte("Resources: {G: {Type: AWS::IAM::Group, Properties: !If [C, {}, !Ref AWS::NoValue]}}\nConditions: {C: !Equals [a, b]}"))
	f.Add([]byte(`{"Resources": {"A": {"Type": "AWS::KMS::Key", "Properties": {"Tags": {"Fn::GetAtt": ["A", "Arn"]}}}}, "Outputs": {"O": null}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		if tmpl, err := cloudformation.Outline(src); err == nil {
			tmpl.Resources()
			tmpl.Parameters()
		}
		tmpl, err := cloudformation.Read(src, cloudformation.Options{StackName: "app"}, deployment(map[string]string{"A": "a", "A.Arn": "b"}))
		if err != nil {
			return
		}
		for _, r := range tmpl.Resources() {
			text, _, err := tmpl.Properties(r.LogicalID)
			require.True(t, err != nil || json.Valid(text), "%s", text)
		}
		_, _ = tmpl.Outputs()
	})
}
