package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

func policyARN(pathAndName string) string { return "arn:aws:iam::" + home + ":policy" + pathAndName }

const administrator = "arn:aws:iam::aws:policy/AdministratorAccess"

func TestManagedPolicies(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	made := root.do("CreatePolicy", in{
		"PolicyName": "Use", "Path": "/app/", "PolicyDocument": document, "Description": "for the app", "Tags": []in{{"Key": "k", "Value": "v"}},
	}).(*createPolicyOutput).Policy
	require.Equal(t, policyARN("/app/Use"), made.Arn)
	require.Regexp(t, `^ANPA[A-Z2-7]{17}$`, made.PolicyId)
	require.Equal(t, "v1", made.DefaultVersionId)
	require.True(t, made.IsAttachable)
	got := root.do("GetPolicy", in{"PolicyArn": made.Arn}).(*getPolicyOutput).Policy
	require.Equal(t, "for the app", got.Description)
	require.Len(t, got.Tags, 1)

	root.do("TagPolicy", in{"PolicyArn": made.Arn, "Tags": []in{{"Key": "k", "Value": "new"}, {"Key": "b", "Value": ""}}})
	root.do("UntagPolicy", in{"PolicyArn": made.Arn, "TagKeys": []string{"b", "K"}})
	tags := root.do("ListPolicyTags", in{"PolicyArn": made.Arn}).(*listTagsOutput).Tags
	require.Len(t, tags, 1, "keys of policies' tags are distinguished by case")
	require.Equal(t, "new", *tags[0].Value)

	require.Len(t, root.do("ListPolicies", in{"Scope": "Local"}).(*listManagedPoliciesOutput).Policies, 1)
	require.Empty(t, root.do("ListPolicies", in{"Scope": "Local", "OnlyAttached": true}).(*listManagedPoliciesOutput).Policies)
	require.Empty(t, root.do("ListPolicies", in{"Scope": "Local", "PathPrefix": "/other/"}).(*listManagedPoliciesOutput).Policies)
	root.do("DeletePolicy", in{"PolicyArn": made.Arn})
	root.fails("GetPolicy", in{"PolicyArn": made.Arn}, "NoSuchEntity", "Policy "+made.Arn+" was not found.")
}

// TestPoliciesOfAWS: they are there, cannot be changed, and are listed in pages before those of the account.
func TestPoliciesOfAWS(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	got := root.do("GetPolicy", in{"PolicyArn": administrator}).(*getPolicyOutput).Policy
	require.Regexp(t, `^ANPA[A-Z2-7]{17}$`, got.PolicyId)
	require.Equal(t, got, root.do("GetPolicy", in{"PolicyArn": administrator}).(*getPolicyOutput).Policy)
	text := root.do("GetPolicyVersion", in{"PolicyArn": administrator, "VersionId": "v1"}).(*getPolicyVersionOutput).PolicyVersion
	require.Contains(t, text.Document, "%22Action%22")
	denied := "User:  is not authorized to perform this operation on resource: " + administrator
	for op, more := range map[string]in{
		"DeletePolicy": {}, "CreatePolicyVersion": {"PolicyDocument": document}, "SetDefaultPolicyVersion": {"VersionId": "v1"},
		"TagPolicy": {"Tags": []in{{"Key": "k", "Value": "v"}}}, "DeletePolicyVersion": {"VersionId": "v1"},
	} {
		more["PolicyArn"] = administrator
		root.fails(op, more, operation.CodeAccessDenied, denied)
	}
	theirs := strings.Replace(policyARN("/X"), home, "444455556666", 1)
	root.fails("GetPolicy", in{"PolicyArn": theirs}, operation.CodeAccessDenied, "User:  is not authorized to perform this operation on resource: "+theirs)
	root.fails("GetPolicy", in{"PolicyArn": roleARN("/not/a/policy")}, "InvalidInput", "ARN "+roleARN("/not/a/policy")+" is not valid.")

	root.do("CreatePolicy", in{"PolicyName": "AAA", "PolicyDocument": document})
	var names []string
	input := in{"MaxItems": 50}
	for {
		out := root.do("ListPolicies", input).(*listManagedPoliciesOutput)
		for _, p := range out.Policies {
			names = append(names, p.PolicyName)
		}
		if !out.IsTruncated {
			break
		}
		input["Marker"] = out.Marker
	}
	require.Greater(t, len(names), 100)
	require.Equal(t, "AAA", names[len(names)-1])
	require.Contains(t, names, "AWSKeyManagementServicePowerUser")
}

