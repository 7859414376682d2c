package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// preamble declares what the expressions of TestIntrinsics refer to.
const preamble = `
Parameters:
  Name: {Type: String, Default: blue}
  Names: {Type: CommaDelimitedList, Default: "a, b,c"}
  Empty: {Type: CommaDelimitedList, Default: ""}
  Count: {Type: Number, Default: 007}
Mappings:
  Regions:
    eu-west-2: {short: ldn, zones: [x, y], "012": twelve}
Conditions:
  Yes: !Equals [!Ref Name, blue]
  No: !Not [!Condition Yes]
Resources:
  Bucket: {Type: "AWS::S3::Bucket"}
  Named: {Type: "AWS::S3::Bucket", Properties: {BucketName: !Sub "${Name}-bucket"}}
  Topic: {Type: "AWS::SNS::Topic", Properties: {TopicName: news}}
  Queue: {Type: "AWS::SQS::Queue", Properties: {QueueName: work}}
  Custom: {Type: "Custom::Thing"}
  Person: {Type: "AWS::IAM::User", Properties: {UserName: alice, Path: /team/}}
  Team: {Type: "AWS::IAM::Group", Properties: {GroupName: devs}}
  Reader:
    Type: AWS::IAM::ManagedPolicy
    Properties: {Path: /p/, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "kms:*", Resource: "*"}}}
  Job: {Type: "AWS::IAM::Role", Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: 111122223333}, Action: sts:AssumeRole}}}}
  Key: {Type: "AWS::KMS::Key"}
  Alias: {Type: "AWS::KMS::Alias", Properties: {AliasName: alias/app, TargetKeyId: !Ref Key}}
`

