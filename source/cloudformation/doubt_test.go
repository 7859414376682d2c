package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// doubtful is a template with a user, a group that denies and whatever else.
func doubtful(resources string) string {
	const document = `{Version: 2012-10-17, Statement: {Effect: Deny, Action: "kms:*", Resource: "*"}}`
	return "Parameters: {Ssm: {Type: AWS::SSM::Parameter::Value<String>, Default: /x}}\n" +
		"Conditions: {Unknown: !Equals [!Ref Ssm, x]}\n" +
		"Resources:\n" +
		"  U: {Type: AWS::IAM::User, Properties: {UserName: u}}\n" +
		strings.ReplaceAll(resources, "DOCUMENT", document)
}

// doubts says which policies a user has and what makes them doubtful.
func doubts(docs []*policy.Document) []string {
	var out []string
	for _, doc := range docs {
		text := doc.Name
		var textSb28 strings.Builder
		for _, v := range doc.Statements[len(doc.Statements)-1].Unresolved() {
			textSb28.WriteString(": " + v.Text)
		}
		text += textSb28.String()
		out = append(out, text)
	}
	return out
}

// TestDoubtfulAttachments holds a policy of which nobody knows whether it is attached to be in doubt, not to be left out.
func TestDoubtfulAttachments(t *testing.T) {
	const group = "  G: {Type: AWS::IAM::Group, Properties: {GroupName: g, Policies: [{PolicyName: p, PolicyDocument: DOCUMENT}], ManagedPolicyArns: [!Ref M, 'arn:aws:iam::aws:policy/ReadOnlyAccess', 'arn:aws:iam::111122223333:policy/elsewhere']}}\n" +
		"  M: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: m, PolicyDocument: DOCUMENT}}\n"
	const maybe = "A exists only under the condition Unknown, which is unknown "
	cases := []struct {
		name, resources string
		want            []string
	}{
		{
			name:      "a policy of somebody",
			resources: "  A: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Users: [!ImportValue who], PolicyDocument: DOCUMENT}}\n",
			want:      []string{"policy p of user u: a user of A, which is <Fn::ImportValue who>"},
		},
		{
			name:      "a policy of all the users of a list",
			resources: "  A: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Users: !Split [',', !ImportValue who], PolicyDocument: DOCUMENT}}\n",
			want:      []string{"policy p of user u: a user of A, which is <Fn::ImportValue who>"},
		},
		{
			name:      "a managed policy of somebody",
			resources: "  A: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: m, Users: [!ImportValue who], PolicyDocument: DOCUMENT}}\n",
			want:      []string{"managed policy m: a user of A, which is <Fn::ImportValue who>"},
		},
		{
			name:      "a policy that may not exist",
			resources: "  A: {Type: AWS::IAM::UserPolicy, Condition: Unknown, Properties: {PolicyName: p, UserName: !Ref U, PolicyDocument: DOCUMENT}}\n",
			want:      []string{"policy p of user u: " + maybe + "(t.yaml:5:3)"},
		},
		{
			name:      "a membership of somebody",
			resources: "  A: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref G, Users: [!ImportValue who]}}\n" + group,
			want: []string{
				"policy p of group g: a user of A, which is <Fn::ImportValue who>",
				"managed policy m: a user of A, which is <Fn::ImportValue who>",
				"ReadOnlyAccess: a user of A, which is <Fn::ImportValue who>",
				"the managed policy arn:aws:iam::111122223333:policy/elsewhere, which is not loaded: a user of A, which is <Fn::ImportValue who>",
			},
		},
		{
			name:      "a membership that may not exist",
			resources: "  A: {Type: AWS::IAM::UserToGroupAddition, Condition: Unknown, Properties: {GroupName: !Ref G, Users: [!Ref U]}}\n" + group,
			want: []string{
				"policy p of group g: " + maybe + "(t.yaml:5:3)",
				"managed policy m: " + maybe + "(t.yaml:5:3)", "ReadOnlyAccess: " + maybe + "(t.yaml:5:3)",
				"the managed policy arn:aws:iam::111122223333:policy/elsewhere, which is not loaded: " + maybe + "(t.yaml:5:3)",
			},
		},
		{
			name:      "a membership in a group that is not loaded",
			resources: "  A: {Type: AWS::IAM::UserToGroupAddition, Condition: Unknown, Properties: {GroupName: elsewhere, Users: [!Ref U]}}\n",
			want:      []string{"the group elsewhere, which is not loaded: " + maybe + "(t.yaml:5:3)"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := load(t, doubtful(c.resources))
			require.Equal(t, c.want, doubts(w.Users[0].Policies))
			require.Empty(t, w.Users[0].Attached)
			require.Empty(t, w.Users[0].Groups)

			// The same about a user that another template declares.
			old := &source.World{}
			loadInto(t, old, "Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: u}}}", options)
			loadInto(t, old, strings.ReplaceAll(strings.Replace(doubtful(c.resources), "  U: {Type: AWS::IAM::User, Properties: {UserName: u}}\n", "\n", 1), "!Ref U", "u"), options)
			require.Equal(t, c.want, doubts(old.Users[0].Policies))
			require.Empty(t, old.Users[0].Attached)
		})
	}
}

// TestDoubtfulGroups holds the policies of a group that may not exist to be in doubt, those that it is given later
// and by others too.
func TestDoubtfulGroups(t *testing.T) {
	w := load(t, doubtful(`  G: {Type: AWS::IAM::Group, Condition: Unknown, Properties: {GroupName: g, Policies: [{PolicyName: p, PolicyDocument: DOCUMENT}]}}
  P: {Type: AWS::IAM::Policy, Properties: {PolicyName: later, Groups: [!Ref G], PolicyDocument: DOCUMENT}}
  M: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: m, Groups: [!Ref G], PolicyDocument: DOCUMENT}}
`))
	const maybe = ": G exists only under the condition Unknown, which is unknown (t.yaml:5:3)"
	require.Equal(t, []string{
		"policy p of group g" + maybe, "policy later of group g" + maybe, "managed policy m" + maybe,
	}, doubts(w.Groups[0].Policies))
	require.Empty(t, w.Groups[0].Attached)
	require.Empty(t, w.ManagedPolicies[0].Statements[0].Conditions, "the policy itself is not in doubt")
}

// TestDoubtfulAliases holds the keys that an alias may belong to to say so.
func TestDoubtfulAliases(t *testing.T) {
	w := load(t, `Resources:
  K: {Type: AWS::KMS::Key}
  L: {Type: AWS::KMS::Key}
  A: {Type: AWS::KMS::Alias, Properties: {AliasName: !ImportValue name, TargetKeyId: !Ref K}}
  B: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/b, TargetKeyId: !ImportValue key}}
`)
	const anyKey = "TargetKeyId of the alias B is unknown: <Fn::ImportValue key> (t.yaml:5:76)"
	require.Equal(t, []string{"AliasName of A is unknown: <Fn::ImportValue name> (t.yaml:4:54)", anyKey}, w.Keys[0].Unknown)
	require.Equal(t, []string{anyKey}, w.Keys[1].Unknown)

	second := &source.World{}
	loadInto(t, second, "Resources: {K: {Type: AWS::KMS::Key}}", options)
	other := options
	other.StackName = "second"
	loadInto(t, second, "Resources: {A: {Type: AWS::KMS::Alias, Properties: {AliasName: !ImportValue name, TargetKeyId: '"+second.Keys[0].ARN+"'}}}", other)
	require.Equal(t, []string{"AliasName of A is unknown: <Fn::ImportValue name> (t.yaml:1:64)"}, second.Keys[0].Unknown)
}
