package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

const samTemplate = `
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    RolePath: /functions/
    Tags: {team: red}
Parameters:
  RoleArn: {Type: String, Default: ""}
Conditions:
  HasRole: !Not [!Equals [!Ref RoleArn, ""]]
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: "kms:*", Resource: "*"}
          - {Effect: Allow, Principal: {AWS: !GetAtt SignerRole.Arn}, Action: "kms:GetPublicKey", Resource: "*"}
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Tags: {stage: prod}
      Policies:
        - KMSDecryptPolicy: {KeyId: !Ref Key}
        - S3ReadPolicy: {BucketName: b}
        - Statement:
            - {Sid: Own, Effect: Allow, Action: "kms:DescribeKey", Resource: "*"}
        - AWSKeyManagementServicePowerUser
  Writer:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        KMSEncryptPolicy_v2: {KeyId: !Ref Key}
      PermissionsBoundary: arn:aws:iam::111122223333:policy/Boundary
  Signer:
    Type: AWS::Serverless::StateMachine
    Properties:
      Policies:
        - !If [HasRole, {Statement: [{Effect: Allow, Action: "kms:Sign", Resource: "*"}]}, !Ref "AWS::NoValue"]
  Broker:
    Type: AWS::Serverless::Function
    Properties:
      Role: !If [HasRole, !Ref RoleArn, !Ref "AWS::NoValue"]
      Events:
        Queue: {Type: MQ, Properties: {Broker: arn, SecretsManagerKmsKeyId: 1234abcd-12ab-34cd-56ef-1234567890ab}}
  Given:
    Type: AWS::Serverless::Function
    Properties:
      Role: arn:aws:iam::111122223333:role/given
      Policies: [AdministratorAccess]
`

func samStack(t *testing.T, src string, parameters map[string]string) (*source.World, error) {
	t.Helper()
	w := &source.World{}
	return w, cloudformation.Load(w, "t.yaml", []byte(src), cloudformation.Options{StackName: "app", Parameters: parameters})
}

func TestSAM(t *testing.T) {
	w, err := samStack(t, samTemplate, nil)
	require.NoError(t, err)
	require.Empty(t, w.Warnings)
	var roles []string
	for _, r := range w.Roles {
		roles = append(roles, r.LogicalID+" "+r.Path+" "+r.Name)
	}
	require.Equal(t, []string{
		"ReaderRole /functions/ app-ReaderRole", "WriterRole /functions/ app-WriterRole", "SignerRole / app-SignerRole",
		"BrokerRole /functions/ app-BrokerRole",
	}, roles)
	reader := w.Roles[0]
	require.Equal(t, map[string]string{"lambda:createdBy": "SAM", "team": "red", "stage": "prod"}, reader.Tags)
	require.Equal(t, []string{
		"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser",
	}, reader.Attached)
	require.Equal(t, "arn:aws:iam::111122223333:policy/Boundary", w.Roles[1].Boundary)
	require.Equal(t, []string{"policy ReaderRolePolicy0 of role app-ReaderRole", "policy ReaderRolePolicy2 of role app-ReaderRole"},
		[]string{reader.Policies[0].Name, reader.Policies[1].Name})
	require.Equal(t, "t.yaml:27:11", reader.Policies[0].Statements[0].Pos.String(), "the policy template")
	require.Empty(t, w.Roles[2].Policies)
	require.Equal(t, "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		w.Roles[3].Policies[0].Statements[0].Resources.Values[0].Text)
	for _, test := range []struct {
		role, action string
		want         evaluator.Verdict
	}{
		{"ReaderRole", "kms:Decrypt", evaluator.Allow},
		{"ReaderRole", "kms:DescribeKey", evaluator.Allow},
		{"ReaderRole", "kms:Encrypt", evaluator.Deny},
		{"WriterRole", "kms:GenerateDataKey", evaluator.Conditional}, // its boundary is not loaded
		{"WriterRole", "kms:Decrypt", evaluator.Deny},
		{"SignerRole", "kms:GetPublicKey", evaluator.Allow},
		{"SignerRole", "kms:Sign", evaluator.Deny},
	} {
		p, err := w.Principal(test.role)
		require.NoError(t, err)
		k, _, err := w.Key("Key")
		require.NoError(t, err)
		d, err := evaluator.New(w).Explain(t.Context(), evaluator.Request{Principal: p, Action: test.action, Key: k})
		require.NoError(t, err)
		require.Equal(t, test.want, d.Decision, "%s %s", test.role, test.action)
	}

	// The other branches: the state machine may sign, and no role is made for the broker.
	w, err = samStack(t, samTemplate, map[string]string{"RoleArn": "arn:aws:iam::111122223333:role/given"})
	require.NoError(t, err)
	require.Len(t, w.Roles, 3)
	require.Len(t, w.Roles[2].Policies, 1)
}

func TestSAMRefuses(t *testing.T) {
	for name, test := range map[string]struct{ old, text, want string }{
		"policy template":           {"KMSDecryptPolicy:", "KMSDecryptPolcy:", `t.yaml:27:11: "KMSDecryptPolcy" is no policy document and no policy template of SAM, did you mean "KMSDecryptPolicy"?`},
		"parameter of the template": {"{KeyId: !Ref Key}\n        - S3", "{Key: !Ref Key}\n        - S3", "t.yaml:27:11: the policy template KMSDecryptPolicy needs KeyId"},
		"a list":                    {"- AWSKeyManagementServicePowerUser", "- [AWSKeyManagementServicePowerUser]", "t.yaml:31:11: expected a policy of ReaderRole as the name or ARN of a managed policy, a policy document or a policy template, found a list"},
		"two things":                {"S3ReadPolicy: {BucketName: b}", "S3ReadPolicy: {BucketName: b}\n          X: 1", "t.yaml:28:11: expected a policy of ReaderRole with a Statement, or a policy template by itself"},
		"sides that differ":         {`!Ref "AWS::NoValue"]` + "\n  Broker", "SomePolicy]\n  Broker", "t.yaml:42:11: expected the same kind of policy on both sides of Fn::If"},
		"name is taken":             {"  Reader:\n", "  ReaderRole: {Type: AWS::SNS::Topic}\n  Reader:\n", `t.yaml:21:3: "ReaderRole" is the name of the role that the transform makes for "Reader"`},
		"role in Globals":           {"RolePath: /functions/", "Role: x", "t.yaml:6:5: Globals cannot give functions the property Role"},
		"mistake in a policy":       {"Sid: Own, Effect: Allow", "Sid: Own, Effect: Alow", `t.yaml:30:34: `},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, samTemplate, test.old)
			_, err := samStack(t, strings.Replace(samTemplate, test.old, test.text, 1), nil)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// TestSAMWarns names the types whose roles and policies are not loaded.
func TestSAMWarns(t *testing.T) {
	w, err := samStack(t, samTemplate+`
  Link: {Type: AWS::Serverless::Connector, Properties: {Source: {Id: Reader}}}
  Typo: {Type: AWS::Serverless::Functon}
  Table:
    Type: AWS::Serverless::SimpleTable
    Connectors: {Mine: {Properties: {}}}
`, nil)
	require.NoError(t, err)
	require.Equal(t, policy.Diagnostics.Error(w.Warnings), strings.Join([]string{
		"t.yaml:55:16: warning: the roles and policies that AWS::Serverless::Connector makes for Link are not loaded",
		`t.yaml:56:16: warning: what "AWS::Serverless::Functon" makes is not loaded, did you mean "AWS::Serverless::Function"?`,
		"t.yaml:59:17: warning: the policies of the connectors of Table are not loaded",
	}, "\n"))
}
