package cloudformation_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// keyWith is a template with one key whose policy has one statement.
func keyWith(statement string) string {
	return "Parameters: {Ssm: {Type: AWS::SSM::Parameter::Value<String>, Default: /role}}\n" +
		"Conditions: {Unknown: !Equals [!Ref Ssm, x]}\n" +
		"Resources:\n  Bucket: {Type: AWS::S3::Bucket}\n  Nested: {Type: AWS::CloudFormation::Stack}\n" +
		"  K:\n    Type: AWS::KMS::Key\n    Properties:\n      KeyPolicy:\n        Version: 2012-10-17\n        Statement:\n" +
		"          - {Sid: kept, Effect: Allow, Principal: \"*\", Action: \"kms:*\", Resource: \"*\"}\n          - " + statement + "\n"
}

// TestUnresolvedValues holds what is unknown to be marked as unknown, with a warning.
func TestUnresolvedValues(t *testing.T) {
	const warning = "13:"
	cases := []struct {
		name, principal string
		want            string // the principal's text in words
		warn            string
	}{
		{"import", `!ImportValue shared-role`, "<Fn::ImportValue shared-role>", `the export "shared-role" belongs to another stack`},
		{"import in sub", `!Sub ["arn:aws:iam::111122223333:role/${R}", {R: !ImportValue role}]`, "arn:aws:iam::111122223333:role/<Fn::ImportValue role>", `the export "role"`},
		{"import of sub", `!ImportValue {"Fn::Sub": "${AWS::StackName}-role"}`, "<Fn::ImportValue app-role>", `the export "app-role"`},
		{"import in join", `!Join ["/", ["arn:aws:iam::111122223333:role", !ImportValue r]]`, "arn:aws:iam::111122223333:role/<Fn::ImportValue r>", `the export "r"`},
		{"select of split import", `!Select [1, !Split ["/", !ImportValue r]]`, "<Fn::ImportValue r>", `the export "r"`},
		{"ssm parameter", `!Ref Ssm`, "<SSM parameter /role>", `the value of parameter Ssm is unknown: <SSM parameter /role>`},
		{"if", `!If [Unknown, a, b]`, "<Fn::If Unknown>", `whether the condition "Unknown" is true is unknown (it depends on <SSM parameter /role>)`},
		{"dynamic reference", `"{{resolve:ssm:/x:1}}"`, "<resolve:ssm:/x:1>", `the dynamic reference {{resolve:ssm:/x:1}} is not looked up`},
		{"dynamic reference made by sub", `!Sub "arn:aws:iam::111122223333:role/{{resolve:ssm:/${AWS::Region}}}"`, "arn:aws:iam::111122223333:role/<resolve:ssm:/eu-west-2>", `the dynamic reference`},
		{"unknown function", `{"Fn::Magic": a}`, "<Fn::Magic>", `the function "Fn::Magic" is not supported`},
		{"transform", `{"Fn::Transform": {Name: AWS::Include}}`, "<Fn::Transform>", `the function "Fn::Transform" is not supported`},
		{"availability zones", `!Select [0, !GetAZs ""]`, "<Fn::GetAZs>", `Fn::GetAZs is not computed`},
		{"cidr", `!Select [0, !Cidr [a, 1, 2]]`, "<Fn::Cidr>", `Fn::Cidr is not computed`},
		{"opaque in a principal", `!GetAtt Nested.Outputs.RoleArn`, "<opaque:Nested.Outputs.RoleArn>", `this principal of key policy of K depends on "opaque:Nested.Outputs.RoleArn", which only AWS knows`},
		{"opaque in part of a principal", `!Sub "arn:aws:iam::111122223333:role/${Nested.Outputs.Role}"`, "<arn:aws:iam::111122223333:role/opaque:Nested.Outputs.Role>", `this principal of key policy of K depends on`},
		{"opaque name in a principal", `!Sub "arn:aws:iam::111122223333:role/${Bucket}"`, "<arn:aws:iam::111122223333:role/app-Bucket>", `this principal of key policy of K depends on`},
		{"length of the unknown", `{"Fn::Length": !ImportValue r}`, "<Fn::Length <Fn::ImportValue r>>", `the export "r"`},
		{"base64 of the unknown", `!Base64 {"Fn::ImportValue": r}`, "<Fn::Base64 <Fn::ImportValue r>>", `the export "r"`},
		{"attribute of the unknown", `{"Fn::GetAtt": [Nested, !ImportValue a]}`, "<Fn::GetAtt Nested.<Fn::ImportValue a>>", `the export "a"`},
		{"map by the unknown", `!FindInMap [!Ref Ssm, a, b]`, "<Fn::FindInMap <SSM parameter /role>>", `the value of parameter Ssm`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, keyWith(`{Effect: Allow, Principal: {AWS: `+c.principal+`}, Action: "kms:*", Resource: "*"}`))
			warnings := shown(w.Warnings)
			require.Len(t, warnings, 1)
			require.True(t, strings.HasPrefix(warnings[0], warning), warnings[0])
			require.Contains(t, warnings[0], c.warn)
			value := w.Keys[0].Policy.Statements[1].Principals.Values[0]
			require.True(t, value.Unresolved)
			require.Equal(t, c.want, value.Text)
			require.Empty(t, w.Keys[0].Unknown)
		})
	}
}

