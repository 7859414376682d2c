package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	made := root.do("CreateGroup", in{"GroupName": "ops", "Path": "/g/"}).(*createGroupOutput).Group
	require.Equal(t, "arn:aws:iam::"+home+":group/g/ops", made.Arn)
	require.Regexp(t, `^AGPA[A-Z2-7]{17}$`, made.GroupId)
	for _, name := range []string{"alice", "bob", "carol"} {
		root.do("CreateUser", in{"UserName": name})
	}
	for _, name := range []string{"carol", "alice", "alice"} { // who is in it already stays in it
		root.do("AddUserToGroup", in{"GroupName": "ops", "UserName": name})
	}
	got := root.do("GetGroup", in{"GroupName": "ops", "MaxItems": 1}).(*getGroupOutput)
	require.Equal(t, made, got.Group)
	require.Equal(t, "alice", got.Users[0].UserName)
	require.True(t, got.IsTruncated)
	got = root.do("GetGroup", in{"GroupName": "ops", "Marker": got.Marker}).(*getGroupOutput)
	require.Len(t, got.Users, 1)
	require.Equal(t, "carol", got.Users[0].UserName)

	root.do("UpdateGroup", in{"GroupName": "ops", "NewGroupName": "Ops", "NewPath": "/"})
	of := root.do("ListGroupsForUser", in{"UserName": "alice"}).(*listGroupsOutput)
	require.Equal(t, "arn:aws:iam::"+home+":group/Ops", of.Groups[0].Arn)
	require.Equal(t, made.GroupId, of.Groups[0].GroupId)

	root.fails("DeleteGroup", in{"GroupName": "Ops"}, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	root.fails("DeleteUser", in{"UserName": "alice"}, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	for _, name := range []string{"carol", "alice", "bob"} {
		root.do("RemoveUserFromGroup", in{"GroupName": "Ops", "UserName": name})
	}
	root.do("PutGroupPolicy", in{"GroupName": "Ops", "PolicyName": "p", "PolicyDocument": document})
	root.fails("DeleteGroup", in{"GroupName": "Ops"}, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	root.do("DeleteGroupPolicy", in{"GroupName": "Ops", "PolicyName": "p"})
	root.do("DeleteGroup", in{"GroupName": "Ops"})
	require.Empty(t, root.do("ListGroups", in{}).(*listGroupsOutput).Groups)
}

func TestGroupErrors(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	root.do("CreateUser", in{"UserName": "alice"})
	root.do("CreateGroup", in{"GroupName": "ops"})
	root.fails("CreateGroup", in{"GroupName": "OPS"}, "EntityAlreadyExists", "Group with name OPS already exists.")
	root.fails("GetGroup", in{"GroupName": "none"}, "NoSuchEntity", "The group with name none cannot be found.")
	root.fails("AddUserToGroup", in{"GroupName": "none", "UserName": "alice"}, "NoSuchEntity", "The group with name none cannot be found.")
	root.fails("AddUserToGroup", in{"GroupName": "ops", "UserName": "nobody"}, "NoSuchEntity", "The user with name nobody cannot be found.")
	for i := range maxGroupsPerUser {
		name := fmt.Sprintf("g%d", i)
		root.do("CreateGroup", in{"GroupName": name})
		root.do("AddUserToGroup", in{"GroupName": name, "UserName": "alice"})
	}
	root.fails("AddUserToGroup", in{"GroupName": "ops", "UserName": "alice"}, "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
}

// TestManyUsers makes more users than a transaction can compare, in one group.
func TestManyUsers(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	root.do("CreateGroup", in{"GroupName": "all"})
	for i := range 150 {
		name := fmt.Sprintf("u%03d", i)
		root.do("CreateUser", in{"UserName": name})
		root.do("AddUserToGroup", in{"GroupName": "all", "UserName": name})
		if i == 99 {
			root.do("UpdateGroup", in{"GroupName": "all", "NewGroupName": "everybody"})
			root.do("UpdateGroup", in{"GroupName": "everybody", "NewGroupName": "all"})
		}
	}
	root.fails("DeleteGroup", in{"GroupName": "all"}, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	root.fails("UpdateGroup", in{"GroupName": "all", "NewGroupName": "x"}, "LimitExceeded", "A group with more than 100 users cannot be renamed.")
	root.do("UpdateGroup", in{"GroupName": "all", "NewPath": "/p/"})
	require.Len(t, root.do("GetGroup", in{"GroupName": "all", "MaxItems": 1000}).(*getGroupOutput).Users, 150)
	root.do("UpdateUser", in{"UserName": "u149", "NewUserName": "renamed"})
	root.do("RemoveUserFromGroup", in{"GroupName": "all", "UserName": "renamed"})
	root.do("DeleteUser", in{"UserName": "renamed"})
}
