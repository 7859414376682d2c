package api

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/iam"
)

func TestAccountAlias(t *testing.T) {
	t.Parallel()
	root := newFixture(t).root()
	aliases := func() []string {
		return root.do("ListAccountAliases", in{}).(*listAccountAliasesOutput).AccountAliases
	}
	require.Empty(t, aliases())
	root.do("CreateAccountAlias", in{"AccountAlias": "acme"})
	root.do("CreateAccountAlias", in{"AccountAlias": "acme-2"})
	require.Equal(t, []string{"acme-2"}, aliases())
	root.fails("DeleteAccountAlias", in{"AccountAlias": "acme"}, "NoSuchEntity", "The account alias acme does not exist.")
	root.do("DeleteAccountAlias", in{"AccountAlias": "acme-2"})
	require.Empty(t, aliases())
	for _, bad := range []string{"a--b", "-ab", "ab-", "Abc"} {
		_, err := root.try("CreateAccountAlias", in{"AccountAlias": bad})
		require.Error(t, err, bad)
	}
}

// populated is an account with something of everything.
func populated(t *testing.T) *caller {
	t.Helper()
	f := newFixture(t)
	version := func() []*iam.PolicyVersion {
		return []*iam.PolicyVersion{{ID: "v1", Created: now, Policy: &iam.Policy{Text: document}}}
	}
	require.NoError(t, f.identities.Edit(t.Context(), func(e *iam.Edit) error {
		for _, p := range []*iam.ManagedPolicyDetail{
			{Account: home, Name: "Own", Versions: version(), Default: "v1"},
			{Account: iam.AWS, Partition: "aws", Name: "Used", Versions: version(), Default: "v1"},
			{Account: iam.AWS, Partition: "aws", Name: "Unused", Versions: version(), Default: "v1"},
		} {
			if err := e.PutManagedPolicy(p); err != nil {
				return err
			}
		}
		return e.PutRole(&iam.RoleDetail{Account: home, Name: "App", Trust: document, Attached: []string{"arn:aws:iam::aws:policy/Used"}})
	}))
	root := f.root()
	root.do("CreateUser", in{"UserName": "alice", "PermissionsBoundary": "arn:aws:iam::" + home + ":policy/Own"})
	root.do("CreateGroup", in{"GroupName": "ops"})
	root.do("AddUserToGroup", in{"GroupName": "ops", "UserName": "alice"})
	root.do("PutGroupPolicy", in{"GroupName": "ops", "PolicyName": "p", "PolicyDocument": document})
	root.do("CreateAccessKey", in{})
	return root
}

func TestAccountSummary(t *testing.T) {
	t.Parallel()
	summary := populated(t).do("GetAccountSummary", in{}).(*getAccountSummaryOutput).SummaryMap
	for name, want := range map[string]int32{
		"Users": 1, "Groups": 1, "Roles": 1, "Policies": 1, "PolicyVersionsInUse": 1, "AccountAccessKeysPresent": 1, "UsersQuota": 5000,
	} {
		require.Equal(t, want, summary[name], name)
	}
}

func TestAccountAuthorizationDetails(t *testing.T) {
	t.Parallel()
	root := populated(t)
	all := root.do("GetAccountAuthorizationDetails", in{}).(*getAccountAuthorizationDetailsOutput)
	require.Equal(t, []string{"ops"}, all.UserDetailList[0].GroupList)
	require.Equal(t, "arn:aws:iam::"+home+":policy/Own", all.UserDetailList[0].PermissionsBoundary.PermissionsBoundaryArn)
	require.Equal(t, []inlinePolicy{{"p", encodedDocument(document)}}, all.GroupDetailList[0].GroupPolicyList)
	require.Equal(t, []attachedPolicy{{"Used", "arn:aws:iam::aws:policy/Used"}}, all.RoleDetailList[0].AttachedManagedPolicies)
	require.Len(t, all.Policies, 2, "of the policies of AWS those that are used")
	require.Equal(t, int32(1), all.Policies[0].PermissionsBoundaryUsageCount)
	require.Equal(t, int32(1), all.Policies[1].AttachmentCount)

	paged := getAccountAuthorizationDetailsOutput{}
	marker, pages := "", 0
	for ; pages == 0 || marker != ""; pages++ {
		input := in{"MaxItems": 2}
		if marker != "" {
			input["Marker"] = marker
		}
		page := root.do("GetAccountAuthorizationDetails", input).(*getAccountAuthorizationDetailsOutput)
		paged.UserDetailList = append(paged.UserDetailList, page.UserDetailList...)
		paged.GroupDetailList = append(paged.GroupDetailList, page.GroupDetailList...)
		paged.RoleDetailList = append(paged.RoleDetailList, page.RoleDetailList...)
		paged.Policies = append(paged.Policies, page.Policies...)
		marker = page.Marker
	}
	require.Equal(t, 3, pages)
	require.Equal(t, *all, paged)

	roles := root.do("GetAccountAuthorizationDetails", in{"Filter": []string{"Role"}}).(*getAccountAuthorizationDetailsOutput)
	require.Len(t, roles.RoleDetailList, 1)
	require.Empty(t, roles.UserDetailList)
	require.Empty(t, roles.Policies)
}
