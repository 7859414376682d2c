package api

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/operation"
)

const trustAccount = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + home + `"},"Action":"sts:AssumeRole"}]}`

func roleARN(pathAndName string) string { return "arn:aws:iam::" + home + ":role" + pathAndName }

func trusting(principal string) string { return strings.Replace(trustAccount, home, principal, 1) }

func TestRoles(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	made := root.do("CreateRole", in{
		"RoleName": "App", "Path": "/service/", "AssumeRolePolicyDocument": trustAccount, "Description": "the app",
		"Tags": []in{{"Key": "team", "Value": "red"}},
	}).(*createRoleOutput).Role
	require.Equal(t, roleARN("/service/App"), made.Arn)
	require.Regexp(t, `^AROA[A-Z2-7]{17}$`, made.RoleId)
	require.Equal(t, encodedDocument(trustAccount), made.AssumeRolePolicyDocument)
	require.Equal(t, int32(3600), made.MaxSessionDuration)
	require.Equal(t, "team", *made.Tags[0].Key)

	root.do("UpdateRole", in{"RoleName": "App", "Description": "new", "MaxSessionDuration": 7200})
	got := root.do("GetRole", in{"RoleName": "App"}).(*getRoleOutput).Role
	require.Equal(t, "new", got.Description)
	require.Equal(t, int32(7200), got.MaxSessionDuration)
	root.do("UpdateRole", in{"RoleName": "App"})
	got = root.do("UpdateRoleDescription", in{"RoleName": "App", "Description": "last"}).(*updateRoleDescriptionOutput).Role
	require.Equal(t, "last", got.Description)
	require.Equal(t, int32(3600), got.MaxSessionDuration, "what UpdateRole is not given goes back to the default")

	root.do("TagRole", in{"RoleName": "App", "Tags": []in{{"Key": "TEAM", "Value": "blue"}, {"Key": "b", "Value": ""}}})
	root.do("UntagRole", in{"RoleName": "App", "TagKeys": []string{"B"}})
	tags := root.do("ListRoleTags", in{"RoleName": "App"}).(*listTagsOutput).Tags
	require.Len(t, tags, 1)
	require.Equal(t, "blue", *tags[0].Value)

	listed := root.do("ListRoles", in{"PathPrefix": "/service/"}).(*listRolesOutput).Roles
	require.Len(t, listed, 1)
	require.Nil(t, listed[0].Tags)
	require.Empty(t, root.do("ListRoles", in{"PathPrefix": "/other/"}).(*listRolesOutput).Roles)
	require.Empty(t, root.do("ListInstanceProfilesForRole", in{"RoleName": "App"}).(*listInstanceProfilesOutput).InstanceProfiles)

	root.do("DeleteRole", in{"RoleName": "App"})
	again := root.do("CreateRole", in{"RoleName": "App", "AssumeRolePolicyDocument": trustAccount}).(*createRoleOutput).Role
	require.NotEqual(t, made.RoleId, again.RoleId)
}

