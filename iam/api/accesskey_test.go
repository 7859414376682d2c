package api

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAccessKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	root.do("CreateUser", in{"UserName": "alice"})
	out := root.do("CreateAccessKey", in{"UserName": "alice"}).(*createAccessKeyOutput)
	key := out.AccessKey
	require.Regexp(t, `^AKIA[A-Z2-7]{16}$`, key.AccessKeyId)
	require.Equal(t, "Active", key.Status)
	credential, err := f.identities.Credential(t.Context(), key.AccessKeyId, "")
	require.NoError(t, err)
	require.Equal(t, credential.SecretAccessKey, key.SecretAccessKey.Reveal())
	shown, err := json.Marshal(out)
	require.NoError(t, err)
	require.NotContains(t, string(shown)+fmt.Sprintf("%+v %#v", out, out), credential.SecretAccessKey)

	own := f.as("alice").do("CreateAccessKey", in{}).(*createAccessKeyOutput).AccessKey
	require.Equal(t, "alice", own.UserName)
	root.fails("CreateAccessKey", in{"UserName": "alice"}, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
	listed := root.do("ListAccessKeys", in{"UserName": "alice"}).(*listAccessKeysOutput).AccessKeyMetadata
	require.Len(t, listed, 2)

	root.do("UpdateAccessKey", in{"UserName": "alice", "AccessKeyId": key.AccessKeyId, "Status": "Inactive"})
	_, err = f.identities.Credential(t.Context(), key.AccessKeyId, "")
	require.Error(t, err)
	root.fails("UpdateAccessKey", in{"UserName": "alice", "AccessKeyId": key.AccessKeyId, "Status": "Expired"}, "InvalidInput", "The status of an access key can be set to Active or Inactive.")

	root.do("CreateUser", in{"UserName": "bob"})
	for _, name := range []string{"UpdateAccessKey", "DeleteAccessKey"} {
		input := in{"UserName": "bob", "AccessKeyId": key.AccessKeyId}
		if name == "UpdateAccessKey" {
			input["Status"] = "Active"
		}
		root.fails(name, input, "NoSuchEntity", "The Access Key with id "+key.AccessKeyId+" cannot be found.")
	}
	root.do("DeleteAccessKey", in{"UserName": "alice", "AccessKeyId": key.AccessKeyId})
	require.Len(t, root.do("ListAccessKeys", in{"UserName": "alice"}).(*listAccessKeysOutput).AccessKeyMetadata, 1)

	rootKey := root.do("CreateAccessKey", in{}).(*createAccessKeyOutput).AccessKey
	require.Empty(t, rootKey.UserName)
	require.Equal(t, "arn:aws:iam::"+home+":root", root.asked[0].Resource)
	require.Equal(t, rootKey.AccessKeyId, root.do("ListAccessKeys", in{}).(*listAccessKeysOutput).AccessKeyMetadata[0].AccessKeyId)
}

// TestAccessKeysMoveWithTheUser renames a user: the keys go on working, with the same secrets.
func TestAccessKeysMoveWithTheUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	root.do("CreateUser", in{"UserName": "zoe"})
	key := root.do("CreateAccessKey", in{"UserName": "zoe"}).(*createAccessKeyOutput).AccessKey
	root.do("UpdateUser", in{"UserName": "zoe", "NewUserName": "amy"})
	credential, err := f.identities.Credential(t.Context(), key.AccessKeyId, "")
	require.NoError(t, err)
	require.Equal(t, key.SecretAccessKey.Reveal(), credential.SecretAccessKey)
	require.Equal(t, userARN("/amy"), credential.Principal.ARN)
	require.Equal(t, "amy", root.do("GetAccessKeyLastUsed", in{"AccessKeyId": key.AccessKeyId}).(*getAccessKeyLastUsedOutput).UserName)
}

func TestAccessKeyLastUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	root.do("CreateUser", in{"UserName": "alice"})
	id := root.do("CreateAccessKey", in{"UserName": "alice"}).(*createAccessKeyOutput).AccessKey.AccessKeyId
	unused := root.do("GetAccessKeyLastUsed", in{"AccessKeyId": id}).(*getAccessKeyLastUsedOutput)
	require.Equal(t, accessKeyLastUsed{ServiceName: "N/A", Region: "N/A"}, unused.AccessKeyLastUsed)
	f.identities.Used(id, "kms", "eu-west-1")
	f.identities.Used("AKIAMADEUP", "kms", "eu-west-1")
	used := root.do("GetAccessKeyLastUsed", in{"AccessKeyId": id}).(*getAccessKeyLastUsedOutput)
	require.Equal(t, accessKeyLastUsed{now, "kms", "eu-west-1"}, used.AccessKeyLastUsed)

	stranger := f.root()
	stranger.account = "444455556666"
	const denied = "User is not authorized to perform: iam:GetAccessKeyLastUsed on resource: *"
	stranger.fails("GetAccessKeyLastUsed", in{"AccessKeyId": id}, "AccessDenied", denied)
	root.fails("GetAccessKeyLastUsed", in{"AccessKeyId": "AKIAMADEUPMADEUPMADE"}, "AccessDenied", denied)
}
