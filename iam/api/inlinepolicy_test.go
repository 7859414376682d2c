package api

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
)

func TestInlinePolicies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	root.do("CreateUser", in{"UserName": "alice"})
	root.do("CreateGroup", in{"GroupName": "alice"})
	for _, owner := range []string{"User", "Group"} {
		name := in{owner + "Name": "alice"}
		with := func(more in) in {
			out := in{owner + "Name": "alice"}
			maps.Copy(out, more)
			return out
		}
		text := strings.ReplaceAll(document, "{", "{ ")
		root.do("Put"+owner+"Policy", with(in{"PolicyName": "b", "PolicyDocument": document}))
		root.do("Put"+owner+"Policy", with(in{"PolicyName": "a", "PolicyDocument": document}))
		root.do("Put"+owner+"Policy", with(in{"PolicyName": "a", "PolicyDocument": text}))
		require.Equal(t, []string{"a", "b"}, root.do("List"+owner+"Policies", name).(*listPoliciesOutput).PolicyNames)
		encoded := ""
		switch out := root.do("Get"+owner+"Policy", with(in{"PolicyName": "a"})).(type) {
		case *getUserPolicyOutput:
			encoded = out.PolicyDocument
		case *getGroupPolicyOutput:
			encoded = out.PolicyDocument
		}
		require.NotContains(t, encoded, "+")
		require.NotContains(t, encoded, "{")
		decoded, err := url.PathUnescape(encoded)
		require.NoError(t, err)
		require.Equal(t, text, decoded, "the text is kept as it was given")

		kind := strings.ToLower(owner)
		root.fails("Get"+owner+"Policy", with(in{"PolicyName": "c"}), "NoSuchEntity", "The "+kind+" policy with name c cannot be found.")
		root.fails("Delete"+owner+"Policy", with(in{"PolicyName": "c"}), "NoSuchEntity", "The "+kind+" policy with name c cannot be found.")
		root.do("Delete"+owner+"Policy", with(in{"PolicyName": "a"}))
		require.Equal(t, []string{"b"}, root.do("List"+owner+"Policies", name).(*listPoliciesOutput).PolicyNames)
	}
	root.fails("PutUserPolicy", in{"UserName": "alice", "PolicyName": "../x", "PolicyDocument": document}, "ValidationError",
		"The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	large := strings.Replace(document, `"*"`, `["`+strings.Repeat("a", maxUserPolicies)+`"]`, 1)
	root.fails("PutUserPolicy", in{"UserName": "alice", "PolicyName": "large", "PolicyDocument": large}, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user alice")
	for _, bad := range []string{"{", `{"Version":"2012-10-17","Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}`} {
		_, err := root.try("PutUserPolicy", in{"UserName": "alice", "PolicyName": "bad", "PolicyDocument": bad})
		var exception *iam.Error
		require.ErrorAs(t, err, &exception)
		require.Equal(t, iam.CodeMalformedPolicyDocument, exception.Code)
	}
	root.fails("DeleteUser", in{"UserName": "alice"}, "DeleteConflict", "Cannot delete entity, must delete policies first.")
}

func TestBoundary(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const arn = "arn:aws:iam::" + home + ":policy/Bound"
	require.NoError(t, f.identities.Edit(t.Context(), func(e *iam.Edit) error {
		return e.PutManagedPolicy(&iam.ManagedPolicyDetail{
			Account: home, Name: "Bound", Versions: []*iam.PolicyVersion{{ID: "v1", Policy: &iam.Policy{Text: document}}}, Default: "v1",
		})
	}))
	root := f.root()
	made := root.do("CreateUser", in{"UserName": "alice", "PermissionsBoundary": arn}).(*createUserOutput).User
	require.Equal(t, &boundaryOutput{"PermissionsBoundaryPolicy", arn}, made.PermissionsBoundary)
	require.Equal(t, []string{arn}, root.asked[0].Context["iam:PermissionsBoundary"])

	root.do("PutUserPolicy", in{"UserName": "alice", "PolicyName": "p", "PolicyDocument": document})
	require.Equal(t, []string{arn}, root.asked[0].Context["iam:PermissionsBoundary"], "that of the user")
	root.do("DeleteUserPermissionsBoundary", in{"UserName": "alice"})
	require.Equal(t, []string{arn}, root.asked[0].Context["iam:PermissionsBoundary"])
	require.Nil(t, root.do("GetUser", in{"UserName": "alice"}).(*getUserOutput).User.PermissionsBoundary)
	root.fails("DeleteUserPermissionsBoundary", in{"UserName": "alice"}, "NoSuchEntity", "User alice does not have a permissions boundary.")
	root.do("PutUserPermissionsBoundary", in{"UserName": "alice", "PermissionsBoundary": arn})
	require.Equal(t, arn, root.do("GetUser", in{"UserName": "alice"}).(*getUserOutput).User.PermissionsBoundary.PermissionsBoundaryArn)
}
