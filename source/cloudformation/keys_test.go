package cloudformation_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// printed is a policy as JSON.
func printed(t *testing.T, doc *policy.Document) string {
	t.Helper()
	require.NotNil(t, doc)
	b, err := json.Marshal(doc)
	require.NoError(t, err)
	return string(b)
}

func TestKeySettings(t *testing.T) {
	w := load(t, `
Resources:
  Plain: {Type: AWS::KMS::Key}
  Full:
    Type: AWS::KMS::Key
    Properties:
      KeySpec: RSA_2048
      KeyUsage: SIGN_VERIFY
      Origin: EXTERNAL
      MultiRegion: true
      Enabled: false
      EnableKeyRotation: true
      PendingWindowInDays: 7
      Tags: [{Key: team, Value: blue}, {Key: cost, Value: 012}]
`)
	require.Empty(t, w.Warnings)
	plain, full := w.Keys[0], w.Keys[1]
	require.Equal(t, []string{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS", "false", ""},
		[]string{plain.Spec, plain.Usage, plain.Origin, plain.MultiRegion, plain.MultiRegionKeyType})
	require.Equal(t, []string{"RSA_2048", "SIGN_VERIFY", "EXTERNAL", "true", "PRIMARY"},
		[]string{full.Spec, full.Usage, full.Origin, full.MultiRegion, full.MultiRegionKeyType})
	require.Equal(t, map[string]string{"team": "blue", "cost": "012"}, full.Tags)
	require.Nil(t, plain.Tags)
	require.Equal(t, policy.Position{File: "t.yaml", Offset: 14, Line: 3, Column: 3}, plain.Pos)
	require.Equal(t, "Plain", plain.LogicalID)
}

func TestDefaultKeyPolicy(t *testing.T) {
	w := load(t, "Resources:\n  K: {Type: AWS::KMS::Key}\n")
	require.JSONEq(t, `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{
		"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},
		"Action":"kms:*","Resource":"*"}]}`, printed(t, w.Keys[0].Policy))
	require.Equal(t, "default key policy of K", w.Keys[0].Policy.Name)
	require.Equal(t, "t.yaml:2:3", w.Keys[0].Policy.Statements[0].Pos.String())
}

func TestKeyPolicyPositions(t *testing.T) {
	w := load(t, `
Conditions: {Yes: !Equals [a, a]}
Resources:
  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: 111122223333}, Action: sts:AssumeRole}}}}
  K:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {AWS: [!GetAtt R.Arn, 111122223333]}
            Action: kms:Decrypt
            Resource: "*"
          - !If
            - Yes
            - Sid: second
              Effect: Deny
              Principal: "*"
              Action: kms:*
              Resource: "*"
              Condition:
                Bool: {aws:SecureTransport: false}
            - !Ref AWS::NoValue
`)
	doc := w.Keys[0].Policy
	require.Equal(t, "key policy of K", doc.Name)
	require.Len(t, doc.Statements, 2)
	first, second := doc.Statements[0], doc.Statements[1]
	require.Equal(t, "t.yaml:11:13", first.Pos.String())
	require.Equal(t, "arn:aws:iam::111122223333:role/app-R", first.Principals.Values[0].Text)
	require.Equal(t, "t.yaml:12:31", first.Principals.Values[0].Pos.String())
	require.Equal(t, "t.yaml:12:46", first.Principals.Values[1].Pos.String())
	require.Equal(t, policy.PrincipalAccount, first.Principals.Values[1].Form)
	require.Equal(t, "t.yaml:13:13", first.Actions.Pos.String())
	require.Equal(t, "second", second.Sid)
	require.Equal(t, "t.yaml:17:15", second.Pos.String())
	require.Equal(t, "t.yaml:23:17", second.Conditions[0].Pos.String())
	require.Equal(t, "false", second.Conditions[0].Values[0].Text)
	require.Equal(t, "t.yaml:23:45", second.Conditions[0].Values[0].Pos.String())
}

func TestKeyPolicyAsText(t *testing.T) {
	w := load(t, `
Resources:
  K:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: |
        {"Version": "2012-10-17",
         "Statement": [
           {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}
  L:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: !Sub '{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"AWS": "${AWS::AccountId}"}, "Action": "kms:*", "Resource": "*"}}'
`)
	require.Equal(t, "t.yaml:9:12", w.Keys[0].Policy.Statements[0].Pos.String())
	require.Equal(t, "t.yaml:9:45", w.Keys[0].Policy.Statements[0].Principals.Values[0].Pos.String())
	require.Equal(t, "t.yaml:13:18", w.Keys[1].Policy.Statements[0].Pos.String())
	require.Equal(t, "111122223333", w.Keys[1].Policy.Statements[0].Principals.Values[0].Text)

	requireShown(t, []string{"7:12: in a policy as JSON text: not valid JSON: invalid character ']'"}, mistakes(t, `
Resources:
  K:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: |
        [ {]
`, options))
}

func TestKeyMistakes(t *testing.T) {
	cases := []struct {
		name, properties string
		want             []string
	}{
		{"misspelt policy", `{KeyPolcy: {}}`, []string{`2:41: AWS::KMS::Key has no property "KeyPolcy", did you mean "KeyPolicy"?`}},
		{"policy without statements", `{KeyPolicy: {Version: 2012-10-17}}`, []string{`2:52: Statement is missing`}},
		{"policy as list", `{KeyPolicy: []}`, []string{`2:52: a policy document is an array: expected a JSON object`}},
		{"broken json", `{KeyPolicy: '{"a":'}`, []string{`2:58: in a policy as JSON text: not valid JSON: unexpected end of JSON input`}},
		{"json with duplicate", `{KeyPolicy: '{"a":1,"a":2}'}`, []string{`2:60: in a policy as JSON text: the key "a" is already in this mapping`}},
		{"spec as list", `{KeySpec: [a]}`, []string{`2:50: expected KeySpec of K as a string, found a list`}},
		{"multi-region", `{MultiRegion: maybe}`, []string{`2:54: expected MultiRegion of K as true or false`}},
		{"tags as mapping", `{Tags: {a: b}}`, []string{`2:47: expected Tags of K as a list of Key and Value, found a mapping`}},
		{"tag without value", `{Tags: [{Key: a}]}`, []string{`2:48: expected a tag of K as a mapping of Key and Value`}},
		{"tag twice", `{Tags: [{Key: a, Value: b}, {Key: a, Value: c}]}`, []string{`2:68: the tag "a" of K is given twice`}},
		{"properties as list", `[]`, []string{`2:40: expected Properties as a mapping, found a list`}},
		{"properties as function", `!Base64 a`, []string{`2:40: Fn::Base64 cannot stand for the properties of a resource`}},
		{"two mistakes", `{KeySpec: [a], KeyPolicy: {Version: 1, Statement: {Effect: Maybe}}}`, []string{
			`2:50: expected KeySpec`, `2:76: unknown Version "1"`, `2:90: Principal is missing`, `2:99: unknown Effect "Maybe"`,
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := mistakes(t, "Resources:\n  K: {Type: AWS::KMS::Key, Properties: "+c.properties+"}\n", options)
			t.Log(got)
			requireShown(t, c.want, got)
		})
	}
}

func TestReplicaKey(t *testing.T) {
	w := &source.World{}
	primary := options
	primary.Region = "us-east-1"
	loadInto(t, w, "Resources: {P: {Type: AWS::KMS::Key, Properties: {MultiRegion: true, KeySpec: HMAC_256, KeyUsage: GENERATE_VERIFY_MAC}}}", primary)
	arn := w.Keys[0].ARN
	loadInto(t, w, `
Resources:
  R:
    Type: AWS::KMS::ReplicaKey
    Properties:
      PrimaryKeyArn: `+arn+`
      KeyPolicy: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*"}}
`, options)
	replica := w.Keys[1]
	require.Equal(t, "arn:aws:kms:eu-west-2:111122223333:key/"+arn[len("arn:aws:kms:us-east-1:111122223333:key/"):], replica.ARN)
	require.Equal(t, []string{"true", "REPLICA", "HMAC_256", "GENERATE_VERIFY_MAC", "AWS_KMS"},
		[]string{replica.MultiRegion, replica.MultiRegionKeyType, replica.Spec, replica.Usage, replica.Origin})
	require.Empty(t, replica.Unknown)

	alone := load(t, "Resources: {R: {Type: AWS::KMS::ReplicaKey, Properties: {PrimaryKeyArn: "+arn+"}}}")
	require.Equal(t, replica.ARN, alone.Keys[0].ARN)
	require.Equal(t, []string{"the primary key of R is not loaded: key spec, key usage and origin are not known"}, alone.Keys[0].Unknown)

	made := load(t, "Resources: {S: {Type: AWS::CloudFormation::Stack}, R: {Type: AWS::KMS::ReplicaKey, Properties: {PrimaryKeyArn: !GetAtt S.Outputs.Key}}}")
	requireShown(t, []string{"1:112: PrimaryKeyArn of R is unknown: its key id is made up here"}, shown(made.Warnings))
	require.Regexp(t, `:key/mrk-[0-9a-f]{32}$`, made.Keys[0].ARN)
	requireShown(t, []string{"1:13: the replica key R needs PrimaryKeyArn"},
		mistakes(t, "Resources: {R: {Type: AWS::KMS::ReplicaKey}}", options))
	requireShown(t, []string{`1:73: "arn:aws:kms:us-east-1:111122223333:key/1" is no ARN of a multi-Region key`},
		mistakes(t, "Resources: {R: {Type: AWS::KMS::ReplicaKey, Properties: {PrimaryKeyArn: arn:aws:kms:us-east-1:111122223333:key/1}}}", options))
	requireShown(t, []string{`1:73: the primary key of a replica key must be in another Region than us-east-1`},
		mistakes(t, "Resources: {R: {Type: AWS::KMS::ReplicaKey, Properties: {PrimaryKeyArn: "+arn+"}}}", primary))
}

func TestAliases(t *testing.T) {
	w := load(t, `
Resources:
  K: {Type: AWS::KMS::Key}
  ById: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/id, TargetKeyId: !Ref K}}
  ByArn: {Type: AWS::KMS::Alias, Properties: {AliasName: !Sub "alias/${AWS::StackName}/arn", TargetKeyId: !GetAtt K.Arn}}
`)
	require.Equal(t, []string{"alias/id", "alias/app/arn"}, w.Keys[0].Aliases)
	require.Equal(t, map[string]string{"ById": "alias/id", "ByArn": "alias/app/arn"}, w.Keys[0].AliasLogicalIDs)

	// A template may name a key of one that was loaded before.
	second := options
	second.StackName = "other"
	loadInto(t, w, "Resources: {A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/late, TargetKeyId: "+w.Keys[0].ARN+"}}}", second)
	require.Equal(t, []string{"alias/id", "alias/app/arn", "alias/late"}, w.Keys[0].Aliases)

	lost := load(t, "Resources: {A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a, TargetKeyId: 1234}}}")
	requireShown(t, []string{`1:86: the alias "alias/a" is not loaded: its key "1234" is in no file`}, shown(lost.Warnings))
}

func TestAliasMistakes(t *testing.T) {
	cases := []struct{ name, properties, want string }{
		{"no prefix", `{AliasName: a, TargetKeyId: !Ref K}`, `3:54: "a" is no alias name`},
		{"reserved", `{AliasName: alias/aws/s3, TargetKeyId: !Ref K}`, `3:54: "alias/aws/s3" is no alias name`},
		{"no name", `{TargetKeyId: !Ref K}`, `3:3: the alias A needs AliasName, a string`},
		{"no key", `{AliasName: alias/a}`, `3:3: the alias A needs TargetKeyId, a string`},
		{"name as list", `{AliasName: [a], TargetKeyId: !Ref K}`, `3:54: the alias A needs AliasName, a string`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			requireShown(t, []string{c.want},
				mistakes(t, "Resources:\n  K: {Type: AWS::KMS::Key}\n  A: {Type: AWS::KMS::Alias, Properties: "+c.properties+"}\n", options))
		})
	}
	requireShown(t, []string{"4:3: the alias arn:aws:kms:eu-west-2:111122223333:alias/a is declared already"}, mistakes(t, `Resources:
  K: {Type: AWS::KMS::Key}
  A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a, TargetKeyId: !Ref K}}
  B: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a, TargetKeyId: !Ref K}}
`, options))
}

