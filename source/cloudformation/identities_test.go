package cloudformation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// allow is a small identity policy in flow style.
const allow = `{Version: 2012-10-17, Statement: {Effect: Allow, Action: "kms:*", Resource: "*"}}`

// names lists the names of policies.
func names(docs []*policy.Document) []string {
	var list []string
	for _, d := range docs {
		list = append(list, d.Name)
	}
	return list
}

func TestUsersGroupsRoles(t *testing.T) {
	w := load(t, `
Resources:
  Devs:
    Type: AWS::IAM::Group
    Properties:
      GroupName: devs
      Path: /team/
      ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess, !Ref Shared]
      Policies: [{PolicyName: g, PolicyDocument: `+allow+`}]
  Alice:
    Type: AWS::IAM::User
    Properties:
      UserName: alice
      Groups: [!Ref Devs, elsewhere]
      PermissionsBoundary: !Ref Shared
      Tags: [{Key: team, Value: blue}]
      Policies: [{PolicyName: u, PolicyDocument: `+allow+`}]
      LoginProfile: {Password: x}
  Job:
    Type: AWS::IAM::Role
    Properties:
      RoleName: job
      Path: /service/
      MaxSessionDuration: 3600
      Tags: [{Key: team, Value: red}]
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: !Sub "lambda.${AWS::URLSuffix}"}, Action: "sts:AssumeRole"}}
      Policies: [{PolicyName: r, PolicyDocument: `+allow+`}, !Ref AWS::NoValue]
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: `+allow+`}
`)
	require.Empty(t, w.Warnings)
	group, user, role := w.Groups[0], w.Users[0], w.Roles[0]
	require.Equal(t, []string{"111122223333", "/team/", "devs", "Devs"}, []string{group.Account, group.Path, group.Name, group.LogicalID})
	require.Equal(t, []string{"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::111122223333:policy/app-Shared"}, group.Attached)
	require.Equal(t, []string{"policy g of group devs"}, names(group.Policies))
	require.Equal(t, []string{"111122223333", "/", "alice", "Alice"}, []string{user.Account, user.Path, user.Name, user.LogicalID})
	require.Equal(t, []string{"devs", "elsewhere"}, user.Groups)
	require.Equal(t, "arn:aws:iam::111122223333:policy/app-Shared", user.Boundary)
	require.Equal(t, map[string]string{"team": "blue"}, user.Tags)
	require.Equal(t, []string{"policy u of user alice"}, names(user.Policies))
	require.Regexp(t, "^AIDA", user.UniqueID)
	require.Equal(t, []string{"111122223333", "/service/", "job", "Job"}, []string{role.Account, role.Path, role.Name, role.LogicalID})
	require.Equal(t, map[string]string{"team": "red"}, role.Tags)
	require.Equal(t, []string{"policy r of role job"}, names(role.Policies))
	require.Equal(t, []string{"managed policy app-Shared"}, names(w.ManagedPolicies))
	require.Equal(t, "arn:aws:iam::111122223333:policy/app-Shared", w.ManagedPolicies[0].ARN)
	require.Equal(t, policy.IdentityPolicy, w.ManagedPolicies[0].Kind)
	require.Equal(t, 10, user.Pos.Line)
}

func TestAttachments(t *testing.T) {
	w := load(t, `
Resources:
  G: {Type: AWS::IAM::Group, Properties: {GroupName: g}}
  U: {Type: AWS::IAM::User, Properties: {UserName: u}}
  R: {Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: 111122223333}, Action: sts:AssumeRole}}}}
  Inline:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: all, Users: [!Ref U], Groups: [!Ref G], Roles: [!Ref R], PolicyDocument: `+allow+`}
  OfUser: {Type: AWS::IAM::UserPolicy, Properties: {PolicyName: pu, UserName: !Ref U, PolicyDocument: `+allow+`}}
  OfGroup: {Type: AWS::IAM::GroupPolicy, Properties: {PolicyName: pg, GroupName: !Ref G, PolicyDocument: `+allow+`}}
  OfRole: {Type: AWS::IAM::RolePolicy, Properties: {PolicyName: pr, RoleName: !Ref R, PolicyDocument: `+allow+`}}
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties: {ManagedPolicyName: m, Path: /x/, Users: [u], Groups: [g], Roles: [r], PolicyDocument: `+allow+`}
  Member: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref G, Users: [!Ref U]}}
  Access: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref U}}
  Old: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref U, Status: Inactive, Serial: 2}}
`)
	require.Empty(t, w.Warnings)
	require.Equal(t, []string{"policy all of user u", "policy pu of user u"}, names(w.Users[0].Policies))
	require.Equal(t, []string{"policy all of group g", "policy pg of group g"}, names(w.Groups[0].Policies))
	require.Equal(t, []string{"policy all of role r", "policy pr of role r"}, names(w.Roles[0].Policies))
	const arn = "arn:aws:iam::111122223333:policy/x/m"
	require.Equal(t, arn, w.ManagedPolicies[0].ARN)
	require.Equal(t, []string{arn}, w.Users[0].Attached)
	require.Equal(t, []string{arn}, w.Groups[0].Attached)
	require.Equal(t, []string{arn}, w.Roles[0].Attached)
	require.Equal(t, []string{"g"}, w.Users[0].Groups)
	require.Len(t, w.Users[0].AccessKeys, 2)
	require.Equal(t, "Access", w.Users[0].AccessKeys[0].LogicalID)
	require.False(t, w.Users[0].AccessKeys[0].Inactive)
	require.True(t, w.Users[0].AccessKeys[1].Inactive)
}