func TestRolePolicies(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	root.do("CreateRole", in{"RoleName": "App", "AssumeRolePolicyDocument": trustAccount})
	root.do("PutRolePolicy", in{"RoleName": "App", "PolicyName": "b", "PolicyDocument": document})
	root.do("PutRolePolicy", in{"RoleName": "App", "PolicyName": "a", "PolicyDocument": document})
	got := root.do("GetRolePolicy", in{"RoleName": "App", "PolicyName": "a"}).(*getRolePolicyOutput)
	require.Equal(t, encodedDocument(document), got.PolicyDocument)
	first := root.do("ListRolePolicies", in{"RoleName": "App", "MaxItems": 1}).(*listPoliciesOutput)
	require.Equal(t, []string{"a"}, first.PolicyNames)
	require.Equal(t, []string{"b"}, root.do("ListRolePolicies", in{"RoleName": "App", "Marker": first.Marker}).(*listPoliciesOutput).PolicyNames)

	root.fails("DeleteRole", in{"RoleName": "App"}, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	root.do("DeleteRolePolicy", in{"RoleName": "App", "PolicyName": "a"})
	root.fails("DeleteRolePolicy", in{"RoleName": "App", "PolicyName": "a"}, "NoSuchEntity", "The role policy with name a cannot be found.")
	large := strings.Replace(document, "kms:Decrypt", "kms:"+strings.Repeat("x", maxRolePolicies), 1)
	root.fails("PutRolePolicy", in{"RoleName": "App", "PolicyName": "c", "PolicyDocument": large}, "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role App")

	made := root.do("CreatePolicy", in{"PolicyName": "Bound", "PolicyDocument": document}).(*createPolicyOutput).Policy
	root.do("PutRolePermissionsBoundary", in{"RoleName": "App", "PermissionsBoundary": made.Arn})
	require.Equal(t, made.Arn, root.do("GetRole", in{"RoleName": "App"}).(*getRoleOutput).Role.PermissionsBoundary.PermissionsBoundaryArn)
	root.fails("DeletePolicy", in{"PolicyArn": made.Arn}, "DeleteConflict", "Cannot delete a policy attached to entities.")
	root.do("DeleteRolePermissionsBoundary", in{"RoleName": "App"})
	root.fails("DeleteRolePermissionsBoundary", in{"RoleName": "App"}, "NoSuchEntity", "Role App does not have a permissions boundary.")
	root.do("DeletePolicy", in{"PolicyArn": made.Arn})
}

// TestTrustPolicies: a trust policy means the users and roles that it named when it was put.
func TestTrustPolicies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	alice := root.do("CreateUser", in{"UserName": "alice"}).(*createUserOutput).User
	root.do("CreateRole", in{"RoleName": "App", "AssumeRolePolicyDocument": trusting(alice.Arn)})
	shown := func() string {
		return root.do("GetRole", in{"RoleName": "App"}).(*getRoleOutput).Role.AssumeRolePolicyDocument
	}
	require.Equal(t, encodedDocument(trusting(alice.Arn)), shown())
	root.do("DeleteUser", in{"UserName": "alice"})
	require.Equal(t, encodedDocument(trusting(alice.UserId)), shown())
	root.do("CreateUser", in{"UserName": "alice"})
	require.Equal(t, encodedDocument(trusting(alice.UserId)), shown(), "she is somebody else")
	root.do("UpdateAssumeRolePolicy", in{"RoleName": "App", "PolicyDocument": trusting(alice.Arn)})
	require.Equal(t, encodedDocument(trusting(alice.Arn)), shown())

	for _, test := range []struct{ name, document, code, message string }{
		{"nobody", trusting(userARN("/nobody")), "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"` + userARN("/nobody") + `"`},
		{"unique id", trusting("AIDAAAAAAAAAAAAAAAAAA"), "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"AIDAAAAAAAAAAAAAAAAAA"`},
		{"size", trusting(home) + strings.Repeat("x", 2048), "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"},
	} {
		root.fails("UpdateAssumeRolePolicy", in{"RoleName": "App", "PolicyDocument": test.document}, test.code, test.message)
		root.fails("CreateRole", in{"RoleName": "Other", "AssumeRolePolicyDocument": test.document}, test.code, test.message)
	}
	for _, text := range []string{"{", "[]", document, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`} {
		_, err := root.try("UpdateAssumeRolePolicy", in{"RoleName": "App", "PolicyDocument": text})
		require.ErrorContains(t, err, iam.CodeMalformedPolicyDocument, text)
	}
	require.Equal(t, encodedDocument(trusting(alice.Arn)), shown())
}

func TestRoleErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	root.do("CreateRole", in{"RoleName": "App", "AssumeRolePolicyDocument": trustAccount})
	other := root.f.service
	require.NoError(t, f.identities.Edit(t.Context(), func(e *iam.Edit) error {
		return e.PutManagedPolicy(&iam.ManagedPolicyDetail{
			Account: "444455556666", Name: "Theirs", Default: "v1", Versions: []*iam.PolicyVersion{{ID: "v1", Policy: &iam.Policy{Text: document}}},
		})
	}))
	const theirs = "arn:aws:iam::444455556666:policy/Theirs"
	role := func(more in) in {
		out := in{"RoleName": "New", "AssumeRolePolicyDocument": trustAccount}
		maps.Copy(out, more)
		return out
	}
	for _, test := range []struct {
		name, operation string
		input           in
		code, message   string
	}{
		{"there", "CreateRole", role(in{"RoleName": "app"}), "EntityAlreadyExists", "Role with name app already exists."},
		{"path of a service", "CreateRole", role(in{"Path": "/aws-service-role/rds.amazonaws.com/"}), "InvalidInput", "The role /aws-service-role/rds.amazonaws.com/New is reserved for service-linked roles."},
		{"name of a service", "CreateRole", role(in{"RoleName": "AWSServiceRoleForX"}), "InvalidInput", "The role /AWSServiceRoleForX is reserved for service-linked roles."},
		{"boundary of others", "CreateRole", role(in{"PermissionsBoundary": theirs}), "NoSuchEntity", "Scope ARN: " + theirs + " does not exist or is not attachable."},
		{"boundary of others, put", "PutRolePermissionsBoundary", in{"RoleName": "App", "PermissionsBoundary": theirs}, "NoSuchEntity", "Scope ARN: " + theirs + " does not exist or is not attachable."},
		{"duration", "CreateRole", role(in{"MaxSessionDuration": 60}), "ValidationError", "1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600"},
		{"nobody", "DeleteRole", in{"RoleName": "None"}, "NoSuchEntity", "The role with name None cannot be found."},
		{"attach policy of others", "AttachRolePolicy", in{"RoleName": "App", "PolicyArn": theirs}, "NoSuchEntity", "Policy " + theirs + " does not exist or is not attachable."},
		{"profile", "GetInstanceProfile", in{"InstanceProfileName": "App"}, "NoSuchEntity", "Instance Profile App cannot be found."},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := (&fixture{t, f.identities, other}).root()
			c.fails(test.operation, test.input, test.code, test.message)
		})
	}
	require.Len(t, root.do("ListRoles", in{}).(*listRolesOutput).Roles, 1)
}

func TestServiceLinkedRoles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	made := root.do("CreateServiceLinkedRole", in{"AWSServiceName": "mrk.kms.amazonaws.com"}).(*createServiceLinkedRoleOutput).Role
	const name = "AWSServiceRoleForKeyManagementServiceMultiRegionKeys"
	require.Equal(t, roleARN("/aws-service-role/mrk.kms.amazonaws.com/"+name), made.Arn)
	require.Equal(t, []operation.Access{{
		Action: "iam:CreateServiceLinkedRole", Resource: made.Arn, Context: map[string][]string{"iam:AWSServiceName": {"mrk.kms.amazonaws.com"}},
	}}, root.asked)
	root.fails("CreateServiceLinkedRole", in{"AWSServiceName": "mrk.kms.amazonaws.com"}, "InvalidInput", "Service role name "+name+" has been taken in this account, please try a different suffix.")
	root.fails("CreateServiceLinkedRole", in{"AWSServiceName": "rds.amazonaws.com", "CustomSuffix": "x"}, "InvalidInput", "Custom suffix is not allowed for rds.amazonaws.com")
	root.fails("CreateServiceLinkedRole", in{"AWSServiceName": "evil.example.com"}, "InvalidInput", "Service-linked roles for the service evil.example.com are not known.")
	suffixed := root.do("CreateServiceLinkedRole", in{"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "x"}).(*createServiceLinkedRoleOutput).Role
	require.Equal(t, "AWSServiceRoleForAutoScaling_x", suffixed.RoleName)

	attached := root.do("ListAttachedRolePolicies", in{"RoleName": name}).(*listAttachedOutput).AttachedPolicies
	require.Equal(t, []attachedPolicy{{"AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy", "arn:aws:iam::aws:policy/aws-service-role/AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"}}, attached)
	protected := "Cannot perform the operation on the protected role '" + name + "' - this role is only modifiable by AWS"
	for op, more := range map[string]in{
		"DeleteRole": {}, "UpdateRole": {}, "UpdateAssumeRolePolicy": {"PolicyDocument": trustAccount}, "UntagRole": {"TagKeys": []string{"k"}},
		"PutRolePolicy": {"PolicyName": "p", "PolicyDocument": document}, "DetachRolePolicy": {"PolicyArn": attached[0].PolicyArn},
		"AttachRolePolicy": {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, "TagRole": {"Tags": []in{{"Key": "k", "Value": "v"}}},
	} {
		more["RoleName"] = name
		root.fails(op, more, "UnmodifiableEntity", protected)
	}
	root.do("UpdateRoleDescription", in{"RoleName": name, "Description": "ours"})

	root.fails("DeleteServiceLinkedRole", in{"RoleName": "None"}, "NoSuchEntity", "The role with name None cannot be found.")
	task := root.do("DeleteServiceLinkedRole", in{"RoleName": name}).(*deleteServiceLinkedRoleOutput).DeletionTaskId
	require.Equal(t, "SUCCEEDED", root.do("GetServiceLinkedRoleDeletionStatus", in{"DeletionTaskId": task}).(*deletionStatusOutput).Status)
	root.fails("GetServiceLinkedRoleDeletionStatus", in{"DeletionTaskId": "task/x"}, "InvalidInput", "Invalid deletion task id: task/x")
	root.fails("GetRole", in{"RoleName": name}, "NoSuchEntity", "The role with name "+name+" cannot be found.")
}

// TestWhatIsAskedAboutRoles holds the resources and condition keys that policies about roles see.
func TestWhatIsAskedAboutRoles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.root()
	bound := root.do("CreatePolicy", in{"PolicyName": "Bound", "PolicyDocument": document}).(*createPolicyOutput).Policy.Arn
	root.do("CreateRole", in{
		"RoleName": "App", "Path": "/x/", "AssumeRolePolicyDocument": trustAccount, "PermissionsBoundary": bound, "Tags": []in{{"Key": "k", "Value": "v"}},
	})
	request := map[string][]string{"aws:RequestTag/k": {"v"}, "aws:TagKeys": {"k"}}
	require.Equal(t, []operation.Access{
		{Action: "iam:CreateRole", Resource: roleARN("/x/App"), Context: map[string][]string{
			"aws:RequestTag/k": {"v"}, "aws:TagKeys": {"k"}, "iam:PermissionsBoundary": {bound},
		}},
		{Action: "iam:TagRole", Resource: roleARN("/x/App"), Context: request},
	}, root.asked)
	on := func(action string, context map[string][]string) []operation.Access {
		return []operation.Access{{Action: action, Resource: roleARN("/x/App"), Named: "role App", Tags: map[string]string{"k": "v"}, Context: context}}
	}
	bounded := map[string][]string{"iam:PermissionsBoundary": {bound}}
	for _, test := range []struct {
		operation string
		input     in
		want      map[string][]string
	}{
		{"GetRole", in{}, bounded},
		{"PutRolePolicy", in{"PolicyName": "p", "PolicyDocument": document}, bounded},
		{"AttachRolePolicy", in{"PolicyArn": bound}, map[string][]string{"iam:PermissionsBoundary": {bound}, "iam:PolicyARN": {bound}}},
		{"DetachRolePolicy", in{"PolicyArn": bound}, map[string][]string{"iam:PermissionsBoundary": {bound}, "iam:PolicyARN": {bound}}},
		{"ListRolePolicies", in{}, map[string][]string{}},
		{"TagRole", in{"Tags": []in{{"Key": "k", "Value": "v"}}}, request},
		{"UpdateAssumeRolePolicy", in{"PolicyDocument": trustAccount}, bounded},
		{"PutRolePermissionsBoundary", in{"PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, map[string][]string{"iam:PermissionsBoundary": {"arn:aws:iam::aws:policy/ReadOnlyAccess"}}},
	} {
		test.input["RoleName"] = "App"
		root.do(test.operation, test.input)
		require.Equal(t, on("iam:"+test.operation, test.want), root.asked, test.operation)
	}
}