func TestKeyState(t *testing.T) {
	for properties, want := range map[string]*source.Key{
		`{}`: {},
		`{"Description": "one", "Enabled": false, "EnableKeyRotation": true}`:          {Description: "one", Disabled: true, RotationPeriodInDays: 365},
		`{"Enabled": "true", "EnableKeyRotation": "true", "RotationPeriodInDays": 90}`: {RotationPeriodInDays: 90},
		`{"EnableKeyRotation": false, "RotationPeriodInDays": 90}`:                     {},
		`{"Description": {"Fn::ImportValue": "x"}}`:                                    {},
	} {
		t.Run(properties, func(t *testing.T) {
			w := &source.World{}
			src := `{"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": ` + properties + `}}}`
			require.NoError(t, cloudformation.Load(w, "t.json", []byte(src), cloudformation.Options{}))
			got := w.Keys[0]
			require.Equal(t, want.Description, got.Description)
			require.Equal(t, want.Disabled, got.Disabled)
			require.Equal(t, want.RotationPeriodInDays, got.RotationPeriodInDays)
		})
	}
	err := cloudformation.Load(&source.World{}, "t.json", []byte(`{"Resources": {"Key": {"Type": "AWS::KMS::Key",
		"Properties": {"EnableKeyRotation": true, "RotationPeriodInDays": "often"}}}}`), cloudformation.Options{})
	require.ErrorContains(t, err, "expected RotationPeriodInDays of Key as a number")
}