func TestAttachmentsToWhatWasLoadedBefore(t *testing.T) {
	w := load(t, "Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: u}}}")
	second := options
	second.StackName = "second"
	template := `
Resources:
  G: {Type: AWS::IAM::Group}
  M: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref G, Users: [u]}}
  P: {Type: AWS::IAM::UserPolicy, Properties: {PolicyName: p, UserName: u, PolicyDocument: ` + allow + `}}
  Q: {Type: AWS::IAM::ManagedPolicy, Properties: {Users: [u, nobody], PolicyDocument: ` + allow + `}}
  A: {Type: AWS::IAM::AccessKey, Properties: {UserName: u}}
`
	loadInto(t, w, template, second)
	u := w.Users[0]
	require.Equal(t, []string{"second-G"}, u.Groups)
	require.Equal(t, []string{"policy p of user u"}, names(u.Policies))
	require.Equal(t, []string{"arn:aws:iam::111122223333:policy/second-Q"}, u.Attached)
	require.Len(t, u.AccessKeys, 1)
	requireShown(t, []string{`6:62: Q is not attached to the user "nobody": it is in no file that was loaded before`}, shown(w.Warnings))

	// Another account has another user of that name.
	other := &source.World{}
	loadInto(t, other, "Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: u}}}", options)
	second.Account = "444455556666"
	loadInto(t, other, template, second)
	require.Empty(t, other.Users[0].Policies)
	require.Len(t, other.Warnings, 5)
}

