package terraform_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// resource is a resource of a state with its values.
func resource(address, values string) string {
	return `{"address":"` + address + `","values":` + values + `}`
}

// quoted writes a policy as the JSON string that a plan holds.
func quoted(document string) string { return `"` + strings.ReplaceAll(document, `"`, `\"`) + `"` }

const (
	denyAll  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:*","Resource":"*"}]}`
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`
)

// TestOrganization loads an organization that exists: the accounts have the policies of all levels above them.
func TestOrganization(t *testing.T) {
	w := load(t, []byte(stateWith(
		resource("aws_organizations_organization.o", `{"id":"o-1","master_account_id":"111122223333","roots":[{"id":"r-1"}],`+
			`"enabled_policy_types":["SERVICE_CONTROL_POLICY"],"accounts":[{"id":"111122223333"},{"id":"444455556666"},{"id":"777788889999"}]}`),
		resource("aws_organizations_organizational_unit.a", `{"id":"ou-a","parent_id":"r-1"}`),
		resource("aws_organizations_organizational_unit.b", `{"id":"ou-b","parent_id":"ou-a"}`),
		resource("aws_organizations_account.x", `{"id":"444455556666","parent_id":"ou-b"}`),
		resource("aws_organizations_policy.scp", `{"id":"p-1","name":"scp","type":"SERVICE_CONTROL_POLICY","content":`+quoted(denyAll)+`}`),
		resource("aws_organizations_policy.rcp", `{"id":"p-2","name":"rcp","type":"RESOURCE_CONTROL_POLICY","content":`+
			quoted(strings.Replace(denyAll, `"Effect"`, `"Principal":"*","Effect"`, 1))+`}`),
		resource("aws_organizations_policy.tags", `{"id":"p-3","name":"tags","type":"TAG_POLICY","content":"{}"}`),
		resource("aws_organizations_policy_attachment.a", `{"policy_id":"p-1","target_id":"ou-a"}`),
		resource("aws_organizations_policy_attachment.b", `{"policy_id":"p-2","target_id":"r-1"}`),
		resource("aws_organizations_policy_attachment.c", `{"policy_id":"p-3","target_id":"r-1"}`),
		resource("aws_organizations_policy_attachment.d", `{"policy_id":"p-9","target_id":"r-1"}`),
	)), terraform.Options{})
	require.Equal(t, []string{
		"1:1: warning: the units above the account 111122223333 are not in the plan: their policies are unknown",
		"1:1: warning: the units above the account 777788889999 are not in the plan: their policies are unknown",
		"12:1: warning: the policy of aws_organizations_policy_attachment.d is not in the plan: it is unknown",
	}, shownOf(w))
	level := func(docs []*policy.Document) string {
		var out []string
		for _, doc := range docs {
			out = append(out, doc.Name)
		}
		return strings.Join(out, "+")
	}
	levels := func(all [][]*policy.Document) []string {
		var out []string
		for _, docs := range all {
			out = append(out, level(docs))
		}
		return out
	}
	member := w.Accounts["444455556666"]
	require.Equal(t, "o-1/r-1/ou-a/ou-b/", member.OrganizationPath)
	require.Equal(t, []string{"FullAWSAccess+the policy of aws_organizations_policy_attachment.d", "FullAWSAccess+scp", "FullAWSAccess", "FullAWSAccess"}, levels(member.SCPs))
	require.Equal(t, []string{"rcp+the policy of aws_organizations_policy_attachment.d", "", "", ""}, levels(member.RCPs))
	require.True(t, w.Accounts["111122223333"].Management)
	outside := w.Accounts["777788889999"]
	require.Empty(t, outside.OrganizationPath, "it is not known")
	require.Equal(t, []string{"FullAWSAccess+the policy of aws_organizations_policy_attachment.d", "FullAWSAccess+policies of the units above 777788889999", "FullAWSAccess"}, levels(outside.SCPs))
}

func shownOf(w *source.World) []string {
	var out []string
	for _, d := range w.Warnings {
		_, rest, _ := strings.Cut(d.String(), ":")
		out = append(out, rest)
	}
	return out
}

// TestPlaces finds the account and the Region of what there is not yet.
func TestPlaces(t *testing.T) {
	for _, c := range []struct{ name, providers, change, want string }{
		{"nothing", ``, create("aws_kms_key.k", `{}`), "arn:aws:kms:us-east-1:111122223333:key/"},
		{
			"constants", `"aws":{"name":"aws","expressions":{"region":{"constant_value":"us-gov-west-1"},"allowed_account_ids":{"constant_value":["444455556666"]}}}`,
			create("aws_kms_key.k", `{}`), "arn:aws-us-gov:kms:us-gov-west-1:444455556666:key/",
		},
		{
			"a variable and a role", `"aws":{"name":"aws","expressions":{"region":{"references":["var.region"]},"assume_role":[{"role_arn":{"references":["var.role"]}}]}}`,
			create("aws_kms_key.k", `{}`), "arn:aws:kms:eu-north-1:777788889999:key/",
		},
		{
			"two accounts allowed", `"aws":{"name":"aws","expressions":{"allowed_account_ids":{"constant_value":["444455556666","777788889999"]}}}`,
			create("aws_kms_key.k", `{}`), "arn:aws:kms:us-east-1:111122223333:key/",
		},
		{
			"the same credentials elsewhere", `"aws":{"name":"aws","expressions":{"region":{"constant_value":"eu-west-1"}}},"aws.other":{"name":"aws","alias":"other","expressions":{"region":{"constant_value":"eu-west-2"}}}`,
			create("aws_kms_key.k", `{}`) + ",\n" + `{"address":"aws_iam_role.there","change":{"actions":["no-op"],"before":{},"after":{"name":"there","arn":"arn:aws:iam::777788889999:role/there"}}}`,
			"arn:aws:kms:eu-west-1:777788889999:key/",
		},
		{
			"an argument of version 6", `"aws":{"name":"aws","expressions":{"region":{"constant_value":"eu-west-1"}}}`,
			create("aws_kms_key.k", `{"region":"ap-south-1"}`), "arn:aws:kms:ap-south-1:111122223333:key/",
		},
		{
			"a data source", `"aws":{"name":"aws","expressions":{"region":{"references":["local.region"]}}}`,
			create("aws_kms_key.k", `{}`) + ",\n" + `{"address":"data.aws_region.r","change":{"actions":["no-op"],"before":{},"after":{"name":"eu-central-1"}}}`,
			"arn:aws:kms:eu-central-1:111122223333:key/",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := strings.TrimSuffix(planWith(c.change), "}") + `,"variables":{"region":{"value":"eu-north-1"},"role":{"value":"arn:aws:iam::777788889999:role/x"}},` +
				`"configuration":{"provider_config":{` + c.providers + `},"root_module":{"resources":[{"address":"aws_kms_key.k","provider_config_key":"aws"},` +
				`{"address":"data.aws_region.r","provider_config_key":"aws"},{"address":"aws_iam_role.there","provider_config_key":"aws.other"}]}}}`
			w := load(t, []byte(src), terraform.Options{})
			require.True(t, strings.HasPrefix(w.Keys[0].ARN, c.want), w.Keys[0].ARN)
			require.Empty(t, w.Warnings)
		})
	}
	unknown := strings.TrimSuffix(planWith(create("aws_kms_key.k", `{}`)), "}") +
		`,"configuration":{"provider_config":{"aws":{"name":"aws","expressions":{"assume_role":[{"role_arn":{"references":["local.role"]}}]}}},` +
		`"root_module":{"resources":[{"address":"aws_kms_key.k","provider_config_key":"aws"}]}}}`
	require.Equal(t, []string{
		"1:1: warning: the account of the provider aws, which assumes a role, is not in the plan: it is taken to be 444455556666",
	}, shownOf(load(t, []byte(unknown), terraform.Options{Account: "444455556666"})))
}

// TestChanges applies every kind of change.
func TestChanges(t *testing.T) {
	prior := `"prior_state":{"format_version":"1.0","values":{"root_module":{"resources":[` +
		resource("aws_iam_user.stays", `{"name":"stays"}`) + "," + resource("aws_iam_user.goes", `{"name":"goes"}`) + "," +
		resource("aws_iam_user.left", `{"name":"left"}`) + "," + resource("aws_iam_user.from", `{"name":"moved"}`) + `],` +
		`"child_modules":[{"address":"module.m","resources":[` + resource("module.m.aws_iam_user.in", `{"name":"in"}`) + `]}]}}}`
	change := func(address, more, actions, before, after string) string {
		return `{"address":"` + address + `",` + more + `"change":{"actions":[` + actions + `],"before":` + before + `,"after":` + after + `}}`
	}
	src := strings.TrimSuffix(planWith(
		change("aws_iam_user.goes", "", `"delete"`, `{"name":"goes"}`, "null"),
		change("aws_iam_user.left", "", `"forget"`, `{"name":"left"}`, "null"),
		change("aws_iam_user.to", `"previous_address":"aws_iam_user.from",`, `"update"`, `{"name":"moved"}`, `{"name":"moved","path":"/new/"}`),
		change("aws_iam_user.new", "", `"create"`, "null", `{"name":"new"}`),
		change("aws_iam_user.stays", `"deposed":"abcd",`, `"delete"`, `{"name":"half"}`, "null"),
		change("module.m.aws_iam_user.in", "", `"delete","create"`, `{"name":"in"}`, `{"name":"in-two"}`),
		change("aws_iam_user.only", "", `"update"`, `{"name":"only"}`, `{"name":"only-two"}`),
	), "}") + "," + prior + `,"complete":false,"deferred_changes":[{"reason":"x","resource_change":{"address":"aws_iam_user.later"}}]}`
	names := func(w *source.World) []string {
		var out []string
		for _, u := range w.Users {
			out = append(out, u.LogicalID+" "+u.Path+u.Name)
		}
		return out
	}
	after := load(t, []byte(src), terraform.Options{})
	require.Equal(t, []string{
		"aws_iam_user.stays /stays", "aws_iam_user.left /left", "module.m.aws_iam_user.in /in-two", "aws_iam_user.to /new/moved",
		"aws_iam_user.new /new", "aws_iam_user.only /only-two",
	}, names(after))
	warnings := strings.Join(shownOf(after), "\n")
	require.Contains(t, warnings, "the plan leaves out what is to be planned later, or was not asked for with -target")
	require.Contains(t, warnings, "aws_iam_user.later is to be planned later")
	require.Equal(t, []string{
		"aws_iam_user.stays /stays", "aws_iam_user.goes /goes", "aws_iam_user.left /left", "aws_iam_user.from /moved",
		"module.m.aws_iam_user.in /in", "aws_iam_user.only /only",
	}, names(load(t, []byte(src), terraform.Options{Before: true})))
}

// TestTypes holds types of KMS and IAM that are not known to be named, and those that decide nothing not to be.
func TestTypes(t *testing.T) {
	w := load(t, []byte(stateWith(
		resource("aws_kms_magic.a", `{}`), resource("aws_iam_spell.a", `{}`), resource("aws_s3_bucket.a", `{}`),
		resource("aws_kms_ciphertext.a", `{}`), resource("aws_kms_custom_key_store.a", `{}`), resource("aws_iam_instance_profile.a", `{}`),
		resource("data.aws_kms_secrets.a", `{}`),
		resource("aws_iam_service_linked_role.r", `{"name":"AWSServiceRoleForX","aws_service_name":"x.amazonaws.com","arn":"arn:aws:iam::444455556666:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"}`),
		resource("data.aws_iam_policy.p", `{"arn":"arn:aws:iam::aws:policy/P","name":"P","policy":`+quoted(allowAll)+`}`),
		resource("aws_iam_role.r", `{"name":"r","managed_policy_arns":["arn:aws:iam::aws:policy/P"]}`),
	)), terraform.Options{})
	require.Equal(t, []string{
		"2:1: warning: aws_kms_magic.a is not loaded: the type aws_kms_magic is not known",
		"3:1: warning: aws_iam_spell.a is not loaded: the type aws_iam_spell is not known",
	}, shownOf(w))
	require.Equal(t, []string{"AWSServiceRoleForX", "r"}, []string{w.Roles[1].Name, w.Roles[0].Name})
	require.True(t, w.Roles[1].ServiceLinked)
	require.Equal(t, "444455556666", w.Roles[1].Account)
	require.True(t, w.Roles[1].Policies[0].HasUnresolved())
	require.Equal(t, "arn:aws:iam::aws:policy/P", w.ManagedPolicies[0].ARN)
	p, err := w.Principal("aws_iam_role.r")
	require.NoError(t, err)
	require.Equal(t, w.ManagedPolicies, p.Identity, "the policy that a data source read is attached")
	_, err = w.Principal("aws_iam_role.r/session")
	require.NoError(t, err)
}

// TestOntoOldWorlds adds a plan to a world that another file has begun.
func TestOntoOldWorlds(t *testing.T) {
	w := load(t, []byte(stateWith(
		resource("aws_iam_user.u", `{"name":"u"}`), resource("aws_iam_group.g", `{"name":"g"}`),
		resource("aws_kms_key.k", `{"key_id":"k1","arn":"arn:aws:kms:us-east-1:111122223333:key/k1","policy":`+quoted(denyKey)+`}`),
	)), terraform.Options{})
	second := planWith(
		create("aws_iam_policy.p", `{"name":"p","policy":`+quoted(allowAll)+`}`),
		create("aws_iam_user_policy_attachment.a", `{"user":"U","policy_arn":"arn:aws:iam::111122223333:policy/p"}`),
		create("aws_iam_group_policy.b", `{"group":"g","name":"b","policy":`+quoted(allowAll)+`}`),
		create("aws_iam_user_group_membership.c", `{"user":"u","groups":["g"]}`),
		create("aws_kms_alias.d", `{"name":"alias/d","target_key_id":"k1"}`),
		create("aws_kms_grant.e", `{"key_id":"k1","grantee_principal":"s3.amazonaws.com","operations":["Decrypt"],"constraints":[{"encryption_context_equals":{"a":"b"}}]}`),
		create("aws_kms_key_policy.f", `{"key_id":"k1","bypass_policy_lockout_safety_check":true,"policy":`+quoted(strings.Replace(denyKey, "Deny", "Allow", 1))+`}`),
		create("aws_iam_role_policy.nobody", `{"role":"nobody","name":"x","policy":`+quoted(allowAll)+`}`),
		create("aws_kms_grant.nothing", `{"key_id":"k2","grantee_principal":"arn:aws:iam::111122223333:user/u","operations":["Decrypt"]}`),
	)
	require.NoError(t, terraform.Load(w, "second.json", []byte(second), terraform.Options{}))
	require.Equal(t, []string{
		`9:102: warning: aws_iam_role_policy.nobody does not find the role "nobody": it is in no file that was loaded before`,
		`10:99: warning: aws_kms_grant.nothing is not loaded: its key "k2" is in no file that was loaded before`,
	}, shownOf(w))
	require.Equal(t, []string{"arn:aws:iam::111122223333:policy/p"}, w.Users[0].Attached)
	require.Equal(t, []string{"g"}, w.Users[0].Groups)
	require.Equal(t, "policy b of group g", w.Groups[0].Policies[0].Name)
	k := w.Keys[0]
	require.Equal(t, []string{"alias/d"}, k.Aliases)
	require.Equal(t, "s3.amazonaws.com", k.Grants[0].GranteeServicePrincipal)
	require.Equal(t, map[string]string{"a": "b"}, k.Grants[0].EncryptionContextEquals)
	require.Equal(t, policy.Allow, k.Policy.Statements[0].Effect)
	require.True(t, k.BypassLockoutCheck)

	// A mistake leaves the world as it was.
	require.Error(t, terraform.Load(w, "third.json", []byte(planWith(
		create("aws_iam_user.again", `{"name":"U"}`), create("aws_kms_alias.x", `{"name":"alias/x","target_key_id":"k1"}`))), terraform.Options{}))
	require.Equal(t, []string{"alias/d"}, k.Aliases)
	require.Len(t, w.Users, 1)
}

const denyKey = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*"}]}`
