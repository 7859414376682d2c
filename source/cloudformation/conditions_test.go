package cloudformation_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConditions(t *testing.T) {
	cases := []struct {
		name, condition string
		want            bool
	}{
		{"equals", `!Equals [a, a]`, true},
		{"equals counts case", `!Equals [a, A]`, false},
		{"equals compares text", `!Equals ["1", 1.0]`, false},
		{"equals quoted number", `!Equals ["012", 012]`, true},
		{"equals lists", `!Equals [[a, b], !Split [",", "a,b"]]`, true},
		{"equals other lists", `!Equals [[a, b], [a]]`, false},
		{"equals mappings", `!Equals [{a: b, c: d}, {c: d, a: b}]`, true},
		{"equals other mappings", `!Equals [{a: b}, {a: c}]`, false},
		{"unknown in a list", `!And [!Equals [[!Ref Ssm], [x]], !Equals [a, b]]`, false},
		{"unknown in a mapping", `!And [!Equals [{a: !Ref Ssm}, x], !Equals [a, b]]`, false},
		{"equals of different kinds", `!Equals [[a], a]`, false},
		{"parameter", `!Equals [!Ref Env, prod]`, true},
		{"region", `!Equals [!Ref AWS::Region, eu-west-2]`, true},
		{"not", `!Not [!Equals [a, a]]`, false},
		{"and", `!And [!Equals [a, a], !Equals [b, b]]`, true},
		{"and with a false one", `!And [!Equals [a, a], !Equals [a, b]]`, false},
		{"or", `!Or [!Equals [a, b], !Equals [b, b]]`, true},
		{"or of false ones", `!Or [!Equals [a, b], !Equals [b, c]]`, false},
		{"condition by name", `!Condition Later`, true},
		{"condition in long form", `{Condition: Later}`, true},
		{"long forms", `{"Fn::And": [{Condition: Later}, {"Fn::Not": [{"Fn::Equals": [x, y]}]}]}`, true},
		{"known although a part is unknown: and", `!And [!Equals [!Ref Ssm, x], !Equals [a, b]]`, false},
		{"known although a part is unknown: or", `!Or [!Equals [!Ref Ssm, x], !Equals [a, a]]`, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, `
Parameters: {Env: {Type: String, Default: prod}, Ssm: {Type: AWS::SSM::Parameter::Value<String>, Default: /x}}
Conditions:
  C: `+c.condition+`
  Later: !Equals [z, z]
Resources:
  U: {Type: AWS::IAM::User, Condition: C}
`)
			require.Empty(t, w.Warnings)
			require.Equal(t, c.want, len(w.Users) == 1)
		})
	}
}

func TestConditionMistakes(t *testing.T) {
	cases := []struct {
		name, conditions string
		want             []string
	}{
		{"cycle", "  A: !Not [!Condition B]\n  B: !Condition A\n", []string{`3:6: the condition "A" depends on itself`}},
		{"itself", "  A: !And [!Condition A, !Equals [a, a]]\n", []string{`2:12: the condition "A" depends on itself`}},
		{"unknown", "  A: !Condition Z\n", []string{`2:6: the template declares no condition "Z"`}},
		{"not a function", "  A: yes\n", []string{`2:6: expected a condition function such as Fn::Equals, found a string`}},
		{"equals with three", "  A: !Equals [a, b, c]\n", []string{`2:6: expected 2 arguments of Fn::Equals, found 3`}},
		{"and with one", "  A: !And [!Equals [a, b]]\n", []string{`2:6: expected 2 to 10 arguments of Fn::And, found 1`}},
		{"not without list", "  A: !Not a\n", []string{`2:6: expected a list as argument of Fn::Not, found a string`}},
		{"resource", "  A: !Equals [!Ref U, x]\n", []string{`2:15: a condition may refer to parameters only, "U" is a resource`}},
		{"all are looked at", "  A: !Or [!Condition X, !Condition Y]\n", []string{
			`2:11: the template declares no condition "X"`, `2:25: the template declares no condition "Y"`,
		}},
		{"name of a condition", "  A: {Condition: [x]}\n", []string{`2:18: expected the name of a condition, found a list`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			requireShown(t, c.want, mistakes(t, "Conditions:\n"+c.conditions+"Resources: {U: {Type: AWS::IAM::User}}\n", options))
		})
	}
}

