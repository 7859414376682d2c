package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

func userARN(pathAndName string) string { return "arn:aws:iam::" + home + ":user" + pathAndName }

func TestUsers(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	made := root.do("CreateUser", in{"UserName": "alice", "Path": "/team/", "Tags": []in{{"Key": "b", "Value": ""}, {"Key": "A", "Value": "1"}}}).(*createUserOutput).User
	require.Equal(t, userARN("/team/alice"), made.Arn)
	require.Regexp(t, `^AIDA[A-Z2-7]{17}$`, made.UserId)
	require.Equal(t, now, made.CreateDate)
	require.Len(t, made.Tags, 2)
	require.Equal(t, "A", *made.Tags[0].Key)
	require.Equal(t, &getUserOutput{made}, root.do("GetUser", in{"UserName": "alice"}))

	listed := root.do("ListUsers", in{}).(*listUsersOutput)
	require.False(t, listed.IsTruncated)
	require.Len(t, listed.Users, 1)
	require.Nil(t, listed.Users[0].Tags, "lists do not tell tags")
	require.Empty(t, root.do("ListUsers", in{"PathPrefix": "/other/"}).(*listUsersOutput).Users)

	root.do("UpdateUser", in{"UserName": "alice", "NewUserName": "Alice", "NewPath": "/"})
	renamed := root.do("GetUser", in{"UserName": "Alice"}).(*getUserOutput).User
	require.Equal(t, made.UserId, renamed.UserId)
	require.Equal(t, userARN("/Alice"), renamed.Arn)
	root.fails("GetUser", in{"UserName": "alice"}, iam.CodeNoSuchEntity, "The user with name alice cannot be found.")

	root.do("DeleteUser", in{"UserName": "Alice"})
	again := root.do("CreateUser", in{"UserName": "alice"}).(*createUserOutput).User
	require.NotEqual(t, made.UserId, again.UserId)
}

func TestUserErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	root.do("CreateUser", in{"UserName": "alice"})
	root.do("CreateUser", in{"UserName": "bob"})
	const detected = "1 validation error detected: "
	for _, test := range []struct {
		name, operation string
		input           in
		code, message   string
	}{
		{"no name", "CreateUser", in{}, "ValidationError", detected + "Value null at 'userName' failed to satisfy constraint: Member must not be null"},
		{
			"long name", "CreateUser",
			in{"UserName": strings.Repeat("a", 65)},
			"ValidationError",
			detected + "Value '" + strings.Repeat("a", 65) + "' at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64",
		},
		{"path traversal", "CreateUser", in{"UserName": "../../etc"}, "ValidationError", "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"},
		{"path", "CreateUser", in{"UserName": "x", "Path": "team"}, "ValidationError", "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."},
		{"there", "CreateUser", in{"UserName": "alice"}, "EntityAlreadyExists", "User with name alice already exists."},
		{"there in another case", "CreateUser", in{"UserName": "ALICE"}, "EntityAlreadyExists", "User with name ALICE already exists."},
		{"boundary that is no ARN", "CreateUser", in{"UserName": "x", "PermissionsBoundary": "no-arn-of-a-policy-at-all"}, "InvalidInput", "ARN no-arn-of-a-policy-at-all is not valid."},
		{
			"no such boundary", "CreateUser",
			in{"UserName": "x", "PermissionsBoundary": "arn:aws:iam::111122223333:policy/None"},
			"NoSuchEntity",
			"Scope ARN: arn:aws:iam::111122223333:policy/None does not exist or is not attachable.",
		},
		{"tags twice", "CreateUser", in{"UserName": "x", "Tags": []in{{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}}}, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"rename to one that is there", "UpdateUser", in{"UserName": "bob", "NewUserName": "Alice"}, "EntityAlreadyExists", "User with name Alice already exists."},
		{"rename nobody", "UpdateUser", in{"UserName": "nobody", "NewUserName": "x"}, "NoSuchEntity", "The user with name nobody cannot be found."},
		{"delete nobody", "DeleteUser", in{"UserName": "nobody"}, "NoSuchEntity", "The user with name nobody cannot be found."},
		{"no tags", "ListUserTags", in{"UserName": "nobody"}, "NoSuchEntity", "The user with name nobody cannot be found."},
		{"password", "GetLoginProfile", in{"UserName": "bob"}, "NoSuchEntity", "Login Profile for User bob cannot be found."},
		{"whose keys", "ListMFADevices", in{"UserName": "nobody"}, "NoSuchEntity", "The user with name nobody cannot be found."},
		{"marker", "ListUsers", in{"Marker": "x"}, "ValidationError", "Invalid Marker."},
		{"unknown", "Dance", in{}, operation.CodeInvalidAction, "Could not find operation Dance"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root.f = &fixture{t, f.identities, f.service}
			root.fails(test.operation, test.input, test.code, test.message)
		})
	}
	root.f = f
	require.Len(t, root.do("ListUsers", in{}).(*listUsersOutput).Users, 2, "what failed left nothing")
}

func TestOwnUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.root().do("CreateUser", in{"UserName": "alice"})
	require.Equal(t, "alice", f.as("alice").do("GetUser", in{}).(*getUserOutput).User.UserName)
	f.root().do("CreateAccountAlias", in{"AccountAlias": "acme"})
	require.Equal(t, userOutput{UserId: home, UserName: "acme", Arn: "arn:aws:iam::" + home + ":root", CreateDate: now}, f.root().do("GetUser", in{}).(*getUserOutput).User)

	session := f.as("alice")
	session.principal = &iam.Principal{Type: iam.RoleSession, ARN: "arn:aws:sts::" + home + ":assumed-role/App/s"}
	for _, name := range []string{"GetUser", "CreateAccessKey", "ListAccessKeys", "GetLoginProfile", "ListMFADevices"} {
		session.fails(name, in{}, "ValidationError", "Must specify userName when calling with non-User credentials")
		require.Empty(t, session.asked)
	}
}

// TestWhatIsAsked holds what each operation asks the authorizer: the action, the resource and the condition keys.
func TestWhatIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	root.do("CreateUser", in{"UserName": "alice", "Path": "/team/", "Tags": []in{{"Key": "team", "Value": "red"}}})
	root.do("CreateGroup", in{"GroupName": "ops", "Path": "/g/"})
	alice, ops := userARN("/team/alice"), "arn:aws:iam::"+home+":group/g/ops"
	red := map[string]string{"team": "red"}
	onAlice := func(action string) operation.Access {
		return operation.Access{Action: action, Resource: alice, Named: "user alice", Tags: red, Context: map[string][]string{}}
	}
	tagged := onAlice("iam:TagUser")
	tagged.Context = map[string][]string{"aws:RequestTag/k": {"v"}, "aws:TagKeys": {"k"}}
	untagged := onAlice("iam:UntagUser")
	untagged.Context = map[string][]string{"aws:TagKeys": {"k"}}
	untagged.Tags = map[string]string{"team": "red", "k": "v"}
	create := operation.Access{Action: "iam:CreateUser", Resource: userARN("/x"), Context: tagged.Context}
	createTag := create
	createTag.Action = "iam:TagUser"
	moved := operation.Access{Action: "iam:UpdateUser", Resource: userARN("/b/alice"), Tags: red, Context: map[string][]string{}}
	for _, test := range []struct {
		operation string
		input     in
		asked     []operation.Access
	}{
		{"GetUser", in{"UserName": "alice"}, []operation.Access{onAlice("iam:GetUser")}},
		{"TagUser", in{"UserName": "alice", "Tags": []in{{"Key": "k", "Value": "v"}}}, []operation.Access{tagged}},
		{"UntagUser", in{"UserName": "alice", "TagKeys": []string{"k"}}, []operation.Access{untagged}},
		{"CreateUser", in{"UserName": "x", "Tags": []in{{"Key": "k", "Value": "v"}}}, []operation.Access{create, createTag}},
		{"ListAccessKeys", in{"UserName": "alice"}, []operation.Access{onAlice("iam:ListAccessKeys")}},
		{"ListGroupsForUser", in{"UserName": "alice"}, []operation.Access{onAlice("iam:ListGroupsForUser")}},
		{"PutUserPolicy", in{"UserName": "alice", "PolicyName": "p", "PolicyDocument": document}, []operation.Access{onAlice("iam:PutUserPolicy")}},
		{"AddUserToGroup", in{"GroupName": "ops", "UserName": "alice"}, []operation.Access{{Action: "iam:AddUserToGroup", Resource: ops, Named: "group ops", Context: map[string][]string{}}}},
		{"GetAccountSummary", in{}, []operation.Access{{Action: "iam:GetAccountSummary", Resource: "*", Context: map[string][]string{}}}},
		{"ListUsers", in{"PathPrefix": "/team/"}, []operation.Access{{Action: "iam:ListUsers", Resource: userARN("/team/"), Context: map[string][]string{}}}},
		{"UpdateUser", in{"UserName": "alice", "NewPath": "/b/"}, []operation.Access{onAlice("iam:UpdateUser"), moved}},
	} {
		t.Run(test.operation, func(t *testing.T) {
			root.f = &fixture{t, f.identities, f.service}
			root.do(test.operation, test.input)
			require.Equal(t, test.asked, root.asked)
		})
	}
}
