package cloudformation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireEmpty requires that nothing is left of failed stacks.
func requireEmpty(t *testing.T, root *client) {
	t.Helper()
	require.Empty(t, root.iam("ListUsers", in{}).all("Users/member"))
	require.Empty(t, root.iam("ListRoles", in{}).all("Roles/member"))
	require.Empty(t, root.iam("ListGroups", in{}).all("Groups/member"))
}

func TestCreateRollsBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, template, failed, reason string }{
		{
			"a key policy names a role that does not exist", `
Resources:
  User: {Type: AWS::IAM::User, Properties: {Policies: [{PolicyName: p, PolicyDocument: ` + useKey + `}]}}
  AccessKey: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref User}}
  Key:
    Type: AWS::KMS::Key
    DependsOn: AccessKey
    Properties:
      KeyPolicy:
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: kms:*, Resource: "*"}
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:role/later"}, Action: kms:*, Resource: "*"}
`, "Key", "MalformedPolicyDocumentException",
		},
		{
			"a name is taken", `
Resources:
  A: {Type: AWS::IAM::User, Properties: {UserName: same}}
  B: {Type: AWS::IAM::User, DependsOn: A, Properties: {UserName: SAME}}
`, "B", "HandlerErrorCode: AlreadyExists",
		},
		{
			"a key policy locks its owner out", `
Resources:
  G: {Type: AWS::IAM::Group}
  Key:
    Type: AWS::KMS::Key
    DependsOn: [G]
    Properties:
      KeyPolicy: {Statement: {Effect: Allow, Principal: {AWS: "*"}, Action: kms:Encrypt, Resource: "*"}}
`, "Key", "The new key policy will not allow you to update the key policy in the future.",
		},
		{"an import that is not exported", `
Resources:
  G: {Type: AWS::IAM::Group}
  U: {Type: AWS::IAM::User, DependsOn: G, Properties: {UserName: !ImportValue nothing}}
`, "U", "No export named nothing found."},
		{"an unknown property", `
Resources:
  U: {Type: AWS::IAM::User, Properties: {UserNam: x}}
`, "U", "extraneous key [UserNam] is not permitted"},
		{"a missing property", `
Resources:
  A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/x}}
`, "A", "required key [TargetKeyId] not found"},
		{"a property of the wrong type", `
Resources:
  K: {Type: AWS::KMS::Key, Properties: {Enabled: maybe}}
`, "K", "expected type: Boolean"},
		{"a list that is a text", `
Resources:
  U: {Type: AWS::IAM::User, Properties: {Groups: one}}
`, "U", "Properties validation failed"},
		{"a login profile", `
Resources:
  U: {Type: AWS::IAM::User, Properties: {LoginProfile: {Password: secret-of-u}}}
`, "U", "extraneous key [LoginProfile]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, root := start(t)
			made := root.create("bad", test.template)
			require.Equal(t, "ROLLBACK_COMPLETE", made.status)
			require.Contains(t, root.reasons("bad"), test.reason)
			require.NotContains(t, root.reasons("bad"), "secret-of-u")
			require.Contains(t, root.reasons("bad"), "The following resource(s) failed to create: ["+test.failed+"]. Rollback requested by user.")
			require.Contains(t, root.history("bad"), test.failed+" CREATE_FAILED")
			require.Empty(t, made.ids)
			requireEmpty(t, root)

			root.fails("UpdateStack", request("bad", everyType), "ValidationError", "is in ROLLBACK_COMPLETE state and can not be updated.")
			root.fails("CreateStack", request("bad", everyType), "AlreadyExistsException", "Stack [bad] already exists")
			root.do("DeleteStack", in{"StackName": "bad"})
			require.Equal(t, "CREATE_COMPLETE", root.create("bad", everyType).status)
		})
	}
}