func TestIntrinsics(t *testing.T) {
	key := load(t, preamble).Keys[0].ARN
	id := key[len("arn:aws:kms:eu-west-2:111122223333:key/"):]
	cases := []struct{ name, expression, want string }{
		{"literal", `blue`, "blue"},
		{"number keeps its text", `0123`, "0123"},
		{"account keeps its text", `012345678901`, "012345678901"},
		{"octal keeps its text", `0o17`, "0o17"},
		{"float keeps its text", `1.10`, "1.10"},
		{"date keeps its text", `2012-10-17`, "2012-10-17"},
		{"boolean", `true`, "true"},
		{"yes is a string", `yes`, "yes"},
		{"explicit string", `!!str 012`, "012"},
		{"non-specific tag", `! 012`, "012"},
		{"stack id", `!Select [0, !Split ["/", !Ref AWS::StackId]]`, "arn:aws:cloudformation:eu-west-2:111122223333:stack"},
		{"no notifications", `!Join ["", !Ref AWS::NotificationARNs]`, ""},
		{"attribute of a known type that is not known", `!GetAtt Queue.Nothing`, "opaque:Queue.Nothing"},
		{"ref parameter", `!Ref Name`, "blue"},
		{"ref number", `!Ref Count`, "007"},
		{"ref long form", `{Ref: Name}`, "blue"},
		{"account id", `!Ref AWS::AccountId`, "111122223333"},
		{"region", `!Ref AWS::Region`, "eu-west-2"},
		{"partition", `!Ref AWS::Partition`, "aws"},
		{"url suffix", `!Ref AWS::URLSuffix`, "amazonaws.com"},
		{"stack name", `!Ref AWS::StackName`, "app"},
		{"sub", `!Sub "${Name}-${AWS::Region}"`, "blue-eu-west-2"},
		{"sub literal", `!Sub "${!aws:username} ${Name}"`, "${aws:username} blue"},
		{"sub not closed", `!Sub "a ${Name"`, "a ${Name"},
		{"sub empty", `!Sub ""`, ""},
		{"sub dollar", `!Sub "$${Name}$"`, "$blue$"},
		{"sub spaces", `!Sub "${ Name }"`, "blue"},
		{"sub with mapping", `!Sub ["${A}${Name}", {A: !Ref Count}]`, "007blue"},
		{"sub mapping shadows", `!Sub ["${Name}", {Name: red}]`, "red"},
		{"sub attribute", `!Sub "${Named.Arn}/*"`, "arn:aws:s3:::blue-bucket/*"},
		{"sub long form", `{"Fn::Sub": "x${Name}"}`, "xblue"},
		{"join", `!Join ["-", [a, !Ref Name, c]]`, "a-blue-c"},
		{"join list parameter", `!Join ["+", !Ref Names]`, "a+b+c"},
		{"join empty list", `!Join ["+", !Ref Empty]`, ""},
		{"join nothing", `!Join ["", []]`, ""},
		{"join drops AWS::NoValue", `!Join [",", [a, !Ref AWS::NoValue, b]]`, "a,b"},
		{"select", `!Select [1, [a, b, c]]`, "b"},
		{"select from parameter", `!Select ["2", !Ref Names]`, "c"},
		{"select split", `!Select [1, !Split ["/", "a/b/c"]]`, "b"},
		{"split keeps empty parts", `!Join ["+", !Split [",", ",a,,b"]]`, "+a++b"},
		{"split long delimiter", `!Join ["+", !Split ["--", "a--b-c"]]`, "a+b-c"},
		{"if yes", `!If [Yes, a, b]`, "a"},
		{"if no", `!If [No, a, b]`, "b"},
		{"nested if", `!If [No, a, !If [Yes, !Ref Name, c]]`, "blue"},
		{"the other branch is not computed", `!If [Yes, a, !Select [9, []]]`, "a"},
		{"find in map", `!FindInMap [Regions, !Ref AWS::Region, short]`, "ldn"},
		{"find in map list", `!Select [1, !FindInMap [Regions, !Ref AWS::Region, zones]]`, "y"},
		{"find in map number as key", `!FindInMap [Regions, eu-west-2, 012]`, "twelve"},
		{"find in map default", `!FindInMap [Regions, eu-west-9, short, {DefaultValue: !Ref Name}]`, "blue"},
		{"base64", `!Base64 hello`, "aGVsbG8="},
		{"length", `{"Fn::Length": [a, b]}`, "2"},
		{"to json", `{"Fn::ToJsonString": {a: [1, !Ref Name], "<": "\""}}`, `{"a":["1","blue"],"<":"\""}`},
		{"opaque ref", `!Ref Bucket`, "app-Bucket"},
		{"opaque known arn", `!GetAtt Bucket.Arn`, "arn:aws:s3:::app-Bucket"},
		{"opaque named ref", `!Ref Named`, "blue-bucket"},
		{"opaque topic ref", `!Ref Topic`, "arn:aws:sns:eu-west-2:111122223333:news"},
		{"opaque queue ref", `!Ref Queue`, "https://sqs.eu-west-2.amazonaws.com/111122223333/work"},
		{"opaque attribute", `!GetAtt Bucket.DomainName`, "opaque:Bucket.DomainName"},
		{"opaque unknown type", `!Ref Custom`, "app-Custom"},
		{"opaque dotted attribute", `!GetAtt Custom.Outputs.Name`, "opaque:Custom.Outputs.Name"},
		{"opaque base64", `!Base64 {"Fn::GetAtt": [Bucket, Arn]}`, "YXJuOmF3czpzMzo6OmFwcC1CdWNrZXQ="},
		{"opaque split", `!Select [5, !Split [":", !GetAtt Bucket.Arn]]`, "app-Bucket"},
		{"user ref", `!Ref Person`, "alice"},
		{"user arn", `!GetAtt Person.Arn`, "arn:aws:iam::111122223333:user/team/alice"},
		{"group ref", `!Ref Team`, "devs"},
		{"group arn", `!GetAtt [Team, Arn]`, "arn:aws:iam::111122223333:group/devs"},
		{"managed policy ref", `!Ref Reader`, "arn:aws:iam::111122223333:policy/p/app-Reader"},
		{"managed policy arn", `!GetAtt Reader.PolicyArn`, "arn:aws:iam::111122223333:policy/p/app-Reader"},
		{"role ref", `!Ref Job`, "app-Job"},
		{"role arn", `!GetAtt Job.Arn`, "arn:aws:iam::111122223333:role/app-Job"},
		{"attribute by ref", `{"Fn::GetAtt": [Job, !Select [0, [Arn]]]}`, "arn:aws:iam::111122223333:role/app-Job"},
		{"key ref", `!Ref Key`, id},
		{"key id", `!GetAtt Key.KeyId`, id},
		{"key arn", `!GetAtt Key.Arn`, key},
		{"alias ref", `!Ref Alias`, "alias/app"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, preamble+"  Probe:\n    Type: AWS::IAM::Group\n    Properties: {ManagedPolicyArns: ["+c.expression+"]}\n")
			require.Empty(t, shown(w.Warnings))
			require.Equal(t, "Probe", w.Groups[1].LogicalID)
			require.Equal(t, []string{c.want}, w.Groups[1].Attached)
		})
	}
}