// TestOpaqueValues holds invented names to be taken as they are where they do no harm.
func TestOpaqueValues(t *testing.T) {
	w := load(t, keyWith(`{Effect: Allow, Principal: "*", Action: "kms:*", Resource: "*", Condition: {StringEquals: {"aws:SourceArn": [!GetAtt Bucket.Arn, !GetAtt Nested.Outputs.Arn], "aws:PrincipalTag/x": !Ref Nested}}}`))
	require.Empty(t, w.Warnings)
	conditions := w.Keys[0].Policy.Statements[1].Conditions
	require.Equal(t, "arn:aws:s3:::app-Bucket", conditions[0].Values[0].Text)
	require.Equal(t, "opaque:Nested.Outputs.Arn", conditions[0].Values[1].Text)
	require.Equal(t, "app-Nested", conditions[1].Values[0].Text)
	require.False(t, conditions[0].Values[0].Unresolved)
	const madeUp = ", a name that is made up here: only AWS knows the real one"
	require.Equal(t, []string{
		`Condition of statement 2 of key policy of K compares with "arn:aws:s3:::app-Bucket" (t.yaml:13:122)` + madeUp,
		`Condition of statement 2 of key policy of K compares with "opaque:Nested.Outputs.Arn" (t.yaml:13:142)` + madeUp,
		`Condition of statement 2 of key policy of K compares with "app-Nested" (t.yaml:13:193)` + madeUp,
	}, w.Keys[0].Unknown)

	// What may name a key is another matter.
	users := load(t, `Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Nested: {Type: AWS::CloudFormation::Stack}
  U:
    Type: AWS::IAM::User
    Properties:
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - {Effect: Allow, Action: "s3:*", Resource: [!GetAtt Bucket.Arn, !Sub "${Bucket.Arn}/*", !GetAtt Nested.Outputs.Thing]}
              - {Effect: Allow, Action: "kms:*", Resource: [!GetAtt Nested.Outputs.KeyArn, !Sub "arn:aws:kms:*:*:key/${Nested.Outputs.Id}"]}
`)
	requireShown(t, []string{
		`13:61: this resource of policy p of user app-U depends on "opaque:Nested.Outputs.KeyArn", which only AWS knows`,
		`13:92: this resource of policy p of user app-U depends on "arn:aws:kms:*:*:key/opaque:Nested.Outputs.Id"`,
	}, shown(users.Warnings))
	statements := users.Users[0].Policies[0].Statements
	require.Equal(t, "arn:aws:s3:::app-Bucket/*", statements[0].Resources.Values[1].Text)
	require.False(t, statements[0].Resources.Values[1].Unresolved)
	require.True(t, statements[0].Resources.Values[2].Unresolved)
	require.True(t, statements[1].Resources.Values[0].Unresolved)
	require.True(t, statements[1].Resources.Values[1].Unresolved)
}

