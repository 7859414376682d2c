package cloudformation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/source/cloudformation"
)

// withParameter is a template that shows the value of the parameter P.
func withParameter(declaration string) string {
	return "Parameters:\n  P: " + declaration + "\nResources: {G: {Type: AWS::IAM::Group, Properties: {ManagedPolicyArns: [!Join [\"|\", [!Ref P]]]}}}\n"
}

func given(value string) cloudformation.Options {
	opts := options
	opts.Parameters = map[string]string{"P": value}
	return opts
}

func TestParameters(t *testing.T) {
	cases := []struct {
		name, declaration string
		opts              cloudformation.Options
		want              string
	}{
		{"default", `{Type: String, Default: a}`, options, "a"},
		{"given", `{Type: String, Default: a}`, given("b"), "b"},
		{"empty", `{Type: String, Default: a}`, given(""), ""},
		{"number", `{Type: Number, MinValue: 1, MaxValue: 5}`, given("5"), "5"},
		{"decimal", `{Type: Number}`, given("-1.50"), "-1.50"},
		{"allowed", `{Type: String, AllowedValues: [dev, prod, 012]}`, given("012"), "012"},
		{"pattern", `{Type: String, AllowedPattern: "[a-z]+"}`, given("abc"), "abc"},
		{"length in characters", `{Type: String, MinLength: 2, MaxLength: 2}`, given("éé"), "éé"},
		{"resource type", `{Type: "AWS::EC2::VPC::Id"}`, given("vpc-1"), "vpc-1"},
		{"ssm name is just a string", `{Type: "AWS::SSM::Parameter::Name"}`, given("/a"), "/a"},
		{"default as number", `{Type: String, Default: 012}`, options, "012"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := loadWith(t, withParameter(c.declaration), c.opts)
			require.Empty(t, w.Warnings)
			require.Equal(t, []string{c.want}, w.Groups[0].Attached)
		})
	}
}

func TestParameterMistakes(t *testing.T) {
	cases := []struct {
		name, declaration string
		opts              cloudformation.Options
		want              []string
	}{
		{"no value", `{Type: String}`, options, []string{`2:3: parameter P has no default: give it a value with --parameter P=…`}},
		{"no type", `{Default: a}`, options, []string{`2:3: parameter P needs a Type`}},
		{"unknown type", `{Type: Strin, Default: a}`, options, []string{`2:13: unknown parameter type "Strin", did you mean "String"?`}},
		{"unknown attribute", `{Type: String, Defualt: a}`, options, []string{
			`2:3: parameter P has no default`, `2:21: a parameter has no attribute "Defualt", did you mean "Default"?`,
		}},
		{"default of wrong type", `{Type: CommaDelimitedList, Default: [a]}`, options, []string{`2:42: expected the default of parameter P as a string, found a list`}},
		{"not a number", `{Type: Number}`, given("0x10"), []string{`2:3: parameter P: the value "0x10" is not allowed, expected a number`}},
		{"not a number at all", `{Type: Number}`, given("NaN"), []string{`2:3: parameter P: the value "NaN" is not allowed, expected a number`}},
		{"too small", `{Type: Number, MinValue: 2}`, given("1.5"), []string{`2:3: parameter P: the value "1.5" is not allowed, expected at least 2`}},
		{"too big", `{Type: Number, MaxValue: 2}`, given("3"), []string{`2:3: parameter P: the value "3" is not allowed, expected at most 2`}},
		{"too short", `{Type: String, MinLength: 2}`, given("é"), []string{`2:3: parameter P: the value "é" is not allowed, expected at least 2 characters`}},
		{"too long", `{Type: String, MaxLength: 2}`, given("abc"), []string{`2:3: parameter P: the value "abc" is not allowed, expected at most 2 characters`}},
		{"not among the allowed", `{Type: String, AllowedValues: [dev, prod]}`, given("tset"), []string{`2:3: parameter P: the value "tset" is not allowed, expected one of "dev, prod"`}},
		{"default not among the allowed", `{Type: String, AllowedValues: [dev], Default: x}`, options, []string{`2:52: parameter P: the value "x" is not allowed`}},
		{"pattern must match as a whole", `{Type: String, AllowedPattern: "[a-z]+", ConstraintDescription: letters}`, given("a1"), []string{`2:3: parameter P: the value "a1" is not allowed, expected text that matches "[a-z]+" (letters)`}},
		{"pattern with alternatives", `{Type: String, AllowedPattern: "a|b"}`, given("ac"), []string{`2:3: parameter P: the value "ac" is not allowed`}},
		{"a secret is not shown", `{Type: String, NoEcho: true, MinLength: 20}`, given("hunter2"), []string{`2:3: parameter P: the value (not shown: NoEcho) is not allowed, expected at least 20 characters`}},
		{"list of numbers", `{Type: List<Number>}`, given("1,a"), []string{
			`2:3: parameter P: the value "1,a" is not allowed, expected a number`,
		}},
		{"constraint of wrong type", `{Type: Number, MinValue: low}`, given("1"), []string{`2:31: expected MinValue of parameter P as a number`}},
		{"not a mapping", `String`, options, []string{`2:6: expected the declaration of parameter P, found a string`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := mistakes(t, withParameter(c.declaration), c.opts)
			requireShown(t, c.want, got)
			require.NotContains(t, got[0], "hunter2")
		})
	}
}

func TestParameterNames(t *testing.T) {
	opts := options
	opts.Parameters = map[string]string{"Evn": "x", "Other": "y"}
	const template = "Parameters:\n  Env: {Type: String, Default: a}\nResources: {}\n"
	requireShown(t, []string{
		`2:3: the template declares no parameter "Evn", did you mean "Env"?`,
		`2:3: the template declares no parameter "Other"`,
	}, mistakes(t, template, opts))
	requireShown(t, []string{
		`1:1: the template declares no parameter "Evn"`, `1:1: the template declares no parameter "Other"`,
	}, mistakes(t, "Resources: {}\n", opts))
	opts.AllowExtraParameters = true
	loadWith(t, template, opts)
	requireShown(t, []string{`2:3: "a-b" is no name of a parameter`},
		mistakes(t, "Parameters:\n  a-b: {Type: String, Default: a}\nResources: {}\n", options))
	requireShown(t, []string{`3:13: "A" is already the name of a parameter`},
		mistakes(t, "Parameters:\n  A: {Type: String, Default: a}\nResources: {A: {Type: AWS::IAM::User}}\n", options))
}

func TestParameterListsAndTooMuchText(t *testing.T) {
	w := loadWith(t, "Parameters: {P: {Type: CommaDelimitedList}}\nResources: {G: {Type: AWS::IAM::Group, Properties: {ManagedPolicyArns: !Ref P}}}", given(" a ,b,"))
	require.Equal(t, []string{"a", "b", ""}, w.Groups[0].Attached)
	long := make([]byte, 4097)
	for i := range long {
		long[i] = 'x'
	}
	requireShown(t, []string{"2:3: parameter P: the value"}, mistakes(t, withParameter("{Type: String}"), given(string(long))))
	requireShown(t, []string{"2:3: parameter P: the value"}, mistakes(t, withParameter("{Type: String}"), given("a\x00")))
	requireShown(t, []string{"2:3: parameter P: the value"}, mistakes(t, withParameter("{Type: String}"), given("\uE000")))
}

func TestPatternThatGoCannotCheck(t *testing.T) {
	w := loadWith(t, withParameter(`{Type: String, AllowedPattern: "(?!x).*"}`), given("abc"))
	requireShown(t, []string{"2:37: AllowedPattern of parameter P is not checked"}, shown(w.Warnings))
}