func TestIdentityMistakes(t *testing.T) {
	cases := []struct {
		name, resources string
		want            []string
	}{
		{"name", `U: {Type: AWS::IAM::User, Properties: {UserName: "a b"}}`, []string{`1:63: "a b" is no name of an IAM resource`}},
		{"name as list", `U: {Type: AWS::IAM::User, Properties: {UserName: [a]}}`, []string{`1:63: expected UserName of U as a string, found a list`}},
		{"path", `U: {Type: AWS::IAM::User, Properties: {Path: team}}`, []string{`1:59: "team" is no IAM path`}},
		{"path as list", `U: {Type: AWS::IAM::User, Properties: {Path: [team]}}`, []string{`1:59: expected Path of U as a string`}},
		{
			"same name but for case", `U: {Type: AWS::IAM::User, Properties: {UserName: a}}, V: {Type: AWS::IAM::User, Properties: {UserName: A}}`,
			[]string{`1:68: the user A is declared already`},
		},
		{"groups as string", `U: {Type: AWS::IAM::User, Properties: {Groups: a}}`, []string{`1:61: expected Groups of U as a list, found a string`}},
		{"groups of lists", `U: {Type: AWS::IAM::User, Properties: {Groups: [[a]]}}`, []string{`1:62: expected strings in Groups of U, found a list`}},
		{"boundary", `U: {Type: AWS::IAM::User, Properties: {PermissionsBoundary: [a]}}`, []string{`1:74: expected PermissionsBoundary of U as a string`}},
		{"policies", `U: {Type: AWS::IAM::User, Properties: {Policies: {a: b}}}`, []string{`1:63: expected Policies of U as a list, found a mapping`}},
		{"policy without document", `U: {Type: AWS::IAM::User, Properties: {Policies: [{PolicyName: a}]}}`, []string{`1:64: expected an inline policy of U as a mapping of PolicyName and PolicyDocument`}},
		{
			"policy with a mistake", `U: {Type: AWS::IAM::User, Properties: {Policies: [{PolicyName: a, PolicyDocument: {Statement: {Effect: Allow, Action: decrypt, Resource: "*"}}}]}}`,
			[]string{`1:132: action "decrypt" is neither "*" nor service:name`},
		},
		{"principal in identity policy", `U: {Type: AWS::IAM::User, Properties: {Policies: [{PolicyName: a, PolicyDocument: {Statement: {Effect: Allow, Action: "*", Resource: "*", Principal: "*"}}}]}}`, []string{`1:152: `}},
		{"role without trust", `R: {Type: AWS::IAM::Role}`, []string{`1:14: the role R needs AssumeRolePolicyDocument`}},
		{"trust with mistake", `R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {a: !Select [9, []]}}}`, []string{`1:92: expected an index`}},
		{"policy of nobody is read too", `P: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, PolicyDocument: {Statement: {}}}}`, []string{`1:98: Effect is missing`, `1:98: Action is missing`, `1:98: Resource is missing`}},
		{"policy without name", `P: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: {Statement: {}}}}`, []string{`1:14: the policy P needs PolicyName`}},
		{"policy without document", `P: {Type: AWS::IAM::Policy, Properties: {PolicyName: p}}`, []string{`1:14: the policy P needs PolicyDocument`}},
		{"managed policy without document", `P: {Type: AWS::IAM::ManagedPolicy}`, []string{`1:14: the policy P needs PolicyDocument`}},
		{"membership without group", `M: {Type: AWS::IAM::UserToGroupAddition, Properties: {Users: []}}`, []string{`1:14: M needs GroupName`}},
		{"access key of nobody", `A: {Type: AWS::IAM::AccessKey}`, []string{`1:14: the access key A needs UserName, a string`}},
		{"access key status", `U: {Type: AWS::IAM::User}, A: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref U, Status: On}}`, []string{`1:111: expected Status of A as Active or Inactive`}},
		{
			"same policy twice", `U: {Type: AWS::IAM::User, Properties: {Policies: [{PolicyName: p, PolicyDocument: ` + allow + `}, {PolicyName: p, PolicyDocument: ` + allow + `}]}}`,
			[]string{`1:193: the policy "p" of user app-U is declared already`},
		},
		{"unknown type", `U: {Type: AWS::IAM::Usr}`, []string{`1:24: unknown resource type "AWS::IAM::Usr", did you mean "User"?`}},
		{"no type", `U: {Properties: {}}`, []string{`1:14: the resource "U" needs a Type`}},
		{"logical id", `u-v: {Type: AWS::IAM::User}`, []string{`1:14: "u-v" is no logical id`}},
		{"resource as list", `U: []`, []string{`1:17: expected the resource "U" as a mapping, found a list`}},
		{"attribute", `U: {Type: AWS::IAM::User, Condtion: X}`, []string{`1:40: a resource has no attribute "Condtion", did you mean "Condition"?`}},
		{"condition as list", `U: {Type: AWS::IAM::User, Condition: [a]}`, []string{`1:51: expected the name of a condition, found a list`}},
		{"depends on nothing", `U: {Type: AWS::IAM::User, DependsOn: V}`, []string{`1:51: the template has no resource "V"`}},
		{"depends on mapping", `U: {Type: AWS::IAM::User, DependsOn: {a: b}}`, []string{`1:51: expected DependsOn as the name of a resource or a list of names`}},
		{"depends on list of list", `U: {Type: AWS::IAM::User, DependsOn: [[a]]}`, []string{`1:52: expected the name of a resource in DependsOn`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := mistakes(t, "Resources: { "+c.resources+" }\n", options)
			requireShown(t, c.want, got)
		})
	}
}

func TestUnknownPropertiesAndTypesAreWarnings(t *testing.T) {
	w := load(t, `Resources:
  U: {Type: AWS::IAM::User, Properties: {SomethingFromTheFuture: 1}}
  X: {Type: AWS::IAM::FutureThing}
  S: {Type: AWS::IAM::SAMLProvider}
`)
	requireShown(t, []string{
		`2:42: AWS::IAM::User has no property "SomethingFromTheFuture" that is known here, it is ignored`,
		`3:13: resources of type "AWS::IAM::FutureThing" are not loaded`,
	}, shown(w.Warnings))
}