// TestUnresolvedStatements holds statements of which too much is unknown to be kept as statements under a
// condition that nobody can evaluate.
func TestUnresolvedStatements(t *testing.T) {
	const rest = `Principal: "*", Action: "kms:*", Resource: "*"`
	cases := []struct {
		name, statement string
		want            []string // effect, Sid and what the unresolved condition keys say
		warn            string
	}{
		{
			"statement", `!If [Unknown, {Effect: Deny}, !Ref AWS::NoValue]`,
			[]string{`Allow "" <Fn::If Unknown>`, `Deny "2, if it is a Deny" <Fn::If Unknown>`},
			"statement 2 of key policy of K is unknown, because <Fn::If Unknown> cannot be resolved",
		},
		{
			"effect", `{Effect: !Ref Ssm, ` + rest + `}`,
			[]string{`Allow "" <SSM parameter /role>`, `Deny "2, if it is a Deny" <SSM parameter /role>`},
			"statement 2 of key policy of K is unknown, because <SSM parameter /role> cannot be resolved",
		},
		{
			"effect of a statement with a name", `{Sid: mine, Effect: !If [Unknown, Allow, Deny], ` + rest + `, Condition: {StringEquals: {"aws:username": a}}}`,
			[]string{`Allow "mine" aws:username <Fn::If Unknown>`, `Deny "mine, if it is a Deny" aws:username <Fn::If Unknown>`},
			"statement 2 of key policy of K is unknown, because <Fn::If Unknown> cannot be resolved",
		},
		{
			"effect and conditions", `{Effect: !If [Unknown, Allow, Deny], ` + rest + `, Condition: !Ref Ssm}`,
			[]string{
				`Allow "" <SSM parameter /role> <Fn::If Unknown>`, `Deny "2, if it is a Deny" <SSM parameter /role> <Fn::If Unknown>`,
			},
			"Condition of statement 2 of key policy of K is unknown, because <SSM parameter /role> cannot be resolved",
		},
		{
			"conditions", `{Effect: Deny, ` + rest + `, Condition: !If [Unknown, {}, {}]}`,
			[]string{`Deny "" <Fn::If Unknown>`},
			"Condition of statement 2 of key policy of K is unknown, because <Fn::If Unknown> cannot be resolved",
		},
		{
			"operator", `{Effect: Deny, ` + rest + `, Condition: {Bool: {"aws:SecureTransport": false}, StringLike: !If [Unknown, {}, {}]}}`,
			[]string{`Deny "" aws:SecureTransport <Fn::If Unknown>`},
			"Condition of statement 2 of key policy of K is unknown, because <Fn::If Unknown> cannot be resolved",
		},
		{
			"mapping with a transform", `{Effect: Deny, "Fn::Transform": {Name: AWS::Include}}`,
			[]string{`Allow "" <Fn::Transform>`, `Deny "2, if it is a Deny" <Fn::Transform>`},
			"statement 2 of key policy of K is unknown, because <Fn::Transform> cannot be resolved",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, keyWith(c.statement))
			require.Empty(t, w.Keys[0].Unknown)
			statements := w.Keys[0].Policy.Statements
			require.Equal(t, "kept", statements[0].Sid)
			require.Empty(t, statements[0].Unresolved())
			var got []string
			for _, s := range statements[1:] {
				text := s.Effect.String() + " " + strconv.Quote(s.Sid)
				var textSb167 strings.Builder
				for _, condition := range s.Conditions {
					require.Equal(t, strings.HasPrefix(condition.Key.Text, "<"), condition.Key.Unresolved)
					textSb167.WriteString(" " + condition.Key.Text)
				}
				text += textSb167.String()
				got = append(got, text)
			}
			require.Equal(t, c.want, got)
			require.Contains(t, strings.Join(shown(w.Warnings), "\n"), c.warn)
		})
	}
}

// TestUnresolvedStatementMistakes holds the rest of a statement of unknown effect to be read as ever.
func TestUnresolvedStatementMistakes(t *testing.T) {
	requireShown(t, []string{`13:74: condition operator StringEquals is a string`}, mistakes(t,
		keyWith(`{Effect: !Ref Ssm, Principal: "*", Condition: {StringEquals: a}, Action: "kms:*", Resource: "*"}`), options))
	requireShown(t, []string{`13:59: Condition is a string`}, mistakes(t,
		keyWith(`{Effect: !Ref Ssm, Principal: "*", Condition: StringEquals, Action: "kms:*", Resource: "*"}`), options))
}

