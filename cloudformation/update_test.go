package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

func keys(server *kmstest.Server, principal string) *kms.Client {
	return kms.NewFromConfig(server.Config(principal))
}

const before = `
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties: {Description: old, EnableKeyRotation: true, Tags: [{Key: a, Value: "1"}, {Key: b, Value: "1"}]}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/old, TargetKeyId: !Ref Key}}
  Group: {Type: AWS::IAM::Group, Properties: {GroupName: g}}
  Other: {Type: AWS::IAM::Group, Properties: {GroupName: other}}
  User:
    Type: AWS::IAM::User
    Properties:
      UserName: alice
      Groups: [!Ref Group]
      Tags: [{Key: a, Value: "1"}]
      Policies: [{PolicyName: p, PolicyDocument: ` + useKey + `}, {PolicyName: q, PolicyDocument: ` + useKey + `}]
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: ` + trust + `, Description: old}
  Managed: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: ` + useKey + `, Users: [!Ref User]}}
  AccessKey: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User}}
Outputs:
  User: {Value: !GetAtt User.Arn}
`

// after changes everything in before that can be changed.
const after = `
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties: {Description: new, Enabled: false, Tags: [{Key: b, Value: "2"}, {Key: c, Value: "3"}]}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/new, TargetKeyId: !Ref Key}}
  Other: {Type: AWS::IAM::Group, Properties: {GroupName: other}}
  User:
    Type: AWS::IAM::User
    Properties:
      UserName: alice
      Path: /moved/
      Groups: [!Ref Other]
      PermissionsBoundary: !Ref Managed
      Tags: [{Key: a, Value: "2"}]
      Policies: [{PolicyName: q, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: kms:Decrypt, Resource: "*"}}}]
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: ` + trust + `, Description: new, MaxSessionDuration: 7200, Path: /moved/}
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "kms:*", Resource: "*"}}, Roles: [!Ref Role]}
  AccessKey: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User, Serial: 2}}
Outputs:
  User: {Value: !GetAtt User.Arn}
`

func TestUpdate(t *testing.T) {
	t.Parallel()
	server, root := start(t)
	old := root.create("s", before)
	require.Equal(t, "CREATE_COMPLETE", old.status, root.reasons("s"))
	made := root.update("s", after)
	require.Equal(t, "UPDATE_COMPLETE", made.status, root.reasons("s"))
	require.Equal(t, old.ids["Key"], made.ids["Key"])
	require.Equal(t, old.ids["Managed"], made.ids["Managed"])
	require.NotEqual(t, old.ids["Role"], made.ids["Role"])
	require.NotEqual(t, old.ids["AccessKey"], made.ids["AccessKey"])
	require.NotContains(t, made.ids, "Group")
	require.Equal(t, "arn:aws:iam::111122223333:user/moved/alice", made.outputs["User"])

	client := keys(server, "root")
	key, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/new")})
	require.NoError(t, err)
	require.Equal(t, "new", *key.KeyMetadata.Description)
	require.Equal(t, "Disabled", string(key.KeyMetadata.KeyState))
	_, err = client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/old")})
	require.ErrorContains(t, err, "NotFoundException")
	tags, err := client.ListResourceTags(t.Context(), &kms.ListResourceTagsInput{KeyId: key.KeyMetadata.KeyId})
	require.NoError(t, err)
	require.Len(t, tags.Tags, 2)
	require.Equal(t, []string{"q"}, root.iam("ListUserPolicies", in{"UserName": "alice"}).texts("PolicyNames/member"))
	require.Equal(t, []string{"other"}, root.iam("ListGroupsForUser", in{"UserName": "alice"}).texts("Groups/member/GroupName"))
	require.Equal(t, []string{made.ids["Role"]}, root.iam("ListRoles", in{}).texts("Roles/member/RoleName"))
	require.Equal(t, []string{made.ids["AccessKey"]},
		root.iam("ListAccessKeys", in{"UserName": "alice"}).texts("AccessKeyMetadata/member/AccessKeyId"))
	require.Equal(t, []string{"other"}, root.iam("ListGroups", in{}).texts("Groups/member/GroupName"))
	require.Equal(t, "2", root.iam("ListUserTags", in{"UserName": "alice"}).text("Tags/member/Value"))

	root.fails("UpdateStack", request("s", after), "ValidationError", "No updates are to be performed.")
	root.fails("UpdateStack", request("s", "# a comment\n"+after), "ValidationError", "No updates are to be performed.")
	require.Equal(t, "UPDATE_COMPLETE", root.update("s", before).status, root.reasons("s"))
	for range 6 { // a managed policy has five versions at most
		require.Equal(t, "UPDATE_COMPLETE", root.update("s", after).status, root.reasons("s"))
		require.Equal(t, "UPDATE_COMPLETE", root.update("s", before).status, root.reasons("s"))
	}
	root.do("DeleteStack", in{"StackName": "s"})
	requireEmpty(t, root)
}