func TestNoValueRemovesProperty(t *testing.T) {
	w := load(t, preamble+`  Probe:
    Type: AWS::IAM::User
    Properties:
      UserName: !If [No, never, !Ref AWS::NoValue]
      Path: !Ref AWS::NoValue
      Groups: !If [Yes, !Ref AWS::NoValue, [x]]
`)
	probe := w.Users[1]
	require.Equal(t, "app-Probe", probe.Name)
	require.Equal(t, "/", probe.Path)
	require.Empty(t, probe.Groups)
}

func TestIntrinsicMistakes(t *testing.T) {
	cases := []struct {
		name, expression string
		want             []string
	}{
		{"unknown ref", `!Ref Nam`, []string{`1:1: the template has no parameter or resource "Nam", did you mean "Name"?`}},
		{"unknown ref, nothing near", `!Ref Zyxwvut`, []string{`1:1: the template has no parameter or resource "Zyxwvut"`}},
		{"unknown pseudo parameter", `!Ref AWS::Regio`, []string{`1:1: the template has no parameter or resource "AWS::Regio", did you mean "AWS::Region"?`}},
		{"unknown in sub", `!Sub "a-${Nmae}"`, []string{`1:9: the template has no parameter or resource "Nmae", did you mean "Name"?`}},
		{"policy variable in sub", `!Sub "${aws:username}"`, []string{`1:7: ${aws:username} is no parameter or resource: a policy variable in Fn::Sub is written ${!aws:username}`}},
		{"list in sub", `!Sub "${Names}"`, []string{`1:1: expected ${Names} to be a string in Fn::Sub, found a list`}},
		{"no value in sub", `!Sub "${AWS::NoValue}"`, []string{`1:1: expected ${AWS::NoValue} to be a string in Fn::Sub, found nothing`}},
		{"sub of mapping", `!Sub {a: b}`, []string{`1:1: expected a string as text of Fn::Sub, found a mapping`}},
		{"sub with one argument", `!Sub [a]`, []string{`1:1: expected 2 arguments of Fn::Sub, found 1`}},
		{"sub with string variables", `!Sub [a, b]`, []string{`1:10: expected a mapping as second argument of Fn::Sub`}},
		{"ref of list", `!Ref [a]`, []string{`1:1: expected a name as argument of Ref, found a list`}},
		{"getatt without attribute", `!GetAtt Key`, []string{`1:1: expected Fn::GetAtt with the name of a resource and an attribute`}},
		{"getatt of parameter", `!GetAtt Name.Arn`, []string{`1:1: the template has no parameter or resource "Name"`}},
		{"unknown attribute", `!GetAtt Person.Nickname`, []string{`1:1: AWS::IAM::User Person has no attribute "Nickname", it has Arn`}},
		{"attribute of a type without", `!GetAtt Alias.Arn`, []string{`1:1: AWS::KMS::Alias Alias has no attribute "Arn", it has none`}},
		{"join without list", `!Join ["-", a]`, []string{`1:13: expected a list as second argument of Fn::Join, found a string`}},
		{"join of lists", `!Join ["-", [[a]]]`, []string{`1:14: expected strings in the list of Fn::Join, found a list`}},
		{"join arguments", `!Join [a]`, []string{`1:1: expected 2 arguments of Fn::Join, found 1`}},
		{"join delimiter", `!Join [[], []]`, []string{`1:8: expected a string as argument of Fn::Join, found a list`}},
		{"select out of range", `!Select [3, !Ref Names]`, []string{`1:10: expected an index from 0 to 2 for Fn::Select, found "3"`}},
		{"select negative", `!Select [-1, !Ref Names]`, []string{`1:10: expected an index from 0 to 2`}},
		{"select word", `!Select [one, !Ref Names]`, []string{`1:10: expected an index`}},
		{"select from string", `!Select [0, a]`, []string{`1:13: expected a list as second argument of Fn::Select`}},
		{"split by nothing", `!Select [0, !Split ["", a]]`, []string{`1:21: expected a delimiter that is not empty`}},
		{"if unknown condition", `!If [Yse, a, b]`, []string{`1:6: the template declares no condition "Yse", did you mean "Yes"?`}},
		{"if arguments", `!If [Yes, a]`, []string{`1:1: expected 3 arguments of Fn::If, found 2`}},
		{"if inline condition", `!If [!Equals [a, b], a, b]`, []string{`1:6: expected the name of a condition as first argument of Fn::If`}},
		{"condition outside", `!Equals [a, b]`, []string{`1:1: Fn::Equals may only stand in Conditions`}},
		{"unknown mapping", `!FindInMap [Region, a, b]`, []string{`1:13: there is no "Region" in Mappings, did you mean "Regions"?`}},
		{"unknown mapping key", `!FindInMap [Regions, eu-west-2, shrt]`, []string{`1:33: there is no "shrt" in Mappings.Regions.eu-west-2, did you mean "short"?`}},
		{"find in map wrong default", `!FindInMap [Regions, a, b, c]`, []string{`1:28: expected DefaultValue`}},
		{"base64 of list", `!Base64 [a]`, []string{`1:1: expected a string as argument of Fn::Base64, found a list`}},
		{"length of string", `{"Fn::Length": a}`, []string{`1:16: expected a list as argument of Fn::Length`}},
		{"json of string", `{"Fn::ToJsonString": a}`, []string{`1:22: expected a list or mapping as argument of Fn::ToJsonString`}},
		{"getatt of lists", `{"Fn::GetAtt": [[Key], Arn]}`, []string{`1:17: expected a string as argument of Fn::GetAtt, found a list`}},
		{"import of list", `!ImportValue [a]`, []string{`1:1: expected a string as argument of Fn::ImportValue, found a list`}},
		{"select of list", `!Select [[], []]`, []string{`1:10: expected a string as argument of Fn::Select, found a list`}},
		{"split of list", `!Split [a, []]`, []string{`1:12: expected a string as argument of Fn::Split, found a list`}},
		{"split arguments", `!Join ["", !Split [a]]`, []string{`1:12: expected 2 arguments of Fn::Split, found 1`}},
		{"select arguments", `!Select [0]`, []string{`1:1: expected 2 arguments of Fn::Select, found 1`}},
		{"find in map arguments", `!FindInMap [a]`, []string{`1:1: expected 3 to 4 arguments of Fn::FindInMap, found 1`}},
		{"find in map of a list", `!FindInMap [[], a, b]`, []string{`1:13: expected a string as argument of Fn::FindInMap`}},
		{"find in map without leaf", `!FindInMap [Deep, a, b]`, []string{`5:62: expected a string or a list as value of a mapping, found a mapping`}},
		{"null", `null`, []string{`1:1: null is not allowed in a template`}},
		{"function with other keys", `{"Fn::Sub": a, b: c}`, []string{`1:1: expected strings in ManagedPolicyArns`, `1:2: the function Fn::Sub must be the only key of its mapping`}},
		{"no text", `!Ref Names`, []string{`1:1: expected strings in ManagedPolicyArns of Probe, found a list`}},
		{"all mistakes at once", `!Join ["", [!Ref A1, !Ref B2]]`, []string{`1:13: the template has no parameter or resource "A1"`, `1:22: the template has no parameter or resource "B2"`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			// The expression begins line 1: positions in it are then easy to count.
			got := mistakes(t, "Resources: {Probe: {Type: \"AWS::IAM::Group\", Properties: {ManagedPolicyArns: [\n"+
				c.expression+"\n]}}, "+flow+"}\n"+flowRest, options)
			for i := range got {
				if line, rest, _ := strings.Cut(got[i], ":"); line == "2" {
					got[i] = "1:" + rest
				}
			}
			requireShown(t, c.want, got)
		})
	}
}

// flow and flowRest are a part of the preamble that can follow on one line.
const (
	flow = `Person: {Type: "AWS::IAM::User"}, Key: {Type: "AWS::KMS::Key"}, ` +
		`Alias: {Type: "AWS::KMS::Alias", Properties: {AliasName: alias/app, TargetKeyId: !Ref Key}}`
	flowRest = `Parameters: {Name: {Type: String, Default: blue}, Names: {Type: CommaDelimitedList, Default: "a, b,c"}}
Mappings: {Regions: {eu-west-2: {short: ldn}}, Deep: {a: {b: {c: d}}}}
Conditions: {Yes: !Equals [a, a]}
`
)
