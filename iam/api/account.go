package api

import (
	"slices"

	"github.com/strictkms/strictkms/iam"
)

var accountOperations = []operationOf{
	acts("CreateAccountAlias", createAccountAlias),
	acts("DeleteAccountAlias", deleteAccountAlias),
	answers("ListAccountAliases", listAccountAliases),
	answers("GetAccountSummary", getAccountSummary),
}

type accountAliasInput struct {
	AccountAlias *string `iam:"required,min=3,max=63,pattern=alias"`
}

// createAccountAlias replaces the alias that the account has, as AWS does: an account has one at most
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/console_account-alias.html).
func createAccountAlias(c *call, in *accountAliasInput) error {
	return c.edit(func(e *iam.Edit) error {
		if err := c.authorize("iam:CreateAccountAlias", everything); err != nil {
			return err
		}
		return e.SetAccountAlias(c.Account, *in.AccountAlias)
	})
}

func deleteAccountAlias(c *call, in *accountAliasInput) error {
	return c.edit(func(e *iam.Edit) error {
		if err := c.authorize("iam:DeleteAccountAlias", everything); err != nil {
			return err
		}
		if a := e.Account(c.Account); a == nil || a.Alias != *in.AccountAlias {
			return iam.Errorf(iam.CodeNoSuchEntity, "The account alias %s does not exist.", *in.AccountAlias)
		}
		return e.SetAccountAlias(c.Account, "")
	})
}

type listAccountAliasesInput struct{ pageInput }

type listAccountAliasesOutput struct {
	AccountAliases []string
	pageOutput
}

func listAccountAliases(c *call, in *listAccountAliasesInput) (*listAccountAliasesOutput, error) {
	if err := c.authorize("iam:ListAccountAliases", everything); err != nil {
		return nil, err
	}
	var aliases []string
	if a := c.view.Account(c.Account); a != nil && a.Alias != "" {
		aliases = []string{a.Alias}
	}
	var out listAccountAliasesOutput
	var err error
	out.AccountAliases, out.pageOutput, err = page("aliases", &in.pageInput, named(aliases, func(a string) string { return a }))
	return &out, err
}

type getAccountSummaryInput struct{}

type getAccountSummaryOutput struct{ SummaryMap map[string]int32 }

// getAccountSummary counts what there is, beside AWS's default quotas
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). What there never is here counts zero.
func getAccountSummary(c *call, _ *getAccountSummaryInput) (*getAccountSummaryOutput, error) {
	if err := c.authorize("iam:GetAccountSummary", everything); err != nil {
		return nil, err
	}
	summary := map[string]int32{
		"UsersQuota": maxUsers, "GroupsQuota": maxGroups, "GroupsPerUserQuota": maxGroupsPerUser, "RolesQuota": 1000,
		"PoliciesQuota": 1500, "AccessKeysPerUserQuota": maxAccessKeys, "VersionsPerPolicyQuota": 5, "PolicySizeQuota": 6144,
		"UserPolicySizeQuota": maxUserPolicies, "GroupPolicySizeQuota": maxGroupPolicies, "RolePolicySizeQuota": 10240,
		"AssumeRolePolicySizeQuota": 2048, "AttachedPoliciesPerUserQuota": 10, "AttachedPoliciesPerGroupQuota": 10,
		"AttachedPoliciesPerRoleQuota": 10, "GlobalEndpointTokenVersion": 1,
		"PolicyVersionsInUse": 0, "PolicyVersionsInUseQuota": 10_000, "InstanceProfiles": 0, "InstanceProfilesQuota": 1000,
		"ServerCertificates": 0, "ServerCertificatesQuota": 20, "SigningCertificatesPerUserQuota": 2, "MFADevices": 0,
		"MFADevicesInUse": 0, "AccountMFAEnabled": 0, "AccountPasswordPresent": 0, "AccountSigningCertificatesPresent": 0,
		"AccountAccessKeysPresent": 0, "Providers": 0,
		"Users": count(c.view.Users(c.Account)), "Groups": count(c.view.Groups(c.Account)),
		"Roles": count(c.view.Roles(c.Account)), "Policies": count(c.view.ManagedPolicies(c.Account)),
	}
	for range c.view.AccessKeys(iam.RootOwner(c.Account)) {
		summary["AccountAccessKeysPresent"] = 1
	}
	for _, p := range c.view.ManagedPolicies(c.Account) {
		summary["PolicyVersionsInUse"] += int32(len(p.Versions)) //nolint:gosec // five at most
	}
	return &getAccountSummaryOutput{summary}, nil
}

func count[T any](entries func(yield func(string, T) bool)) int32 {
	n := int32(0)
	for range entries {
		n++
	}
	return n
}

// attachments counts to how many users, groups and roles of the account a managed policy is attached, and for how many
// it is the permissions boundary.
func (c *call) attachments(arn string) (attached, boundaries int32) {
	note := func(policies []string, boundary string) {
		if slices.Contains(policies, arn) {
			attached++
		}
		if boundary == arn {
			boundaries++
		}
	}
	for _, u := range c.view.Users(c.Account) {
		note(u.Attached, u.Boundary)
	}
	for _, g := range c.view.Groups(c.Account) {
		note(g.Attached, "")
	}
	for _, r := range c.view.Roles(c.Account) {
		note(r.Attached, r.Boundary)
	}
	return attached, boundaries
}