// TestUpdateRollsBack shows that an update that fails last of all is taken back as a whole.
func TestUpdateRollsBack(t *testing.T) {
	t.Parallel()
	server, root := start(t)
	old := root.create("s", before)
	bad := strings.Replace(after, "Outputs:", `
  Bad: {Type: AWS::IAM::User, DependsOn: [Key, Alias, User, Role, Managed, AccessKey], Properties: {UserName: alice}}
Outputs:`, 1)
	made := root.update("s", bad)
	require.Equal(t, "UPDATE_ROLLBACK_COMPLETE", made.status, root.reasons("s"))
	require.Contains(t, root.reasons("s"), "The following resource(s) failed to update: [Bad].")
	require.Equal(t, old.ids, made.ids)
	require.Equal(t, old.outputs, made.outputs)

	key, err := keys(server, "root").DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/old")})
	require.NoError(t, err)
	require.Equal(t, "old", *key.KeyMetadata.Description)
	require.Equal(t, "Enabled", string(key.KeyMetadata.KeyState))
	require.Equal(t, []string{"p", "q"}, root.iam("ListUserPolicies", in{"UserName": "alice"}).texts("PolicyNames/member"))
	require.Equal(t, []string{old.ids["Role"]}, root.iam("ListRoles", in{}).texts("Roles/member/RoleName"))
	require.Equal(t, []string{"g"}, root.iam("ListGroupsForUser", in{"UserName": "alice"}).texts("Groups/member/GroupName"))
	root.fails("UpdateStack", request("s", before), "ValidationError", "No updates are to be performed.")
	require.Equal(t, "UPDATE_COMPLETE", root.update("s", after).status)
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	const template = `
Resources:
  Key: {Type: AWS::KMS::Key, Properties: {KeySpec: SYMMETRIC_DEFAULT}}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: r, Path: /a/, AssumeRolePolicyDocument: ` + trust + `}}
`
	old := root.create("s", template)
	made := root.update("s", strings.Replace(template, "SYMMETRIC_DEFAULT", "HMAC_256", 1))
	require.Equal(t, "UPDATE_ROLLBACK_COMPLETE", made.status)
	require.Contains(t, root.reasons("s"), "KeySpec cannot be changed")
	made = root.update("s", strings.Replace(template, "/a/", "/b/", 1))
	require.Equal(t, "UPDATE_ROLLBACK_COMPLETE", made.status)
	require.Contains(t, root.reasons("s"), "CloudFormation cannot update a stack when a custom-named resource requires replacing. "+
		"Rename Role and update the stack again.")
	require.Equal(t, old.ids, made.ids)
	root.fails("UpdateStack", request("s", strings.Replace(template, "AWS::KMS::Key", "AWS::IAM::Group", 1)), "ValidationError",
		"Update of resource type is not permitted. The new template modifies resource type of the following resources: [Key]")
	root.fails("UpdateStack", request("none", template), "ValidationError", "Stack [none] does not exist")
}

// TestStackTags shows that the tags of a stack are those of its resources.
func TestStackTags(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	const template = `{"Resources": {"U": {"Type": "AWS::IAM::User", "Properties": {"UserName": "u", "Tags": [{"Key": "own", "Value": "1"}]}}}}`
	tag := func(value string) in { return in{"Tags.member.1.Key": "team", "Tags.member.1.Value": value} }
	root.create("s", template, tag("red"))
	require.ElementsMatch(t, []string{"1", "red"}, root.iam("ListUserTags", in{"UserName": "u"}).texts("Tags/member/Value"))
	root.fails("UpdateStack", request("s", template, tag("red")), "ValidationError", "No updates are to be performed.")
	require.Equal(t, "UPDATE_COMPLETE", root.update("s", template, tag("blue")).status)
	require.ElementsMatch(t, []string{"1", "blue"}, root.iam("ListUserTags", in{"UserName": "u"}).texts("Tags/member/Value"))
	root.fails("UpdateStack", request("s", template), "ValidationError", "No updates are to be performed.") // they stay
}