func TestResourceThatIsNotMade(t *testing.T) {
	const template = `
Conditions: {Never: !Equals [a, b], Always: !Equals [a, a]}
Resources:
  Gone: {Type: AWS::IAM::Group, Condition: Never}
  Here: {Type: AWS::IAM::Group, Condition: Always}
  U:
    Type: AWS::IAM::User
    DependsOn: [Gone, Here]
    Properties:
      Groups: [!Ref Here, !If [Never, !Ref Gone, !Ref AWS::NoValue]]
Outputs:
  O: {Condition: Never, Value: !Ref Gone}
`
	w := load(t, template)
	require.Len(t, w.Groups, 1)
	require.Equal(t, []string{"app-Here"}, w.Users[0].Groups)

	requireShown(t, []string{`5:59: the resource "Gone" is not made, because its condition "Never" is false`}, mistakes(t, `
Conditions: {Never: !Equals [a, b]}
Resources:
  Gone: {Type: AWS::IAM::Group, Condition: Never}
  U: {Type: AWS::IAM::User, Properties: {Groups: [        !Ref Gone]}}
`, options))
}

func TestUnknownConditions(t *testing.T) {
	w := load(t, `
Parameters: {Ssm: {Type: AWS::SSM::Parameter::Value<String>, Default: /env}}
Conditions: {Prod: !Equals [!Ref Ssm, prod]}
Resources:
  K: {Type: AWS::KMS::Key, Condition: Prod}
  U: {Type: AWS::IAM::User, Condition: Prod}
  P:
    Type: AWS::IAM::Policy
    Condition: Prod
    Properties:
      PolicyName: p
      Users: [!Ref U]
      PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "kms:*", Resource: "*"}}
`)
	const because = ` exists only under the condition Prod, which is unknown`
	require.Equal(t, []string{"K" + because + " (t.yaml:5:3)"}, w.Keys[0].Unknown)
	require.Equal(t, []string{"U" + because + " (t.yaml:6:3)"}, w.Users[0].Unknown)
	conditions := w.Users[0].Policies[0].Statements[0].Conditions
	require.Len(t, conditions, 1, "the policy counts under a condition that nobody can evaluate")
	require.Equal(t, "P"+because+" (t.yaml:7:3)", conditions[0].Key.Text)
	require.True(t, conditions[0].Key.Unresolved)
	requireShown(t, []string{
		`5:3: whether "K" exists is unknown, because its condition "Prod" is (it depends on <SSM parameter /env>)`,
		`6:3: whether "U" exists is unknown`,
		`7:3: whether "P" exists is unknown`,
	}, shown(w.Warnings))
}

func TestFunctionsThatNoConditionHas(t *testing.T) {
	w := load(t, `Transform: AWS::LanguageExtensions
Conditions:
  C: {"Fn::Contains": [[a], a]}
  D: !Not [!Condition Elsewhere]
  Fn::ForEach::X: [x, [a], {}]
Resources:
  U: {Type: AWS::IAM::User, Condition: C}
  V: {Type: AWS::IAM::User, Condition: D}
`)
	require.Len(t, w.Users, 2)
	requireShown(t, []string{
		`5:3: Fn::ForEach::X is not supported among the conditions`,
		`7:3: whether "U" exists is unknown, because its condition "C" is (it depends on Fn::Contains, which is not supported in a condition)`,
		`8:3: whether "V" exists is unknown, because its condition "D" is (it depends on the condition Elsewhere, which is not in the template)`,
	}, shown(w.Warnings))
}