// TestOrder shows that resources are made after those that they refer to or depend on, and deleted before them.
func TestOrder(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	root.create("order", `
Resources:
  A: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref B}}
  B: {Type: AWS::IAM::User, DependsOn: [C], Properties: {Path: !Sub "/${D}/"}}
  C: {Type: AWS::IAM::Group}
  D: {Type: AWS::IAM::Group, Properties: {GroupName: d}}
`)
	require.Equal(t, []string{
		"order CREATE_IN_PROGRESS", "D CREATE_IN_PROGRESS", "D CREATE_COMPLETE", "C CREATE_IN_PROGRESS", "C CREATE_COMPLETE",
		"B CREATE_IN_PROGRESS", "B CREATE_COMPLETE", "A CREATE_IN_PROGRESS", "A CREATE_COMPLETE", "order CREATE_COMPLETE",
	}, sortedGroups(root.history("order")))
	id := root.do("DescribeStacks", in{"StackName": "order"}).text("Stacks/member/StackId")
	root.do("DeleteStack", in{"StackName": "order"})
	var deleted []string
	for _, e := range root.history(id) {
		if name, ok := strings.CutSuffix(e, " DELETE_COMPLETE"); ok {
			deleted = append(deleted, name)
		}
	}
	require.Equal(t, "order", deleted[len(deleted)-1])
	require.Less(t, slices.Index(deleted, "A"), slices.Index(deleted, "B"))
	require.Less(t, slices.Index(deleted, "B"), slices.Index(deleted, "C"))
	require.Less(t, slices.Index(deleted, "B"), slices.Index(deleted, "D"))
	require.Equal(t, "DELETE_COMPLETE", root.do("DescribeStacks", in{"StackName": id}).text("Stacks/member/StackStatus"))
}

// sortedGroups puts the two groups, which do not depend on each other, in one order.
func sortedGroups(events []string) []string {
	if len(events) > 4 && strings.HasPrefix(events[1], "C ") {
		events = slices.Concat(events[:1], events[3:5], events[1:3], events[5:])
	}
	return events
}

func TestOnFailure(t *testing.T) {
	t.Parallel()
	const bad = `
Resources:
  G: {Type: AWS::IAM::Group, Properties: {GroupName: g}}
  U: {Type: AWS::IAM::User, DependsOn: G, Properties: {Nonsense: x}}
`
	_, root := start(t)
	require.Equal(t, "CREATE_FAILED", root.create("keep", bad, in{"DisableRollback": "true"}).status)
	require.Equal(t, "g", root.stack("keep").ids["G"])
	require.Equal(t, "UPDATE_COMPLETE", root.update("keep", strings.ReplaceAll(bad, "Nonsense: x", "UserName: u")).status)
	root.do("DeleteStack", in{"StackName": "keep"})

	root.do("CreateStack", request("gone", bad, in{"OnFailure": "DELETE"}))
	root.fails("DescribeStacks", in{"StackName": "gone"}, "ValidationError", "Stack with id gone does not exist")
	requireEmpty(t, root)
	root.fails("CreateStack", request("x", bad, in{"OnFailure": "DELETE", "DisableRollback": "true"}), "ValidationError", "but not both")
}

// TestDeletion shows what stays, and what makes a deletion fail.
func TestDeletion(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	made := root.create("kept", `
Resources:
  Kept: {Type: AWS::IAM::Group, DeletionPolicy: Retain, Properties: {GroupName: kept}}
  User: {Type: AWS::IAM::User, Properties: {UserName: u}}
  Key: {Type: AWS::KMS::Key}
`, in{"EnableTerminationProtection": "true"})
	root.fails("DeleteStack", in{"StackName": "kept"}, "ValidationError", "cannot be deleted while TerminationProtection is enabled")
	root.do("UpdateTerminationProtection", in{"StackName": "kept", "EnableTerminationProtection": "false"})

	// An access key that the stack did not make is in the way.
	key := root.iam("CreateAccessKey", in{"UserName": "u"}).text("AccessKey/AccessKeyId")
	root.do("DeleteStack", in{"StackName": "kept"})
	s := root.stack("kept")
	require.Equal(t, "DELETE_FAILED", s.status)
	require.Equal(t, "The following resource(s) failed to delete: [User].", s.reason)
	require.Contains(t, root.reasons("kept"), "Cannot delete entity, must delete access keys first.")
	require.NotEmpty(t, made.ids["Key"])
	root.iam("DeleteAccessKey", in{"UserName": "u", "AccessKeyId": key})
	root.do("DeleteStack", in{"StackName": "kept"})
	root.fails("DescribeStacks", in{"StackName": "kept"}, "ValidationError", "does not exist")
	require.Equal(t, []string{"kept"}, root.iam("ListGroups", in{}).texts("Groups/member/GroupName"))
	root.do("DeleteStack", in{"StackName": "kept"}) // there is no such stack: nothing to do
	root.do("DeleteStack", in{"StackName": "never"})
}