// TestUnresolvedPolicies holds a policy that is unknown as a whole to be one that may allow and deny everything.
func TestUnresolvedPolicies(t *testing.T) {
	w := load(t, `Resources:
  K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: !ImportValue policy}}
  L: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Version: 2012-10-17, Statement: !ImportValue s}}}
  M: {Type: AWS::KMS::Key, Properties: {"Fn::Transform": {Name: AWS::Include}}}
  N: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Version: !ImportValue v, Statement: []}}}
`)
	for i, want := range []struct{ key, warning string }{
		{"<Fn::ImportValue policy>", "2:52: key policy of K is unknown, because <Fn::ImportValue policy> cannot be resolved"},
		{"<Fn::ImportValue s>", "3:85: the Statement of key policy of L is unknown, because <Fn::ImportValue s> cannot be resolved"},
		{"<Fn::Transform>", "4:41: key policy of M is unknown, because <Fn::Transform> cannot be resolved"},
		{"<Fn::ImportValue v>", "5:62: the Version of key policy of N is unknown, because <Fn::ImportValue v> cannot be resolved"},
	} {
		statements := w.Keys[i].Policy.Statements
		require.Len(t, statements, 2)
		require.Equal(t, policy.Allow, statements[0].Effect)
		require.Equal(t, policy.Deny, statements[1].Effect)
		require.Equal(t, want.key, statements[1].Unresolved()[0].Text)
		require.Contains(t, strings.Join(shown(w.Warnings), "\n"), want.warning)
		require.Len(t, w.Keys[i].Policy.Bound(true).Statements, 1)
	}
}

func TestUnresolvedProperties(t *testing.T) {
	w := load(t, `Resources:
  K:
    Type: AWS::KMS::Key
    Properties: {KeySpec: !ImportValue spec, Tags: [{Key: a, Value: !ImportValue tag}, {Key: b, Value: c}]}
  A: {Type: AWS::KMS::Alias, Properties: {AliasName: !ImportValue alias, TargetKeyId: !Ref K}}
  U:
    Type: AWS::IAM::User
    Properties:
      UserName: !ImportValue name
      Path: !ImportValue path
      Groups: [!ImportValue group]
      ManagedPolicyArns: [!ImportValue managed, !Ref P]
      PermissionsBoundary: !ImportValue boundary
      Policies: [!If [Never, a, !ImportValue inline]]
      Tags: !ImportValue tags
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: !ImportValue trust
      Policies: !ImportValue policies
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: !ImportValue document}
  M: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !ImportValue team, Users: [!Ref U, !ImportValue somebody]}}
Conditions: {Never: !Equals [a, b]}
`)
	key, user, role := w.Keys[0], w.Users[0], w.Roles[0]
	require.Equal(t, []string{
		"KeySpec of K is unknown: <Fn::ImportValue spec> (t.yaml:4:27)",
		"a tag of K is unknown: a <Fn::ImportValue tag> (t.yaml:4:53)",
		"AliasName of A is unknown: <Fn::ImportValue alias> (t.yaml:5:54)",
	}, key.Unknown)
	require.Empty(t, key.Spec)
	require.Equal(t, map[string]string{"b": "c"}, key.Tags)
	require.Empty(t, key.Aliases)
	require.Equal(t, "app-U", user.Name)
	require.Equal(t, "/", user.Path)
	require.Equal(t, "<Fn::ImportValue boundary>", user.Boundary)
	require.Empty(t, user.Groups)
	require.Equal(t, []string{
		"UserName of U is unknown: <Fn::ImportValue name> (t.yaml:9:17)",
		"Path of U is unknown: <Fn::ImportValue path> (t.yaml:10:13)",
		"Tags of U is unknown: <Fn::ImportValue tags> (t.yaml:15:13)",
	}, user.Unknown)
	require.Equal(t, []string{
		"a managed policy of U", "a group of U", "an inline policy of U", "the group of M", "the group of M",
	}, unknownPolicies(user.Policies))
	require.Equal(t, []string{"the inline policies of R"}, unknownPolicies(role.Policies))
	require.Empty(t, role.Unknown)
	require.NotContains(t, strings.Join(shown(w.Warnings), "\n"), "trust", "a trust policy decides nothing here")
	require.Equal(t, []string{"managed policy app-P"}, unknownPolicies(w.ManagedPolicies))
	require.Equal(t, []string{w.ManagedPolicies[0].ARN}, user.Attached)
}