func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	arn := root.do("CreatePolicy", in{"PolicyName": "Use", "PolicyDocument": document}).(*createPolicyOutput).Policy.Arn
	version := func(text string, isDefault bool) string {
		return root.do("CreatePolicyVersion", in{"PolicyArn": arn, "PolicyDocument": text, "SetAsDefault": isDefault}).(*createPolicyVersionOutput).PolicyVersion.VersionId
	}
	other := strings.Replace(document, "Decrypt", "Encrypt", 1)
	require.Equal(t, "v2", version(other, false))
	require.Equal(t, "v3", version(document, true))
	require.Equal(t, "v3", root.do("GetPolicy", in{"PolicyArn": arn}).(*getPolicyOutput).Policy.DefaultVersionId)
	root.fails("DeletePolicyVersion", in{"PolicyArn": arn, "VersionId": "v3"}, "DeleteConflict", "Cannot delete the default version of a policy.")
	root.do("SetDefaultPolicyVersion", in{"PolicyArn": arn, "VersionId": "v2"})
	root.do("DeletePolicyVersion", in{"PolicyArn": arn, "VersionId": "v3"})
	require.Equal(t, "v4", version(document, false), "ids are not used again")
	version(document, false)
	version(document, false)
	root.fails("CreatePolicyVersion", in{"PolicyArn": arn, "PolicyDocument": document}, "LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
	var ids []string
	for _, v := range root.do("ListPolicyVersions", in{"PolicyArn": arn}).(*listPolicyVersionsOutput).Versions {
		require.Empty(t, v.Document)
		require.Equal(t, v.VersionId == "v2", v.IsDefaultVersion)
		ids = append(ids, v.VersionId)
	}
	require.Equal(t, []string{"v6", "v5", "v4", "v2", "v1"}, ids)
	page := root.do("ListPolicyVersions", in{"PolicyArn": arn, "MaxItems": 3}).(*listPolicyVersionsOutput)
	require.Len(t, root.do("ListPolicyVersions", in{"PolicyArn": arn, "Marker": page.Marker}).(*listPolicyVersionsOutput).Versions, 2)
	require.Equal(t, encodedDocument(other), root.do("GetPolicyVersion", in{"PolicyArn": arn, "VersionId": "v2"}).(*getPolicyVersionOutput).PolicyVersion.Document)
	none := "Policy " + arn + " version v9 does not exist or is not attachable."
	for _, op := range []string{"GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion"} {
		root.fails(op, in{"PolicyArn": arn, "VersionId": "v9"}, "NoSuchEntity", none)
	}
	root.fails("DeletePolicy", in{"PolicyArn": arn}, "DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
}

func TestManagedPolicyErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.root().do("CreatePolicy", in{"PolicyName": "Use", "PolicyDocument": document})
	large := strings.Replace(document, "kms:Decrypt", "kms:"+strings.Repeat("x", maxPolicySize), 1)
	for _, test := range []struct {
		name, operation string
		input           in
		code, message   string
	}{
		{"there", "CreatePolicy", in{"PolicyName": "USE", "PolicyDocument": document}, "EntityAlreadyExists", "A policy called USE already exists. Duplicate names are not allowed."},
		{"large", "CreatePolicy", in{"PolicyName": "x", "PolicyDocument": large}, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"},
		{"large version", "CreatePolicyVersion", in{"PolicyArn": policyARN("/Use"), "PolicyDocument": large}, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"},
		{"path", "CreatePolicy", in{"PolicyName": "x", "Path": "/../", "PolicyDocument": document}, "", ""},
		{"other path", "GetPolicy", in{"PolicyArn": policyARN("/other/Use")}, "NoSuchEntity", "Policy " + policyARN("/other/Use") + " was not found."},
		{"no ARN", "DeletePolicy", in{"PolicyArn": "not-an-arn-of-anything"}, "InvalidInput", "ARN not-an-arn-of-anything is not valid."},
		{"version", "GetPolicyVersion", in{"PolicyArn": policyARN("/Use"), "VersionId": "1"}, "ValidationError", `1 validation error detected: Value '1' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`},
		{"own tags", "TagPolicy", in{"PolicyArn": policyARN("/Use"), "Tags": []in{{"Key": "aws:x", "Value": ""}}}, "InvalidInput", "One or more tags are invalid: tag keys must not begin with aws:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := (&fixture{t, f.identities, f.service}).root()
			if test.code == "" {
				c.do(test.operation, test.input)
				return
			}
			c.fails(test.operation, test.input, test.code, test.message)
		})
	}
	_, err := f.root().try("CreatePolicy", in{"PolicyName": "Broken", "PolicyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}`})
	require.ErrorContains(t, err, iam.CodeMalformedPolicyDocument)
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	arn := root.do("CreatePolicy", in{"PolicyName": "Use", "Path": "/app/", "PolicyDocument": document}).(*createPolicyOutput).Policy.Arn
	root.do("CreateUser", in{"UserName": "N", "PermissionsBoundary": arn})
	root.do("CreateGroup", in{"GroupName": "N"})
	root.do("CreateRole", in{"RoleName": "N", "AssumeRolePolicyDocument": trustAccount})
	for _, kind := range []string{"User", "Group", "Role"} {
		name := in{kind + "Name": "N"}
		with := func(arn string) in { return in{kind + "Name": "N", "PolicyArn": arn} }
		list := func(more in) []attachedPolicy {
			more[kind+"Name"] = "N"
			return root.do("ListAttached"+kind+"Policies", more).(*listAttachedOutput).AttachedPolicies
		}
		root.do("Attach"+kind+"Policy", with(arn))
		root.do("Attach"+kind+"Policy", with(arn))
		root.do("Attach"+kind+"Policy", with(administrator))
		require.Equal(t, []attachedPolicy{{"Use", arn}, {"AdministratorAccess", administrator}}, list(in{}), kind)
		require.Equal(t, []attachedPolicy{{"Use", arn}}, list(in{"PathPrefix": "/app/"}))
		require.Len(t, list(in{"MaxItems": 1}), 1)
		none := "Policy " + policyARN("/None") + " does not exist or is not attachable."
		root.fails("Attach"+kind+"Policy", with(policyARN("/None")), "NoSuchEntity", none)
		root.fails("Attach"+kind+"Policy", with("arn:aws:iam::aws:policy/NoSuchPolicyOfAWS"), "NoSuchEntity", "Policy arn:aws:iam::aws:policy/NoSuchPolicyOfAWS does not exist or is not attachable.")
		root.fails("Attach"+kind+"Policy", with("arn:aws:iam::aws:policy/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"),
			"PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
		root.fails("Detach"+kind+"Policy", with(policyARN("/None")), "NoSuchEntity", "Policy "+policyARN("/None")+" was not found.")
		root.fails("Delete"+kind, name, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	got := root.do("GetPolicy", in{"PolicyArn": arn}).(*getPolicyOutput).Policy
	require.Equal(t, [2]int32{3, 1}, [2]int32{got.AttachmentCount, got.PermissionsBoundaryUsageCount})
	root.fails("DeletePolicy", in{"PolicyArn": arn}, "DeleteConflict", "Cannot delete a policy attached to entities.")

	entities := func(more in) [3]int {
		more["PolicyArn"] = arn
		out := root.do("ListEntitiesForPolicy", more).(*listEntitiesForPolicyOutput)
		return [3]int{len(out.PolicyUsers), len(out.PolicyGroups), len(out.PolicyRoles)}
	}
	require.Equal(t, [3]int{1, 1, 1}, entities(in{}))
	require.Equal(t, [3]int{0, 0, 1}, entities(in{"EntityFilter": "Role"}))
	require.Equal(t, [3]int{1, 0, 0}, entities(in{"PolicyUsageFilter": "PermissionsBoundary"}))
	require.Equal(t, [3]int{}, entities(in{"PathPrefix": "/none/"}))
	require.Equal(t, [3]int{1, 0, 0}, entities(in{"MaxItems": 1}))

	for _, kind := range []string{"User", "Group", "Role"} {
		root.do("Detach"+kind+"Policy", in{kind + "Name": "N", "PolicyArn": arn})
		root.do("Detach"+kind+"Policy", in{kind + "Name": "N", "PolicyArn": administrator})
		root.do("Delete"+kind, in{kind + "Name": "N"})
	}
	root.do("DeletePolicy", in{"PolicyArn": arn})
}

func TestAttachmentQuota(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	root.do("CreateUser", in{"UserName": "alice"})
	for i := range maxAttached + 1 {
		arn := root.do("CreatePolicy", in{"PolicyName": fmt.Sprint("P", i), "PolicyDocument": document}).(*createPolicyOutput).Policy.Arn
		if i == maxAttached {
			root.fails("AttachUserPolicy", in{"UserName": "alice", "PolicyArn": arn}, "LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10")
			return
		}
		root.do("AttachUserPolicy", in{"UserName": "alice", "PolicyArn": arn})
	}
}

// TestManyEntities: an edit that looks at everything of an account is still one transaction.
func TestManyEntities(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	for i := range 140 {
		root.do("CreateUser", in{"UserName": fmt.Sprint("U", i)})
		root.do("CreateGroup", in{"GroupName": fmt.Sprint("G", i)})
		root.do("CreateRole", in{"RoleName": fmt.Sprint("R", i), "AssumeRolePolicyDocument": trustAccount})
		root.do("CreatePolicy", in{"PolicyName": fmt.Sprint("P", i), "PolicyDocument": document})
	}
	root.do("AddUserToGroup", in{"UserName": "U0", "GroupName": "G0"})
	root.do("UpdateGroup", in{"GroupName": "G0", "NewGroupName": "New"})
	root.fails("DeleteGroup", in{"GroupName": "New"}, "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	root.do("DeleteGroup", in{"GroupName": "G1"})
	root.do("DeletePolicy", in{"PolicyArn": policyARN("/P0")})
	require.Len(t, root.do("ListRoles", in{"MaxItems": 1000}).(*listRolesOutput).Roles, 140)
}