// unknownPolicies names the policies of which nothing is known.
func unknownPolicies(docs []*policy.Document) []string {
	var names []string
	for _, doc := range docs {
		if len(doc.Statements) == 2 && doc.Statements[0].Sid == "what it may allow" {
			names = append(names, doc.Name)
		}
	}
	return names
}

func TestMacros(t *testing.T) {
	w := load(t, `Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions]
Globals: {Function: {Timeout: 3}}
Resources:
  F: {Type: AWS::Serverless::Function, Connectors: {}, Properties: {Role: !Ref Made}}
  K:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !GetAtt FRole.Arn}, Action: "kms:*", Resource: "*"}}
`)
	requireShown(t, []string{
		`4:52: the policies of the connectors of F are not loaded`,
		`8:84: the template has no "FRole"; a macro that is not run may make it`,
	}, shown(w.Warnings))
	require.True(t, w.Keys[0].Policy.Statements[0].Principals.Values[0].Unresolved)
	require.Empty(t, w.Keys[0].Unknown)

	for _, transform := range []string{"Custom", "{Name: Custom, Parameters: {a: b}}", "[Custom]"} {
		own := load(t, "Transform: "+transform+"\nResources: {K: {Type: AWS::KMS::Key}, U: {Type: AWS::IAM::User}, G: {Type: AWS::IAM::Group}}")
		const unknown = "the macro Custom, which may change the template, was not run"
		require.Equal(t, []string{unknown}, own.Keys[0].Unknown)
		require.Equal(t, []string{unknown}, own.Users[0].Unknown)
		require.Equal(t, []string{unknown}, own.Groups[0].Unknown)
	}
	requireShown(t, []string{"1:13: expected the name of a macro, found a list"}, mistakes(t, "Transform: [[a]]\nResources: {}\n", options)[:1])
}

func TestForEach(t *testing.T) {
	const body = "Transform: AWS::LanguageExtensions\nResources:\n  U: {Type: AWS::IAM::User}\n  Fn::ForEach::Things:\n    - Name\n    - [a, b]\n    - "
	w := load(t, body+`"Bucket${Name}": {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Name}}`)
	requireShown(t, []string{"4:3: Fn::ForEach is not supported: the resources it makes are not loaded"}, shown(w.Warnings))
	for _, made := range []string{
		`"Key${Name}": {Type: AWS::KMS::Key}`, `"P${Name}": {Type: AWS::IAM::UserPolicy}`, `"X${Name}": {Type: !Ref Name}`, `nothing`,
	} {
		requireShown(t, []string{"4:3: Fn::ForEach is not supported, and this one may make IAM or KMS resources"}, mistakes(t, body+made, options))
	}
	requireShown(t, []string{"2:3: Fn::Transform is not supported among the resources"},
		mistakes(t, "Resources:\n  Fn::Transform: {Name: AWS::Include}\n", options))
}

// TestRules holds rules to be reported and not to be in the way.
func TestRules(t *testing.T) {
	w := load(t, `Rules: {R: {RuleCondition: !Equals [a, a], Assertions: [{Assert: {"Fn::Contains": [[a], b]}}]}}
Resources: {K: {Type: AWS::KMS::Key}}
`)
	requireShown(t, []string{"1:1: Rules are not checked"}, shown(w.Warnings))
}

// TestUnknownReachesOldHolders covers a managed policy that is attached to a user of another template.
func TestUnknownReachesOldHolders(t *testing.T) {
	w := &source.World{}
	loadInto(t, w, "Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: u}}}", options)
	second := options
	second.StackName = "second"
	loadInto(t, w, `Resources:
  S: {Type: AWS::CloudFormation::Stack}
  P: {Type: AWS::IAM::ManagedPolicy, Properties: {Users: [u], PolicyDocument: {Version: 2012-10-17, Statement:
     {Effect: Allow, Action: "kms:*", Resource: "*", Condition: {StringEquals: {"aws:SourceVpce": !Ref S}}}}}}
`, second)
	require.Equal(t, []string{
		`Condition of statement 1 of managed policy second-P compares with "second-S" (t.yaml:4:99), ` +
			"a name that is made up here: only AWS knows the real one",
	}, w.Users[0].Unknown)
}
